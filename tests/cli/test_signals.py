"""Signals to a command, in processes of their own that load no TensorFlow."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dlrun.cli import working
from dlrun.cli.app import app
from dlrun.cli.signals import BEGINS_ANEW, RESUME_GOES_ON, SWEEP_GOES_ON

SCRIPT = """
import hashlib, signal, sys, threading, time
from dlrun.cli.signals import signals_heard
from dlrun.stopping import Stopped, stop_requests

def handlers():
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

before = handlers()
try:
    with signals_heard("it can be mended"):
        {work}
except KeyboardInterrupt as stop:
    assert handlers() == before
    print(getattr(stop, "exit_code", 130), flush=True)
"""
SLEEP = """
        print("ready", flush=True)
        time.sleep(60)
"""
NOTED = """
        with stop_requests() as request:
            print("ready", flush=True)
            while request.signum is None:
                time.sleep(0.01)
            in_c = threading.Event()
            threading.Thread(target=lambda: (in_c.wait(), print("noted", flush=True))).start()
            sys.setswitchinterval(1000)  # the thread speaks when C, not Python, is running
            in_c.set()
            hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # minutes of C, as TensorFlow's
"""


def start(work: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(work=work.strip())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, "130"), (signal.SIGTERM, "143")])
def test_a_signal_before_training_ends_the_command(signum: int, code: str) -> None:
    process = start(SLEEP)
    process.send_signal(signum)
    assert process.communicate(timeout=120)[0] == f"{code}\n"


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_second_signal_ends_it_at_once_wherever_it_is(signum: int, code: int) -> None:
    process = start(NOTED)
    process.send_signal(signum)
    assert process.stdout is not None
    assert process.stdout.readline() == "noted\n"
    process.send_signal(signum)
    _, told = process.communicate(timeout=120)
    assert process.returncode == code
    assert told == "dlrun: quit at once; it can be mended\n"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["train", "CONFIG"], RESUME_GOES_ON),
        (["resume", "RUN"], RESUME_GOES_ON),
        (["sweep", "CONFIG", "seed=1,2"], SWEEP_GOES_ON),
        (["sweep", "CONFIG", "seed=1,2", "--dry-run"], BEGINS_ANEW),
        (["predict", "RUN", "x.png"], BEGINS_ANEW),
        (["export", "RUN", "--to", "onnx"], BEGINS_ANEW),
        (["test", "RUN"], BEGINS_ANEW),
        (["reproduce", "RUN"], BEGINS_ANEW),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_a_second_signal_says_what_is_true_of_the_command(
    command: list[str],
    told: str,
    write_config: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = Path(__file__).parents[1] / "runs" / "format_1" / "20261124-001515-flowers-44d8"
    names = {"CONFIG": str(write_config()), "RUN": str(run)}
    heard = []

    @contextmanager
    def hear(if_quit: str) -> Iterator[None]:
        heard.append(if_quit)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(working, "signals_heard", hear)
    done = CliRunner().invoke(app, [names.get(word, word) for word in command])
    assert (done.exit_code, heard) == (130, [told])
