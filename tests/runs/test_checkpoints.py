"""Checkpoints hold exactly what they were given, and a damaged one says so."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from dlrun.errors import RunError
from dlrun.runs import Run, checkpoints
from dlrun.runs.checkpoints import (
    BestState,
    TrainingState,
    read_best,
    read_last,
    write_best,
    write_last,
)

DTYPES = ("float64", "float32", "float16", "int64", "uint8", "bool", "complex64")
LOW = (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def state(**changes: Any) -> TrainingState:
    history = changes.pop("history", [{"loss": 0.5}] * changes.pop("epoch", 2))
    facts = {"epoch": len(history), "step": 0, "history": history, "variables": []}
    return TrainingState(**{**facts, **changes})


def written(run: Run, value: TrainingState) -> TrainingState:
    write_last(run, value)
    found = read_last(run)
    assert found is not None
    return found


def test_arrays_of_every_type_come_back_bit_by_bit(run: Run) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 9, (3, 2))
    arrays = [np.abs(values).astype(dtype) for dtype in (*DTYPES, *LOW)]
    arrays += [np.zeros((0, 4), np.float32), np.array(7, np.int64), np.array([np.nan, -np.inf])]
    found = written(run, state(variables=arrays)).variables
    assert [array.dtype for array in found] == [array.dtype for array in arrays]
    assert [array.shape for array in found] == [array.shape for array in arrays]
    assert [array.tobytes() for array in found] == [array.tobytes() for array in arrays]


def test_the_history_keeps_every_digit_and_what_is_missing(run: Run) -> None:
    rows = [{"loss": 0.1 + 0.2, "val_loss": math.inf}, {"loss": -0.0, "added": 1e-308}, {}]
    found = written(run, state(history=rows)).history
    assert found == rows
    assert str(found) == str(rows)
    (row,) = written(run, state(history=[{"loss": math.nan}])).history
    assert math.isnan(row["loss"])


def test_what_callbacks_and_generators_remember_comes_back(run: Run) -> None:
    nested = {"wait": 3, "best": None, "name": "ü", "weights": [np.arange(3), [True, 0.1, {}]]}
    value = state(
        callbacks=[("EarlyStopping", nested), ("Own", None)],
        random={"python": [3, np.arange(5, dtype=np.uint64), None], "big": 2**70},
        epoch_seconds=1.5,
        stopped=True,
        best_epoch=2,
        step=9,
    )
    found = written(run, value)
    assert str(found) == str(value)
    scalars = state(callbacks=[("Own", {"own": {"a": np.float32(0.1), "b": np.int64(2)}})])
    assert written(run, scalars).callbacks[0][1] == {"own": {"a": float(np.float32(0.1)), "b": 2}}


def test_there_is_no_pickle_in_a_checkpoint(run: Run) -> None:
    write_last(run, state(variables=[np.ones(3), np.ones(2, ml_dtypes.bfloat16)]))
    with np.load(run.path / "checkpoints" / "last.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind in "biufc" for name in arrays.files)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "received a object"),
        ({1: 2}, r"keys must be text, received \[1\]"),
        (np.array([None]), "received an array of objects"),
        ({3}, "received a set"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_the_old_one_stays(
    run: Run, value: object, message: str
) -> None:
    write_last(run, state(epoch=1))
    with pytest.raises(TypeError, match=message):
        write_last(run, state(callbacks=[("Own", {"own": value})]))
    found = read_last(run)
    assert found is not None
    assert found.epoch == 1


def test_where_none_was_written_there_is_none(run: Run) -> None:
    assert read_last(run) is None
    assert read_best(run, 0) is None


def test_the_best_weights_come_back_and_older_ones_go(run: Run) -> None:
    write_best(run, BestState(1, 0.5, [np.ones(2)]))
    write_last(run, state(epoch=1, best_epoch=1))
    write_best(run, BestState(2, 0.25, [np.zeros(2)]))
    names = sorted(path.name for path in (run.path / "checkpoints").iterdir())
    assert names == ["best-1.npz", "best-2.npz", "last.npz"]
    write_last(run, state(epoch=2, best_epoch=2))
    best = read_best(run, 2)
    assert best is not None
    assert (best.epoch, best.value, best.weights[0].tolist()) == (2, 0.25, [0, 0])
    assert not (run.path / "checkpoints" / "best-1.npz").exists()


def test_killed_between_best_and_last_the_old_pair_is_whole(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_best(run, BestState(1, 0.5, [np.ones(2)]))
    write_last(run, state(epoch=1, best_epoch=1))
    write_best(run, BestState(2, 0.25, [np.zeros(2)]))

    def die(path: Path, content: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "write_bytes", die)
    with pytest.raises(KeyboardInterrupt):
        write_last(run, state(epoch=2, best_epoch=2))
    found = read_last(run)
    assert found is not None
    best = read_best(run, found.best_epoch)
    assert best is not None
    assert (found.epoch, best.value) == (1, 0.5)


def damage(run: Run, content: bytes) -> Run:
    (run.path / "checkpoints").mkdir(exist_ok=True)
    (run.path / "checkpoints" / "last.npz").write_bytes(content)
    return run


DAMAGED = r"last\.npz: cannot be read, .+; without the folder checkpoints, `dlrun resume` begins"


def test_every_truncation_of_a_checkpoint_is_told(run: Run) -> None:
    write_last(run, state(variables=[np.arange(20.0)], callbacks=[("Own", {"a": 1})]))
    whole = (run.path / "checkpoints" / "last.npz").read_bytes()
    for length in range(0, len(whole), 37):
        with pytest.raises(RunError, match=DAMAGED):
            read_last(damage(run, whole[:length]))


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY", b"\x80\x04K\x01."])
def test_foreign_files_are_told(run: Run, content: bytes) -> None:
    with pytest.raises(RunError, match=DAMAGED):
        read_last(damage(run, content))


def with_content(run: Run, **content: Any) -> Run:
    (run.path / "checkpoints").mkdir(exist_ok=True)
    text = np.frombuffer(json.dumps(content).encode(), np.uint8)
    np.savez(run.path / "checkpoints" / "last.npz", content=text)
    return run


def test_a_checkpoint_that_lacks_something_is_told(run: Run) -> None:
    with pytest.raises(RunError, match=DAMAGED):
        read_last(with_content(run, format=1, epoch=3))


def test_a_newer_format_asks_for_the_dlrun_that_wrote_it(run: Run) -> None:
    message = "format 2, and this dlrun reads 1; resume with the dlrun that wrote it"
    with pytest.raises(RunError, match=message):
        read_last(with_content(run, format=2))


def test_best_weights_that_are_missing_are_told(run: Run) -> None:
    with pytest.raises(RunError, match=r"best-3\.npz: cannot be read, there is no such file"):
        read_best(run, 3)


@pytest.mark.parametrize("machine", [{"cpu": "x"}, {"packages": [1]}, {"variables": 3}])
def test_facts_of_a_machine_that_are_none_are_told(run: Run, machine: dict[str, object]) -> None:
    write_last(run, state(machine=machine))
    with pytest.raises(RunError, match="what it says of the machine are no facts; without the"):
        read_last(run)
