"""Signals while a command works: SIGTERM ends it as Ctrl-C does, and a second signal at once."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dlrun.stopping import SIGNALS, Stopped

BEGINS_ANEW = "the same command begins anew"
RESUME_GOES_ON = "dlrun resume goes on from the last checkpoint"
SWEEP_GOES_ON = "the same command does what is missing"
"""What can be done after a second signal, which leaves no time to write anything."""


@contextmanager
def signals_heard(if_quit: str = BEGINS_ANEW) -> Iterator[None]:
    """Has SIGTERM raise `Stopped`, and the second signal end the process wherever it is.

    Python hears a signal only after the C++ that is running, which may be long; so a thread
    counts them by the wake-up descriptor, to which C writes at once.

    Args:
        if_quit: What the second signal says of what was done so far.
    """
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    before = signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
    handler = signal.signal(signal.SIGTERM, _raise)
    threading.Thread(target=_quit_at_the_second, args=(ours, if_quit), daemon=True).start()
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
        signal.set_wakeup_fd(before)
        pythons.close()  # ends the thread


def _raise(signum: int, _frame: Any) -> None:
    raise Stopped(signum)


def _quit_at_the_second(sock: socket.socket, if_quit: str) -> None:
    heard = 0
    with sock:
        while numbers := sock.recv(64):
            for number in numbers:
                heard += number in SIGNALS
                if heard == 2:
                    _quit(number, if_quit)


def _quit(signum: int, if_quit: str) -> None:
    """Ends the process without another word to Python."""
    stream = getattr(sys.stderr, "rich_proxied_file", sys.stderr)  # below a live display
    over_the_bar = "\r\x1b[2K\x1b[?25h" if stream.isatty() else ""  # the cursor is hidden, too
    stream.write(f"{over_the_bar}dlrun: quit at once; {if_quit}\n")
    stream.flush()
    os._exit(128 + signum)
