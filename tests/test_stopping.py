"""The first signal is a wish, the second an order."""

import os
import signal
import threading
from typing import Any

import pytest

from dlrun.stopping import SIGNALS, Stopped, StopRequest, stop_requests


def tell(signum: int) -> None:
    os.kill(os.getpid(), signum)


@pytest.mark.parametrize(
    ("signum", "exit_code", "name"),
    [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")],
)
def test_the_first_is_noted_and_the_second_raises(signum: int, exit_code: int, name: str) -> None:
    with stop_requests() as request:
        assert request.signum is None
        tell(signum)
        assert request.signum == signum
        with pytest.raises(Stopped, match=f"^interrupted by {name}$") as stop:
            tell(signum)
    assert (stop.value.signum, stop.value.exit_code) == (signum, exit_code)
    assert isinstance(stop.value, KeyboardInterrupt)


def test_the_handlers_of_before_come_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with stop_requests():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_requests() as request:
            tell(signal.SIGINT)
            assert request.signum is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_is_changed() -> None:
    seen: list[Any] = []
    before = signal.getsignal(signal.SIGINT)

    def look() -> None:
        with stop_requests() as request:
            seen.extend([request, signal.getsignal(signal.SIGINT)])

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [StopRequest(), before]
