"""What callbacks remember is known by name: here Keras itself says which names those are."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.errors import ModelError, StorageError
from dlrun.training.callback_states import (
    callbacks_added,
    callbacks_without_state,
    get_states,
    prepare_to_go_on,
    set_states,
)

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
    assert changed.wait == 2  # none was made alike: the first goes to the first


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


def test_callbacks_that_may_remember_more_are_named() -> None:
    class Patient(keras.callbacks.EarlyStopping):
        pass

    class Forgetful(keras.callbacks.Callback):
        pass

    lambdas = keras.callbacks.LambdaCallback(on_epoch_end=print)
    own = [Patient("loss"), Forgetful(), lambdas, Own(), keras.callbacks.EarlyStopping("loss")]
    assert callbacks_without_state(own) == ["Patient", "Forgetful", "LambdaCallback"]
    name, state = get_states(own[:1])[0]
    assert name == "Patient"
    assert state is not None
    assert "wait" in state  # what its parent class remembers is kept all the same


@pytest.mark.parametrize("wants_xla", [False, True])
def test_callbacks_that_only_watch_are_not_missed_in_a_checkpoint(
    tmp_path: Path, wants_xla: bool
) -> None:
    class Prints(keras.callbacks.CSVLogger):
        """Made from one that only watches, and free to do more."""

    logger, bar = MAKERS["CSVLogger"](tmp_path), keras.callbacks.ProgbarLogger()
    stopping, again, own = MAKERS["EarlyStopping"](tmp_path), Own(), Prints(str(tmp_path / "x"))
    states = [("Own", {}), ("EarlyStopping", {})]
    given = [logger, bar, stopping, again, own]
    without_xla = [bar] if wants_xla else []  # it must see every batch
    assert callbacks_added(given, [], states, wants_xla=wants_xla) == [*without_xla, own]
    of_config = [MAKERS["EarlyStopping"](tmp_path)]
    added = callbacks_added(given, of_config, states, wants_xla=wants_xla)
    assert added == [*without_xla, stopping, own]


def test_a_table_is_cut_to_the_finished_epochs_and_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch;loss\n0;0.5\n1;0.4\n2;0.3\n3;0.2", encoding="utf-8")
    logger = keras.callbacks.CSVLogger(str(path), separator=";")
    prepare_to_go_on([logger], epoch=2)
    assert path.read_text(encoding="utf-8").split() == ["epoch;loss", "0;0.5", "1;0.4"]
    assert logger.append


SHARED = """epoch,loss
0,0.9
1,0.8
2,0.7
3,0.6
0,0.5,0.4
1,0.4,0.3
2,0.3,0.2
"""
"""Two trainings in one table, the second with a column more."""


@pytest.mark.parametrize(("epoch", "num_lines"), [(3, 8), (2, 7), (1, 6), (0, 8)])
def test_a_table_of_several_trainings_is_cut_in_the_last_of_them_alone(
    tmp_path: Path, epoch: int, num_lines: int
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(SHARED, encoding="utf-8")
    prepare_to_go_on([keras.callbacks.CSVLogger(str(path), append=True)], epoch)
    assert path.read_text(encoding="utf-8").split() == SHARED.split()[:num_lines]


def test_a_shared_table_without_a_beginning_is_cut_by_its_epochs(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n1,0.5\n2,0.4\n3,0.3\n", encoding="utf-8")
    prepare_to_go_on([keras.callbacks.CSVLogger(str(path), append=True)], epoch=2)
    assert path.read_text(encoding="utf-8").split() == ["epoch,loss", "1,0.5"]


def test_a_table_that_cannot_be_cut_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(SHARED, encoding="utf-8")

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(
        StorageError, match=r"log\.csv: cannot be written, no space left on device; "
    ):
        prepare_to_go_on([keras.callbacks.CSVLogger(str(path), append=True)], epoch=1)
    assert path.read_text(encoding="utf-8") == SHARED
    assert [*tmp_path.iterdir()] == [path]


def test_a_table_with_nothing_to_cut_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(SHARED, encoding="utf-8")
    before = path.stat()
    prepare_to_go_on([keras.callbacks.CSVLogger(str(path), append=True)], epoch=3)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_table_behind_a_link_is_cut_where_it_is(tmp_path: Path) -> None:
    path, link = tmp_path / "log.csv", tmp_path / "link.csv"
    path.write_text(SHARED, encoding="utf-8")
    link.symlink_to(path)
    prepare_to_go_on([keras.callbacks.CSVLogger(str(link), append=True)], epoch=1)
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8").split() == SHARED.split()[:6]


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\nx,0.5\n", encoding="utf-8")
    message = r"log\.csv: CSVLogger cannot go on with it, invalid literal .+; move it away"
    with pytest.raises(ModelError, match=message):
        prepare_to_go_on([keras.callbacks.CSVLogger(str(path))], epoch=2)
