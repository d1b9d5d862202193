"""Training rows measured as validation rows are: which rows, to which numbers, at no one's cost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.backend import keras, tf
from dlrun.config import load_config
from dlrun.model import build_model
from dlrun.prepare import PreparedData, prepare_data
from dlrun.training import TensorData, describe_train_eval, fit_model, train_eval_rows
from dlrun.training.evaluation import make_evaluator

WriteConfig = Callable[..., Path]
DROPOUT = "{layers: [Dense: 16, Dropout: 0.5, Dense: {units: 3, activation: softmax}]}"
ONE_THIRD = "{name: iris, split: {train: 0.5, validation: 0.5, test: none}}"


@pytest.fixture
def prepare(write_config: WriteConfig) -> Callable[..., PreparedData]:
    def prepared(overrides: dict[str, Any] | None = None, **lines: str) -> PreparedData:
        return prepare_data(load_config(write_config(**lines), overrides or {}).config)

    return prepared


def fit(data: PreparedData) -> tuple[Any, list[Any]]:
    built = build_model(data)
    return built.model, list(fit_model(built, data, TensorData.from_prepared(data)).history)


@pytest.mark.parametrize("asked", ["auto", "full", 30])
def test_it_is_what_keras_evaluates_at_the_epochs_end(
    prepare: Callable[..., PreparedData], asked: str | int
) -> None:
    data = prepare({"training.train_eval": asked, "training.epochs": 2}, model=DROPOUT)
    model, history = fit(data)
    rows = train_eval_rows(data)
    assert len(rows) == (30 if asked == 30 else 90)
    x, y = data.scaling.apply(data.dataset.x[rows]), data.labels[rows]
    expected = model.evaluate(x, y, batch_size=1024, verbose=0, return_dict=True)
    assert history[-1]["train_eval_loss"] == expected["loss"]
    assert history[-1]["train_eval_accuracy"] == expected["accuracy"]
    assert history[-1]["loss"] != expected["loss"]


def test_the_same_rows_as_training_and_validation_give_equal_curves(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    y = (x.sum(axis=1) > 0).astype(np.int64)
    np.savez(tmp_path / "twice.npz", x=x, y=y, x_test=x, y_test=y)
    path = tmp_path / "twice.yaml"
    path.write_text(
        "name: twice\nloss: binary_crossentropy\noptimizer: adam\ntraining: {epochs: 3}\n"
        f"dataset: {{name: npz, options: {{path: {tmp_path / 'twice.npz'}}}, "
        "split: {validation: official, test: none}}\n"
        "model: {layers: [Dense: 9, Dropout: 0.4, Dense: {units: 1, activation: sigmoid}]}\n"
    )
    _, history = fit(prepare_data(load_config(path).config))
    for logs in history:
        assert logs["train_eval_loss"] == logs["val_loss"]
        assert logs["train_eval_accuracy"] == logs["val_accuracy"]


def test_measuring_changes_no_weight(prepare: Callable[..., PreparedData]) -> None:
    weights = []
    for asked in ("auto", "off"):
        model, history = fit(prepare({"training.train_eval": asked}, model=DROPOUT))
        weights.append(model.get_weights())
        assert ("train_eval_loss" in history[0]) == (asked == "auto")
    for measured, unmeasured in zip(*weights, strict=True):
        np.testing.assert_array_equal(measured, unmeasured)


def test_class_weights_do_not_count_as_in_validation(prepare: Callable[..., PreparedData]) -> None:
    data = prepare({"training.class_weight": {0: 5, 1: 1, 2: 0}, "training.epochs": 1})
    model, history = fit(data)
    rows = data.splits.train
    x, y = data.scaling.apply(data.dataset.x[rows]), data.labels[rows]
    expected = model.evaluate(x, y, batch_size=1024, verbose=0, return_dict=True)
    assert history[0]["train_eval_loss"] == expected["loss"]


def test_a_sample_is_the_same_every_time_and_another_by_another_seed(
    prepare: Callable[..., PreparedData],
) -> None:
    first, again = (train_eval_rows(prepare({"training.train_eval": 20})) for _ in range(2))
    other = train_eval_rows(prepare({"training.train_eval": 20, "seed": 1}))
    np.testing.assert_array_equal(first, again)
    assert len(np.unique(first)) == 20
    assert set(first) != set(other)


def test_what_is_measured_is_said(prepare: Callable[..., PreparedData]) -> None:
    told = describe_train_eval(prepare({"training.train_eval": 20}))
    assert told.text == "train_eval: 20 of 90 training rows, the same every epoch"
    assert told.level == "info"
    assert describe_train_eval(prepare()).text == "train_eval: all 90 training rows"
    told = describe_train_eval(prepare({"training.train_eval": "off"}))
    assert told.text == "train_eval: off, as training.train_eval asks"


def test_a_callback_may_watch_it(prepare: Callable[..., PreparedData]) -> None:
    stop = "{epochs: 9, callbacks: [{EarlyStopping: {monitor: train_eval_loss, min_delta: 9}}]}"
    _, history = fit(prepare(training=stop))
    assert len(history) == 2


@pytest.mark.parametrize("engine", ["stepwise", "compiled+xla"])
def test_every_engine_measures_it(prepare: Callable[..., PreparedData], engine: str) -> None:
    model, history = fit(prepare({"training.engine": engine, "training.epochs": 1}))
    assert history[0]["train_eval_loss"] > 0
    assert model.get_metrics_result().keys() == {"loss", "accuracy"}


class Typed(keras.metrics.Metric):
    """A metric that sets itself back in Python alone, as one of a user's own may."""

    def __init__(self) -> None:
        super().__init__(name="typed")
        self.total = self.add_variable((), "zeros", name="total")
        self.num_resets = 0

    def update_state(self, *_: Any, **__: Any) -> None:
        self.total.assign_add(1.0)

    def result(self) -> Any:
        return self.total

    def reset_state(self) -> None:
        self.num_resets += 1
        self.total.assign(0.0)


def test_a_metric_of_ones_own_is_set_back_in_python() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[own := Typed()])
    zeros = tf.zeros((1, 1))
    model.compute_metrics(zeros, zeros, zeros, None)  # built, as `build_model` has them
    tensors = TensorData(tf.zeros((30, 2)), tf.zeros((30, 1)), None, tf.constant(1.0))
    evaluate = make_evaluator(model, tensors, 10, in_loop=True)(np.arange(30))
    evaluate()
    before = own.num_resets
    assert evaluate()["typed"] == 3
    assert own.num_resets == before + 1
