"""One call's work on a sweep: what it has at hand, what it may spend, how it stands."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

from dlrun.config import Loaded
from dlrun.events import Report, SweepStanding
from dlrun.executors import Crew
from dlrun.runs import Sweep, Trial
from dlrun.runs.record_sweep import SweepRecorder
from dlrun.runs.sweep import FAILED, OPEN
from dlrun.stopping import StopRequest
from dlrun.sweeping.results import load_trial
from dlrun.sweeping.room import Room
from dlrun.sweeping.telling import best_text


@dataclass(frozen=True)
class Limits:
    """What one call may spend, and what ends it.

    Attributes:
        seconds: Of the call; None: as long as it takes.
        trials: That are trained in it.
        trial_seconds: Of one trial's training.
        fail_fast: Whether the first trial that fails ends the sweep.
    """

    seconds: float | None = None
    trials: int | None = None
    trial_seconds: float | None = None
    fail_fast: bool = False


@dataclass
class CallWish:
    """A wish to stop by a signal or, told apart from it, by a limit of the call.

    Attributes:
        signals: What was heard.
        is_limit_reached: Whether a limit ends the call.
    """

    signals: StopRequest
    is_limit_reached: bool = False

    @property
    def signum(self) -> int | None:
        """What workers are told."""
        return signal.SIGTERM if self.is_limit_reached else self.signals.signum


@dataclass
class Call:
    """One call's work on a sweep.

    Attributes:
        sweep: Its folder.
        recorder: Of it.
        crew: The workers.
        room: How much they may do at a time.
        limits: Of this call.
        report: Told everything.
        request: Whether someone, or a limit, asked to stop.
        ended_by: The limit that ends the call, in words.
        num_begun: Trials that this call has begun.
    """

    sweep: Sweep
    recorder: SweepRecorder
    crew: Crew
    room: Room
    limits: Limits
    report: Report
    request: CallWish
    ended_by: str = ""
    num_begun: int = 0
    told: set[str] = field(default_factory=set)
    tried_again: set[str] = field(default_factory=set)

    def trial(self, number: int) -> Trial:
        """Returns a trial as it is now."""
        return self.recorder.trials[number]

    @property
    def is_stopping(self) -> bool:
        """Whether what runs is to end, too."""
        return self.request.signum is not None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to begin: what runs may go on to its end."""
        return self.is_stopping or bool(self.ended_by)

    def load(self, trial: Trial) -> Loaded:
        """Returns a trial's config."""
        return load_trial(trial, str(self.sweep.info.get("source")))


def stop(call: Call, reason: str) -> None:
    """Has everything that runs end at a checkpoint, and nothing begin, by no one's wish."""
    if not call.is_stopping:
        call.ended_by = reason
        call.request.is_limit_reached = True


def standing(call: Call) -> SweepStanding:
    """Returns how the sweep stands."""
    trials = call.recorder.trials
    total = int(call.sweep.info["planned"])
    done = sum(trial.state not in OPEN for trial in trials)
    return SweepStanding(
        done=done,
        total=total,
        failed=sum(trial.state in FAILED for trial in trials),
        best=best_text(trials, call.sweep),
    )
