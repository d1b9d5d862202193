"""Component specs become Keras objects; what Keras refuses is told with its place."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.config import load_config
from dlrun.errors import ConfigError, ModelError
from dlrun.model import build_layers, build_model
from dlrun.prepare import prepare_data

WriteConfig = Callable[..., Path]


def build(path: Path, overrides: dict[str, Any] | None = None) -> Any:
    return build_model(prepare_data(load_config(path, overrides or {}).config))


def layers_of(write_config: WriteConfig, model: str, shape: tuple[int, ...]) -> Any:
    config = load_config(write_config(dataset="mnist", model=model)).config
    return build_layers(config.model, shape, config.name, config.place)


SOFTMAX = "Dense: {units: 10, activation: softmax}"


def test_images_are_flattened_before_a_first_dense(write_config: WriteConfig) -> None:
    model, count = layers_of(write_config, f"{{layers: [Dropout: 0.2, {SOFTMAX}]}}", (28, 28))
    assert [type(layer).__name__ for layer in model.layers] == ["Dropout", "Flatten", "Dense"]
    assert [row.added for row in count.layers] == [False, True, False]
    assert count.total == 7_850


def test_grey_images_get_a_channel_before_a_first_convolution(write_config: WriteConfig) -> None:
    stack = f"{{layers: [Conv2D: {{filters: 2, kernel_size: 3}}, Flatten, {SOFTMAX}]}}"
    model, count = layers_of(write_config, stack, (28, 28))
    assert count.layers[0].output_shape == (28, 28, 1)
    assert model.output_shape == (None, 10)


def test_colour_images_are_left_as_they_are(write_config: WriteConfig) -> None:
    stack = f"{{layers: [Conv2D: {{filters: 2, kernel_size: 3}}, Flatten, {SOFTMAX}]}}"
    _, count = layers_of(write_config, stack, (28, 28, 3))
    assert not any(row.added for row in count.layers)


def test_an_input_shape_of_the_same_size_reshapes_the_data(write_config: WriteConfig) -> None:
    stack = f"{{input_shape: [784], layers: [{SOFTMAX}]}}"
    _, count = layers_of(write_config, stack, (28, 28))
    assert [row.kind for row in count.layers] == ["Reshape", "Dense"]


def test_an_input_shape_of_another_size_is_refused(write_config: WriteConfig) -> None:
    with pytest.raises(ModelError, match=r"model\.input_shape: \(784,\) given.*has \(7, 7\)"):
        layers_of(write_config, f"{{input_shape: [784], layers: [{SOFTMAX}]}}", (7, 7))


def test_nested_components_reach_keras_with_their_arguments(write_config: WriteConfig) -> None:
    stack = (
        "{layers: [Dense: {units: 4, kernel_regularizer: {L2: {l2: 0.5}}, "
        "kernel_initializer: he_normal, activation: {LeakyReLU: {negative_slope: 0.01}}}, "
        "{Dense: {units: 3, activation: softmax}}]}"
    )
    schedule = "{ExponentialDecay: {initial_learning_rate: 0.5, decay_steps: 10, decay_rate: 0.9}}"
    path = write_config(model=stack, optimizer=f"{{Adam: {{learning_rate: {schedule}}}}}")
    model = build(path).model
    dense = model.layers[0]
    assert float(dense.kernel_regularizer.l2) == 0.5
    assert type(dense.kernel_initializer).__name__ == "HeNormal"
    np.testing.assert_allclose(dense.activation(np.float32([-1.0, 2.0])), [-0.01, 2.0])
    assert type(model.optimizer).__name__ == "Adam"
    assert float(model.optimizer.learning_rate) == 0.5


WHOLE_RATES = {
    "CosineDecay": (
        "{initial_learning_rate: 0, decay_steps: 4, warmup_target: 1, warmup_steps: 2}",
        [0, 0.5, 1, (1 + 0.5**0.5) / 2, 0.5],
    ),
    "ExponentialDecay": (
        "{initial_learning_rate: 2, decay_steps: 2, decay_rate: 0.25}",
        [2, 1, 0.5, 0.25, 0.125],
    ),
    "PiecewiseConstantDecay": ("{boundaries: [1, 2], values: [1, 0.5, 2]}", [1, 1, 0.5, 2, 2]),
}


@pytest.mark.parametrize("name", WHOLE_RATES)
def test_schedules_of_whole_numbers_have_rates_in_between(
    write_config: WriteConfig, name: str
) -> None:
    arguments, rates = WHOLE_RATES[name]
    path = write_config(optimizer=f"{{SGD: {{learning_rate: {{{name}: {arguments}}}}}}}")
    optimizer = build(path).model.optimizer
    found = []
    for step in range(5):
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    assert found == pytest.approx(rates)


def test_each_layer_gets_an_activation_of_its_own(write_config: WriteConfig) -> None:
    stack = (
        "{activation: {PReLU: {}}, layers: [Dense: 4, Dense: 5, "
        "{Dense: {units: 3, activation: softmax}}]}"
    )
    first, second, last = build(write_config(model=stack)).model.layers
    assert first.activation is not second.activation
    assert last.activation is keras.activations.softmax


def test_a_layer_that_could_not_be_loaded_again_is_refused_before_it_is_trained(
    write_config: WriteConfig,
) -> None:
    def shear(factor: str) -> str:
        return f"{{layers: [RandomShear: {{x_factor: {factor}}}, Flatten, {SOFTMAX}]}}"

    message = (
        r"small\.yaml:3:\d+: model\.layers\.0: a saved RandomShear cannot be loaded again: The "
        r"`factor` .+; give it other arguments, take another layer, or, if it is your own, have "
        r"its get_config\(\) return all that its __init__\(\) needs"
    )
    with pytest.raises(ModelError, match=message):
        layers_of(write_config, shear("0.1"), (8, 8))
    model, _ = layers_of(write_config, shear("[0, 0.1]"), (8, 8))
    again = keras.Sequential.from_config(model.get_config())  # Keras's own judgement
    assert again.layers[1].x_factor == (0, 0.1)


def test_looking_whether_layers_can_be_loaded_draws_nothing(write_config: WriteConfig) -> None:
    stack = f"{{layers: [RandomFlip: horizontal, Flatten, Dropout: 0.5, {SOFTMAX}]}}"
    states = []
    for looks in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not looks:
                patch.setattr("dlrun.model.stack._check_loadable", lambda layer, where: None)
            keras.utils.set_random_seed(3)
            layers_of(write_config, stack, (8, 8))
            states.append((random.getstate(), str(np.random.get_state())))
    assert states[0] == states[1]


def test_depth_is_one_key(write_config: WriteConfig) -> None:
    stack = (
        "{activation: relu, layers: [{repeat: 3, layers: [Dense: 4, Dropout: 0.1]}, "
        "{Dense: {units: 3, activation: softmax}}]}"
    )
    built = build(write_config(model=stack), {"model.layers.0.repeat": 2})
    names = [layer.name for layer in built.model.layers]
    assert names == ["dense_1", "dropout_1", "dense_2", "dropout_2", "dense_3"]
    assert [row.activation for row in built.count.layers[::2]] == ["relu", "relu", "softmax"]


@pytest.mark.parametrize("seed", [0, 1])
def test_equal_seeds_give_equal_initial_weights(write_config: WriteConfig, seed: int) -> None:
    first = build(write_config(), {"seed": seed}).model.get_weights()
    again = build(write_config(), {"seed": seed}).model.get_weights()
    other = build(write_config(), {"seed": seed + 7}).model.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_shapes_that_do_not_fit_name_the_layer_and_its_place(write_config: WriteConfig) -> None:
    stack = "{layers: [Dense: 4, {LSTM: 3}, {Dense: {units: 3, activation: softmax}}]}"
    with pytest.raises(
        ModelError,
        match=r"small\.yaml:3:\d+: model\.layers\.1: LSTM cannot take .* shape \(4,\): .*ndim",
    ):
        build(write_config(model=stack))


def test_an_output_that_does_not_fit_the_labels_is_refused(write_config: WriteConfig) -> None:
    stack = "{layers: [Dense: {units: 3, activation: softmax}, {Reshape: {target_shape: [3, 1]}}]}"
    with pytest.raises(
        ModelError, match=r"output has shape \(3, 1\), and iris with .* needs \(3,\)"
    ):
        build(write_config(model=stack))


def test_arguments_that_keras_refuses_are_told_with_its_words(write_config: WriteConfig) -> None:
    path = write_config(
        model="{layers: [Dense: {units: 3, activation: softmax, kernel_initializer: "
        "{VarianceScaling: {mode: fan_sideways}}}]}"
    )
    with pytest.raises(
        ModelError, match=r"small\.yaml:3:\d+: VarianceScaling refused its arguments .*fan_sideways"
    ):
        build(path)


def test_a_metric_that_cannot_judge_the_outputs_is_refused(write_config: WriteConfig) -> None:
    path = write_config(metrics="[{MeanIoU: {num_classes: 2, sparse_y_true: false}}]")
    with pytest.raises(ModelError, match=r"small\.yaml:\d+:\d+: .*cannot compare labels of shape"):
        build(path)


def test_a_metric_that_gives_a_number_a_class_is_refused(write_config: WriteConfig) -> None:
    with pytest.raises(ModelError, match=r"'f1_score' gives 3 numbers, one a class; .*average"):
        build(write_config(metrics="[F1Score]"))


def test_a_metric_of_unknown_direction_cannot_be_monitored(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
import keras

@keras.saving.register_keras_serializable("own_metrics")
class Odd(keras.metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(y_pred)

@keras.saving.register_keras_serializable("own_metrics")
class Even(Odd):
    higher_is_better = True
"""
    (tmp_path / "own_metrics.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def monitoring(name: str) -> Path:
        return write_config(
            imports="[own_metrics]",
            metrics=f"[{{{name}: {{name: odd}}}}]",
            training="{epochs: 1, monitor: val_odd}",
        )

    with pytest.raises(
        ModelError, match="whether more or less of 'val_odd' is better is not known"
    ):
        build(monitoring("Odd"))
    assert build(monitoring("Even")).higher_is_better


def test_a_callback_that_monitors_nothing_there_is_refused(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    np.savez(tmp_path / "own.npz", x=np.random.default_rng(0).random((40, 2)), y=np.arange(40) % 2)
    path = write_config(
        dataset=f"{{name: npz, options: {{path: {tmp_path}/own.npz}}, "
        "split: {train: 0.7, test: 0.3}}",
        model="{layers: [Dense: {units: 1, activation: sigmoid}]}",
        loss="binary_crossentropy",
        training="{epochs: 1, callbacks: [{EarlyStopping: {monitor: val_loss}}]}",
    )
    with pytest.raises((ModelError, ConfigError), match="no 'val_loss' without a validation part"):
        build(path)


def test_names_that_the_config_gives_are_not_taken_twice(write_config: WriteConfig) -> None:
    stack = "{layers: [Dense: {units: 4, name: dense_1}, Dense: {units: 3, activation: softmax}]}"
    names = [layer.name for layer in build(write_config(model=stack)).model.layers]
    assert names == ["dense_1", "dense_2"]


def test_components_in_lists_are_made_too(write_config: WriteConfig, tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((40, 5, 2)).astype(np.float32)
    np.savez(tmp_path / "own.npz", x=x, y=np.arange(40) % 3)
    stack = (
        "{layers: [RNN: {cell: [{LSTMCell: 4}, {LSTMCell: 3}]}, Dense: {units: 3, "
        "activation: softmax}]}"
    )
    path = write_config(
        dataset=f"{{name: npz, options: {{path: {tmp_path}/own.npz}}}}", model=stack
    )
    assert build(path).model.output_shape == (None, 3)


def test_layers_that_keep_the_rank_get_no_flatten_before_a_dense(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    config = load_config(
        write_config(model="{layers: [{LSTM: {units: 3, return_sequences: true}}, Dense: 3]}")
    ).config
    _, count = build_layers(config.model, (10, 3), "net", config.place)
    assert [row.kind for row in count.layers] == ["LSTM", "Dense"]
    words = (
        "{layers: [Embedding: {input_dim: 9, output_dim: 4}, {Conv1D: [2, 3]}, Flatten, Dense: 3]}"
    )
    words = words.replace("{Conv1D: [2, 3]}", "{Conv1D: {filters: 2, kernel_size: 3}}")
    config = load_config(write_config(model=words)).config
    _, count = build_layers(config.model, (6,), "net", config.place)
    assert not any(row.added for row in count.layers)


def test_callbacks_are_made_by_name(write_config: WriteConfig) -> None:
    path = write_config(
        training="{epochs: 1, callbacks: [{EarlyStopping: {monitor: val_loss, patience: 7}}]}"
    )
    (stopping,) = build(path).callbacks
    assert (stopping.monitor, stopping.patience) == ("val_loss", 7)


OWN = """
import keras, numpy as np
from dlrun.data import Dataset, register_dataset

@keras.saving.register_keras_serializable("own_parts")
class Double(keras.layers.Layer):
    def call(self, x):
        return 2 * x

@keras.saving.register_keras_serializable("own_parts")
class Times(keras.layers.Layer):
    def __init__(self, factor, name=None):
        super().__init__(name=name)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return {"name": self.name}

@keras.saving.register_keras_serializable("own_parts")
class Closeness(keras.metrics.MeanSquaredError):
    pass

@register_dataset("own_squares")
def own_squares(num_samples: int = 60) -> Dataset:
    x = np.linspace(-1, 1, num_samples, dtype=np.float32).reshape(-1, 1)
    return Dataset("own_squares", "regression", x, (x * x)[:, 0])
"""


def test_ones_own_layer_and_data_set_come_through_imports(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_parts.py").write_text(OWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    lines = {
        "imports": "[own_parts]",
        "dataset": "{name: own_squares, options: {num_samples: 40}}",
        "model": "{layers: [Double, Dense: 1]}",
        "loss": "mse",
    }
    built = build(write_config(**lines))
    assert [row.kind for row in built.count.layers] == ["Double", "Dense"]
    forgets = lines | {"model": "{layers: [Times: {factor: 3}, Dense: 1]}"}
    with pytest.raises(ModelError, match=r"a saved Times cannot be loaded again: .*'factor'; give"):
        build(write_config(**forgets))
    with pytest.raises(ModelError, match=r"unknown layer 'Doubel'; did you mean 'Double'.*imports"):
        build(write_config(**lines | {"model": "{layers: [Doubel, Dense: 1]}"}))
    judged = lines | {
        "metrics": "[{Closeness: {name: closeness}}]",
        "training": "{epochs: 1, monitor: val_closeness}",
    }
    assert build(write_config(**judged)).model.metrics[-1].metrics[0].name == "closeness"
