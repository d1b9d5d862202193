"""What is asked of a worker and what it answers: plain values that go through a pipe.

Imports nothing heavy: the process that gives out the work never loads TensorFlow.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dlrun.config import Loaded
from dlrun.events import Event
from dlrun.pruning import Threshold

FORKS = sys.platform == "linux"
"""Whether a worker forks processes for its tasks, so that it imports TensorFlow once for all.

Elsewhere (macOS's frameworks do not survive a fork, Windows has none) it is at one task at a time,
and there are several workers.
"""

TASKS_A_PROCESS = 20
"""A process is replaced after so many tasks: what each net leaves in it goes with it."""


@dataclass(frozen=True)
class Task:
    """A run to train, or to go on with if its folder is there.

    Attributes:
        name: What it is called in messages, such as "repeats/2"; no two alike.
        run_dir: Its run folder.
        loaded: Its config; `training.threads` is a number.
        overrides: Changes to the config of a run that is there already.
        member_of: Id of the run or sweep that it is a part of.
        action: "train"; or "build" to build the model and "measure" to train some steps of it,
            which leave no folder.
        threshold: What ends it early.
        limit_seconds: How long it may take; None: as long as it likes.
        weight: How much of the room for tasks it takes.
        scores_train: As of `run_experiment`.
        data_hash: The first digits of the data set's hash; None: any data will do.
    """

    name: str
    run_dir: Path
    loaded: Loaded
    overrides: tuple[str, ...] = ()
    member_of: str | None = None
    action: Literal["train", "build", "measure"] = "train"
    threshold: Threshold | None = None
    limit_seconds: float | None = None
    weight: int = 1
    scores_train: bool = True
    data_hash: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        task: Its name.
        status: "finished", "interrupted", "failed", "diverged", "crashed" or "timed_out".
        error: Why it did not finish, in words; empty where it did.
        is_refused: Whether the config, the data or the model cannot work; every task with the
            same ones would end so.
        is_killed: Whether someone else ended its process.
        measured: What "measure" found, in seconds by name.
    """

    task: str
    status: str
    error: str = ""
    is_refused: bool = False
    is_killed: bool = False
    measured: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Stop:
    """Asks a worker to end its tasks at the next checkpoint; asked twice, at once."""

    signum: int


@dataclass(frozen=True)
class Kill:
    """Asks a worker that forks to end the process of a task at once."""

    task: str


@dataclass(frozen=True)
class Told:
    """An event of a task."""

    task: str
    event: Event


def ended_outcome(name: str, exit_code: int) -> Outcome:
    """Returns the outcome of a task whose process has gone without a word.

    Args:
        name: Of the task.
        exit_code: As `subprocess` has it: minus the number of the signal that ended it.
    """
    import signal

    is_killed = -exit_code in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM))
    return Outcome(name, "crashed", reason_of_end(exit_code), is_killed=is_killed)


def reason_of_end(exit_code: int) -> str:
    """Returns why a process has gone without a word, as far as its exit code tells.

    Args:
        exit_code: As `subprocess` has it: minus the number of the signal that ended it.
    """
    import signal

    if exit_code >= 0:
        return f"its process ended with exit code {exit_code}; its run.log may say why"
    name = signal.Signals(-exit_code).name
    if name == "SIGKILL":
        return "its process was ended by SIGKILL, as the system does where memory runs out"
    return f"its process was ended by {name}; its run.log may say why"
