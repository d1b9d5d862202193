from __future__ import annotations

from collections.abc import Callable

import pytest

from dlrun.config import Component, Loaded, parse_config
from dlrun.files import parse_yaml, to_yaml

Load = Callable[..., Loaded]

SHORT = """\
name: all
dataset: mnist
model:
  activation: LeakyReLU
  layers:
    - dense: 100
    - Dense: {units: 50, kernel_regularizer: l2, kernel_initializer: he_normal, activation: none}
    - repeat: 2
      layers: [{Dense: 25}, batch_normalization, Dropout: 0.5]
    - Activation: tanh
    - Dense: {units: 9, activation: {leaky_relu: {negative_slope: 0.01}}}
    - Reshape: [3, 3]
    - Bidirectional: {LSTM: 8}
    - Flatten:
    - Dense: {units: 10, activation: softmax}
loss: categoricalCrossEntropy
optimizer: {sgd: {learning_rate: {exponential_decay: {initial_learning_rate: 0.1,
  decay_steps: 100, decay_rate: 0.9}}, momentum: 0.9}}
metrics: [acc, mae, {top_k_categorical_accuracy: {k: 3, name: top_3}}]
training: {epochs: 40, callbacks: [{early_stopping: {patience: 3}}]}
"""

NORMAL = """\
name: all
seed: 0
note: ''
imports: []
dataset:
  name: mnist
  options: {}
  split:
    {train: 0.85, validation: 0.15, test: official, kfold: none, fold: all, test_seed: auto}
  scale: auto
  duplicates: report
model:
  input_shape: auto
  activation: {LeakyReLU: {}}
  layers:
  - Dense: {units: 100}
  - Dense:
      units: 50
      kernel_regularizer: {L2: {}}
      kernel_initializer: {HeNormal: {}}
      activation: {linear: {}}
  - repeat: 2
    layers:
    - Dense: {units: 25}
    - BatchNormalization: {}
    - Dropout: {rate: 0.5}
  - Activation: {activation: {tanh: {}}}
  - Dense: {units: 9, activation: {LeakyReLU: {negative_slope: 0.01}}}
  - Reshape: {target_shape: [3, 3]}
  - Bidirectional: {layer: {LSTM: {units: 8}}}
  - Flatten: {}
  - Dense: {units: 10, activation: {softmax: {}}}
loss: {CategoricalCrossentropy: {}}
optimizer:
  SGD:
    learning_rate:
      ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 100, decay_rate: 0.9}
    momentum: 0.9
metrics:
- accuracy
- MeanAbsoluteError: {name: mean_absolute_error}
- TopKCategoricalAccuracy: {k: 3, name: top_3}
training:
  epochs: 40
  batch_size: 32
  callbacks:
  - EarlyStopping: {patience: 3}
  monitor: val_loss
  keep: best
  engine: auto
  jit_compile: auto
  precision: float32
  threads: auto
  train_eval: auto
  class_weight: none
repeat: 1
target: none
"""


@pytest.fixture
def short() -> Loaded:
    return parse_config(parse_yaml(SHORT, "c.yaml"))


def test_any_spelling_comes_to_one_normal_form(short: Loaded):
    assert short.config.to_dict() == parse_yaml(NORMAL, "n.yaml").data


def test_the_normal_form_keeps_the_order_of_keys(short: Loaded):
    expected = parse_yaml(NORMAL, "n.yaml").data
    assert list(short.config.to_dict()) == list(expected)


def test_the_normal_form_loaded_again_is_the_same_config(short: Loaded):
    written = to_yaml(short.config.to_dict())
    again = parse_config(parse_yaml(written, "again.yaml")).config
    assert again == short.config
    assert to_yaml(again.to_dict()) == written


