"""The cache: a folder of checked payloads, which may be read-only and shared by a class.

A file enters whole or not at all, under its final name only when it is proven genuine, so that
any number of processes may read and fill the folder at once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dlrun import files
from dlrun.data.payloads import MissingError, Payload, UnavailableError, accept
from dlrun.errors import StorageError


def cache_dir() -> Path:
    """Returns the folder of all data sets: `DLRUN_DATA_DIR`, else `~/.cache/dlrun`."""
    given = os.environ.get("DLRUN_DATA_DIR")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "dlrun"


def read_cached(folder: Path, payload: Payload) -> bytes:
    """Reads one payload: as it was kept, or as someone put it there by hand (packed, too).

    Raises:
        UnavailableError: it is missing, unreadable or damaged.
    """
    for name in accepted_names(payload):
        path = folder / name
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise UnavailableError(f"{name} cannot be read, {error.strerror}") from None
        return accept(payload, raw)
    raise MissingError(f"{payload.file_name} is not there")


def accepted_names(payload: Payload) -> Sequence[str]:
    """Returns the file names under which a payload is looked for."""
    return payload.file_name, f"{payload.file_name}.gz"


def keep_in_cache(folder: Path, payload: Payload, content: bytes) -> str | None:
    """Writes a checked payload; returns why it could not be kept, or None if it was."""
    path = folder / payload.file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.write_bytes(path, content)
    except (OSError, StorageError) as error:
        cause = error.__cause__ if isinstance(error, StorageError) else error
        if path.is_file():  # Windows refuses to replace a file that another process reads
            try:
                read_cached(folder, payload)
            except UnavailableError:
                pass
            else:
                return None
        return getattr(cause, "strerror", None) or str(cause)
    return None
