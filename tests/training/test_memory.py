"""Too little memory is told in words, whoever notices it, and the run can go on."""

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dlrun
from dlrun.backend import keras, tf
from dlrun.errors import OutOfMemoryError
from dlrun.prepare import PreparedData
from dlrun.runs import list_runs
from dlrun.training import TensorData


def numpy_wants_too_much() -> None:
    np.ones(2**58)


def tensorflow_wants_too_much() -> None:
    tf.ones(2**48)


class WantsTooMuch(keras.callbacks.Callback):
    def __init__(self, want: Callable[[], None]) -> None:
        super().__init__()
        self.want = want

    def get_state(self) -> dict[str, Any]:
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        pass

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            self.want()


@pytest.mark.parametrize(
    "want",  # TensorFlow asks again for ten seconds
    [numpy_wants_too_much, pytest.param(tensorflow_wants_too_much, marks=pytest.mark.slow)],
)
def test_a_run_out_of_memory_keeps_its_epochs_and_goes_on_when_there_is_more(
    write_config: Callable[..., Path], want: Callable[[], None]
) -> None:
    uninterrupted = dlrun.train(write_config())
    message = r"out of memory, .+; close other programs, or train anew with a smaller net or a tra"
    with pytest.raises(OutOfMemoryError, match=message):
        dlrun.train(write_config(), callbacks=[WantsTooMuch(want)])
    run = list_runs()[0]
    assert (run.status, run.info["exit_code"]) == ("failed", 1)
    assert run.info["error"].startswith("out of memory, ")
    assert len(run.read_history()["loss"]) == 2
    resumed = dlrun.resume(run)
    assert resumed.info["hashes"] == uninterrupted.info["hashes"]


@pytest.mark.slow
def test_a_model_that_does_not_fit_leaves_no_folder(write_config: Callable[..., Path]) -> None:
    path = write_config(model="{layers: [Dense: 3000000000000, Dense: 3]}")
    with pytest.raises(
        OutOfMemoryError, match=r"no room for 4 × 3,000,000,000,000 numbers \(float\)"
    ):
        dlrun.train(path)
    assert list_runs() == []


@pytest.mark.parametrize("engine", ["compiled", "stepwise", "compiled+xla"])
def test_a_training_leaves_no_data_in_memory(
    write_config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """The gradients that TensorFlow registers for an optimizer's step would hold it."""
    make, seen = TensorData.from_prepared, list[Callable[[], object]]()

    def make_and_see(data: PreparedData) -> TensorData:
        tensors = make(data)
        seen.append(weakref.ref(tensors.x))
        return tensors

    monkeypatch.setattr(TensorData, "from_prepared", make_and_see)
    dlrun.train(write_config(), {"training.engine": engine})
    gc.collect()
    assert [tensor() for tensor in seen] == [None]
