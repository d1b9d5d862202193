"""A run's folder as it comes to be, whole and readable from its first moment."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dlrun.config import Config
from dlrun.errors import RunError
from dlrun.files import make_folder, open_file, to_yaml, write_json, write_text
from dlrun.processes import this_process
from dlrun.runs import run as layout
from dlrun.runs.find import LATEST
from dlrun.runs.folders import fill_folder, make_runs_dir
from dlrun.runs.ids import new_id
from dlrun.runs.links import is_link, refuse_links
from dlrun.runs.run import Run


def create_run(
    config: Config,
    *,
    runs_dir: Path | None = None,
    command: Sequence[str] = (),
    overrides: Sequence[str] = (),
    reproduces: str | None = None,
    run_dir: Path | None = None,
    member_of: str | None = None,
    members: Sequence[str] | None = None,
) -> Run:
    """Makes the folder of a new run, with `config.yaml` and `run.json` in it.

    Args:
        config: Of the run.
        runs_dir: Where it is made.
        command: What was typed.
        overrides: Likewise.
        reproduces: Id of the run that this one repeats.
        run_dir: The folder itself; None: one with a new id, in `runs_dir`.
        member_of: Id of the run that it is a part of; then it is not the `latest`.
        members: Names of the runs that it is made of.

    Raises:
        RunError: the runs folder cannot be made or written to, or there is such a run already.
        StorageError: the disk is full.
    """
    folder = make_runs_dir(runs_dir if run_dir is None else run_dir.parent)
    while True:
        run = Run(run_dir or folder / new_id(config.name))
        info = _new_info(run.id, config, command, overrides)
        info |= {"reproduces": reproduces, "member_of": member_of}
        info["members"] = None if members is None else list(members)
        if _fill(run, config, info, None):
            return run
        if run_dir is not None:
            raise RunError(f"{run.path}: there is such a folder already; remove it, or resume it")


def new_dir(name: str, runs_dir: Path | None = None) -> Path:
    """Returns the folder that a run is to go on in; it is not made yet.

    Args:
        name: Of it: letters, digits, `_` and `-`.
        runs_dir: Where it will be made.

    Raises:
        RunError: the name is none, or there is such a folder already.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise RunError(
            f"--into: must be a name of letters, digits, _ and -, received {name!r}; "
            "it becomes a folder beside the other runs"
        )
    path = make_runs_dir(runs_dir) / name
    if os.path.lexists(path):
        raise _is_taken(path)
    return path


def copy_run(run: Run, path: Path, config: Config) -> Run:
    """Makes the folder of a run that goes on from another one, which stays as it is.

    Args:
        run: The other one; all that a run keeps is copied.
        path: The new folder, of `new_dir`.
        config: Of the new run.

    Raises:
        RunError: there is such a folder already, something in the other run leads to elsewhere,
            or it went on meanwhile.
        StorageError: the disk is full.
    """
    refuse_links(run)
    new = Run(path)
    info = {**run.info, "id": path.name, "member_of": None, "note": config.note, **this_process()}
    info |= {"status": "interrupted", "exit_code": None, "error": None, "stopped": now()}
    info["test_looks"] = []  # they were the other run's, and are counted there
    if not _fill(new, config, info, run):
        raise _is_taken(path)
    return new


def _is_taken(path: Path) -> RunError:
    return RunError(f"{path}: there is such a folder already; choose another name")


def _fill(run: Run, config: Config, info: dict[str, Any], source: Run | None) -> bool:
    """Makes the folder, and names it the latest; False where the name is taken."""

    def fill(path: Path) -> None:
        unfinished = Run(path)
        make_folder(path / layout.PLOTS)
        if source is not None:
            _copy_what_goes_on(source, unfinished)
            _refuse_changed(source)
            for member in unfinished.members:
                name = member.path.relative_to(path).as_posix()
                amend_info(member, id=f"{run.id}/{name}", member_of=run.id, test_looks=[])
        kept = {"config_hash": write_config(unfinished, config)}
        write_json(path / layout.RUN, info | kept)

    is_made = fill_folder(run.path, fill)
    if is_made and info.get("member_of") is None:
        write_text(run.path.parent / LATEST, f"{run.id}\n")
    return is_made


def _links(folder: str, names: Sequence[str]) -> set[str]:
    return {name for name in names if is_link(Path(folder) / name)}


def _refuse_changed(source: Run) -> None:
    """Files of two states of a run would not fit together; it is no process's while copied."""
    if Run(source.path).info != source.info:
        raise RunError(
            f"{source.path}: another process went on with it as it was copied; wait for its end, "
            "and type the command again"
        )


def _copy_what_goes_on(source: Run, target: Run) -> None:
    for name in (layout.REPEATS, layout.FOLDS, layout.CHECKPOINTS):
        if (source.path / name).is_dir():
            shutil.copytree(source.path / name, target.path / name, ignore=_links)
    for name in (*layout.FILES, layout.LOG):
        if (source.path / name).is_file():
            shutil.copyfile(source.path / name, target.path / name)


def write_config(run: Run, config: Config) -> str:
    """Writes `config.yaml`, from which the run can be repeated; returns the file's hash."""
    head = f"# Resolved from {config.source}; `dlrun train` with this file repeats the run.\n"
    write_text(run.path / layout.CONFIG, head + to_yaml(config.to_dict()))
    return config_hash(run)


def config_hash(run: Run) -> str:
    """Returns the hash of `config.yaml`, by which `run.json` knows it again.

    Raises:
        OSError: there is no such file, or it is a pipe.
    """
    with open_file(run.path / layout.CONFIG) as stream:
        return hashlib.sha256(stream.read()).hexdigest()[:12]


def amend_info(run: Run, **changes: Any) -> None:
    """Changes facts in the `run.json` of a run that no process trains.

    Raises:
        StorageError: it cannot be written.
    """
    write_json(run.path / layout.RUN, {**Run(run.path).info, **changes})


def _new_info(
    run_id: str, config: Config, command: Sequence[str], overrides: Sequence[str]
) -> dict[str, Any]:
    """What `run.json` holds at first."""
    started = now()
    return {
        "format": layout.FORMAT,
        "id": run_id,
        "name": config.name,
        "note": config.note,
        "status": "running",
        "started": started,
        "stopped": None,
        "duration_seconds": None,
        "heartbeat": started,
        "engine": None,
        "engine_reason": None,
        "epochs_done": 0,
        "exit_code": None,
        "error": None,
        **this_process(),
        "config_path": config.source,
        "command": list(command),
        "overrides": list(overrides),
        "resumed": [],
        "reproduces": None,
        "hashes": {},
        "not_repeatable": [],
        "test_looks": [],
    }


def now() -> str:
    """Returns the time of day with its zone, in ISO 8601, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
