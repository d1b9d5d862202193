"""What holds while a command works: signals are heard, messages have a way past C++'s noise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dlrun.cli.display import showing
from dlrun.cli.signals import BEGINS_ANEW, signals_heard
from dlrun.events import Report
from dlrun.screen import own_stderr


@contextmanager
def working(*, quiet: bool, if_quit: str = BEGINS_ANEW) -> Iterator[Report]:
    """Gives a report that shows events, as `showing` does, and hears signals.

    Args:
        quiet: Show nothing.
        if_quit: What a second signal says of what was done so far.
    """
    with signals_heard(if_quit), own_stderr(), showing(quiet=quiet) as report:
        yield report
