"""What is told where a training goes on with other callbacks than it had."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dlrun.backend import keras
from dlrun.training.callback_changes import (
    callbacks_added,
    callbacks_changed,
    callbacks_without_state,
)
from dlrun.training.callback_states import get_states


class Own(keras.callbacks.Callback):
    def get_state(self) -> Mapping[str, Any]:
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        pass


def test_callbacks_that_may_remember_more_are_named() -> None:
    class Patient(keras.callbacks.EarlyStopping):
        pass

    class Forgetful(keras.callbacks.Callback):
        pass

    lambdas = keras.callbacks.LambdaCallback(on_epoch_end=print)
    own = [Patient("loss"), Forgetful(), lambdas, Own(), keras.callbacks.EarlyStopping("loss")]
    assert callbacks_without_state(own) == ["Patient", "Forgetful", "LambdaCallback"]


@pytest.mark.parametrize("wants_xla", [False, True])
def test_callbacks_that_only_watch_are_not_missed_in_a_checkpoint(
    tmp_path: Path, wants_xla: bool
) -> None:
    class Prints(keras.callbacks.CSVLogger):
        """Made from one that only watches, and free to do more."""

    logger = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    bar, stopping = keras.callbacks.ProgbarLogger(), keras.callbacks.EarlyStopping("loss")
    again, own = Own(), Prints(str(tmp_path / "x"))
    states = [("Own", {}), ("EarlyStopping", {})]
    given = [logger, bar, stopping, again, own]
    without_xla = [bar] if wants_xla else []  # it must see every batch
    assert callbacks_added(given, [], states, wants_xla=wants_xla) == [*without_xla, own]
    of_config = [keras.callbacks.EarlyStopping("loss")]
    added = callbacks_added(given, of_config, states, wants_xla=wants_xla)
    assert added == [*without_xla, stopping, own]


def test_what_a_callback_was_made_with_otherwise_is_found() -> None:
    """Each is compared with the state that is its own, a config's with none."""

    def make(patience: int, **settings: Any) -> list[Any]:
        stopping = keras.callbacks.EarlyStopping("loss", patience=patience, **settings)
        saver = keras.callbacks.ModelCheckpoint(f"{patience}.keras")  # only watches
        return [keras.callbacks.SwapEMAWeights(swap_on_epoch=patience > 2), saver, stopping]

    states = get_states([*make(2), keras.callbacks.EarlyStopping("val_loss", patience=4)])
    assert callbacks_changed(make(2), [], states) == []
    assert callbacks_changed(make(3, baseline=0.5), [], states) == [
        ("SwapEMAWeights", "swap_on_epoch", False, True),
        ("EarlyStopping", "patience", 2, 3),
        ("EarlyStopping", "baseline", None, 0.5),
    ]
    assert callbacks_changed([], make(3), states) == []
    of_config = [keras.callbacks.EarlyStopping("val_loss", patience=4)]
    assert callbacks_changed(make(2), of_config, states) == []
