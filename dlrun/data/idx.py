"""The IDX format of MNIST's files: a big-endian head with the shape, then bytes."""

from __future__ import annotations

import math
import struct

import numpy as np

from dlrun.data.dataset import Array
from dlrun.errors import DatasetError

_UNSIGNED_BYTE = 0x08

MAX_AXES = 32
"""More than any picture has, and no more than every NumPy allows."""


def parse_idx(content: bytes, file_name: str) -> Array:
    """Parses an IDX file of unsigned bytes.

    Args:
        content: The whole file, not compressed; the array returned is a view of it.
        file_name: For messages.

    Returns:
        A read-only uint8 array of the shape in the file's head.

    Raises:
        DatasetError: it is not IDX, holds another type or no axes, or is too short or too long.
    """
    if len(content) < 4 or content[:2] != b"\0\0":
        raise DatasetError(f"{file_name}: not an IDX file, it begins with {content[:4]!r}")
    kind, num_axes = content[2], content[3]
    if kind != _UNSIGNED_BYTE:
        raise DatasetError(f"{file_name}: IDX of type {kind:#04x}; only unsigned bytes are read")
    if not 1 <= num_axes <= MAX_AXES:
        raise DatasetError(f"{file_name}: IDX of {num_axes} axes; it must have 1 to {MAX_AXES}")
    start = 4 + 4 * num_axes
    if len(content) < start:
        raise DatasetError(f"{file_name}: ends within its head, after {len(content)} bytes")
    shape = struct.unpack(f">{num_axes}I", content[4:start])
    size = math.prod(shape)
    if len(content) != start + size:
        raise DatasetError(
            f"{file_name}: has {len(content):,} bytes; shape {shape} needs {start + size:,}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
