"""What callbacks remember is known by name: here Keras itself says which names those are."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.training.callback_changes import callbacks_without_state
from dlrun.training.callback_states import get_states, set_states

MAKERS: dict[str, Callable[[Path], Any]] = {
    "CSVLogger": lambda folder: keras.callbacks.CSVLogger(str(folder / "log.csv")),
    "EarlyStopping": lambda folder: keras.callbacks.EarlyStopping(
        "loss", patience=2, min_delta=9, restore_best_weights=True
    ),
    "LearningRateScheduler": lambda folder: keras.callbacks.LearningRateScheduler(
        lambda epoch, rate: rate / 2
    ),
    "ModelCheckpoint": lambda folder: keras.callbacks.ModelCheckpoint(
        str(folder / "best.keras"), monitor="loss", save_best_only=True
    ),
    "ReduceLROnPlateau": lambda folder: keras.callbacks.ReduceLROnPlateau(
        "loss", patience=1, min_delta=9, cooldown=3
    ),
    "SwapEMAWeights": lambda folder: keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
    "TerminateOnNaN": lambda folder: keras.callbacks.TerminateOnNaN(),
}

NO_MATTER = {
    *("_model", "_params", "params", "csv_file", "writer", "keys", "append_header"),
    *("monitor_op", "min_delta"),  # which way is up, and its sign
}
"""What a callback finds out anew from a model, or opens in `on_train_begin`."""


class Snapshots(keras.callbacks.Callback):
    """Copies another callback's attributes as each epoch ends; stands behind it."""

    def __init__(self, callback: Any) -> None:
        super().__init__()
        self.callback = callback
        self.seen: list[dict[str, str]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.seen = [copy_of(self.callback)]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seen.append(copy_of(self.callback))


def copy_of(callback: Any) -> dict[str, str]:
    return {name: repr(v) for name, v in vars(callback).items() if name not in NO_MATTER}


def make_model() -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
    return model


def fit(callbacks: list[Any], epochs: int = 4) -> None:
    x = np.arange(8, dtype=np.float32).reshape(4, 2) / 8
    make_model().fit(x, x[:, :1], epochs=epochs, verbose=0, callbacks=callbacks)


@pytest.mark.parametrize("name", MAKERS)
def test_every_attribute_that_changes_while_training_is_kept(name: str, tmp_path: Path) -> None:
    callback = MAKERS[name](tmp_path)
    watcher = Snapshots(callback)
    fit([callback, watcher])
    changed = {
        attribute
        for seen in watcher.seen[1:]
        for attribute in seen
        if seen[attribute] != watcher.seen[0].get(attribute)
    }
    ((kept_name, state),) = get_states([callback])
    assert kept_name == name
    assert state is not None
    assert changed <= set(state)
    assert callbacks_without_state([callback]) == []


@pytest.mark.parametrize("name", ["EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau"])
def test_a_new_callback_takes_over_what_another_remembered(name: str, tmp_path: Path) -> None:
    old, new = MAKERS[name](tmp_path), MAKERS[name](tmp_path)
    fit([old], epochs=2)
    new.set_model(make_model())
    new.on_train_begin()
    (before,) = get_states([old])
    assert get_states([new])[0][1] is not None
    assert str(get_states([new])) != str([before])
    set_states([new], [before])
    assert str(get_states([new])) == str([before])


def test_of_two_of_a_class_the_first_state_goes_to_the_first() -> None:
    callbacks = [keras.callbacks.EarlyStopping("loss", patience=n) for n in (5, 7)]
    states = [("EarlyStopping", {"wait": 2}), ("History", {}), ("EarlyStopping", {"wait": 4})]
    set_states([callbacks[0], keras.callbacks.TerminateOnNaN(), callbacks[1]], states)
    assert [callback.wait for callback in callbacks] == [2, 4]


def test_taking_a_callback_away_moves_no_state_to_another() -> None:
    def make(monitor: str, patience: int = 5) -> Any:
        return keras.callbacks.EarlyStopping(monitor, patience=patience)

    first, second = make("loss"), make("accuracy")
    first.wait, second.wait = 2, 4
    states = get_states([first, second])
    alone, changed = make("accuracy"), make("accuracy", patience=9)
    set_states([alone], states)
    set_states([changed], states)
    added, again, other = make("val_loss"), make("loss"), make("accuracy")
    set_states([added, again, other], states)
    assert (alone.wait, again.wait, other.wait, added.wait) == (4, 2, 4, 0)
    assert changed.wait == 4  # none was made alike: that which differs in the least


def test_a_checkpoint_sets_nothing_but_what_a_callback_remembers(tmp_path: Path) -> None:
    logger, saver = MAKERS["CSVLogger"](tmp_path), MAKERS["ModelCheckpoint"](tmp_path)
    elsewhere = str(tmp_path / "elsewhere")
    states = [
        ("CSVLogger", {"filename": elsewhere, "append": True}),
        ("ModelCheckpoint", {"filepath": elsewhere, "best": 0.5}),
    ]
    set_states([logger, saver], states)
    assert logger.filename == str(tmp_path / "log.csv")
    assert not logger.append
    assert (saver.filepath, saver.best) == (str(tmp_path / "best.keras"), 0.5)


def test_what_a_class_made_from_one_of_keras_inherits_is_kept() -> None:
    class Patient(keras.callbacks.EarlyStopping):
        pass

    name, state = get_states([Patient("loss")])[0]
    assert name == "Patient"
    assert state is not None
    assert "wait" in state


class Own(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seen: Any = None

    def get_state(self) -> Mapping[str, Any]:
        return {"seen": 3}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.seen = state["seen"]


def test_an_own_callback_keeps_its_state_by_its_two_methods() -> None:
    states = get_states([Own()])
    assert states == [("Own", {"own": {"seen": 3}})]
    other = Own()
    set_states([other], states)
    assert other.seen == 3
