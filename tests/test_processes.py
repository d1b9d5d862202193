"""Whether the process of a run still lives, by what `run.json` says of it."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.processes import HEARTBEAT_LIMIT_SECONDS, is_alive, this_process


def ago(seconds: float) -> str:
    return (datetime.now().astimezone() - timedelta(seconds=seconds)).isoformat()


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits to be ended."""
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as one:
        yield one
        one.kill()


def test_this_process_is_alive() -> None:
    info = this_process()
    assert info["pid"] == os.getpid()
    assert info["host"] == platform.node()
    assert is_alive(info)


def test_a_number_that_another_process_has_now_is_no_sign_of_life() -> None:
    info = this_process()
    assert not is_alive(info | {"pid_started_seconds": info["pid_started_seconds"] - 60})
    assert is_alive(info | {"pid_started_seconds": info["pid_started_seconds"] - 1})


def test_a_process_that_is_gone_is_dead_and_so_is_one_that_nobody_has_buried(
    child: subprocess.Popen[bytes],
) -> None:
    started = psutil.Process(child.pid).create_time() - psutil.boot_time()
    info = this_process() | {"pid": child.pid, "pid_started_seconds": started}
    assert is_alive(info)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and still in the table
    assert not is_alive(info)
    child.wait()
    assert not is_alive(info)


@pytest.mark.skipif(this_process()["boot_id"] is None, reason="this system does not name its boots")
def test_after_another_boot_nothing_of_before_is_alive() -> None:
    assert not is_alive(this_process() | {"boot_id": "another", "heartbeat": ago(1)})


@pytest.mark.parametrize("elsewhere", [{"host": "elsewhere"}, {"pid_namespace": "pid:[1]"}])
def test_elsewhere_the_heartbeat_decides(elsewhere: dict[str, str]) -> None:
    info = this_process() | elsewhere
    assert is_alive(info | {"heartbeat": ago(HEARTBEAT_LIMIT_SECONDS - 30)})
    assert not is_alive(info | {"heartbeat": ago(HEARTBEAT_LIMIT_SECONDS + 30)})
    assert not is_alive(info)


def test_a_computer_that_slept_is_no_matter() -> None:
    assert is_alive(this_process() | {"heartbeat": ago(86_400)})


def test_runs_of_an_older_dlrun_go_by_number_and_start(child: subprocess.Popen[bytes]) -> None:
    older = {"host": platform.node(), "pid": child.pid}
    assert is_alive(older | {"started": ago(-1)})
    assert not is_alive(older | {"started": ago(3600)})  # that process began after the run
    assert not is_alive(older)


KEYS = ("host", "boot_id", "pid_namespace", "pid", "pid_started_seconds", "started", "heartbeat")
GARBAGE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]),
    st.just({}), st.sampled_from(["9999-99-99", "0001-01-01T00:00:00", ago(0)]),
)  # fmt: skip


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), GARBAGE))
def test_whatever_a_file_says_there_is_an_answer(garbage: dict[str, Any]) -> None:
    assert is_alive(garbage) in (True, False)
    assert is_alive(this_process() | garbage) in (True, False)
