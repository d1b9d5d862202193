"""Arrays in, from the .npz files of run folders; NumPy is loaded with the first of them."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dlrun.files.regular import open_file

if TYPE_CHECKING:
    import numpy as np

FREE_BYTES = 256 * 1024 * 1024
"""Of arrays; so many are read from any file, however small it is."""

MAX_RATIO = 200
"""Bytes of arrays for each byte of their file, beyond `FREE_BYTES`; outputs and labels of a run
come to less than 50 even where all are alike, since row numbers are not."""


class TooLargeError(ValueError):
    """A file whose arrays are not read, since they would fill the memory."""


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Returns every array of a file by its name; nothing that the file holds is run.

    Raises:
        OSError: it cannot be opened, or is no regular file.
        TooLargeError: it holds more than fits into memory, or than any honest file of its size.
        ValueError: it is no .npz file, a damaged one, or holds pickled objects.
    """
    import numpy as np

    with open_file(path) as stream:  # np.load leaves a damaged file open that it opened itself
        try:
            _refuse_what_fills_memory(stream)
            archive = np.load(stream, allow_pickle=False)
            with archive:
                return {name: archive[name] for name in archive.files}
        except TooLargeError:
            raise
        except Exception as error:  # zipfile and NumPy promise no closed list of what damage raises
            raise ValueError(str(error) or type(error).__name__) from error


def _refuse_what_fills_memory(stream: BinaryIO) -> None:
    """By the sizes in the archive's table, beyond which `zipfile` reads none of its members."""
    with zipfile.ZipFile(stream) as archive:
        size = sum(member.file_size for member in archive.infolist())
    held = os.fstat(stream.fileno()).st_size
    stream.seek(0)
    if size <= FREE_BYTES:
        return
    import psutil  # 10 ms that small files do not need

    available = psutil.virtual_memory().available
    if size > held * MAX_RATIO or size > available:
        raise TooLargeError(
            f"{size:,} bytes of arrays in a file of {held:,}, and {available:,} bytes of memory "
            "are available"
        )
