from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from dlrun.config import Loaded
from dlrun.errors import ConfigError

Load = Callable[..., Loaded]


def value_at(plain: Any, key: str) -> Any:
    for part in key.split("."):
        plain = plain[int(part)] if part.isdecimal() else plain[part]
    return plain


@pytest.mark.parametrize(
    ("overrides", "key", "expected"),
    [
        (["training.epochs=5"], "training.epochs", 5),
        (["training.batch_size=full"], "training.batch_size", "full"),
        (["seed=0x10"], "seed", 16),
        (["note='a = b'"], "note", "a = b"),
        (["note="], "note", None),
        (["dataset=iris", "model.layers.1.units=3"], "dataset.name", "iris"),
        (["dataset.split={train: 0.8, validation: 0.2}"], "dataset.split.test", "none"),
        (["dataset.split.validation=0.2"], "dataset.split.train", 0.8),
        (["model.layers.0.units=64"], "model.layers.0.Dense.units", 64),
        (["model.layers.-2.units=64"], "model.layers.0.Dense.units", 64),
        (["model.layers.0=flatten"], "model.layers.0", {"Flatten": {}}),
        (["model.layers.0.activation=tanh"], "model.layers.0.Dense.activation", {"tanh": {}}),
        (["+model.layers.0={Dropout: 0.5}"], "model.layers.0.Dropout.rate", 0.5),
        (["~model.layers.0"], "model.layers.0.Dense.units", 10),
        (["optimizer.learning_rate=1e-3"], "optimizer.SGD.learning_rate", 0.001),
        (["optimizer=adam", "optimizer.learning_rate=0.1"], "optimizer.Adam.learning_rate", 0.1),
        (["optimizer={adam: {beta_1: 0.8}}", "~optimizer.beta_1"], "optimizer", {"Adam": {}}),
        (["loss=mse", "loss.reduction=sum"], "loss.MeanSquaredError.reduction", "sum"),
        (["metrics=[acc, auc]", "~metrics.0"], "metrics", [{"AUC": {"name": "auc"}}]),
        (["metrics=[auc]", "metrics.0.name=area"], "metrics.0.AUC.name", "area"),
        (
            ["+training.callbacks=EarlyStopping", "training.callbacks.0.patience=4"],
            "training.callbacks",
            [{"EarlyStopping": {"patience": 4}}],
        ),
        (["dataset=two_moons", "+dataset.options.noise=0.1", "model.layers.1.units=2"],
         "dataset.options", {"noise": 0.1}),
        (["dataset=two_moons", "dataset.options.noise=0.1", "model.layers.1.units=2"],
         "dataset.options.noise", 0.1),
        (
            ["model.layers.0={repeat: 2, layers: [Dense: 3]}", "model.layers.0.repeat=5"],
            "model.layers.0.repeat",
            5,
        ),
        (
            ["model.layers.0={repeat: 2, layers: [Dense: 3]}", "model.layers.0.layers.0.units=9"],
            "model.layers.0.layers.0.Dense.units",
            9,
        ),
        (
            ["optimizer.learning_rate={CosineDecay: {initial_learning_rate: 1, decay_steps: 9}}",
             "optimizer.learning_rate.decay_steps=8"],
            "optimizer.SGD.learning_rate.CosineDecay.decay_steps",
            8,
        ),
        ({"training.epochs": 5}, "training.epochs", 5),
        ({"optimizer": {"adam": {}}, "optimizer.learning_rate": 0.1}, "optimizer.Adam", None),
    ],
)  # fmt: skip
def test_an_override_changes_the_normal_form(load: Load, overrides: Any, key: str, expected: Any):
    if overrides == ["note="]:
        with pytest.raises(ConfigError, match="note: must be text, received None"):
            load(overrides=overrides)
        return
    found = value_at(load(overrides=overrides).config.to_dict(), key)
    assert found == (expected if expected is not None else {"learning_rate": 0.1})


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (
            ["training.epoch=5"],
            "override training.epoch=5  training.epoch: unknown key; did you mean",
        ),
        (["epochs=5"], "override epochs=5  epochs: unknown key; did you mean 'training.epochs'?"),
        (
            ["training.epochs=0"],
            "override training.epochs=0  training.epochs: must be a whole number",
        ),
        (["training.epochs=[1"], "override training.epochs=[1  the value not YAML: did not find"),
        (
            ["optimizer.lr=1"],
            "override optimizer.lr=1  optimizer.lr: no argument of SGD; did you mean",
        ),
        (
            ["optimizer=adm"],
            "override optimizer=adm  optimizer: unknown optimizer 'adm'; did you mean",
        ),
        (
            ["model.layers.0.unit=1"],
            "model.layers.0.unit: no argument of Dense; did you mean 'units'",
        ),
        (
            ["model.layers.1.units=9"],
            "override model.layers.1.units=9  model.layers.1.units: digits",
        ),
        (
            ["model.layers.-1.units=9"],
            "override model.layers.-1.units=9  model.layers.1.units: digi",
        ),
        (["model.layers.7.units=9"], "model.layers has 2 items, counted from 0, and no 7"),
        (
            ["model.layers.first.units=9"],
            "model.layers has 2 items, counted from 0, and no 'first'",
        ),
        (["~training.epoch"], "override ~training.epoch  training.epoch is not there to delete"),
        (
            ["~training.epochs"],
            "override ~training.epochs  training.epochs: is missing: passes over",
        ),
        (["~training.callbacks.0"], "training.callbacks has no items, and no 0"),
        (["training.epochs.more=1"], "training.epochs is 3, which has no 'more' in it"),
        (
            ["--lr", "0.1"],
            "override --lr 0.1  keys have no dashes; write optimizer.learning_rate=0.1",
        ),
        (["--lr=0.1"], "override --lr=0.1  keys have no dashes; write optimizer.learning_rate=0.1"),
        (["--batch-size", "8"], "keys have no dashes; write training.batch_size=8"),
        (["--epochs"], "override --epochs  keys have no dashes; write training.epochs=…"),
        (
            ["training.epochs=3,5"],
            "override training.epochs=3,5  training.epochs: must be a whole number, 1 or more, "
            "received '3,5'; to try several values: dlrun sweep",
        ),
        (
            ["model.activation=relu,tanh"],
            "unknown activation 'relu,tanh'",
        ),
        (["epochs"], "override epochs  must be key=value; write training.epochs=…"),
        ({"training.epoch": 5}, "override training.epoch=5  training.epoch: unknown key"),
    ],
)
def test_an_override_that_cannot_be_made_is_told_as_it_was_typed(
    load: Load, overrides: Any, told: str
):
    with pytest.raises(ConfigError, match=re.escape(told)):
        load(overrides=overrides)


