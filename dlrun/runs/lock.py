"""One process a run: a lock that ends with the process, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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
    from filelock import FileLock, Timeout

    refuse_links(run)
    lock = FileLock(run.path / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(
            f"{run.path}: another process trains it; wait for it, or stop it by Ctrl-C"
        ) from None
    except OSError as error:
        raise storage_error(run.path / LOCK, error) from error
    try:
        yield
    finally:
        lock.release()
