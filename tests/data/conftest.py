"""Fixtures: a small data set, a web server on loopback, and a source that both serve."""

from __future__ import annotations

import gzip
import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from dlrun import events
from dlrun.data import Dataset
from dlrun.data.payloads import Payload
from dlrun.data.sources import Source
from dlrun.data.web import Home

CONTENTS = {"a.bin": b"first file " * 1000, "b.bin": b"second file"}


@dataclass
class Site:
    """A web server's answers by path: status, body, and the length it claims."""

    url: str
    answers: dict[str, tuple[int, bytes, int]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def put(self, path: str, body: bytes, status: int = 200, length: int | None = None) -> None:
        self.answers[path] = (status, body, len(body) if length is None else length)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.requests.append(self.path)
            status, body, length = found.answers.get(self.path, (404, b"", 0))
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Keeps the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def source(site: Site) -> Source:
    """A data set of two files, which the site serves compressed."""
    for name, content in CONTENTS.items():
        site.put(f"/{name}.gz", gzip.compress(content, mtime=0))
    urls = {name: f"{site.url}/{name}.gz" for name in CONTENTS}
    payloads = tuple(
        Payload(name, hashlib.sha256(content).hexdigest()) for name, content in CONTENTS.items()
    )
    return Source("toy", payloads, (Home("the site", urls),), by_hand=urls)


@dataclass
class Listener:
    """A report that keeps what it is told."""

    events: list[events.Event] = field(default_factory=list)

    def __call__(self, event: events.Event) -> None:
        self.events.append(event)

    def texts(self, level: str | None = None) -> list[str]:
        messages = [e for e in self.events if isinstance(e, events.Message)]
        return [m.text for m in messages if level in (None, m.level)]

    def progress(self) -> list[events.Progress]:
        return [e for e in self.events if isinstance(e, events.Progress)]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def fake_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Makes a program of a Python text, alone on the PATH with others so made."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, text: str) -> None:
        path = folder / name
        path.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
        path.chmod(0o755)

    return make


@pytest.fixture
def make_dataset() -> Callable[..., Dataset]:
    """Makes a data set with so many rows of each class, and official test rows if wanted."""

    def make(counts: list[int], num_official_test: int = 0, **changes: object) -> Dataset:
        y = np.repeat(np.arange(len(counts)), counts)
        y = np.concatenate([y, np.zeros(num_official_test, int)]).astype(np.int64)
        fields: dict[str, object] = {
            "name": "toy",
            "task": "multiclass",
            "x": np.arange(len(y), dtype=np.float32).reshape(-1, 1),
            "y": y,
            "num_official_test": num_official_test,
            "class_names": tuple(f"c{label}" for label in range(len(counts))),
        }
        return Dataset(**{**fields, **changes})  # type: ignore[arg-type]

    return make
