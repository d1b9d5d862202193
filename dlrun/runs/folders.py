"""Folders of runs and sweeps as they come to be: whole or not at all, and never one that is."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from dlrun.errors import RunError, StorageError
from dlrun.runs.find import resolve_runs_dir

UNFINISHED = ".new-"
"""Begins the name of a folder that is being filled, and is no run yet."""


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


def fill_folder(path: Path, fill: Callable[[Path], None]) -> bool:
    """Makes a folder that is whole from its first moment.

    Args:
        path: Of it.
        fill: Makes and fills the folder that is moved to `path` then; of a failure nothing stays.

    Returns:
        False where the name is taken.

    Raises:
        StorageError: the disk is full, or the folder cannot be written to.
    """
    own = secrets.token_hex(2)  # two processes may want one name at one instant
    unfinished = path.with_name(f"{UNFINISHED}{path.name}-{own}")
    try:
        fill(unfinished)
        try:
            os.rename(unfinished, path)
        except OSError:
            if path.exists():
                return False
            raise
    except OSError as error:
        raise _cannot_be_made(path, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return True


def _cannot_be_made(path: Path, error: OSError) -> StorageError:
    """The StorageError that says in words why a folder is not made."""
    reason = error.strerror or str(error)
    if isinstance(error, shutil.Error) and error.args and error.args[0]:
        reason = str(error.args[0][0][-1])  # one entry a file that was not copied: the first's
        code = re.match(r"\[Errno (\d+)\]", reason)
        reason = os.strerror(int(code[1])) if code else reason
    return StorageError(
        f"{path}: cannot be made, {reason.lower()}; free some space or mend the folder"
    )
