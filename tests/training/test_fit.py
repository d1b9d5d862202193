"""Training is compared with plain Keras: `model.fit(shuffle=False)` on the same batches."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.config import load_config
from dlrun.errors import DivergedError
from dlrun.events import Message, StepsDone, ignore
from dlrun.model import build_model
from dlrun.prepare import prepare_data
from dlrun.training import (
    TensorData,
    batch_order,
    choose_best,
    evaluate_rows,
    fit_model,
    predict_rows,
)
from dlrun.training.callbacks import callbacks_needing_batches

WriteConfig = Callable[..., Path]


def train(path: Path, overrides: dict[str, Any] | None = None, **options: Any):
    data = prepare_data(load_config(path, overrides or {}).config)
    built = build_model(data)
    built = replace(built, callbacks=(*built.callbacks, *options.pop("callbacks", [])))
    best = choose_best(built, data.config.training, options.get("report", ignore))
    fitted = fit_model(built, data, TensorData.from_prepared(data), best=best, **options)
    return data, built.model, fitted


def fit_with_keras(path: Path, overrides: dict[str, Any] | None = None):
    """The same config trained as one would type it in a notebook."""
    data = prepare_data(load_config(path, overrides or {}).config)
    config, model = data.config, build_model(data).model
    x, y = data.scaling.apply(data.dataset.x), data.labels
    rows, held_out = data.splits.train, data.splits.validation
    batch_size = config.training.batch_size
    batch_size = len(rows) if batch_size == "full" else batch_size
    histories = []
    for epoch in range(config.training.epochs):
        order = rows[batch_order(config.seed, epoch, len(rows))]
        history = model.fit(
            x[order], y[order], batch_size=batch_size, epochs=1, shuffle=False, verbose=0,
            validation_data=(x[held_out], y[held_out]), validation_batch_size=1024,
        )  # fmt: skip
        histories.append({name: values[0] for name, values in history.history.items()})
    return model, histories


def assert_same_weights(first: Any, second: Any) -> None:
    for ours, theirs in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


MIXED = (
    "{activation: relu, layers: [Dense: {units: 8, kernel_regularizer: l2}, BatchNormalization, "
    "Dropout: 0.3, Dense: {units: 3, activation: softmax}]}"
)


@pytest.mark.parametrize(
    ("overrides", "model"),
    [
        ({"training.batch_size": 16}, None),  # 90 rows: a smaller last batch
        ({"training.batch_size": 15}, None),  # divides 90: a static batch size
        ({"training.batch_size": "full"}, None),
        ({"training.batch_size": 1, "training.epochs": 1}, None),
        ({"training.batch_size": 16, "optimizer": "adam"}, MIXED),
        ({"training.batch_size": 18, "optimizer": {"RMSprop": {"momentum": 0.9}}}, MIXED),
    ],
)
def test_weights_and_history_equal_those_of_keras_fit(
    write_config: WriteConfig, overrides: dict[str, Any], model: str | None
) -> None:
    path = write_config(**({"model": model} if model else {}))
    overrides = {"training.keep": "last", **overrides}
    _, ours, fitted = train(path, overrides)
    theirs, histories = fit_with_keras(path, overrides)
    assert_same_weights(ours, theirs)
    for mine, keras_logs in zip(fitted.history, histories, strict=True):
        assert {name: mine[name] for name in keras_logs} == keras_logs


def test_one_epoch_equals_a_script_typed_by_hand(write_config: WriteConfig) -> None:
    """Nothing of dlrun's but the rows, their order and the seed is on the other side."""
    data, ours, fitted = train(
        write_config(), {"training.epochs": 1, "seed": 5, "optimizer": {"SGD": {"use_ema": True}}}
    )
    keras.utils.set_random_seed(5)
    theirs = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.SGD(learning_rate=0.01, use_ema=True)
    theirs.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    raw = data.dataset.x.astype(np.float32)
    rows = data.splits.train
    mean, sd = raw[rows].mean(axis=0, dtype=np.float64), raw[rows].std(axis=0, dtype=np.float64)
    x = (raw - mean.astype(np.float32)) / sd.astype(np.float32)
    y = np.eye(3, dtype=np.float32)[data.dataset.y]
    order = rows[np.random.default_rng([5, 0]).permutation(len(rows))]
    history = theirs.fit(x[order], y[order], batch_size=16, shuffle=False, verbose=0).history
    assert_same_weights(ours, theirs)
    assert fitted.history[0]["loss"] == history["loss"][0]
    assert fitted.history[0]["accuracy"] == history["accuracy"][0]