def test_an_override_mends_the_file(load: Load):
    config = load({"epochs: 3": "epochs: 0", "sgd": "sgdd"}, ["training.epochs=2", "optimizer=sgd"])
    assert config.config.training.epochs == 2


def test_an_override_gives_what_the_file_lacks(load: Load):
    assert (
        load({"training: {epochs: 3}\n": ""}, ["training={epochs: 2}"]).config.training.epochs == 2
    )
    assert (
        load({"{epochs: 3}": "{batch_size: 8}"}, ["training.epochs=2"]).config.training.epochs == 2
    )


def test_a_problem_beside_an_override_keeps_its_place_in_the_file(load: Load):
    with pytest.raises(ConfigError, match=re.escape("9:1  optimizer: unknown optimizer 'sgdd'")):
        load({"sgd": "sgdd"}, ["training.epochs=2"])


def test_every_override_problem_is_told(load: Load):
    with pytest.raises(ConfigError, match="2 problems"):
        load(overrides=["--lr", "0.1", "seed=x"])


def test_a_tuple_of_python_is_read_as_a_list(load: Load):
    layers = ({"Dense": 4}, {"Dense": {"units": 10, "activation": "softmax"}})
    config = load({}, {"model.layers": layers}).config
    assert len(config.model.layers) == 2


@pytest.mark.parametrize(
    ("typed", "has_hint"),
    [
        ("training.epochs=3,5", True),
        ("model.activation=relu,tanh", True),
        ("training.epoch=3,5", False),
        ("name=a,b", False),
        ("training.epochs=[3, 5]", False),
    ],
)
def test_several_values_are_told_where_they_are_tried(load: Load, typed: str, has_hint: bool):
    with pytest.raises(ConfigError) as told:
        load(overrides=[typed])
    assert str(told.value).endswith("; to try several values: dlrun sweep") == has_hint
