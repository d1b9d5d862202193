"""How much a sweep may train at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dlrun.runs.environment import count_cpus

BYTES_A_WORKER = 800_000_000
"""What a process with TensorFlow and MNIST in it takes; others may take more or less."""


@dataclass(frozen=True)
class Room:
    """Places for what runs side by side.

    Attributes:
        places: How many there are.
        by_threads: Whether a trial takes as many as it has threads, or one.
    """

    places: int
    by_threads: bool

    def taken_by(self, threads: int | Literal["auto"]) -> int:
        """Returns how many places a trial with so many threads takes."""
        return int(threads) if self.by_threads and threads != "auto" else 1


def find_room(workers: int | None) -> Room:
    """Returns the places that were asked for, else a processor each, as far as memory goes."""
    if workers is not None:
        return Room(workers, by_threads=False)
    import psutil

    fitting = int(psutil.virtual_memory().available // BYTES_A_WORKER)
    return Room(max(1, min(count_cpus(), fitting)), by_threads=True)