@pytest.mark.parametrize(
    "optimizer",
    [
        {"SGD": {"momentum": 0.9, "nesterov": True, "clipnorm": 0.5}},
        {"Adam": {"global_clipnorm": 0.5, "weight_decay": 0.01}},
        {"SGD": {"learning_rate": {"ExponentialDecay": {
            "initial_learning_rate": 0.5, "decay_steps": 3, "decay_rate": 0.7}}}},
    ],
)  # fmt: skip
def test_clipping_decay_and_schedules_equal_keras(
    write_config: WriteConfig, optimizer: dict[str, Any]
) -> None:
    overrides = {"training.keep": "last", "optimizer": optimizer}
    _, ours, _ = train(write_config(), overrides)
    assert_same_weights(ours, fit_with_keras(write_config(), overrides)[0])


def test_a_convolutional_net_and_a_regression_equal_keras(write_config: WriteConfig) -> None:
    convolution = write_config(
        dataset="digits",
        model="{layers: [Conv2D: {filters: 4, kernel_size: 3, activation: relu}, MaxPooling2D, "
        "Flatten, Dense: {units: 10, activation: softmax}]}",
        training="{epochs: 2, batch_size: 128, keep: last}",
    )
    regression = write_config(
        "line", dataset="diabetes", model="{layers: [Dense: 4, Dense: 1]}", loss="mse",
        training="{epochs: 2, batch_size: 32, keep: last}",
    )  # fmt: skip
    for path in (convolution, regression):
        rate = {"optimizer.learning_rate": 1e-3}
        _, ours, fitted = train(path, rate)
        theirs, histories = fit_with_keras(path, rate)
        assert_same_weights(ours, theirs)
        assert fitted.history[-1]["val_loss"] == histories[-1]["val_loss"]


def test_evaluation_and_prediction_equal_keras(write_config: WriteConfig) -> None:
    data, model, _ = train(write_config())
    tensors, rows = TensorData.from_prepared(data), data.splits.test
    x, y = data.scaling.apply(data.dataset.x[rows]), data.labels[rows]
    expected = model.evaluate(x, y, batch_size=1024, verbose=0, return_dict=True)
    assert evaluate_rows(model, tensors, rows) == expected
    np.testing.assert_array_equal(
        predict_rows(model, tensors, rows, batch_size=7), model.predict(x, batch_size=7, verbose=0)
    )


def test_two_trainings_in_one_process_are_equal_and_start_afresh(write_config: WriteConfig) -> None:
    path = write_config(metrics="[accuracy, AUC]")
    _, first, once = train(path)
    keras.utils.set_random_seed(99)  # whatever else happened in between
    _, second, again = train(path)
    assert_same_weights(first, second)
    seconds = {"epoch_seconds"}
    for mine, other in zip(once.history, again.history, strict=True):
        assert {k: v for k, v in mine.items() if k not in seconds} == {
            k: v for k, v in other.items() if k not in seconds
        }


def test_images_are_scaled_after_the_gather_to_the_floats_of_numpy() -> None:
    from dlrun.backend import tf
    from dlrun.data import Scaling

    values = np.arange(256, dtype=np.uint8).reshape(256, 1)
    scaling = Scaling("unit", 0.0, 255.0)
    tensors = TensorData(tf.constant(values), tf.zeros((256, 1)), None, tf.constant(255.0))
    gathered = tf.function(tensors.features)(tf.range(256))
    np.testing.assert_array_equal(gathered.numpy(), scaling.apply(values))
    np.testing.assert_array_equal(gathered.numpy(), values.astype(np.float32) / np.float32(255))


def test_the_best_epochs_weights_are_kept_and_last_keeps_the_last(
    write_config: WriteConfig,
) -> None:
    # A learning rate this large makes the loss jump about, so that the best is not the last.
    overrides = {"optimizer.learning_rate": 2.0, "training.epochs": 12}
    data, model, fitted = train(write_config(), overrides)
    values = [logs["val_loss"] for logs in fitted.history]
    assert fitted.kept_epoch == int(np.argmin(values)) + 1 < 12
    tensors = TensorData.from_prepared(data)
    assert evaluate_rows(model, tensors, data.splits.validation)["loss"] == min(values)
    _, model, fitted = train(write_config(), overrides | {"training.keep": "last"})
    assert fitted.kept_epoch == 12
    assert evaluate_rows(model, tensors, data.splits.validation)["loss"] == values[-1]


def test_early_stopping_stops_and_says_so(write_config: WriteConfig) -> None:
    said: list[str] = []
    callbacks = "[EarlyStopping: {monitor: loss, patience: 2, min_delta: 100}]"
    path = write_config(training=f"{{epochs: 50, callbacks: {callbacks}}}")
    *_, fitted = train(
        path, report=lambda event: said.append(event.text) if isinstance(event, Message) else None
    )
    assert len(fitted.history) == 3
    assert said == ["stopped after epoch 3 of 50 by a callback"]


def test_reduce_lr_on_plateau_shows_in_the_history(write_config: WriteConfig) -> None:
    callbacks = "[ReduceLROnPlateau: {monitor: loss, factor: 0.5, patience: 1, min_delta: 100}]"
    path = write_config(training=f"{{epochs: 4, callbacks: {callbacks}}}")
    *_, fitted = train(path)
    rates = [logs["learning_rate"] for logs in fitted.history]
    assert rates == pytest.approx([0.1, 0.1, 0.05, 0.025])


