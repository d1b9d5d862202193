"""What killed processes leave behind: half-written files, folders that never became runs.

Says what may go and how large it is; removes nothing, and follows no link.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dlrun.errors import RunError
from dlrun.runs import run as layout
from dlrun.runs.create import UNFINISHED
from dlrun.runs.run import Run
from dlrun.runs.sweep import Sweep, is_sweep_folder

STALE_SECONDS = 3600.0
"""After so long, nobody still writes a file of which no process is known."""

BRIEF_SECONDS = 60.0
"""After so long, no command that draws or notes something is still writing its file."""

ENDED = ("finished", "interrupted", "failed", "diverged", "dead")
"""Statuses of a run that no process trains."""

_TEMPORARY = re.compile(
    r"\.(?:.+\.(?:csv|json|keras|npz|pdf|png|svg|txt|yaml)|latest)\.[a-z0-9_]{8}"
    r"|\.model\.tmp\.keras"
)


@dataclass(frozen=True)
class Removal:
    """One file or folder that may go.

    Attributes:
        path: Of it.
        kind: "temporary file", "unfinished folder", "unfinished export", "run", "model" or
            "checkpoints".
        size_bytes: What that frees.
        reason: Why, in words.
        run_dir: The folder of the run or sweep that it is or lies in; None where it lies beside
            the runs.
    """

    path: Path
    kind: str
    size_bytes: int
    reason: str
    run_dir: Path | None = None

    @property
    def run_id(self) -> str | None:
        """The id of the run or sweep that it is or belongs to."""
        if self.run_dir is None:
            return None
        return Run(self.run_dir.with_name(self.run_dir.name.removeprefix(UNFINISHED))).id


def removal_of(path: Path, kind: str, reason: str, run: Run | Sweep | None = None) -> Removal:
    """Returns the removal of a path, its size measured."""
    return Removal(path, kind, size_bytes(path), reason, run.path if run is not None else None)


def weights_of(run: Run, reason: str, *kinds: str) -> Iterator[Removal]:
    """Yields the large files of a run, of these kinds: "model", "checkpoints"."""
    for kind in kinds:
        path = run.path / {"model": layout.MODEL, "checkpoints": layout.CHECKPOINTS}[kind]
        if not is_link(path) and (path.is_file() if kind == "model" else path.is_dir()):
            yield removal_of(path, kind, reason, run)


def leftovers_in(run: Run) -> Iterator[Removal]:
    """Yields the files of an ended run that a process was writing when it was killed."""
    yield from half_files_in(run)
    yield from _unfinished_exports(run)
    for folder in sorted({member.path.parent for member in run.members}):
        yield from leftovers_beside(folder)
    for member in run.members:
        yield from leftovers_in(member)


def half_files_in(one: Run | Sweep) -> Iterator[Removal]:
    """Yields the half-written files of an ended run or sweep, of its members or trials none."""
    least = 0.0 if _status(one) == "dead" else BRIEF_SECONDS
    inner = [one.path / name for name in (layout.CHECKPOINTS, layout.PLOTS)]
    for folder in (one.path, *(path for path in inner if not is_link(path))):
        for path in _temporary_files(folder, least):
            yield removal_of(path, "temporary file", "half a file; its process is gone", one)


def _unfinished_exports(run: Run) -> Iterator[Removal]:
    folder = run.path / layout.EXPORTS
    for entry in _entries(folder) if not is_link(folder) else []:
        path = Path(entry.path)
        is_ours = re.fullmatch(rf"{re.escape(layout.UNFINISHED_EXPORT)}[a-z0-9_]{{8}}", entry.name)
        is_folder = path.is_dir() and not is_link(path)
        if is_ours and is_folder and _age_seconds(path) >= STALE_SECONDS:
            yield removal_of(path, "unfinished export", "half an export, an hour old or more", run)


def _status(one: Run | Sweep) -> str:
    try:
        return one.status
    except RunError:  # a member that was killed before it had a status
        return "unknown"


def leftovers_beside(runs_dir: Path) -> Iterator[Removal]:
    """Yields what lies in a folder of runs, or of parts of one, itself and never became a run."""
    for path in _temporary_files(runs_dir, STALE_SECONDS):
        yield removal_of(path, "temporary file", "half a file, an hour old or more")
    for entry in _entries(runs_dir):
        path = Path(entry.path)
        if entry.name.startswith(UNFINISHED) and path.is_dir() and not is_link(path):
            reason = why_unfinished(Run(path))
            if reason is not None:
                yield removal_of(path, "unfinished folder", reason, Run(path))


def why_unfinished(run: Run) -> str | None:
    """Returns why the folder of a run to be may go; None where it may still become one."""
    try:
        if is_sweep_folder(run.path):
            is_over = Sweep(run.path).status in ENDED
            return "never became a sweep; its process is gone" if is_over else None
        if (run.path / layout.RUN).is_file():
            return "never became a run; its process is gone" if run.status in ENDED else None
    except RunError:
        pass  # its process was killed within the very first write, or it is not ours
    is_old = _age_seconds(run.path) >= STALE_SECONDS
    return "never became a run, an hour old or more" if is_old else None


def is_link(path: Path) -> bool:
    """Returns whether a path is a symbolic link, or what Windows has instead."""
    return path.is_symlink() or bool(getattr(os.path, "isjunction", lambda _: False)(path))


def size_bytes(path: Path) -> int:
    """Returns the size of a file, or of all in a folder; what a link points to does not count."""
    if path.is_dir() and not is_link(path):
        return sum(size_bytes(Path(entry.path)) for entry in _entries(path))
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _temporary_files(folder: Path, least_seconds: float) -> Iterator[Path]:
    for entry in _entries(folder):
        path = Path(entry.path)
        is_file = entry.is_file(follow_symlinks=False)
        if is_file and _TEMPORARY.fullmatch(entry.name) and _age_seconds(path) >= least_seconds:
            yield path


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _age_seconds(path: Path) -> float:
    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return 0.0
