from __future__ import annotations

import struct

import numpy as np
import pytest

from dlrun.data.idx import parse_idx
from dlrun.errors import DatasetError


def idx(*shape: int, kind: int = 8) -> bytes:
    body = bytes(range(int(np.prod(shape))))
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + body


def test_images_and_labels_are_read() -> None:
    images = parse_idx(idx(2, 3, 4), "images")
    assert images.dtype == np.uint8
    assert np.array_equal(images, np.arange(24).reshape(2, 3, 4))
    assert parse_idx(idx(5), "labels").tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 zip", r"f: not an IDX file, it begins with b'PK\\x03\\x04'"),
        (b"", "f: not an IDX file, it begins with b''"),
        (idx(3, kind=0x0D), "f: IDX of type 0x0d; only unsigned bytes are read"),
        (idx(2, 3)[:9], "f: ends within its head, after 9 bytes"),
        (idx(2, 3)[:-1], r"f: has 17 bytes; shape \(2, 3\) needs 18"),
        (idx(2, 3) + b"x", r"f: has 19 bytes; shape \(2, 3\) needs 18"),
    ],
)
def test_a_damaged_file_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        parse_idx(content, "f")
