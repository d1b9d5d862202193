"""Every write of a training may fail: the error says why, and the run goes on once it is mended."""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dlrun
from dlrun.backend import keras
from dlrun.errors import DlrunError, RunError, StorageError
from dlrun.events import EpochEnded
from dlrun.runs import Run, list_runs, living
from dlrun.training import keeping
from tests.full_disk import CASES, FULL, Killed, failing_from, temporary_files

WriteConfig = Callable[..., Path]
TRAINING = "{epochs: 2, batch_size: 32}"


@pytest.fixture(autouse=True)
def _the_same_writes_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint an epoch, and no heartbeat, however slow the machine is."""
    monkeypatch.setattr(keeping, "SHARE", 1e9)
    monkeypatch.setattr(keeping, "SECONDS", 1e9)
    monkeypatch.setattr(living, "HEARTBEAT_SECONDS", 1e9)


def result(run: Run) -> dict[str, Any]:
    history = {name: v for name, v in run.read_history().items() if name != "epoch_seconds"}
    return {"history": history, "metrics": run.metrics, "hashes": run.info["hashes"]}


def count_writes(path: Path, kind: str) -> tuple[int, dict[str, Any]]:
    with failing_from(10**9, Killed(), kind) as calls:
        run = dlrun.train(path)
    return len(calls), result(run)


def check_every_write(path: Path, runs_dir: Path, kind: str, stride: int) -> None:
    """Fails the n-th write and all after it, for every n; then mends, resumes and compares."""
    error = CASES[kind]
    num_writes, whole = count_writes(path, kind)
    assert num_writes > 15
    for number in [*range(0, num_writes, stride), num_writes - 1]:
        shutil.rmtree(runs_dir, ignore_errors=True)
        with failing_from(number, error, kind), pytest.raises((DlrunError, Killed)) as told:
            dlrun.train(path)
        if error is FULL:
            assert isinstance(told.value, RunError | StorageError), number
            assert "no space left on device" in str(told.value).lower(), number
            assert temporary_files(runs_dir) == [], number
        for run in list_runs():
            assert run.status in ("running", "failed", "finished"), number
            check_epochs(run, whole, number)
            if run.status == "running":  # of this process, which lives
                edit_status(run)
            resumed = run if run.status == "finished" else dlrun.resume(Run(run.path))
            assert result(resumed) == whole, number


@pytest.mark.parametrize("is_full", [True, False])
def test_a_callback_that_cannot_write_is_told(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_full: bool
) -> None:
    def fail(self: Any, *_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if is_full:
        monkeypatch.setattr(keras.callbacks.CSVLogger, "on_train_begin", fail)
    file = tmp_path / ("log.csv" if is_full else "nowhere/log.csv")
    callbacks = f"[{{CSVLogger: {{filename: {file}}}}}]"
    path = write_config(training=f"{{epochs: 1, batch_size: 32, callbacks: {callbacks}}}")
    reason = ", no space left on" if is_full else f" {re.escape(str(file))}, no such file or"
    told = rf"CSVLogger cannot write{reason}.+; free some space or name another file"
    with pytest.raises(StorageError, match=rf"small\.yaml:\d+:\d+: {told}"):
        dlrun.train(path)
    (run,) = list_runs()
    assert run.status == "failed"
    assert re.search(told, str(run.info["error"]))


@pytest.mark.parametrize("kind", CASES)
def test_a_run_goes_on_after_a_write_that_failed(
    write_config: WriteConfig, runs_dir: Path, kind: str
) -> None:
    check_every_write(write_config(training=TRAINING), runs_dir, kind, stride=14)


@pytest.mark.slow
@pytest.mark.pictures
@pytest.mark.parametrize("kind", CASES)
def test_so_it_does_after_any_write(write_config: WriteConfig, runs_dir: Path, kind: str) -> None:
    check_every_write(write_config(training=TRAINING), runs_dir, kind, stride=1)


def check_epochs(run: Run, whole: dict[str, Any], number: int) -> None:
    if (run.path / "history.csv").is_file():
        losses = run.read_history()["loss"]
        assert losses == whole["history"]["loss"][: len(losses)], number


def edit_status(run: Run) -> None:
    path = run.path / "run.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"running"', '"interrupted"'), encoding="utf-8")


def test_a_run_folder_removed_while_training_is_told_and_stays_away(
    write_config: WriteConfig,
) -> None:
    def remove(event: object) -> None:
        if isinstance(event, EpochEnded):
            shutil.rmtree(list_runs()[0].path)

    message = r"cannot be written, its folder is gone; leave the folder in place while dlrun works"
    with pytest.raises(StorageError, match=message):
        dlrun.train(write_config(), report=remove)
    assert list_runs() == []


def test_a_folder_that_becomes_read_only_is_told_and_the_epochs_stay(
    write_config: WriteConfig,
) -> None:
    whole = result(dlrun.train(write_config()))
    locked = OSError(errno.EROFS, "Read-only file system")
    with pytest.MonkeyPatch.context() as patch:

        def refuse(*_: object, **__: object) -> None:
            raise locked

        def lock(event: object) -> None:
            if isinstance(event, EpochEnded) and event.epoch == 2:
                patch.setattr(tempfile, "mkstemp", refuse)
                patch.setattr(keras.Model, "save", refuse)

        message = r"cannot be written, read-only file system; mend the permissions or choose anot"
        with pytest.raises(StorageError, match=message):
            dlrun.train(write_config(), report=lock)
    run = list_runs()[0]
    assert len(run.read_history()["loss"]) == 2
    edit_status(run)
    assert result(dlrun.resume(Run(run.path))) == whole
