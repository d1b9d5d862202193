"""What is asked of a worker and what it answers: plain values that go through a pipe.

Imports nothing heavy: the process that gives out the work never loads TensorFlow.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from dlrun.config import Loaded
from dlrun.events import Event

FORKS = sys.platform == "linux"
"""Whether a worker forks a process for each task, so that it imports TensorFlow once for all.

Elsewhere (macOS's frameworks do not survive a fork, Windows has none) it is at one task at a time,
and there are several workers.
"""


@dataclass(frozen=True)
class Task:
    """A run to train, or to go on with if its folder is there.

    Attributes:
        name: What it is called in messages, such as "repeats/2"; no two alike.
        run_dir: Its run folder.
        loaded: Its config.
        overrides: Changes to the config of a run that is there already.
        member_of: Id of the run that it is a part of.
    """

    name: str
    run_dir: Path
    loaded: Loaded
    overrides: tuple[str, ...] = ()
    member_of: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        task: Its name.
        status: "finished", "interrupted", "failed", "diverged" or "crashed".
        error: Why it did not finish, in words; empty where it did.
        is_refused: Whether the config, the data or the model cannot work; every task with the
            same ones would end so.
    """

    task: str
    status: str
    error: str = ""
    is_refused: bool = False


@dataclass(frozen=True)
class Stop:
    """Asks a worker to end its tasks at the next checkpoint; asked twice, at once."""

    signum: int


@dataclass(frozen=True)
class Told:
    """An event of a task."""

    task: str
    event: Event


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
