"""What core code tells whoever is watching: a message, progress, an epoch's end.

Core code never prints. It calls a `Report`, a plain function that takes one event; the
command line draws it, the run's log writes it down, a notebook may ignore it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """A sentence for the user.

    Attributes:
        text: Lower case, no full stop.
        level: "info", "warning", or "log" for what only the run's log takes down.
        is_of_stop: Whether it only says that a training does what it was asked to: end.
    """

    text: str
    level: str = "info"
    is_of_stop: bool = False


@dataclass(frozen=True)
class EngineChosen:
    """How epochs run from now on, and why; a warning where that is not what was asked for.

    Attributes:
        engine: "compiled", "compiled+xla" or "stepwise".
        reason: In a few words.
        level: "info" or "warning".
    """

    engine: str
    reason: str
    level: str = "info"

    @property
    def text(self) -> str:
        """The sentence that is shown."""
        return f"engine: {self.engine} ({self.reason})"


@dataclass(frozen=True)
class Progress:
    """How far a task with a known end has come, such as a download.

    Attributes:
        task: What is being done, the same words for every event of one task.
        done: How much is done, in `unit`.
        total: The whole, in `unit`; None when it is not known.
        unit: "bytes", "rows", "steps".
    """

    task: str
    done: int
    total: int | None
    unit: str


@dataclass(frozen=True)
class StepsDone:
    """Some steps of an epoch were trained; `logs` are the running means of this epoch."""

    epoch: int
    epochs: int
    step: int
    steps: int
    logs: Mapping[str, float]


@dataclass(frozen=True)
class EpochEnded:
    """An epoch, counted from 1, is over; `logs` as in Keras's history, plus `epoch_seconds`."""

    epoch: int
    epochs: int
    logs: Mapping[str, float]


@dataclass(frozen=True)
class FromTask:
    """What one of several trainings told that run side by side.

    Attributes:
        task: Its name, such as "repeats/2".
        event: As it would have told it alone.
    """

    task: str
    event: Event


@dataclass(frozen=True)
class TaskEnded:
    """One of several trainings is over.

    Attributes:
        task: Its name.
        status: "finished", "interrupted", "failed", "diverged" or "crashed".
        text: What came of it, in a few words.
        done: How many are over.
        total: Of how many.
    """

    task: str
    status: str
    text: str
    done: int
    total: int


@dataclass(frozen=True)
class SweepStanding:
    """How a sweep stands.

    Attributes:
        done: Trials that are over.
        total: Of how many.
        failed: How many of them failed.
        best: The best trial so far, in a few words; empty for none.
    """

    done: int
    total: int
    failed: int
    best: str


Event = (
    Message
    | EngineChosen
    | Progress
    | StepsDone
    | EpochEnded
    | FromTask
    | TaskEnded
    | SweepStanding
)
Report = Callable[[Event], None]


def ignore(event: Event) -> None:
    """A report for when nobody watches."""
