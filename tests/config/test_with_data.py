"""What a config leaves to its data, and what only they can tell to be wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dlrun.config import Component, Config, Loaded, SplitConfig, resolve_with_data
from dlrun.errors import ConfigError

Load = Callable[..., Loaded]

MAE = Component("MeanAbsoluteError", {"name": "mean_absolute_error"})
ONE_UNIT = {"10, activation: softmax": "1", "categorical_crossentropy": "mse"}
MONITOR = "epochs: 3, monitor: "


def own(split: str = "{}") -> dict[str, str]:
    return {"digits": f"{{name: npz, options: {{path: a.npz}}, split: {split}}}"}


def resolved(config: Config, task: str = "multiclass", num_official_test: int = 0) -> Config:
    return resolve_with_data(config, task=task, num_official_test=num_official_test)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("split", "num_official_test", "expected", "monitor"),
    [
        ("{}", 0, (0.7, 0.15, 0.15), "val_loss"),
        ("{}", 5, (0.85, 0.15, "official"), "val_loss"),
        ("{validation: 0.2}", 0, (0.8, 0.2, None), "val_loss"),
        ("{validation: official}", 5, (1.0, "official", None), "val_loss"),
        ("{train: 0.7, test: 0.3}", 0, (0.7, None, 0.3), "loss"),
        ("{train: 0.7, test: 0.3}", 5, (0.7, None, 0.3), "loss"),
        ("{test: none}", 5, (1.0, None, None), "loss"),
    ],
)
def test_split_and_monitor_follow_the_data(
    load: Load, split: str, num_official_test: int, expected: tuple, monitor: str
):
    config = resolved(load(own(split)).config, num_official_test=num_official_test)
    assert config.dataset.split == SplitConfig(*expected)
    assert config.training.monitor == monitor


@pytest.mark.parametrize(
    ("task", "expected"),
    [("multiclass", ("accuracy",)), ("binary", ("accuracy",)), ("regression", (MAE,))],
)
def test_metrics_follow_the_task_and_not_the_loss(load: Load, task: str, expected: tuple):
    config = load({**own(), **ONE_UNIT}).config
    assert resolved(config, task).metrics == expected


def test_a_loss_of_ones_own_gets_metrics_too(load: Load):
    changes = {"name: net": "name: net\nimports: [json]", "categorical_crossentropy": "my_loss"}
    config = load({**own(), **changes}).config
    assert resolved(config, "regression").metrics == (MAE,)


def test_what_is_written_stays_as_it_is(load: Load):
    changes = {"sgd": "sgd\nmetrics: [auc]", "epochs: 3": MONITOR + "val_auc"}
    split = "{train: 0.6, validation: 0.2, test: 0.2}"
    config = load({**own(split), **changes}).config
    assert resolved(config) == config


def test_a_resolved_config_stays_as_it_is(load: Load):
    config = load().config
    assert resolved(config) is config
    once = resolved(load(own()).config)
    assert resolved(once) == once
    assert once.place("training.epochs") == "c.yaml:10:12"


def test_a_data_set_of_ones_own_is_resolved(load: Load):
    changes = {"name: net": "name: net\nimports: [json]", "digits": "my_data"}
    config = resolved(load(changes).config, "binary", 5)
    assert config.dataset.split == SplitConfig(0.85, 0.15, "official")


NO_VALIDATION = "{train: 0.7, test: 0.3}"


@pytest.mark.parametrize(
    ("training", "told"),
    [
        (MONITOR + "val_loss", "training.monitor: no 'val_loss' without a validation part; write"),
        (
            "epochs: 3, callbacks: [EarlyStopping]",
            "training.callbacks.0.monitor: no 'val_loss' without a validation part; write 'loss'",
        ),
        (
            "epochs: 3, callbacks: [{EarlyStopping: {monitor: val_acc}}]",
            "training.callbacks.0.monitor: no 'val_acc' without a validation part; write 'accurac",
        ),
    ],
)
def test_nothing_is_monitored_on_a_validation_part_that_is_not_there(
    load: Load, training: str, told: str
):
    with pytest.raises(ConfigError, match=told):
        load({**own(NO_VALIDATION), "epochs: 3": training})


@pytest.mark.parametrize(
    ("monitor", "task", "told"),
    [
        ("acc", "multiclass", "10:23  training.monitor: no metric 'acc'; did you mean 'accuracy'?"),
        ("val_accuracy", "regression", "training.monitor: no metric 'val_accuracy'"),
        ("val_mean_absolute_error", "binary", "there are loss, accuracy, val_loss, val_accuracy"),
    ],
)
def test_a_monitored_metric_must_be_among_those_of_the_task(
    load: Load, monitor: str, task: str, told: str
):
    changes = {"activation: softmax": "name: out", "categorical_crossentropy": "mse"}
    config = load({**own(), **changes, "epochs: 3": MONITOR + monitor}).config
    with pytest.raises(ConfigError, match=told):
        resolved(config, task)


def test_a_callbacks_metric_must_be_among_those_of_the_task(load: Load):
    callbacks = "epochs: 3, callbacks: [{EarlyStopping: {monitor: val_acc}}]"
    config = load({**own(), "epochs: 3": callbacks}).config
    told = "10:52  training.callbacks.0.monitor: no metric 'val_acc'; did you mean 'val_accuracy'"
    with pytest.raises(ConfigError, match=told):
        resolved(config)


@pytest.mark.parametrize(
    ("loss", "task", "told"),
    [
        (
            "categorical_crossentropy",
            "regression",
            "8:1  loss: CategoricalCrossentropy is for classes, and npz has numbers to predict; "
            "write mean_squared_error",
        ),
        (
            "binary_crossentropy",
            "multiclass",
            "8:1  loss: BinaryCrossentropy is for two classes, and npz has more; write categorical",
        ),
    ],
)
def test_a_loss_must_be_for_the_task_of_the_data(load: Load, loss: str, task: str, told: str):
    config = load({**own(), "categorical_crossentropy": loss}).config
    with pytest.raises(ConfigError, match=told):
        resolved(config, task)


def test_official_test_rows_must_be_there(load: Load):
    config = load(own("{validation: official}")).config
    told = "dataset.split.validation: npz brings no official test rows; give a share such as 0.15"
    with pytest.raises(ConfigError, match=told):
        resolved(config)


def test_the_override_at_fault_is_named(load: Load):
    config = load(own(), ["training.monitor=val_acc"]).config
    with pytest.raises(ConfigError, match=r"override training\.monitor=val_acc  training\.monitor"):
        resolved(config)
