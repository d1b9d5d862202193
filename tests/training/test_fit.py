"""The loop over epochs: callbacks, the best epoch, history, progress, divergence."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.config import load_config
from dlrun.errors import DivergedError, ModelError
from dlrun.events import Message, StepsDone, ignore
from dlrun.model import build_model
from dlrun.prepare import prepare_data
from dlrun.training import TensorData, choose_best, fit_model, make_evaluator
from dlrun.training.callbacks import callbacks_needing_batches

WriteConfig = Callable[..., Path]


def train(path: Path, overrides: dict[str, Any] | None = None, **options: Any):
    data = prepare_data(load_config(path, overrides or {}).config)
    built = build_model(data)
    built = replace(built, callbacks=(*built.callbacks, *options.pop("callbacks", [])))
    best = choose_best(built, data.config.training, options.get("report", ignore))
    fitted = fit_model(built, data, TensorData.from_prepared(data), best=best, **options)
    return data, built.model, fitted


def assert_same_weights(first: Any, second: Any) -> None:
    for ours, theirs in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


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


def test_the_best_epochs_weights_are_kept_and_last_keeps_the_last(
    write_config: WriteConfig,
) -> None:
    # A learning rate this large makes the loss jump about, so that the best is not the last.
    overrides = {"optimizer.learning_rate": 2.0, "training.epochs": 12}
    data, model, fitted = train(write_config(), overrides)
    values = [logs["val_loss"] for logs in fitted.history]
    assert fitted.kept_epoch == int(np.argmin(values)) + 1 < 12
    tensors = TensorData.from_prepared(data)
    assert make_evaluator(model, tensors)(data.splits.validation)()["loss"] == min(values)
    _, model, fitted = train(write_config(), overrides | {"training.keep": "last"})
    assert fitted.kept_epoch == 12
    assert make_evaluator(model, tensors)(data.splits.validation)()["loss"] == values[-1]


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
    callbacks = [
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
    ]
    train(write_config(), callbacks=callbacks)
    assert (tmp_path / "best.keras").is_file()
    by_steps = keras.callbacks.ModelCheckpoint(tmp_path / "x.keras", save_freq=2)
    assert callbacks_needing_batches([*callbacks, by_steps]) == ["ModelCheckpoint"]


class Adds(keras.callbacks.Callback):
    """Adds a number to the logs, and a word, by one name and another."""

    def __init__(self, name: Any) -> None:
        super().__init__()
        self.name = name

    def on_epoch_end(self, epoch, logs=None):
        logs |= {self.name: 1, "a,word": "told to nobody"}


@pytest.mark.parametrize("name", ["x,y", "epoch", "a\nb", "", "q" * 201, 'say "it"', 7])
def test_a_name_that_no_history_can_hold_is_refused_in_the_first_epoch(
    write_config: WriteConfig, name: Any
) -> None:
    seen: list[Any] = []
    path = write_config()
    message = (
        f"{path}:6:1: a callback adds {repr(name)[:60]} to its logs, which cannot name a column of "
        "history.csv; give it a name of 1 to 200 printable characters without comma and quotation "
        "mark, other than epoch"
    )
    with pytest.raises(ModelError) as refused:
        train(path, callbacks=[Adds(name)], report=seen.append)
    assert str(refused.value) == message
    assert {event.epoch for event in seen if isinstance(event, StepsDone)} == {1}


def test_other_names_are_columns_of_the_history(write_config: WriteConfig) -> None:
    *_, fitted = train(write_config(), callbacks=[Adds("größte Norm / Schicht")])
    assert [logs["größte Norm / Schicht"] for logs in fitted.history] == [1.0] * 3


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


def test_what_a_callback_adds_in_some_epochs_is_in_their_rows_alone(
    write_config: WriteConfig,
) -> None:
    class Sometimes(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch != 1:
                logs["extra"] = epoch

    *_, fitted = train(write_config(), callbacks=[Sometimes()])
    assert [logs.get("extra") for logs in fitted.history] == [0, None, 2]


def test_early_stopping_that_restores_says_which_epoch_is_kept(write_config: WriteConfig) -> None:
    stopping = "{EarlyStopping: {patience: 3, restore_best_weights: true}}"
    path = write_config(training=f"{{epochs: 60, keep: last, callbacks: [{stopping}]}}")
    data, model, fitted = train(path, {"optimizer.learning_rate": 1.5})
    losses = [logs["val_loss"] for logs in fitted.history]
    assert fitted.kept_epoch == int(np.argmin(losses)) + 1 < len(losses)
    kept = make_evaluator(model, TensorData.from_prepared(data))(data.splits.validation)()
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


def test_an_infinite_validation_loss_stops_the_run_too(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    x = np.linspace(0, 1, 40, dtype=np.float32)[:, np.newaxis]
    np.savez(tmp_path / "own.npz", x=x, y=x[:, 0], x_test=x[:9], y_test=x[:9, 0] + 1e30)
    options = f"{{path: {tmp_path / 'own.npz'}, task: regression}}"
    path = write_config(
        dataset=f"{{name: npz, options: {options}, split: {{validation: official, test: none}}}}",
        model="{layers: [Dense: 1]}",
        loss="mse",
    )
    with pytest.raises(DivergedError, match="val_loss became inf in epoch 1"):
        train(path, {})


def test_progress_ends_at_the_last_step_of_each_epoch(write_config: WriteConfig) -> None:
    steps: list[StepsDone] = []
    train(
        write_config(),
        report=lambda event: steps.append(event) if isinstance(event, StepsDone) else None,
    )
    last = {event.epoch: event.step for event in steps}
    assert last == {1: 6, 2: 6, 3: 6}
    assert {event.steps for event in steps} == {6}


def test_a_schedule_that_warms_up_too_high_is_told_by_the_rate_it_warms_up_to(
    write_config: WriteConfig,
) -> None:
    schedule = "{initial_learning_rate: 0, warmup_target: 1000000, warmup_steps: 9, decay_steps: 9}"
    path = write_config(
        dataset="{name: linear, scale: none}",
        model="{layers: [Dense: 4, Dense: 1]}",
        loss="mse",
        optimizer=f"{{SGD: {{learning_rate: {{CosineDecay: {schedule}}}}}}}",
        training="{epochs: 50, batch_size: 16}",
    )
    with pytest.raises(DivergedError, match=r"try optimizer\.learning_rate\.warmup_target=100000$"):
        train(path)


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
