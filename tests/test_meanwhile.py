"""Imports in the background: when they begin, and that they change nothing else."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from dlrun.events import EpochEnded, Event, Message
from dlrun.meanwhile import SWITCH_SECONDS, begin_imports, import_meanwhile


@pytest.fixture
def slow_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that notes how often threads take turns while it is imported."""
    text = "import sys, time\ninterval = sys.getswitchinterval()\ntime.sleep(0.05)\n"
    (tmp_path / "slow_to_import.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "slow_to_import", raising=False)
    return "slow_to_import"


def wait_for_threads(others: set[threading.Thread]) -> None:
    for thread in set(threading.enumerate()) - others:
        thread.join(60)


def test_modules_are_imported_once_the_first_epoch_is_over(slow_module: str) -> None:
    told: list[Event] = []
    threads, interval = set(threading.enumerate()), sys.getswitchinterval()
    listen = import_meanwhile(told.append, "no_such_module", slow_module)
    listen(Message("begins"))
    wait_for_threads(threads)
    assert slow_module not in sys.modules
    epochs = [EpochEnded(number, 2, {"loss": 1.0}) for number in (1, 2)]
    for event in epochs:
        listen(event)
    wait_for_threads(threads)
    assert sys.modules[slow_module].interval == pytest.approx(SWITCH_SECONDS)
    assert sys.getswitchinterval() == interval
    assert told == [Message("begins"), *epochs]


def test_two_at_once_leave_the_usual_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow_module: str
) -> None:
    """The second one begins while the first has shortened them."""
    (tmp_path / "another.py").write_text("import time\ntime.sleep(0.1)\n")
    monkeypatch.delitem(sys.modules, "another", raising=False)
    threads, interval = set(threading.enumerate()), sys.getswitchinterval()
    begin_imports(slow_module)
    while sys.getswitchinterval() == interval and slow_module not in sys.modules:
        time.sleep(0.001)
    begin_imports("another")
    wait_for_threads(threads)
    assert sys.getswitchinterval() == interval
