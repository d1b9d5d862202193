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
from dlrun.runs import sweep
from dlrun.runs.find import LATEST
from dlrun.runs.folders import UNFINISHED
from dlrun.runs.ids import is_id
from dlrun.runs.links import is_link
from dlrun.runs.run import Run
from dlrun.runs.sweep import Sweep, is_sweep_folder

STALE_SECONDS = 3600.0
"""After so long, nobody still writes a file of which no process is known."""

BRIEF_SECONDS = 60.0
"""After so long, no command that draws or notes something is still writing its file."""

ENDED = ("finished", "interrupted", "failed", "diverged", "dead")
"""Statuses of a run that no process trains."""

_FILES = (layout.CONFIG, layout.RUN, *layout.FILES, *sweep.FILES)
_OURS = {*_FILES, layout.LOG, layout.LOCK}


def _half_written(*names: str) -> re.Pattern[str]:
    """What files of these names, as patterns, are called while `dlrun.files` writes them."""
    return re.compile(rf"\.(?:{'|'.join(names)})\.[a-z0-9_]{{8}}")


_PICTURE = r"[0-9A-Za-z_.-]+\.(?:pdf|png|svg)"
_IN_A_RUN = re.compile(
    f"{_half_written(*map(re.escape, _FILES)).pattern}|{re.escape(layout.UNFINISHED_MODEL)}"
)
_HALF_IN = {
    layout.CHECKPOINTS: _half_written(r"last\.npz", r"best-\d+\.npz"),
    layout.PLOTS: _half_written(_PICTURE),
}
_BESIDE = _half_written(re.escape(LATEST), "compare_" + _PICTURE)


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
    inner = {one.path / name: pattern for name, pattern in _HALF_IN.items()}
    places = {one.path: _IN_A_RUN} | {at: what for at, what in inner.items() if not is_link(at)}
    for folder, pattern in places.items():
        for path in _temporary_files(folder, pattern, least):
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
    for path in _temporary_files(runs_dir, _BESIDE, STALE_SECONDS):
        yield removal_of(path, "temporary file", "half a file, an hour old or more")
    for entry in _entries(runs_dir):
        path = Path(entry.path)
        if path.is_dir() and not is_link(path) and _was_to_be_a_run(path):
            reason = why_unfinished(Run(path))
            if reason is not None:
                yield removal_of(path, "unfinished folder", reason, Run(path))


def _was_to_be_a_run(path: Path) -> bool:
    """Whether dlrun made an unfinished folder: by the id in its name, else by all that it holds."""
    if not path.name.startswith(UNFINISHED):
        return False
    name = path.name.removeprefix(UNFINISHED)
    is_part = path.parent.name in layout.PART_FOLDERS and name.isdecimal()
    if is_part or is_id(name):
        return True
    entries = _entries(path)
    return bool(entries) and all(map(_is_ours, entries))


def _is_ours(entry: os.DirEntry[str]) -> bool:
    if entry.is_dir(follow_symlinks=False):
        return entry.name in layout.FOLDERS
    return entry.name in _OURS or _IN_A_RUN.fullmatch(entry.name) is not None


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


def size_bytes(path: Path) -> int:
    """Returns the size of a file, or of all in a folder; what a link points to does not count."""
    if path.is_dir() and not is_link(path):
        return sum(size_bytes(Path(entry.path)) for entry in _entries(path))
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _temporary_files(
    folder: Path, pattern: re.Pattern[str], least_seconds: float
) -> Iterator[Path]:
    for entry in _entries(folder):
        path = Path(entry.path)
        is_file = entry.is_file(follow_symlinks=False)
        if is_file and pattern.fullmatch(entry.name) and _age_seconds(path) >= least_seconds:
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
