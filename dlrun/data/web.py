"""A data set's home on the web: one file fetched into memory, with progress.

Nothing is written: only checked payloads may touch the disk.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import certifi

from dlrun import events
from dlrun.data.payloads import MAX_BYTES, Payload, UnavailableError, accept

CONNECT_SECONDS = 5.0
"""A network that lets nothing out is noticed within this time."""

READ_SECONDS = 30.0
"""A connection that stands still for so long is given up."""

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Home:
    """A place on the web that holds a data set.

    Attributes:
        label: What messages call it.
        urls: Where each payload lies, by its file name.
    """

    label: str
    urls: Mapping[str, str]

    def fetch(
        self, payloads: Sequence[Payload], report: events.Report
    ) -> Iterator[tuple[Payload, bytes]]:
        """Yields each payload, checked, as it arrives. Raises UnavailableError."""
        for payload in payloads:
            url = self.urls[payload.file_name]
            yield payload, accept(payload, fetch_url(url, report))


def fetch_url(url: str, report: events.Report) -> bytes:
    """Fetches a file into memory.

    Raises:
        UnavailableError: no answer in time, an error, a broken connection, too many bytes.
    """
    if not url.startswith(("http://", "https://")):
        raise UnavailableError(f"{url}: not a web address")
    request = urllib.request.Request(url, headers={"User-Agent": "dlrun"})
    opener = urllib.request.build_opener(_Http, _Https(context=_context()))
    try:
        with opener.open(request, timeout=CONNECT_SECONDS) as response:
            return _read(response, url, report)
    except urllib.error.HTTPError as error:
        reason = f"{error.code} {error.reason}"
        error.close()
        raise UnavailableError(f"{url}: the server answers {reason}") from None
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "reason", None) or error
        raise UnavailableError(f"{url}: {why or type(error).__name__}") from None


def _read(response: Any, url: str, report: events.Report) -> bytes:
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdigit() else None
    task = url.rsplit("/", 1)[-1]
    content = bytearray()
    report(events.Progress(task, 0, total, "bytes"))
    while chunk := response.read(CHUNK_BYTES):
        content += chunk
        if len(content) > MAX_BYTES:
            raise UnavailableError(f"{url}: sends more than {MAX_BYTES:,} bytes")
        report(events.Progress(task, len(content), total, "bytes"))
    if total is not None and len(content) != total:
        raise UnavailableError(
            f"{url}: the connection broke after {len(content):,} of {total:,} bytes"
        )
    return bytes(content)


def _context() -> ssl.SSLContext:
    """The system's certificates, and certifi's: Python on macOS comes without any."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _Connection(http.client.HTTPConnection):
    """Once connected, patience is longer."""

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(READ_SECONDS)


class _SecureConnection(http.client.HTTPSConnection):
    """Once connected, patience is longer."""

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(READ_SECONDS)


class _Http(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, request)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._ssl_context = context

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, request, context=self._ssl_context)
