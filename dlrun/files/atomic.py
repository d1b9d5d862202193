"""Files out, whole or not at all: a temporary name in the same folder, then a move."""

from __future__ import annotations

import errno
import json
import math
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlrun.errors import StorageError

_FREE = "free some space or choose another folder"
_PERMIT = "mend the permissions or choose another folder"
_REMEDIES = {
    errno.ENOSPC: _FREE,
    errno.EDQUOT: _FREE,
    errno.EACCES: _PERMIT,
    errno.EPERM: _PERMIT,
    errno.EROFS: _PERMIT,
    errno.ENOENT: "leave the folder in place while dlrun works",
}


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all: temporary name, flush to disk, move.

    Raises:
        StorageError: the disk is full, or the folder is gone or read-only.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, 0o644)
            _move(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise storage_error(path, error) from error


def _move(temporary: str, path: Path) -> None:
    """Moves a file into place; on Windows a reader of the old one may be in the way."""
    for _ in range(100 if os.name == "nt" else 0):
        try:
            os.replace(temporary, path)
        except PermissionError:
            time.sleep(0.01)
        else:
            return
    os.replace(temporary, path)


def storage_error(path: Path, error: OSError) -> StorageError:
    """Returns the StorageError that says in words why `path` cannot be written."""
    reason = (error.strerror or str(error)).lower()
    if error.errno == errno.ENOENT and not path.parent.is_dir():
        reason = "its folder is gone"
    remedy = _REMEDIES.get(error.errno or 0, "choose another folder")
    return StorageError(f"{path}: cannot be written, {reason}; {remedy}")


def make_folder(path: Path) -> None:
    """Makes a folder and those it lies in, where they are not there.

    Raises:
        StorageError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text with Unix line ends, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Writes JSON, whole or not at all; NaN and infinities become null."""
    write_text(path, json.dumps(plain(value), indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Reads JSON.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not JSON.
    """
    return json.loads(path.read_text(encoding="utf-8"))


def plain(value: Any) -> Any:
    """Returns `value` as JSON can hold it: NumPy as numbers and lists, NaN as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # a NumPy scalar or array, without importing NumPy
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
