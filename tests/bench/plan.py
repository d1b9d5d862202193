"""What is measured: which contender trains which net, how often and for how many epochs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

NETS = ("softmax", "deep", "logistic")
PLAIN = ("keras", "sklearn", "torch", "lightning")
CONTENDERS = (*PLAIN, "dlrun", "dlrun-curves", "dlrun-xla")

ROUNDS = {
    "epoch": 3,
    "epoch-one-thread": 3,
    "whole": 1,
    "whole-one-thread": 0,
    "repeats": 1,
    "growth": 3,
}
"""Rounds of each section; 0 leaves it out."""

QUICK_ROUNDS = {**ROUNDS, "epoch": 1, "epoch-one-thread": 0, "growth": 1}

# Of softmax, deep, logistic. The first is dropped, since TensorFlow traces in it; most of dlrun's
# come after its imports in the background, which whole commands are measured with.
EPOCHS = {
    "keras": (4, 4, 6),
    "sklearn": (7, 5, 16),
    "torch": (5, 4, 9),
    "lightning": (3, 3, 4),
    "dlrun": (24, 12, 120),
    "dlrun-curves": (24, 12, 120),
    "dlrun-xla": (24, 12, 240),
}
WHOLE_EPOCHS = (40, 40, 20)
REPEATS, REPEAT_EPOCHS = 5, 10
GROWTH = {1_000: 40, 10_000: 20, 100_000: 8, 1_000_000: 4}
"""Epochs by rows."""


@dataclass(frozen=True)
class Job:
    """One process to measure.

    Attributes:
        section: A key of `ROUNDS`: an epoch, a whole command, repeats, or the growth.
        net: One of `NETS`; `moons` for the growth.
        contender: One of `CONTENDERS`.
        epochs: How many it trains.
        rows: Of the growth's data set; 0 elsewhere, where the data says it.
    """

    section: str
    net: str
    contender: str
    epochs: int
    rows: int = 0

    @property
    def one_thread(self) -> bool:
        return self.section.endswith("one-thread")

    @property
    def whole(self) -> bool:
        """Whether the whole command is timed, and validates after every epoch."""
        return self.section.startswith(("whole", "repeats"))

    @property
    def repeats(self) -> int:
        return REPEATS if self.section == "repeats" else 1


@dataclass(frozen=True)
class Measurement:
    """What a job took in one round.

    Attributes:
        job: What was done.
        round: Counted from 1.
        seconds: Wall time of the process.
        epoch_seconds: Of every epoch; empty where the whole command is what counts.
        peak_mb: The most memory it had, in 2**20 bytes; None where the system won't tell.
        error: Why it failed; empty if it did not.
    """

    job: Job
    round: int
    seconds: float = 0.0
    epoch_seconds: tuple[float, ...] = ()
    peak_mb: float | None = None
    error: str = ""


def plan(rounds: Mapping[str, int], *, quick: bool, missing: set[str]) -> Iterator[tuple[int, Job]]:
    """Yields (round, job) in the order to run: contenders in turn, turned round every other round.

    Args:
        rounds: Like `ROUNDS`.
        quick: Few epochs, only to see that everything works.
        missing: Contenders that are not installed.
    """
    for number in range(1, max(rounds.values(), default=0) + 1):
        for section in (section for section, count in rounds.items() if count >= number):
            jobs = [job for job in _jobs(section, quick) if job.contender not in missing]
            for job in jobs if number % 2 else reversed(jobs):
                yield number, job


def _jobs(section: str, quick: bool) -> Iterator[Job]:
    if section == "growth":
        for rows, epochs in list(GROWTH.items())[: 3 if quick else None]:
            yield Job(section, "moons", "dlrun", 2 if quick else epochs, rows)
    elif section.startswith("whole"):
        for net, epochs in zip(NETS, WHOLE_EPOCHS, strict=True):
            for contender in ("keras", "dlrun"):
                yield Job(section, net, contender, 2 if quick else epochs)
    elif section == "repeats":
        for contender in ("keras", "dlrun"):
            yield Job(section, "deep", contender, 2 if quick else REPEAT_EPOCHS)
    else:
        for number, net in enumerate(NETS):
            for contender in CONTENDERS:
                yield Job(section, net, contender, 2 if quick else EPOCHS[contender][number])
