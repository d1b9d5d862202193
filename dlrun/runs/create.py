"""A run's folder as it comes to be: whole and readable from its first moment, never one that is."""

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
from dlrun.errors import RunError, StorageError
from dlrun.files import make_folder, open_file, to_yaml, write_json, write_text
from dlrun.processes import this_process
from dlrun.runs import run as layout
from dlrun.runs.find import LATEST, part_of_second, resolve_runs_dir
from dlrun.runs.links import is_link, refuse_links
from dlrun.runs.run import Run

UNFINISHED = ".new-"
"""Begins the name of a folder that is being filled, and is no run yet."""

_CARRIED_OVER = (
    layout.DATASET,
    layout.ENVIRONMENT,
    layout.SPLITS,
    layout.HISTORY_CSV,
    layout.HISTORY_JSON,
    layout.PARAMETERS,
    layout.SUMMARY,
    layout.METRICS,
    layout.EVALUATION,
    layout.PREDICTIONS,
    layout.MODEL,
    layout.LOG,
)


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


def new_id(name: str) -> str:
    """Returns a new id for a run or a sweep of this name, which tells when it began."""
    began = datetime.now()
    return f"{began.strftime('%Y%m%d-%H%M%S')}-{name}-{part_of_second(began)}"


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


def make_runs_dir(runs_dir: Path | None) -> Path:
    """Returns the folder of runs, made where it is not there.

    Raises:
        RunError: it cannot be made or written to.
    """
    folder = resolve_runs_dir(runs_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "permission denied")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RunError(
            f"{folder}: no run can be made there, {reason}; "
            "mend the folder, or name another by DLRUN_RUNS_DIR"
        ) from None
    return folder


def _fill(run: Run, config: Config, info: dict[str, Any], source: Run | None) -> bool:
    """Fills a folder and moves it into place; False where the name is taken."""
    unfinished = Run(run.path.with_name(UNFINISHED + run.path.name))
    try:
        make_folder(unfinished.path / layout.PLOTS)
        if source is not None:
            _copy_what_goes_on(source, unfinished)
            _refuse_changed(source)
            for member in unfinished.members:
                name = member.path.relative_to(unfinished.path).as_posix()
                amend_info(member, id=f"{run.id}/{name}", member_of=run.id, test_looks=[])
        kept = {"config_hash": write_config(unfinished, config)}
        write_json(unfinished.path / layout.RUN, info | kept)
        try:
            os.rename(unfinished.path, run.path)
        except OSError:
            if run.path.exists():
                return False
            raise
        if info.get("member_of") is None:
            write_text(run.path.parent / LATEST, f"{run.id}\n")
    except OSError as error:
        raise cannot_be_made(run.path, error) from error
    finally:
        shutil.rmtree(unfinished.path, ignore_errors=True)
    return True


def _links(folder: str, names: Sequence[str]) -> set[str]:
    return {name for name in names if is_link(Path(folder) / name)}


def _refuse_changed(source: Run) -> None:
    """Files of two states of a run would not fit together; it is no process's while copied."""
    if Run(source.path).info != source.info:
        raise RunError(
            f"{source.path}: another process went on with it as it was copied; wait for its end, "
            "and type the command again"
        )


def cannot_be_made(path: Path, error: OSError) -> StorageError:
    """Returns the StorageError that says in words why a run's or a sweep's folder is not made."""
    reason = error.strerror or str(error)
    if isinstance(error, shutil.Error) and error.args and error.args[0]:
        reason = str(error.args[0][0][-1])  # one entry a file that was not copied: the first's
        code = re.match(r"\[Errno (\d+)\]", reason)
        reason = os.strerror(int(code[1])) if code else reason
    return StorageError(
        f"{path}: cannot be made, {reason.lower()}; free some space or mend the folder"
    )


def _copy_what_goes_on(source: Run, target: Run) -> None:
    for name in (layout.REPEATS, layout.FOLDS, layout.CHECKPOINTS):
        if (source.path / name).is_dir():
            shutil.copytree(source.path / name, target.path / name, ignore=_links)
    for name in _CARRIED_OVER:
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