def test_components_hold_their_arguments(load: Load):
    config = load({"optimizer: sgd": "optimizer: {adam: {beta_1: 0.8}}"}).config
    assert config.optimizer == Component("Adam", {"beta_1": 0.8})
    assert config.model.layers[1] == Component(
        "Dense", {"units": 10, "activation": Component("softmax", {})}
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("relu", Component("relu", {})),
        ("ReLU", Component("relu", {})),
        ("swish", Component("silu", {})),
        ("none", Component("linear", {})),
        ("leaky_relu", Component("leaky_relu", {})),
        ("LeakyReLU", Component("LeakyReLU", {})),
        ("PReLU", Component("PReLU", {})),
        ("{leaky_relu: 0.01}", Component("LeakyReLU", {"negative_slope": 0.01})),
        ("{relu: {max_value: 6}}", Component("ReLU", {"max_value": 6})),
        ("{elu: {alpha: 2.0}}", Component("ELU", {"alpha": 2.0})),
    ],
)
def test_an_activation_with_arguments_is_keras_layer(load: Load, written: str, expected: Component):
    config = load({"Dense: 16": f"Dense: {{units: 16, activation: {written}}}"}).config
    layer = config.model.layers[0]
    assert isinstance(layer, Component)
    assert layer.arguments["activation"] == expected


def test_a_name_without_arguments_may_stand_alone_or_with_a_colon(load: Load):
    first = load({"- Dense: 16": "- Flatten"}).config.model.layers[0]
    second = load({"- Dense: 16": "- Flatten:"}).config.model.layers[0]
    assert first == second == Component("Flatten", {})


def test_auto_metrics_follow_the_task(load: Load):
    assert load().config.metrics == ("accuracy",)
    changes = {
        "digits": "linear",
        "10, activation: softmax": "1",
        "categorical_crossentropy": "mse",
    }
    (metric,) = load(changes).config.metrics
    assert metric == Component("MeanAbsoluteError", {"name": "mean_absolute_error"})


def test_cells_in_a_list_are_components(load: Load):
    changes = {"Dense: 16": "RNN: {cell: [{LSTMCell: 4}, {lstm_cell: {units: 2}}]}"}
    config = load(changes).config
    layer = config.model.layers[0]
    assert isinstance(layer, Component)
    assert layer.arguments["cell"] == (
        Component("LSTMCell", {"units": 4}),
        Component("LSTMCell", {"units": 2}),
    )
    again = parse_config(parse_yaml(to_yaml(config.to_dict()), "again.yaml")).config
    assert again == config
    assert config.to_dict()["model"]["layers"][0] == {
        "RNN": {"cell": [{"LSTMCell": {"units": 4}}, {"LSTMCell": {"units": 2}}]}
    }


def test_what_only_the_data_tell_stays_auto(load: Load):
    config = load({"digits": "{name: npz, options: {path: a.npz}}"}).config
    assert config.metrics == "auto"
    assert config.training.monitor == "auto"
    plain = config.to_dict()
    assert plain["metrics"] == "auto"
    assert plain["training"]["monitor"] == "auto"
    assert plain["dataset"]["split"] == {
        "train": "auto", "validation": "auto", "test": "auto",
        "kfold": "none", "fold": "all", "test_seed": "auto",
    }  # fmt: skip
    assert parse_config(parse_yaml(to_yaml(plain), "again.yaml")).config == config


def test_an_overridden_key_has_its_override_as_its_place(load: Load):
    config = load({}, ["training.epochs=5"]).config
    assert config.place("training.epochs") == "override training.epochs=5"
    assert config.place("training.batch_size") == "c.yaml:10:1"


def test_unknown_names_are_left_to_imported_modules(
    load: Load, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "my_layers.py").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    config = load(
        {
            "name: net": "name: net\nimports: [my_layers]",
            "- Dense: 16": "- MyLayer: {width: 3}",
            "digits": "my_data",
        }
    ).config
    assert config.imports == ("my_layers",)
    assert config.model.layers[0] == Component("MyLayer", {"width": 3})
    assert config.dataset.split.validation == "auto"


def test_a_key_knows_its_place_in_the_file(load: Load):
    config = load().config
    assert config.place("training.epochs") == "c.yaml:10:12"
    assert config.place(("model", "layers", 1, "units")) == "c.yaml:7:15"
    assert config.place("model.layers.0.units") == "c.yaml:6:7"
    assert config.place("seed") == "c.yaml:1:1"
