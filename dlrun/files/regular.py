"""Files in as bytes: regular files only, since a pipe or a device might never end."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_file(path: Path) -> BinaryIO:
    """Opens a regular file for reading; of a pipe it does not wait for whoever writes into it.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    stream = open(path, "rb", opener=_without_waiting)  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError("a pipe or a device, not a file")
    return stream


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
