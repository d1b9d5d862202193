"""Signals to a command, in processes of their own that load no TensorFlow."""

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import hashlib, signal, sys, threading, time
from dlrun.cli.signals import signals_heard
from dlrun.stopping import Stopped, stop_requests

def handlers():
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

before = handlers()
try:
    with signals_heard():
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
    assert process.communicate(timeout=20)[0] == f"{code}\n"


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_second_signal_ends_it_at_once_wherever_it_is(signum: int, code: int) -> None:
    process = start(NOTED)
    process.send_signal(signum)
    assert process.stdout is not None
    assert process.stdout.readline() == "noted\n"
    process.send_signal(signum)
    _, told = process.communicate(timeout=30)
    assert process.returncode == code
    assert told == "dlrun: quit at once; the same command begins anew\n"
