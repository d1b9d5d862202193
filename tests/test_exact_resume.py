"""A run that was stopped and resumed comes to the same bits as one that never stopped."""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

import dlrun
from dlrun.backend import keras
from dlrun.errors import ModelError
from dlrun.events import EngineChosen, EpochEnded, Event, StepsDone
from dlrun.runs import Run, find_run
from dlrun.runs.checkpoints import read_last
from dlrun.training import keeping, steps

WriteConfig = Callable[..., Path]

SCHEDULE = "{ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 7, decay_rate: 0.9}}"
PLATEAU = "{ReduceLROnPlateau: {monitor: val_loss, patience: 2, min_delta: 10}}"
STOPPING = "{EarlyStopping: {monitor: val_loss, patience: 5, min_delta: 10}}"
SOFTMAX = "Dense: {units: 3, activation: softmax}"
IMAGES = "{name: digits, split: {train: 0.8, validation: 0.1, test: 0.1}}"

CASES = {
    "momentum and schedule": {
        "optimizer": f"{{SGD: {{learning_rate: {SCHEDULE}, momentum: 0.9}}}}"
    },
    "dropout, early stopping and plateau": {
        "model": f"{{layers: [Dense: 8, Dropout: 0.3, {SOFTMAX}]}}",
        "optimizer": "{Adam: {learning_rate: 0.05}}",
        "training": f"{{epochs: 9, batch_size: 16, callbacks: [{PLATEAU}, {STOPPING}]}}",
    },
    "convolution, batch normalization and augmentation": {
        "dataset": IMAGES,
        "model": "{activation: relu, layers: ["
        "RandomTranslation: {height_factor: 0.1, width_factor: 0.1}, RandomRotation: 0.1, "
        "Conv2D: {filters: 4, kernel_size: 3}, BatchNormalization, MaxPooling2D, Flatten, "
        "Dense: {units: 10, activation: softmax}]}",
        "training": "{epochs: 4, batch_size: 256}",
        "optimizer": "{Adam: {}}",
    },
    "recurrent": {
        "model": "{input_shape: [4], layers: [Reshape: {target_shape: [2, 2]}, "
        f"LSTM: {{units: 3, recurrent_dropout: 0.2}}, GaussianNoise: 0.1, {SOFTMAX}]}}",
        "optimizer": "{RMSprop: {}}",
    },
    "averaged weights": {"optimizer": "{SGD: {use_ema: true, ema_momentum: 0.9}}"},
    "loss scaling": {
        "optimizer": "{Adam: {}}",
        "training": "{epochs: 4, batch_size: 16, precision: mixed_float16}",
    },
    "bfloat16": {"training": "{epochs: 4, batch_size: 16, precision: bfloat16}"},
    "XLA": {"training": "{epochs: 4, batch_size: 16, jit_compile: true}"},
    "one step a call": {
        "optimizer": "{Nadam: {}}",
        "training": "{epochs: 4, batch_size: 16, engine: stepwise}",
    },
    "no validation": {
        "dataset": "{name: iris, split: {train: 1.0, validation: none, test: none}}",
    },
    "keeping the last": {"training": "{epochs: 4, batch_size: full, keep: last}"},
}


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk is one step, so that a run can stop anywhere in an epoch, and each has its state."""
    monkeypatch.setattr(steps, "CHUNK_SECONDS", 1e-9)
    monkeypatch.setattr(keeping, "SHARE", 1e9)


def stop_inside(epoch: int, step: int) -> Callable[[Event], None]:
    """Ctrl-C at a step; the training ends at a checkpoint there."""

    def listen(event: Event) -> None:
        if isinstance(event, StepsDone) and (event.epoch, event.step) == (epoch, step):
            os.kill(os.getpid(), signal.SIGINT)

    return listen


def die_after(epoch: int) -> Callable[[Event], None]:
    """An end without a word, after the history's row and before its checkpoint."""

    def listen(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == epoch:
            raise KeyboardInterrupt

    return listen


def train_until(stop: Callable[[Event], None], path: Path, **arguments: Any) -> Run:
    with pytest.raises(KeyboardInterrupt):
        dlrun.train(path, report=stop, **arguments)
    return find_run("latest")


def result(run: Run) -> dict[str, Any]:
    """All that must come out the same, times aside."""
    history = {name: v for name, v in run.read_history().items() if name != "epoch_seconds"}
    state = read_last(run)
    assert state is not None
    return {
        "status": run.status,
        "history": history,
        "metrics": run.metrics,
        "hashes": run.info["hashes"],
        "weights": [array.tobytes() for array in run.model().get_weights()],
        "variables": [array.tobytes() for array in state.variables],
        "predictions": run.predictions("validation")["outputs"].tobytes()
        if "validation" in run.dataset["parts"]
        else None,
    }


def assert_same(resumed: Run, uninterrupted: Run) -> None:
    one, other = result(resumed), result(uninterrupted)
    for name in one:
        assert one[name] == other[name], name


IN_EVERY_RUN = {  # of the tests: the kinds of state there are; the others take a minute more
    "momentum and schedule",
    "dropout, early stopping and plateau",
    "convolution, batch normalization and augmentation",
}


@pytest.mark.parametrize(
    "case",
    [
        case if case in IN_EVERY_RUN else pytest.param(case, marks=pytest.mark.slow)
        for case in CASES
    ],
)
def test_a_resumed_run_equals_one_that_never_stopped(write_config: WriteConfig, case: str) -> None:
    lines = {"training": "{epochs: 4, batch_size: 16}", **CASES[case]}
    path = write_config(**lines)
    uninterrupted = dlrun.train(path)
    step = 1 if "full" in lines["training"] else 3
    inside = train_until(stop_inside(2, step), path)
    assert inside.status == "interrupted"
    state = read_last(inside)
    assert state is not None
    assert (state.epoch, state.step) == (1, step)
    assert_same(dlrun.resume(inside), uninterrupted)
    between = train_until(die_after(3), path)
    assert len(between.read_history()["loss"]) == 3
    resumed = dlrun.resume(between)
    assert resumed.info["resumed"][0] | {"time": ""} == {
        "time": "",
        "run": between.id,
        "from": "interrupted",
        "epoch": 2,
        "step": 0,
        "overrides": [],
        "exact": True,
        "remarks": [],
    }
    assert_same(resumed, uninterrupted)


EXTENDED = {
    "plain": {},
    "averaged weights": {"optimizer": "{SGD: {use_ema: true, ema_momentum: 0.9}}"},
    "restored weights": {
        "optimizer": "{SGD: {learning_rate: 1.5}}",
        "training": "{epochs: 4, batch_size: 16, keep: last, callbacks: "
        "[{EarlyStopping: {patience: 99, restore_best_weights: true}}]}",
    },
}


@pytest.mark.parametrize(
    "case",
    ["plain", *(pytest.param(case, marks=pytest.mark.slow) for case in [*EXTENDED][1:])],
)
def test_ten_and_ten_epochs_equal_twenty(write_config: WriteConfig, case: str) -> None:
    path = write_config(**EXTENDED[case])
    twenty = dlrun.train(path, {"training.epochs": 20})
    ten = dlrun.train(path, {"training.epochs": 10})
    resumed = dlrun.resume(ten, more_epochs=10)
    assert resumed.path == ten.path
    assert_same(resumed, twenty)
    assert resumed.config == twenty.config
    assert resumed.info["resumed"][0]["overrides"] == ["training.epochs=20"]


def test_into_a_new_folder_leaves_the_old_run_as_it_was(write_config: WriteConfig) -> None:
    six = dlrun.train(write_config(), {"training.epochs": 6})
    three = dlrun.train(write_config())
    before = {path: path.read_bytes() for path in three.path.rglob("*") if path.is_file()}
    new = dlrun.resume(three, ["training.epochs=6", "note=longer"], into="longer")
    assert (new.id, new.config.note) == ("longer", "longer")
    assert_same(new, six)
    after = {path: path.read_bytes() for path in three.path.rglob("*") if path.is_file()}
    assert {path.name for path in after.keys() - before.keys()} <= {".lock"}
    assert all(after[path] == content for path, content in before.items())


@pytest.mark.slow
def test_a_run_may_be_stopped_again_and_again(write_config: WriteConfig) -> None:
    path = write_config(training="{epochs: 5, batch_size: 16}")
    uninterrupted = dlrun.train(path)
    run = train_until(stop_inside(1, 1), path)
    for stop in (stop_inside(2, 6), die_after(3), stop_inside(3, 2), stop_inside(5, 5)):
        with pytest.raises(KeyboardInterrupt):
            dlrun.resume(run, report=stop)
    resumed = dlrun.resume(run)
    assert len(resumed.info["resumed"]) == 5
    assert_same(resumed, uninterrupted)


def test_a_run_killed_before_its_first_checkpoint_begins_again(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_message: object) -> None:
        raise KeyboardInterrupt

    uninterrupted = dlrun.train(write_config())
    run = train_until(
        lambda event: die(event) if isinstance(event, EngineChosen) else None, write_config()
    )
    said: list[str] = []
    resumed = dlrun.resume(run, report=lambda event: said.append(str(event)))
    assert_same(resumed, uninterrupted)
    assert "there is no checkpoint: it begins again at the first epoch" in "".join(said)


def test_the_best_model_is_never_lost(write_config: WriteConfig) -> None:
    path = write_config(training="{epochs: 20, batch_size: 16}")
    good = dlrun.train(path, ["model.activation=tanh"])
    kept, best = good.metrics["kept_epoch"], min(good.read_history()["val_loss"])
    weights = good.model().get_weights()
    resumed = dlrun.resume(good, ["training.epochs=23", "optimizer.learning_rate=20"])
    assert min(resumed.read_history()["val_loss"][20:]) > best
    assert (resumed.metrics["kept_epoch"], resumed.metrics["best"]["val_loss"]) == (kept, best)
    for one, other in zip(resumed.model().get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, other)


class Remembers(keras.callbacks.Callback):
    """Divides the learning rate by what it has counted; forgets as Keras's own do."""

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        self.count = 0

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.count += 1
        self.model.optimizer.learning_rate = 0.1 / self.count


class RemembersByState(Remembers):
    def get_state(self) -> dict[str, Any]:
        return {"count": self.count, "nested": [np.arange(self.count), None]}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.count = state["count"]
        assert np.array_equal(state["nested"][0], np.arange(self.count))


def test_a_callback_with_a_state_goes_on_with_it(write_config: WriteConfig) -> None:
    uninterrupted = dlrun.train(write_config(), callbacks=[RemembersByState()])
    run = train_until(die_after(3), write_config(), callbacks=[RemembersByState()])
    resumed = dlrun.resume(run, callbacks=[RemembersByState()])
    assert resumed.info["resumed"][0]["exact"]
    assert resumed.info["callbacks_from_python"] == ["RemembersByState"]
    assert_same(resumed, uninterrupted)


def test_a_callback_without_one_makes_the_resume_inexact_and_that_is_said(
    write_config: WriteConfig,
) -> None:
    run = train_until(die_after(3), write_config(), callbacks=[Remembers()])
    said: list[str] = []
    resumed = dlrun.resume(run, callbacks=[Remembers()], report=lambda e: said.append(str(e)))
    remark = "what the callback Remembers remembers is in no checkpoint"
    assert resumed.info["resumed"][0]["remarks"] == [remark]
    assert not resumed.info["resumed"][0]["exact"]
    assert f"not exact from here on: {remark}" in "".join(said)
    assert resumed.read_history()["learning_rate"][2] != 0.1 / 2


def test_a_callback_that_is_not_given_again_is_missed(write_config: WriteConfig) -> None:
    run = train_until(die_after(3), write_config(), callbacks=[RemembersByState()])
    resumed = dlrun.resume(run)
    assert resumed.info["resumed"][0]["remarks"] == [
        "the callback RemembersByState that the run had is not there"
    ]
    assert resumed.info["callbacks_from_python"] == ["RemembersByState"]  # its first epochs' own


def test_a_callback_that_the_run_did_not_have_is_told_of(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    stopping = "{EarlyStopping: {monitor: loss, patience: 9}}"
    path = write_config(training=f"{{epochs: 4, batch_size: 16, callbacks: [{stopping}]}}")
    added = [
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.5),
        keras.callbacks.EarlyStopping(monitor="loss", patience=9),
        keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
        Remembers(),  # not also that no checkpoint has what it remembers
    ]
    run = train_until(die_after(3), path)
    resumed = dlrun.resume(run, callbacks=added)
    assert resumed.info["resumed"][0]["remarks"] == [
        "the callback LearningRateScheduler was not there before",
        "the callback EarlyStopping was not there before",
        "the callback Remembers was not there before",
    ]


def test_a_callback_that_was_made_otherwise_is_told_of(write_config: WriteConfig) -> None:
    def make(patience: int, factor: float) -> list[Any]:
        return [
            keras.callbacks.EarlyStopping(monitor="loss", patience=patience),
            keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=9, factor=factor),
        ]

    run = train_until(die_after(3), write_config(), callbacks=make(9, 0.1))
    resumed = dlrun.resume(run, callbacks=make(8, 0.5))
    assert resumed.info["resumed"][0]["remarks"] == [
        "the callback EarlyStopping had patience 9 and has 8",
        "the callback ReduceLROnPlateau had factor 0.1 and has 0.5",
    ]


