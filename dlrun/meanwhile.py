"""Imports that can wait until a training is under way, made while TensorFlow computes."""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import suppress

from dlrun.events import EpochEnded, Event, Report

SWITCH_SECONDS = 0.0005
"""How long the training waits for Python at most, while the imports have it; 0.005 slows epochs."""


_one_at_a_time = threading.Lock()


def import_meanwhile(report: Report, *modules: str) -> Report:
    """Returns a report that imports modules in a thread once the first epoch is over.

    Before that the process is busy in Python, where two threads take turns; after it TensorFlow
    computes, and scikit-learn and matplotlib cost a second less at the end.
    """
    begun = False

    def listen(event: Event) -> None:
        nonlocal begun
        report(event)
        if isinstance(event, EpochEnded) and not begun:
            begun = True
            begin_imports(*modules)

    return listen


def begin_imports(*modules: str) -> None:
    """Imports modules in a thread; whoever imports them later waits for it."""
    threading.Thread(target=_import, args=modules, daemon=True).start()


def _import(*modules: str) -> None:
    with _one_at_a_time:  # another would take the shortened interval for the usual one
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            for name in modules:
                with suppress(Exception):
                    importlib.import_module(name)
        finally:
            sys.setswitchinterval(before)
