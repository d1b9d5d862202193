"""Naming runs: by id, by a unique prefix, by path, or `latest`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from dlrun.errors import RunError, did_you_mean
from dlrun.files import open_file
from dlrun.runs.ids import began, began_at
from dlrun.runs.run import RUN, TRIALS, Run
from dlrun.runs.sweep import SWEEP, Sweep

LATEST = "latest"


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


def typed_name(run: Run | Sweep) -> str:
    """Returns what commands find a run by: its id, or its path where it lies elsewhere."""
    return shlex.quote(run.id if _is_named(run) else str(run.path))


def shortest_name(run: Run | Sweep) -> str:
    """Returns `latest` for the run that the file of that name says; else as `typed_name`."""
    is_latest = _is_named(run) and run.id == _read_latest(resolve_runs_dir())
    return LATEST if is_latest else typed_name(run)


def _is_named(run: Run | Sweep) -> bool:
    return run.runs_dir.resolve() == resolve_runs_dir().resolve()


def list_runs(runs_dir: Path | None = None) -> list[Run]:
    """Returns every run folder, newest first; sweeps and what is inside of others are none.

    What begins with a dot is passed over, and what has neither the name of a run nor a
    `run.json`. Only of runs without a date in their name is `run.json` read.

    Raises:
        RunError: the folder cannot be listed.
    """
    return [found for found in list_all(runs_dir) if isinstance(found, Run)]


def list_sweeps(runs_dir: Path | None = None) -> list[Sweep]:
    """Returns every sweep's folder, newest first.

    Raises:
        RunError: the folder cannot be listed.
    """
    return [found for found in list_all(runs_dir) if isinstance(found, Sweep)]


def list_all(runs_dir: Path | None = None) -> list[Run | Sweep]:
    """Returns runs and sweeps, newest first; otherwise as `list_runs`."""
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
    found = [one for name in names if (one := _what_is(folder, name)) is not None]
    return sorted(found, key=lambda one: (_began(one), one.id), reverse=True)


def list_parts(runs_dir: Path | None = None) -> Iterator[Run]:
    """Yields every run there is: runs, their members, sweeps' trials and theirs.

    Raises:
        RunError: the folder cannot be listed.
    """
    for found in list_all(runs_dir):
        trials = list_all(found.path / TRIALS) if isinstance(found, Sweep) else [found]
        for run in trials:
            if isinstance(run, Run):
                yield run
                yield from run.members


def _what_is(folder: Path, name: str) -> Run | Sweep | None:
    if name.startswith("."):
        return None
    if os.path.lexists(folder / name / SWEEP):
        return Sweep(folder / name)
    is_run = began(name) is not None or os.path.lexists(folder / name / RUN)
    return Run(folder / name) if is_run else None


def _began(run: Run | Sweep) -> str:
    """When a run began, as its id tells it, else its `run.json`, else the file's own time."""
    if (told := began(run.id)) is not None:
        return told
    try:
        time = datetime.fromisoformat(str(run.info.get("started"))).astimezone()
    except (RunError, ValueError, OverflowError, OSError):
        name = RUN if isinstance(run, Run) else SWEEP
        time = datetime.fromtimestamp(_changed(run.path / name))
    return began_at(time)


def _changed(path: Path) -> float:
    try:
        return max(path.lstat().st_mtime, 0.0)
    except OSError:
        return 0.0


def find_run(name: str, runs_dir: Path | None = None) -> Run:
    """Returns the run that `name` means: a path, an id, a unique prefix of one, or `latest`.

    A member's id is that of its parent, `/`, and its name: `latest/folds/3`; so is that of a
    sweep's trial, `latest/trials/3`, and `latest/best` is its best one. So it is with paths.

    Only a path leaves the folder of runs, and only one that the user gave.

    Raises:
        RunError: no run, or several, answer to the name, or a sweep does.
    """
    found = find_any(name, runs_dir)
    if isinstance(found, Sweep):
        raise _refuse_sweep(found)
    return found


def _refuse_sweep(sweep: Sweep) -> RunError:
    """What is wrong where a run is needed and a sweep is named."""
    if not sweep.trials:
        return RunError(
            f"{sweep.path}: it is a sweep, which has no trials yet, and a run is needed"
        )
    name = typed_name(sweep)
    hint = f"; the best trial is {name}/best" if sweep.best is not None else ""
    return RunError(
        f"{sweep.path}: it is a sweep of {len(sweep.trials)} trials, and a run is needed; name "
        f"one by {name}/trials/0 to {len(sweep.trials) - 1}{hint}"
    )


