"""Naming runs: by id, by a unique prefix, by path, or `latest`."""

from __future__ import annotations

import os
from pathlib import Path

from dlrun.errors import RunError, did_you_mean
from dlrun.runs.run import RUN, Run

LATEST = "latest"


def resolve_runs_dir(runs_dir: Path | None = None) -> Path:
    """Returns the folder that holds the runs: the one given, else DLRUN_RUNS_DIR, else `runs`."""
    return runs_dir or Path(os.environ.get("DLRUN_RUNS_DIR") or "runs").expanduser()


def list_runs(runs_dir: Path | None = None) -> list[Run]:
    """Returns every run folder, newest first; anything without a `run.json` is passed over."""
    folder = resolve_runs_dir(runs_dir)
    try:
        names = sorted(os.listdir(folder), reverse=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{folder}: cannot be listed, {error.strerror}") from None
    return [Run(folder / name) for name in names if os.path.isfile(folder / name / RUN)]


def find_run(name: str, runs_dir: Path | None = None) -> Run:
    """Returns the run that `name` means: a path, an id, a unique prefix of one, or `latest`.

    Raises:
        RunError: no run, or several, answer to the name.
    """
    folder = resolve_runs_dir(runs_dir)
    if (Path(name) / RUN).is_file():
        return Run(Path(os.path.normpath(name)))
    ids = [run.id for run in list_runs(folder)]
    if name == LATEST or name == str(folder / LATEST):
        return _latest(folder, ids)
    matches = [name] if name in ids else [run_id for run_id in ids if run_id.startswith(name)]
    if len(matches) == 1:
        return Run(folder / matches[0])
    if matches and name:
        shown = ", ".join(matches[:3]) + (", …" if len(matches) > 3 else "")
        raise RunError(f"{name!r} is the start of {len(matches)} runs: {shown}; write more of it")
    if Path(name).exists():
        raise RunError(f"{name}: not a run folder, it has no {RUN}")
    hint = did_you_mean(name, ids) or "; `dlrun summary` lists the runs"
    raise RunError(f"no run {name!r} in {folder}{hint}")


def _latest(folder: Path, ids: list[str]) -> Run:
    try:
        run_id = (folder / LATEST).read_text(encoding="utf-8").strip()
    except OSError:
        run_id = ""
    if run_id in ids:
        return Run(folder / run_id)
    if ids:  # the newest was deleted by hand
        return Run(folder / ids[0])
    raise RunError(f"no runs in {folder}; `dlrun train CONFIG` makes one")
