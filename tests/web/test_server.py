"""The command as it is typed: started, asked, stopped; and what keeps it from starting."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from http.client import HTTPConnection
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dlrun.cli.app import app
from dlrun.errors import ServeError
from dlrun.web.server import address_of, take_port

RUNS = Path(__file__).parent.parent / "runs" / "format_1"
SINGLE, REPEATS = "20261124-001515-flowers-44d8", "20261126-055355-flowers-3716"


def serve(program: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *program, "serve", SINGLE, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | {"DLRUN_RUNS_DIR": str(RUNS), "PYTHONPATH": str(RUNS.parents[2])},
    )


def test_the_command_serves_until_ctrl_c(tmp_path: Path) -> None:
    process = serve(["-m", "dlrun"], tmp_path)
    assert process.stdout is not None
    address = process.stdout.readline().split()[-1]
    body = json.dumps({"rows": [[5.1, 3.5, 1.4, 0.2]]}).encode()
    with urllib.request.urlopen(f"{address}api/predict", body, timeout=120) as reply:
        answer = json.load(reply)
    assert answer["predictions"][0]["predicted"] == "setosa"
    kept_open = socket.create_connection(("127.0.0.1", int(address.split(":")[-1].strip("/"))))
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=120)
    kept_open.close()
    assert process.returncode == 0
    assert out == ""
    assert told == "Ctrl-C stops it\n"


HANGING = """
import threading
from dlrun.cli import main
from dlrun.web import app

def hang(*_):
    print("computes", flush=True)
    threading.Event().wait()

app.predict_rows = hang
main()
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_server_ends_though_it_computes(signum: int, tmp_path: Path) -> None:
    process = serve(["-c", HANGING], tmp_path)
    assert process.stdout is not None
    port = int(process.stdout.readline().split(":")[-1].strip("/\n"))
    asking = HTTPConnection("127.0.0.1", port)
    asking.request("POST", "/api/predict", json.dumps({"rows": [[5.1, 3.5, 1.4, 0.2]]}))
    assert process.stdout.readline() == "computes\n"
    process.send_signal(signum)
    _, told = process.communicate(timeout=120)
    with asking.getresponse() as reply:
        assert reply.status == 503
        assert json.load(reply) == {"error": "the server was stopped; ask again once it runs"}
    asking.close()
    assert process.returncode == 0
    assert told == "Ctrl-C stops it\n"


def test_a_port_that_is_taken_is_told_at_once() -> None:
    with take_port("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        assert address_of(sock, "127.0.0.1") == f"http://127.0.0.1:{port}/"
        assert address_of(sock, "0.0.0.0") == f"http://127.0.0.1:{port}/"
        assert address_of(sock, "::1") == f"http://[::1]:{port}/"
        said = rf"127\.0\.0\.1 port {port}: in use already; choose another by --port, or --port 0"
        with pytest.raises(ServeError, match=said):
            take_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("no such host", "no such host port 0: no such host; choose another by --host"),
        ("192.0.2.1", "192.0.2.1 port 0: no address of this machine; choose another by --host"),
    ],
)
def test_a_host_that_is_not_this_machine_is_told(host: str, said: str) -> None:
    with pytest.raises(ServeError, match=said):
        take_port(host, 0)


@pytest.fixture
def kept_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLRUN_RUNS_DIR", str(RUNS))


@pytest.mark.parametrize("missing", [("starlette",), ("uvicorn",), ("starlette", "uvicorn")])
@pytest.mark.usefixtures("kept_runs")
def test_packages_that_are_missing_are_told(
    missing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in missing else find_spec(name)
    )
    result = CliRunner().invoke(app, ["serve", SINGLE])
    assert result.exit_code == 1
    are = "are" if len(missing) == 2 else "is"
    assert result.stderr == (
        f"dlrun: error: serve: {' and '.join(missing)} {are} not installed; "
        "pip install 'dlrun[serve]'\n"
    )


@pytest.mark.usefixtures("kept_runs")
def test_one_member_must_be_named() -> None:
    result = CliRunner().invoke(app, ["serve", REPEATS])
    assert result.exit_code == 2
    assert "name it by --member 0 to" in result.stderr


@pytest.mark.usefixtures("kept_runs")
def test_a_port_that_is_none_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["serve", SINGLE, "--port", "70000"]).exit_code == 2


@pytest.mark.usefixtures("kept_runs")
def test_the_network_is_let_in_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ServeError("far enough")

    monkeypatch.setattr("dlrun.web.served.load_served", broken)
    result = CliRunner().invoke(app, ["serve", SINGLE, "--host", "0.0.0.0", "--port", "0"])
    assert "warning: anyone on the network can use it, by --host 0.0.0.0\n" in result.stderr
    assert "far enough" in result.stderr