def test_a_callback_that_sees_batches_gets_every_one_of_them(write_config: WriteConfig) -> None:
    seen: list[tuple[int, bool]] = []
    watcher = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append((batch, "accuracy" in logs))
    )
    path = write_config()
    _, watched, _ = train(path, callbacks=[watcher])
    assert seen == [(step, True) for _ in range(3) for step in range(6)]
    _, alone, _ = train(path)
    assert_same_weights(watched, alone)


def test_callbacks_that_only_look_at_epochs_leave_the_fast_path(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    said: list[Any] = []
    callbacks = [
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
    ]
    train(write_config(), callbacks=callbacks, report=said.append)
    assert not [event for event in said if isinstance(event, Message)]
    assert (tmp_path / "best.keras").is_file()
    by_steps = keras.callbacks.ModelCheckpoint(tmp_path / "x.keras", save_freq=2)
    assert callbacks_needing_batches([*callbacks, by_steps]) == ["ModelCheckpoint"]


def test_callbacks_see_validation_begin_and_end(write_config: WriteConfig) -> None:
    seen: list[str] = []

    class Watcher(keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            seen.append("begin")

        def on_test_end(self, logs=None):
            seen.append(f"end {sorted(logs)}")

    train(write_config(), {"training.epochs": 1}, callbacks=[Watcher()])
    assert seen == ["begin", "end ['accuracy', 'loss']"]


def test_a_callback_may_add_to_the_history(write_config: WriteConfig) -> None:
    class Adds(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["twice_the_loss"] = 2 * logs["loss"]

    *_, fitted = train(write_config(), callbacks=[Adds()])
    assert all(logs["twice_the_loss"] == 2 * logs["loss"] for logs in fitted.history)


def test_early_stopping_that_restores_says_which_epoch_is_kept(write_config: WriteConfig) -> None:
    stopping = "{EarlyStopping: {patience: 3, restore_best_weights: true}}"
    path = write_config(training=f"{{epochs: 60, keep: last, callbacks: [{stopping}]}}")
    data, model, fitted = train(path, {"optimizer.learning_rate": 1.5})
    losses = [logs["val_loss"] for logs in fitted.history]
    assert fitted.kept_epoch == int(np.argmin(losses)) + 1 < len(losses)
    kept = evaluate_rows(model, TensorData.from_prepared(data), data.splits.validation)
    assert kept["loss"] == min(losses)


def test_averaged_weights_are_kept_and_that_is_said(write_config: WriteConfig) -> None:
    said: list[Any] = []
    *_, fitted = train(
        write_config(), {"optimizer": {"SGD": {"use_ema": True}}}, report=said.append
    )
    assert fitted.kept_epoch == 3
    assert "the optimizer averages weights (use_ema)" in str(said)


def test_the_direction_of_best_follows_the_metrics_class(write_config: WriteConfig) -> None:
    for metric, monitor, pick in (
        ("{AUC: {name: roc}}", "val_roc", np.argmax),
        ("{FBetaScore: {name: score, average: macro}}", "val_score", np.argmax),
        ("{MeanAbsoluteError: {name: accuracy_error}}", "val_accuracy_error", np.argmin),
    ):
        path = write_config(
            metrics=f"[{metric}]", training=f"{{epochs: 6, batch_size: 16, monitor: {monitor}}}"
        )
        *_, fitted = train(path, {"optimizer.learning_rate": 1.5})
        values = [logs[monitor] for logs in fitted.history]
        assert fitted.kept_epoch == int(pick(values)) + 1


def test_an_infinite_validation_loss_stops_the_run_too() -> None:
    from dlrun.training.fit import _check_finite

    logs = {"loss": 0.1, "val_loss": float("inf"), "learning_rate": 0.1}
    with pytest.raises(DivergedError, match="val_loss became inf in epoch 4"):
        _check_finite(logs, 4)


def test_progress_ends_at_the_last_step_of_each_epoch(write_config: WriteConfig) -> None:
    steps: list[StepsDone] = []
    train(
        write_config(),
        report=lambda event: steps.append(event) if isinstance(event, StepsDone) else None,
    )
    last = {event.epoch: event.step for event in steps}
    assert last == {1: 6, 2: 6, 3: 6}
    assert {event.steps for event in steps} == {6}


def test_a_loss_that_becomes_nan_stops_the_run_with_advice(write_config: WriteConfig) -> None:
    path = write_config(
        dataset="{name: linear, scale: none}",
        model="{layers: [Dense: 4, Dense: 1]}",
        loss="mse",
        training="{epochs: 50, batch_size: 16}",
    )
    with pytest.raises(DivergedError, match=r"became (nan|inf) in epoch \d+; likely causes") as e:
        train(path, {"optimizer.learning_rate": 1e6})
    assert "optimizer.learning_rate=100000" in str(e.value)
