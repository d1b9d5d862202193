"""What is true of runs and sweeps alike while a process works on one: its facts, its log, its end.

`run.json` and `sweep.json` say when there was last a sign of life and how long it has gone on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from dlrun.errors import StorageError
from dlrun.files import storage_error
from dlrun.runs.create import now
from dlrun.runs.run import LOG

HEARTBEAT_SECONDS = 10.0
"""Between two signs of life, by which other hosts know that a run or sweep goes on."""


class LivingFacts:
    """Facts that are written anew with each change, and all the time in between.

    Attributes:
        values: What is written next.
        lock: Held while they are written, and by who changes what is written beside them.
    """

    def __init__(
        self, values: Mapping[str, Any], write: Callable[[Mapping[str, Any]], None]
    ) -> None:
        self.values = dict(values)
        self.lock = threading.RLock()
        self._write_values = write
        self._seconds_before = float(self.values.get("duration_seconds") or 0.0)
        self._started = time.monotonic()
        self._is_over = threading.Event()

    @property
    def seconds(self) -> float:
        """How long it has gone on, all processes together that worked on it."""
        return self._seconds_before + time.monotonic() - self._started

    def write(self, changes: Mapping[str, Any]) -> None:
        """Changes facts, and writes all of them with a sign of life."""
        with self.lock:  # the heartbeat writes, too
            self.values |= changes
            self.values |= {"heartbeat": now(), "duration_seconds": round(self.seconds, 3)}
            self._write_values(self.values)

    def begin(self) -> None:
        """Shows from now on that it goes on, also within epochs of hours; in a thread."""
        threading.Thread(target=self._beat, daemon=True).start()

    def end(self) -> None:
        """Ends the signs of life."""
        self._is_over.set()

    def _beat(self) -> None:
        while not self._is_over.wait(HEARTBEAT_SECONDS):
            with suppress(StorageError):  # the work itself will meet it, and tell
                self.write({})


def ending(error: BaseException | None) -> dict[str, Any]:
    """Returns the status that work ends with, and its error in words."""
    if error is None:
        return {"status": "finished", "error": None}
    if isinstance(error, KeyboardInterrupt):
        return {"status": "interrupted", "error": str(error) or "interrupted by Ctrl-C"}
    return {"status": "failed", "error": str(error) or repr(error)}


def append_log(folder: Path, text: str) -> None:
    """Appends to `run.log`, with the time of day before it."""
    append_text(folder / LOG, f"{datetime.now():%H:%M:%S} {text}\n")


def append_text(path: Path, text: str) -> None:
    """Appends to a text file.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise storage_error(path, error) from error