def find_sweep(name: str, runs_dir: Path | None = None) -> Sweep:
    """Returns the sweep that `name` means, as `find_run` finds runs.

    Raises:
        RunError: none, or several, answer to the name, or a run does.
    """
    found = find_any(name, runs_dir)
    if isinstance(found, Run):
        raise RunError(
            f"{found.path}: it is a run, and a sweep is needed; `dlrun summary` lists both"
        )
    return found


def find_any(name: str, runs_dir: Path | None = None) -> Run | Sweep:
    """Returns the run or sweep that `name` means; otherwise as `find_run`."""
    folder, name = resolve_runs_dir(runs_dir), _without_slash(name)
    by_path = _at(name)
    if by_path is not None:
        return by_path
    every = {one.id: one for one in list_all(folder)}
    ids = list(every)
    if name == LATEST or name == str(folder / LATEST):
        return _latest(folder, every)
    matches = [name] if name in ids else [one for one in ids if name and one.startswith(name)]
    if len(matches) == 1:
        return every[matches[0]]
    head, slash, rest = name.replace(os.sep, "/").partition("/")
    if slash and not matches and not os.path.exists(name):
        for parent in Path(name).parents:
            if (around := _at(str(parent))) is not None:
                return _part_of(around, Path(name).relative_to(parent).as_posix(), name)
        if head:
            return _part_of(find_any(head, runs_dir), rest, name)
    if matches:
        shown = ", ".join(matches[:3]) + (", …" if len(matches) > 3 else "")
        raise RunError(f"{name!r} is the start of {len(matches)} runs: {shown}; write more of it")
    if os.path.exists(name):
        raise RunError(f"{name}: not a run folder, it has no {RUN}")
    hint = did_you_mean(name, ids) or "; `dlrun summary` lists the runs"
    raise RunError(f"no run {name!r} in {folder}{hint}")


def _without_slash(name: str) -> str:
    return name.rstrip("/" + os.sep) or name


def _at(path: str) -> Run | Sweep | None:
    """The run or sweep whose folder a path is; None where it is none."""
    for file_name, kind in ((SWEEP, Sweep), (RUN, Run)):
        if os.path.isfile(os.path.join(path, file_name)):
            found = Path(os.path.normpath(path))
            return kind(found if found.name not in ("", "..") else found.absolute().resolve())
    return None


def _part_of(whole: Run | Sweep, rest: str, name: str) -> Run:
    """The member or trial of that name, `best` for a sweep's best."""
    if isinstance(whole, Run):
        members = {one.path.relative_to(whole.path).as_posix(): one for one in whole.members}
        if rest not in members:
            raise RunError(f"no run {name!r}; {whole.id} has {_parts(whole)}")
        return members[rest]
    head, _, inner = rest.partition("/")
    number, inner = (head, inner) if head == "best" else inner.partition("/")[::2]
    if head == "best":
        best = whole.best
        if best is None:
            raise RunError(f"{whole.path}: no trial has finished, so that none is the best")
        number = str(best.number)
    elif head != TRIALS or not (number.isdecimal() and int(number) < len(whole.trials)):
        raise RunError(f"no run {name!r}; {whole.id} has {_parts(whole)}")
    run = _begun(whole, int(number))
    return _part_of(run, inner, name) if inner else run


def _begun(sweep: Sweep, number: int) -> Run:
    run = sweep.run(number)
    if not os.path.lexists(run.path):
        command = f"dlrun resume {typed_name(sweep)}"
        raise RunError(f"{run.path}: this trial has not begun; `{command}` trains it")
    return run


def _parts(whole: Run | Sweep) -> str:
    """What `_part_of` finds, in words."""
    if isinstance(whole, Sweep):
        last = len(whole.trials) - 1
        return f"{TRIALS}/0 to {TRIALS}/{last}, and best" if last >= 0 else "no trials yet"
    names = [one.path.relative_to(whole.path).as_posix() for one in whole.members]
    return f"{names[0]} to {names[-1]}" if names else "no members"


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


def _latest(folder: Path, every: Mapping[str, Run | Sweep]) -> Run | Sweep:
    """What the file `latest` names, if it is one of those that there are, newest first."""
    run_id = _read_latest(folder)
    if run_id in every:
        return every[run_id]
    if every:  # the newest was deleted by hand
        return next(iter(every.values()))
    raise RunError(f"no runs in {folder}; `dlrun train CONFIG` makes one")


def _read_latest(folder: Path) -> str:
    """The id in the file `latest`; empty where there is none."""
    try:
        with open_file(folder / LATEST) as stream:
            return stream.read(1000).decode("utf-8").strip()
    except (OSError, ValueError):
        return ""
