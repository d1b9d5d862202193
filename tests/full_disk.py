"""Writes that fail, the n-th and all after it; and workers that copy instead of training."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dlrun.backend import keras, tf
from dlrun.cli.app import app
from dlrun.errors import DlrunError, RunError, StorageError
from dlrun.executors import Crew, Outcome, Task
from dlrun.files import to_yaml
from dlrun.results import HIGHER_IS_BETTER

REPEATS = Path(__file__).parent / "runs" / "format_1" / "20261126-055355-flowers-3716"


class Killed(BaseException):
    """The process is gone: nothing that it would still do is done."""


WRITES: dict[str, tuple[tuple[Any, str], ...]] = {
    "make": ((tempfile, "mkstemp"), (pathlib.Path, "mkdir"), (pathlib.Path, "open")),
    "fill": ((os, "fsync"), (keras.Model, "save"), (shutil, "copyfile")),
    "move": ((os, "replace"), (os, "rename")),
}
"""What writing consists of: making a file or folder or opening one to append, filling, moving."""

FULL = OSError(errno.ENOSPC, "No space left on device")
LOCKED = OSError(errno.EACCES, "Permission denied")
CASES = {"make": FULL, "fill": FULL, "move": Killed()}


def some_writes(stride: int, *kinds: str) -> Any:
    """Parametrizes `kind` and `stride`: few writes by default, every one of every kind if slow."""
    few = [(kind, stride) for kind in kinds or CASES]
    every = [pytest.param(kind, 1, marks=pytest.mark.slow) for kind in CASES]
    return pytest.mark.parametrize(("kind", "stride"), [*few, *every])


@contextmanager
def failing_from(number: int, error: BaseException, kind: str) -> Iterator[list[str]]:
    """Has every call that writes fail from the one of this number on; lists them all."""
    calls: list[str] = []

    def wrap(name: str, function: Callable[..., Any]) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            reads = name == "open" and arguments[1:2] not in (("a",), ("w",))
            is_there = name == "mkdir" and arguments[0].is_dir()
            if not (reads or is_there):
                calls.append(f"{name} {arguments[:1]}")
                if len(calls) > number:
                    raise error
            return function(*arguments, **keywords)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.get_logger(), "disabled", True)  # its advice is written, too, at times
        for owner, name in WRITES[kind]:
            patch.setattr(owner, name, wrap(name, getattr(owner, name)))
        yield calls


def temporary_files(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if (path.name.startswith(".") and path.name != ".lock") or path.suffix == ".part"
    ]


def check_command(
    runs_dir: Path,
    kind: str,
    *,
    begin: Callable[[], object] = lambda: None,
    do: Callable[[], Any],
    again: Callable[[], Any] | None = None,
    between: Callable[[], object] = lambda: None,
    error: BaseException | None = None,
    stride: int = 1,
    least: int = 1,
) -> int:
    """Fails the n-th write of a command and all after it, for every n; then does it with room.

    Args:
        runs_dir: All that is written to; made anew for each n.
        kind: Of `WRITES`.
        begin: Puts there what the command works on.
        do: The command; returns what must come out.
        again: What finishes it once there is room; None: the command itself.
        between: Looks at what the failure left.
        error: What fails; None: as `CASES` has it.
        stride: From one n to the next.
        least: So many writes there are at least.

    Returns:
        How many writes there are.
    """
    error = error or CASES[kind]
    clear(runs_dir)
    begin()
    with failing_from(10**9, error, kind) as calls:
        whole = do()
    assert len(calls) >= least, calls
    for number in dict.fromkeys([*range(0, len(calls), stride), len(calls) - 1]):
        clear(runs_dir)
        begin()
        with failing_from(number, error, kind), pytest.raises((DlrunError, Killed)) as told:
            do()
        if isinstance(error, OSError):
            assert isinstance(told.value, RunError | StorageError), calls[number]
            assert str(error.strerror).lower() in str(told.value).lower(), calls[number]
            assert "(" not in str(told.value).replace(str(runs_dir), ""), calls[number]
            assert temporary_files(runs_dir) == [], calls[number]
        shown = CliRunner().invoke(app, ["summary"])
        assert shown.exit_code == 0, (calls[number], shown.output)
        give_up_running(runs_dir)
        between()
        found = (again or do)()
        assert found == whole, f"after {calls[number]}: {difference(found, whole)}"
    return len(calls)


def difference(found: Any, whole: Any, place: str = "") -> str:
    """The first place where two values differ."""
    if isinstance(found, list | tuple) and isinstance(whole, list | tuple):
        found, whole = dict(enumerate(found)), dict(enumerate(whole))
    if isinstance(found, dict) and isinstance(whole, dict) and found.keys() == whole.keys():
        return next(
            difference(found[key], whole[key], f"{place}.{key}")
            for key in found
            if found[key] != whole[key]
        )
    return f"{place}: {found!r:.300} and not {whole!r:.300}"


def clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)


def give_up_running(folder: Path) -> None:
    """Has runs and sweeps say that their process was interrupted: it is this one, and lives."""
    for path in [*folder.rglob("run.json"), *folder.rglob("sweep.json")]:
        info = json.loads(path.read_text(encoding="utf-8"))
        if info["status"] == "running":
            path.write_text(json.dumps(info | {"status": "interrupted"}), encoding="utf-8")


def copy_tree(source: Path, target: Path) -> Path:
    """By calls that `failing_from` leaves alone."""

    def copy(one: str, other: str) -> None:
        with open(one, "rb") as reader, open(other, "wb") as writer:
            writer.write(reader.read())

    return Path(shutil.copytree(source, target, copy_function=copy))


def let_workers_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each task's folder becomes a finished run of `REPEATS`, of the number that it ends with."""

    def run(_crew: Crew, tasks: Iterable[Task], *_: object) -> Iterator[Outcome]:
        for task in tasks:
            if task.action == "train":
                shutil.rmtree(task.run_dir, ignore_errors=True)
                number = int(task.run_dir.name) % 3
                copy_tree(REPEATS / "repeats" / str(number), task.run_dir)
                (task.run_dir / "evaluation.json").unlink()  # written elsewhere
                with open(task.run_dir / "config.yaml", "w", encoding="utf-8") as stream:
                    stream.write(to_yaml(task.loaded.config.to_dict()))
            yield Outcome(task.name, "finished", measured={HIGHER_IS_BETTER: 0.0})

    monkeypatch.setattr(Crew, "run", run)
    monkeypatch.setattr(Crew, "hire", lambda crew: None)
