"""Who writes to the screen: Python's messages stay on it, what C++ writes is turned to a file.

C++ libraries write to file descriptor 2 and know nothing of `sys.stderr`. The two can be told
apart once `sys.stderr` has a descriptor of its own.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from dlrun.errors import DlrunError
from dlrun.files import storage_error


def shares_descriptor() -> bool:
    """Returns whether Python's messages leave by file descriptor 2, as those of C++ do."""
    try:
        return sys.stderr is not None and sys.stderr.fileno() == 2
    except (AttributeError, OSError, ValueError):  # a notebook's stream, or a closed one
        return False


@contextmanager
def own_stderr() -> Iterator[None]:
    """Gives `sys.stderr` a descriptor of its own, to the same screen.

    A crash inside C++ is told there, too, since its own last words go elsewhere.
    """
    if not shares_descriptor():
        yield
        return
    before = sys.stderr
    before.flush()
    # Never closed: whoever took hold of it meanwhile, such as a logging handler, may go on.
    own = os.fdopen(os.dup(2), "w", 1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = own
    faulthandler.enable(own)
    try:
        yield
    finally:
        own.flush()
        sys.stderr = before


def silence(stream: Any) -> None:
    """Has whatever is still written to a stream go nowhere: its reader is gone."""
    with suppress(AttributeError, OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def descriptor_aside() -> Iterator[BinaryIO | None]:
    """Turns file descriptor 2 into a file, which is given; None where there is no descriptor 2."""
    try:
        screen = os.dup(2)
    except OSError:  # pythonw, some services: nothing to keep clean
        yield None
        return
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            yield noise
        finally:
            os.dup2(screen, 2)
            os.close(screen)


def written(noise: BinaryIO | None) -> str:
    """Returns what was written to the file of `descriptor_aside` so far."""
    if noise is None:
        return ""
    noise.seek(0)
    return noise.read().decode("utf-8", errors="replace")


@contextmanager
def noise_to_log() -> Iterator[Callable[[Path], None]]:
    """Keeps what C++ writes off the screen, where Python's messages have a way of their own.

    Gives a function that takes the path of a log, once there is one: what came before is
    appended to it, and all that follows. Where something breaks and there was no log yet, what
    came is written to the screen, since it may say why.
    """
    if shares_descriptor():
        yield lambda _log: None
        return
    with descriptor_aside() as noise:
        logs: list[Path] = []

        def into(log: Path) -> None:
            logs.append(log)
            _append(log, noise)

        try:
            yield into
        except Exception as error:
            if not logs and not isinstance(error, DlrunError) and sys.stderr is not None:
                sys.stderr.write(written(noise))
            raise


def _append(log: Path, noise: BinaryIO | None) -> None:
    try:
        with log.open("ab", buffering=0) as stream:
            stream.write(written(noise).encode())
            if noise is not None:
                os.dup2(stream.fileno(), 2)
    except OSError as error:
        raise storage_error(log, error) from error
