"""One call's work on a sweep: what ends it, and what that ends with it."""

from __future__ import annotations

import signal
from pathlib import Path

from dlrun.events import ignore
from dlrun.executors import Crew
from dlrun.runs.record_sweep import SweepRecorder
from dlrun.stopping import StopRequest
from dlrun.sweeping.call import Call, CallWish, Limits, stop
from dlrun.sweeping.room import Room
from tests.sweeping.made_up import make_sweep


def make_call(folder: Path) -> Call:
    sweep = make_sweep(folder, [0.1])
    room = Room(1, by_threads=False)
    wish = CallWish(StopRequest())
    return Call(sweep, SweepRecorder(sweep), Crew(), room, Limits(), ignore, wish)


def test_a_budget_that_is_spent_ends_nothing_that_runs(tmp_path: Path) -> None:
    call = make_call(tmp_path)
    call.ended_by = "its budget of 1 trials is spent"
    assert call.is_over
    assert not call.is_stopping
    assert call.request.signum is None


def test_a_failure_stops_what_runs_though_the_budget_is_spent(tmp_path: Path) -> None:
    call = make_call(tmp_path)
    call.ended_by = "its budget of 1 trials is spent"
    stop(call, "trials/0 failed, and --fail-fast was given")
    assert call.is_stopping
    assert call.request.signum == signal.SIGTERM
    assert call.ended_by == "trials/0 failed, and --fail-fast was given"


def test_who_asks_to_stop_is_told_nothing_of_limits(tmp_path: Path) -> None:
    call = make_call(tmp_path)
    call.request.signals.signum = signal.SIGINT
    stop(call, "its budget of 1 minutes is spent")
    assert call.ended_by == ""
    assert call.request.signum == signal.SIGINT
