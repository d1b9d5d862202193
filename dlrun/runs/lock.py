"""One process a run: a lock that ends with the process, however it ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dlrun.errors import RunError
from dlrun.files import storage_error
from dlrun.runs.links import refuse_links
from dlrun.runs.run import LOCK, Run
from dlrun.runs.sweep import Sweep


@contextmanager
def only_process(run: Run | Sweep) -> Iterator[None]:
    """Holds a run or a sweep for this process.

    Raises:
        RunError: another process holds it, or something in it leads to elsewhere.
        StorageError: the folder cannot be written to.
    """
    refuse_links(run)
    with _locked(run.path):
        yield


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(
            f"{folder}: another process works on it; wait for it, or stop it by Ctrl-C"
        ) from None
    except OSError as error:
        raise storage_error(folder / LOCK, error) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def all_held(folders: Iterable[Path]) -> Iterator[Callable[[], None]]:
    """Holds folders of runs and sweeps for a moment; leaves no lock where there was none.

    Yields:
        What lets them go before the end.

    Raises:
        LinkError: something in one of them, or above it, leads to elsewhere.
        RunError: another process holds one of them.
        StorageError: one cannot be written to.
    """
    with ExitStack() as stack:
        for folder in folders:
            stack.enter_context(_held_without_trace(folder))
        yield stack.close


@contextmanager
def _held_without_trace(folder: Path) -> Iterator[None]:
    path = folder / LOCK
    refuse_links(Run(folder), with_parts=False)  # thousands of trials, for each that goes
    is_new = not os.path.lexists(path)
    with _locked(folder):
        try:
            yield
        finally:
            if is_new:  # while it is held: who waits for it sees that it is gone
                with suppress(OSError):
                    path.unlink()
