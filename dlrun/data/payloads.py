"""Payloads: the files a data set is made of, and the check that they are the genuine ones.

A payload is always checked in its final form, whatever way it came and however it was packed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass

MAX_BYTES = 256 * 1024 * 1024
"""More than any payload here has; what an endless answer or a compression bomb is cut at."""


class UnavailableError(Exception):
    """One way to a data set did not lead there; the text says why. Never reaches the user bare."""


class MissingError(UnavailableError):
    """A file that is simply not there, as on the first use of a data set."""


def keep(content: bytes) -> bytes:
    """Returns the content as it is: the conversion of payloads that need none."""
    return content


@dataclass(frozen=True)
class Payload:
    """One file of a data set.

    Attributes:
        file_name: Its name in the cache.
        sha256: Of its bytes there: decompressed and converted.
        convert: Makes these bytes of what a home or a package holds, decompressed.
    """

    file_name: str
    sha256: str
    convert: Callable[[bytes], bytes] = keep


def accept(payload: Payload, raw: bytes) -> bytes:
    """Returns a payload in its final form, proven genuine.

    Args:
        payload: What it must be.
        raw: What was had, gzip-compressed or not, in any form that `convert` understands.

    Raises:
        UnavailableError: it is damaged, or something else.
    """
    content = payload.convert(_decompress(payload.file_name, raw))
    found = hashlib.sha256(content).hexdigest()
    if found != payload.sha256:
        raise UnavailableError(
            f"{payload.file_name} is damaged or not the genuine file: "
            f"SHA-256 {found[:16]}… instead of {payload.sha256[:16]}…, {len(content):,} bytes"
        )
    return content


def _decompress(file_name: str, raw: bytes) -> bytes:
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        content = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(MAX_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise UnavailableError(f"{file_name} is a damaged gzip file: {error}") from None
    if len(content) > MAX_BYTES:
        raise UnavailableError(f"{file_name} decompresses to more than {MAX_BYTES:,} bytes")
    return content