def test_a_callback_that_an_override_adds_is_told_of_once(write_config: WriteConfig) -> None:
    rate = [keras.callbacks.LearningRateScheduler(lambda epoch: 0.5)]
    run = train_until(die_after(3), write_config(), callbacks=rate)
    changes = ["training.callbacks=[terminate_on_nan]"]
    resumed = dlrun.resume(run, changes, callbacks=rate)
    assert resumed.info["resumed"][0]["remarks"] == ["training.callbacks was changed after epoch 2"]


def test_a_state_that_cannot_be_kept_is_told(write_config: WriteConfig) -> None:
    class KeepsAnything(Remembers):
        def get_state(self) -> object:
            return {"model": object()}

        def set_state(self, state: object) -> None:
            pass

    message = r"callback KeepsAnything: get_state\(\) cannot be kept, received a object; give numb"
    with pytest.raises(ModelError, match=message):
        dlrun.train(write_config(), callbacks=[KeepsAnything()])


def test_tables_of_csv_logger_go_on(write_config: WriteConfig, tmp_path: Path) -> None:
    def logger(name: str) -> list[Any]:
        return [keras.callbacks.CSVLogger(str(tmp_path / name))]

    dlrun.train(write_config(), callbacks=logger("whole.csv"))
    (killed,) = parts = logger("parts.csv")
    run = train_until(die_after(3), write_config(), callbacks=parts)
    killed.csv_file.close()
    assert dlrun.resume(run, callbacks=logger("parts.csv")).info["resumed"][0]["exact"]
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.slow
def test_rows_of_earlier_trainings_stay_in_a_table_of_csv_logger(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    def logger(name: str) -> list[Any]:
        return [keras.callbacks.CSVLogger(str(tmp_path / name), append=True)]

    for name in ("whole.csv", "parts.csv"):
        dlrun.train(write_config(), {"training.epochs": 4}, callbacks=logger(name))
    dlrun.train(write_config(seed="1"), callbacks=logger("whole.csv"))
    (killed,) = parts = logger("parts.csv")
    run = train_until(die_after(3), write_config(seed="1"), callbacks=parts)
    killed.csv_file.close()
    dlrun.resume(run, callbacks=logger("parts.csv"))
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


class Sometimes(keras.callbacks.Callback):
    """Adds to the logs in every second epoch, the first among them."""

    def get_state(self) -> dict[str, Any]:
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        pass

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch % 2 == 0:
            logs["extra"] = epoch


@pytest.mark.slow
def test_what_a_callback_adds_in_some_epochs_is_resumed_exactly(
    write_config: WriteConfig,
) -> None:
    path = write_config(training="{epochs: 6, batch_size: 16}")
    uninterrupted = dlrun.train(path, callbacks=[Sometimes()])
    assert uninterrupted.read_history()["extra"] == [0, None, 2, None, 4, None]
    for epoch in (3, 4):
        run = train_until(die_after(epoch), path, callbacks=[Sometimes()])
        resumed = dlrun.resume(run, callbacks=[Sometimes()])
        assert resumed.info["resumed"][0]["exact"]
        assert_same(resumed, uninterrupted)


@pytest.mark.slow
def test_a_run_whose_averages_took_the_weights_place_is_not_extended_exactly(
    write_config: WriteConfig,
) -> None:
    swapping = "callbacks: [{SwapEMAWeights: {swap_on_epoch: true}}]"
    path = write_config(
        optimizer="{SGD: {use_ema: true, ema_momentum: 0.9}}",
        training=f"{{epochs: 3, batch_size: 16, {swapping}}}",
    )
    six = dlrun.train(path, {"training.epochs": 6})
    resumed = dlrun.resume(dlrun.train(path), more_epochs=3)
    assert resumed.info["resumed"][0]["remarks"] == [
        "SwapEMAWeights gave up the weights for their averages after epoch 3, "
        "the last that was planned"
    ]
    assert resumed.read_history()["loss"] != six.read_history()["loss"]  # as Keras has it
    stopped = dlrun.resume(train_until(die_after(3), path, overrides={"training.epochs": 6}))
    assert stopped.info["resumed"][0]["exact"]
    assert_same(stopped, six)


@pytest.mark.slow
def test_nor_is_one_cut_short_whose_averages_and_weights_have_changed_places(
    write_config: WriteConfig,
) -> None:
    swapping = "callbacks: [{SwapEMAWeights: {swap_on_epoch: true}}]"
    path = write_config(
        optimizer="{SGD: {use_ema: true, ema_momentum: 0.9}}",
        training=f"{{epochs: 6, batch_size: 16, {swapping}}}",
    )

    def stop(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 3:
            os.kill(os.getpid(), signal.SIGINT)

    resumed = dlrun.resume(train_until(stop, path), {"training.epochs": 3})
    three = dlrun.train(path, {"training.epochs": 3})
    assert resumed.info["resumed"][0]["remarks"] == [
        "SwapEMAWeights did not copy the averages over the weights after epoch 3, since 6 were "
        "planned"
    ]
    hashes = [run.info["hashes"]["final_weights"] for run in (three, resumed)]
    assert hashes[0] != hashes[1]  # the day it is the same, the remark can go


class Board(keras.callbacks.TensorBoard):
    """Writes nothing, so that no TensorBoard has to be there."""

    summary = MagicMock()


def test_steps_per_second_are_told_of_an_epoch_that_was_gone_on_with(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    def board() -> list[Any]:
        return [Board(str(tmp_path), write_graph=False, write_steps_per_second=True)]

    run = train_until(stop_inside(2, 3), write_config(), callbacks=board())
    uninterrupted = dlrun.train(write_config(), callbacks=board())
    Board.summary.reset_mock()
    resumed = dlrun.resume(run, callbacks=board())
    assert_same(resumed, uninterrupted)
    told = [call for call in Board.summary.scalar.call_args_list if "epoch_steps" in call.args[0]]
    assert [call.kwargs["step"] for call in told] == [1, 2]
    assert all(call.args[1] > 0 for call in told)


def test_model_checkpoint_does_not_overwrite_a_better_one(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    def saver(name: str) -> list[Any]:
        path = str(tmp_path / name)
        return [keras.callbacks.ModelCheckpoint(path, monitor="val_loss", save_best_only=True)]

    run = dlrun.train(write_config(), callbacks=saver("best.keras"))
    before = (tmp_path / "best.keras").read_bytes()
    rate = ["training.epochs=5", "optimizer.learning_rate=3"]
    dlrun.resume(run, rate, callbacks=saver("best.keras"))
    assert (tmp_path / "best.keras").read_bytes() == before
