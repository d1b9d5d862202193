from __future__ import annotations

import gzip
import hashlib

import pytest

from dlrun.data import payloads
from dlrun.data.payloads import Payload, UnavailableError, accept

CONTENT = b"the genuine content" * 100
PAYLOAD = Payload("file", hashlib.sha256(CONTENT).hexdigest())


@pytest.mark.parametrize("raw", [CONTENT, gzip.compress(CONTENT, mtime=0)])
def test_the_genuine_file_is_accepted_packed_or_not(raw: bytes) -> None:
    assert accept(PAYLOAD, raw) == CONTENT


def test_what_is_converted_is_checked_after_it() -> None:
    payload = Payload("file", PAYLOAD.sha256, lambda raw: raw[1:])
    assert accept(payload, b"x" + CONTENT) == CONTENT


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (CONTENT[:-1], "file is damaged or not the genuine file: SHA-256 [0-9a-f]{16}… instead of"),
        (b"", "not the genuine file: .*, 0 bytes"),
        (gzip.compress(b"other", mtime=0), "not the genuine file"),
        (gzip.compress(CONTENT, mtime=0)[:-9], "file is a damaged gzip file: .*end-of-stream"),
        (b"\x1f\x8b\x08 nonsense", "file is a damaged gzip file"),
        (gzip.compress(CONTENT, mtime=0)[:-8] + bytes(8), "file is a damaged gzip file: CRC"),
    ],
)
def test_a_damaged_file_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(UnavailableError, match=message):
        accept(PAYLOAD, raw)


def test_a_compression_bomb_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payloads, "MAX_BYTES", 1000)
    with pytest.raises(UnavailableError, match="file decompresses to more than 1,000 bytes"):
        accept(PAYLOAD, gzip.compress(bytes(10_000)))
