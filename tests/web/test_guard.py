"""Pages of other sites, and names that only resolve to here, are refused."""

from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from dlrun.web.guard import hostname, is_allowed, is_loopback
from tests.web.conftest import SEVEN, client_of, image_model


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "LocalHost"])
def test_this_machine_is_answered(images: TestClient, host: str) -> None:
    assert images.get("/api/model", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "192.168.1.5:8000", "",
             "localhost@evil.example", "localhost.", "[::1", "127.0.0.1/x"]
)  # fmt: skip
def test_other_names_are_refused(images: TestClient, host: str) -> None:
    for reply in (
        images.get("/", headers={"Host": host}),
        images.post("/api/predict", content=SEVEN, headers={"Host": host}),
    ):
        assert reply.status_code == 403
        assert reply.json()["error"] == (
            f"host: this server does not answer as {host!r}; "
            "use the address that dlrun serve printed"
        )


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9000", "https://127.0.0.1:8000"]
)
@pytest.mark.parametrize("path", ["/api/predict", "/api/rounds", "/api/rounds/0/drawings"])
def test_pages_of_other_origins_may_not_post(images: TestClient, origin: str, path: str) -> None:
    reply = images.post(path, content=SEVEN, headers={"Origin": origin})
    assert reply.status_code == 403
    assert reply.json()["error"] == (
        f"origin: pages of {origin!r} may not ask; open the page of this server"
    )


def test_the_own_page_and_programs_may_post(images: TestClient) -> None:
    own = {"Origin": "http://127.0.0.1:8000"}
    assert images.post("/api/predict", content=SEVEN, headers=own).status_code == 200
    assert images.post("/api/predict", content=SEVEN).status_code == 200


@pytest.mark.parametrize(
    ("name", "host", "allowed"),
    [
        ("127.0.0.1", "192.168.1.5", True),
        ("192.168.1.5", "192.168.1.5", True),
        ("lab-7.example", "Lab-7.example", True),
        ("192.168.1.6", "192.168.1.5", False),
        ("192.168.1.5", "0.0.0.0", True),
        ("fe80::1", "::", True),
        (socket.gethostname().lower(), "0.0.0.0", True),
        ("evil.example", "0.0.0.0", False),
        ("", "0.0.0.0", False),
    ],
)
def test_names_that_a_server_answers_by(name: str, host: str, allowed: bool) -> None:
    assert is_allowed(name, host) == allowed


@pytest.mark.parametrize(
    ("netloc", "name"),
    [("LOCALHOST:80", "localhost"), ("[::1]:80", "::1"), ("a:b", "a"), ("a b", "a b"), ("a@b", "")],
)
def test_the_name_in_a_host_header(netloc: str, name: str) -> None:
    assert hostname(netloc) == name


@pytest.mark.parametrize(
    ("host", "is_so"),
    [("127.0.0.1", True), ("127.5.5.5", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("192.168.1.5", False), ("example.org", False)],
)  # fmt: skip
def test_addresses_that_only_this_machine_reaches(host: str, is_so: bool) -> None:
    assert is_loopback(host) == is_so


def test_a_server_for_the_network_answers_by_its_address(
    sure_of_seven: np.ndarray, tmp_path: Path
) -> None:
    client = client_of(image_model(sure_of_seven), tmp_path, host="0.0.0.0")
    assert client.get("/api", headers={"Host": "192.168.1.5:8000"}).status_code == 200
    assert client.get("/api", headers={"Host": "evil.example"}).status_code == 403
