"""Ctrl-C and SIGTERM as a wish to stop: noted at once, obeyed where nothing is lost.

While a training runs, the first signal is only noted; the loop asks for it between its parts,
writes a checkpoint and raises `Stopped`. A second signal raises it wherever the program is.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """A signal asked to stop; as `KeyboardInterrupt`, it is no error to be mended.

    Attributes:
        signum: SIGINT (Ctrl-C) or SIGTERM.
        exit_code: 128 + signum, as shells count: 130 or 143.
    """

    def __init__(self, signum: int) -> None:
        self.signum = signum
        self.exit_code = 128 + signum
        super().__init__(f"interrupted by {signal_name(signum)}")


def signal_name(signum: int) -> str:
    """Returns what a user calls it."""
    return "Ctrl-C" if signum == signal.SIGINT else signal.Signals(signum).name


class Wish(Protocol):
    """Whether something is to stop: a `StopRequest`, or what adds to one."""

    @property
    def signum(self) -> int | None:
        """The signal that asked; None as long as nobody has."""


@dataclass
class StopRequest:
    """Whether someone asked to stop.

    Attributes:
        signum: The signal that did; None as long as nobody has.
    """

    signum: int | None = None


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Notes the first signal instead of breaking off, and raises `Stopped` at the second.

    Outside the main thread nothing is changed, since Python hears signals only there. A signal
    that is ignored, as Ctrl-C is by a job in the background, stays ignored.
    """
    request = StopRequest()

    def note(signum: int, _frame: Any) -> None:
        if request.signum is not None:
            raise Stopped(signum)
        request.signum = signum

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, note) for number in heard}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
