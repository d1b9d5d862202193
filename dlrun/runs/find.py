"""Naming runs: by id, by a unique prefix, by path, or `latest`."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

from dlrun.errors import RunError, did_you_mean
from dlrun.runs.run import RUN, Run

LATEST = "latest"

_DATED = re.compile(r"\d{8}-\d{6}-.")
"""Begins a run's id, unless it was named by hand or made by `dlrun resume --into`."""


def resolve_runs_dir(runs_dir: Path | None = None) -> Path:
    """Returns the folder that holds the runs: the one given, else DLRUN_RUNS_DIR, else `runs`.

    Raises:
        RunError: it begins with the home folder of somebody who has none.
    """
    given = runs_dir or Path(os.environ.get("DLRUN_RUNS_DIR") or "runs")
    try:
        return given.expanduser()
    except RuntimeError:
        raise RunError(
            f"{given}: there is no such home folder; name another by DLRUN_RUNS_DIR"
        ) from None


def list_runs(runs_dir: Path | None = None) -> list[Run]:
    """Returns every run folder, newest first.

    What begins with a dot is passed over, and what has neither the name of a run nor a
    `run.json`. Only of runs without a date in their name is `run.json` read.

    Raises:
        RunError: the folder cannot be listed.
    """
    folder = resolve_runs_dir(runs_dir)
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(
            f"{folder}: cannot be listed, {(error.strerror or str(error)).lower()}; "
            "name another folder by DLRUN_RUNS_DIR"
        ) from None
    runs = [Run(folder / name) for name in names if _is_run(folder, name)]
    return sorted(runs, key=lambda run: (_began(run), run.id), reverse=True)


def _is_run(folder: Path, name: str) -> bool:
    if name.startswith("."):
        return False
    return bool(_DATED.match(name)) or os.path.lexists(folder / name / RUN)


def _began(run: Run) -> str:
    """When a run began, as the names of runs tell it: `20261124-101530`, the computer's time."""
    if _DATED.match(run.id):
        return run.id[:15]
    try:
        began = datetime.fromisoformat(str(run.info.get("started"))).astimezone()
    except (RunError, ValueError, OverflowError, OSError):
        began = datetime.fromtimestamp(_changed(run.path / RUN))
    return began.strftime("%Y%m%d-%H%M%S")


def _changed(path: Path) -> float:
    try:
        return max(path.lstat().st_mtime, 0.0)
    except OSError:
        return 0.0


def find_run(name: str, runs_dir: Path | None = None) -> Run:
    """Returns the run that `name` means: a path, an id, a unique prefix of one, or `latest`.

    A member's id is that of its parent, `/`, and its name: `latest/folds/3`.

    Only a path leaves the folder of runs, and only one that the user gave.

    Raises:
        RunError: no run, or several, answer to the name.
    """
    folder = resolve_runs_dir(runs_dir)
    if os.path.isfile(os.path.join(name, RUN)):
        path = Path(os.path.normpath(name))
        return Run(path if path.name not in ("", "..") else path.absolute().resolve())
    ids = [run.id for run in list_runs(folder)]
    if name == LATEST or name == str(folder / LATEST):
        return _latest(folder, ids)
    matches = [name] if name in ids else [one for one in ids if name and one.startswith(name)]
    if len(matches) == 1:
        return Run(folder / matches[0])
    head, slash, rest = name.replace(os.sep, "/").partition("/")
    if slash and head and not matches and not os.path.exists(name):
        parent = find_run(head, runs_dir)
        for member in parent.members:
            if member.path.relative_to(parent.path).as_posix() == rest.rstrip("/"):
                return member
    if matches:
        shown = ", ".join(matches[:3]) + (", …" if len(matches) > 3 else "")
        raise RunError(f"{name!r} is the start of {len(matches)} runs: {shown}; write more of it")
    if os.path.exists(name):
        raise RunError(f"{name}: not a run folder, it has no {RUN}")
    hint = did_you_mean(name, ids) or "; `dlrun summary` lists the runs"
    raise RunError(f"no run {name!r} in {folder}{hint}")


def single_run(run: Run, member: int | None = None) -> Run:
    """Returns the run itself, or the member of it that is meant; one with members has no model.

    Args:
        run: A run, which may have repeats or folds.
        member: Counted from 0.

    Raises:
        RunError: there is no such member, or none is named and there are several.
    """
    members = run.members
    if not members and member is None:
        return run
    if not members:
        raise RunError(f"{run.path}: has no members; leave --member out")
    last = len(members) - 1
    if member is None:
        best = run.metrics.get("best_member") if run.has_metrics else None
        monitor = run.metrics.get("monitor") if run.has_metrics else None
        hint = "" if best is None else f"; the best by {monitor} is --member {best}"
        raise RunError(
            f"{run.path}: it is {len(members)} runs, and one is needed; name it by --member 0 to "
            f"{last}{hint}"
        )
    if member > last:
        raise RunError(f"{run.path}: no member {member}; there are --member 0 to {last}")
    return members[member]


def _latest(folder: Path, ids: list[str]) -> Run:
    """The run that the file `latest` names, if it is one of those that there are."""
    try:
        with (folder / LATEST).open("rb") as stream:
            run_id = stream.read(1000).decode("utf-8").strip()
    except (OSError, ValueError):
        run_id = ""
    if run_id in ids:
        return Run(folder / run_id)
    if ids:  # the newest was deleted by hand
        return Run(folder / ids[0])
    raise RunError(f"no runs in {folder}; `dlrun train CONFIG` makes one")
