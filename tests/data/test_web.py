from __future__ import annotations

import socket
import time

import pytest

from dlrun.data import web
from dlrun.data.payloads import UnavailableError
from dlrun.data.web import fetch_url


def test_a_file_is_fetched_with_progress(site, listener, monkeypatch) -> None:
    monkeypatch.setattr(web, "CHUNK_BYTES", 1000)
    body = bytes(2500)
    site.put("/folder/file.gz", body)
    assert fetch_url(f"{site.url}/folder/file.gz", listener) == body
    progress = listener.progress()
    assert [event.done for event in progress] == [0, 1000, 2000, 2500]
    assert {(event.task, event.total, event.unit) for event in progress} == {
        ("file.gz", 2500, "bytes")
    }


@pytest.mark.parametrize("status", [404, 403, 503])
def test_an_error_of_the_server_is_told(site, listener, status: int) -> None:
    site.put("/file", b"sorry", status=status)
    with pytest.raises(UnavailableError, match=f"/file: the server answers {status} "):
        fetch_url(f"{site.url}/file", listener)


def test_a_broken_connection_is_noticed(site, listener) -> None:
    site.put("/file", b"half", length=8)
    with pytest.raises(UnavailableError, match="the connection broke after 4 of 8 bytes"):
        fetch_url(f"{site.url}/file", listener)


def test_an_endless_answer_is_cut(site, listener, monkeypatch) -> None:
    monkeypatch.setattr(web, "MAX_BYTES", 1000)
    site.put("/file", bytes(5000))
    with pytest.raises(UnavailableError, match="/file: sends more than 1,000 bytes"):
        fetch_url(f"{site.url}/file", listener)


def test_a_closed_door_is_told(listener) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]  # which nobody else takes meanwhile
        with pytest.raises(UnavailableError, match=f"^http://127.0.0.1:{port}/file: .*refused"):
            fetch_url(f"http://127.0.0.1:{port}/file", listener)


def test_a_server_that_does_not_answer_is_given_up(listener, monkeypatch) -> None:
    monkeypatch.setattr(web, "READ_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        start = time.monotonic()
        with pytest.raises(UnavailableError, match="timed out"):
            fetch_url(url, listener)
    assert time.monotonic() - start < 25  # and not the 30 s of others


def test_only_the_web_is_fetched_from(listener, tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"secret")
    with pytest.raises(UnavailableError, match="not a web address"):
        fetch_url((tmp_path / "file").as_uri(), listener)


def test_connecting_is_given_five_seconds() -> None:
    assert web.CONNECT_SECONDS == 5
