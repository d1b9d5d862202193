"""The memory of a command's processes, all below the one that was started, while it runs."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import psutil
from process import MEBIBYTE

INTERVAL_SECONDS = 0.2


@dataclass(frozen=True)
class Sample:
    """Memory at one moment, in 2**20 bytes.

    Attributes:
        rss_mb: Of all processes below the one that was started, shared pages counted in each.
        pss_mb: Of the same, shared pages counted once; None where the system won't tell.
        own_mb: RSS of the process that was started.
        num_processes: How many there were below it.
    """

    rss_mb: float = 0.0
    pss_mb: float | None = None
    own_mb: float = 0.0
    num_processes: int = 0


class Watch:
    """Samples a process tree from a thread; a context manager around the wait for its end.

    It takes an eighth of a core for three processes, so what is watched is not timed.
    """

    def __init__(self, pid: int) -> None:
        self.samples: list[Sample] = []
        self._process = psutil.Process(pid)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._is_over.wait(INTERVAL_SECONDS):
            try:
                self.samples.append(take_sample(self._process))
            except psutil.Error:
                continue  # it has just ended


def take_sample(process: psutil.Process) -> Sample:
    """Returns the memory now of a process and of all below it that have not just ended."""
    rss, pss = [], []
    for child in process.children(recursive=True):
        try:
            info = child.memory_full_info()
        except psutil.Error:
            continue
        rss.append(info.rss)
        pss.append(getattr(info, "pss", None))
    known = [value for value in pss if value is not None]
    return Sample(
        sum(rss) / MEBIBYTE,
        sum(known) / MEBIBYTE if len(known) == len(pss) else None,
        process.memory_info().rss / MEBIBYTE,
        len(rss),
    )


def peak(samples: list[Sample]) -> Sample:
    """Returns the most of each number; they need not have been at the same moment."""
    known = [sample.pss_mb for sample in samples if sample.pss_mb is not None]
    return Sample(
        max((sample.rss_mb for sample in samples), default=0.0),
        max(known, default=None),
        max((sample.own_mb for sample in samples), default=0.0),
        max((sample.num_processes for sample in samples), default=0),
    )
