"""A sweep's folder as it is read: what was planned, and how far each trial has come."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.monitor import is_better
from dlrun.processes import is_alive
from dlrun.runs import kinds
from dlrun.runs.facts import UnreadableError, read_facts
from dlrun.runs.run import PLOTS, STATUSES, TRIALS, Run

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
"""Number of the layout of `sweep.json`, kept in it; grows when an old reader would misread it."""

SWEEP = "sweep.json"
DEFINITION = "sweep.yaml"
BASE = "base.yaml"
BEST = "best.yaml"
REPORT = "report.html"
FILES = (SWEEP, DEFINITION, BASE, BEST, REPORT)

MAX_BYTES = 256 * 1024 * 1024
MAX_CONTAINERS = 5_000_000
"""More bytes, lists and objects than a hundred thousand trials of usual nets take."""

WITH_RESULT = ("finished", "pruned")
"""States of a trial that was trained as far as it was to be."""

FAILED = ("failed", "diverged", "crashed", "timed_out")
"""States of a trial that ended otherwise, and is not tried again unasked."""

OPEN = ("planned", "running", "interrupted")
"""States of a trial that has something left to do."""

UNSETTLED = "none-"
"""Begins the hash of a trial of which data and machine have decided nothing: it cannot begin."""

STATES = (*WITH_RESULT, *FAILED, *OPEN, "duplicate")


@dataclass(frozen=True)
class Trial:
    """One entry of `sweep.json`.

    Attributes:
        number: From 0; its folder is `trials/<number>`.
        values: What was chosen, by key, in the order in which it is applied.
        hash: Of the config; of two alike the second is a `duplicate` and not trained. One that
            failed before it could be settled has `UNSETTLED` and its number.
        config: In normal form, resolved: `dlrun train` with it repeats the trial. Empty where its
            values make none.
        state: One of `STATES`.
        duplicate_of: Number of the trial that is alike.
        value: Of the objective in the best epoch, the mean over seeds and folds.
        sd: Over seeds and folds.
        num_members: How many the mean is over.
        best_epoch: Counted from 1; None where there are several members.
        epochs: That were trained.
        metrics: In the best epoch, by name.
        num_parameters: Of the net.
        duration_seconds: Of training, of all members together.
        reason: Why it did not finish, in words.
        batch: Of a search that learns: in which of its batches it was asked for.
        data_hash: Of the data set that it was planned for.
    """

    number: int
    values: Mapping[str, Any]
    hash: str
    config: Mapping[str, Any]
    state: str = "planned"
    duplicate_of: int | None = None
    value: float | None = None
    sd: float | None = None
    num_members: int | None = None
    best_epoch: int | None = None
    epochs: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    num_parameters: int | None = None
    duration_seconds: float | None = None
    reason: str = ""
    batch: int | None = None
    data_hash: str | None = None

    @property
    def name(self) -> str:
        """Its folder inside the sweep's: "trials/3"."""
        return f"{TRIALS}/{self.number}"

    @property
    def is_settled(self) -> bool:
        """Whether its config holds all that data and machine decide, so that it can be trained."""
        return not self.hash.startswith(UNSETTLED)

    @property
    def is_worth_a_retry(self) -> bool:
        """Whether it failed, and not by its config alone: by what may be mended meanwhile."""
        return self.state in FAILED and self.state != "diverged" and bool(self.config)

    def to_dict(self) -> dict[str, Any]:
        """Returns its entry; `run` is its folder where it has one of its own."""
        own = {name: getattr(self, name) for name in _FIELDS}
        return own | {"run": None if self.state == "duplicate" else self.name}


_FIELDS = tuple(Trial.__dataclass_fields__)


_REQUIRED = ("number", "values", "hash", "config")


def trial_from_dict(entry: Mapping[str, Any]) -> Trial:
    """Returns the trial of an entry.

    Raises:
        KeyError: it lacks what every trial has; an UnreadableError where a file was read.
    """
    known = {name: entry[name] for name in _FIELDS if name in entry or name in _REQUIRED}
    for name in ("values", "config", "metrics"):
        known[name] = dict(known.get(name) or {})
    return Trial(**known)


@dataclass(frozen=True)
class Sweep:
    """Many configs that were planned, and are trained, together.

    Attributes:
        path: The sweep's folder; its name is its id.
    """

    path: Path

    @property
    def id(self) -> str:
        """The sweep's id, made as a run's is."""
        return self.path.name

    @property
    def runs_dir(self) -> Path:
        """The folder of runs that it stands in."""
        return self.path.parent

    @property
    def plots_dir(self) -> Path:
        """Where its pictures are."""
        return self.path / PLOTS

    @cached_property
    def info(self) -> dict[str, Any]:
        """`sweep.json` as it is.

        Raises:
            UnreadableError: it is missing, damaged, or of a newer dlrun.
        """
        return read_facts(self.path / SWEEP, kinds.SWEEP, FORMAT, MAX_BYTES, MAX_CONTAINERS)

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """All that are planned so far, by number; a duplicate has the result of its twin.

        Raises:
            UnreadableError: as of `info`; also where trials are not what trials can be.
        """
        found = [trial_from_dict(entry) for entry in self.info["trials"]]
        for mistake in _mistakes(found):
            raise UnreadableError(self.path / SWEEP, mistake)
        return tuple(_with_twin(trial, found) for trial in found)

    @property
    def status(self) -> str:
        """Running, finished, interrupted, failed, dead or unknown, as of a run."""
        recorded = self.info.get("status")
        if recorded == "running":
            return "running" if is_alive(self.info) else "dead"
        return str(recorded) if recorded in STATUSES else "unknown"

    @property
    def is_open(self) -> bool:
        """Whether something is left to train, or to plan."""
        return are_open(self.trials, self.info["planned"])

    @property
    def metric(self) -> str:
        """What the objective is called, such as `val_accuracy`."""
        return str(self.info["objective"]["metric"])

    @property
    def higher_is_better(self) -> bool:
        """The objective's direction."""
        return bool(self.info["objective"]["direction"] == "maximize")

    @property
    def keys(self) -> list[str]:
        """What was searched, as configs name it."""
        return [str(parameter["key"]) for parameter in self.info["parameters"]]

    @property
    def table(self) -> pd.DataFrame:
        """The trials, best first, a column for each searched key; indexed by number."""
        import pandas as pd  # half a second that reading sweeps otherwise does not need

        ranked = rank_trials(self)
        names = ("state", "value", "sd", "best_epoch", "epochs", "num_parameters")
        rows = [
            {key: trial.values.get(key) for key in self.keys}
            | {name: getattr(trial, name) for name in (*names, "duration_seconds", "reason")}
            for trial in ranked
        ]
        numbers = [trial.number for trial in ranked]
        return pd.DataFrame(rows, index=pd.Index(numbers, name="trial", dtype="int64"))

    def chosen(self, trial: Trial) -> dict[str, Any]:
        """Returns what tells a trial from others: its values of keys that have more than one."""
        constant = {one["key"] for one in self.info["parameters"] if one.get("is_constant")}
        return {key: value for key, value in trial.values.items() if key not in constant}

    def run(self, number: int) -> Run:
        """Returns the run of a trial; of a duplicate, that of its twin."""
        trial = self.trials[number]
        twin = trial.duplicate_of
        return Run(self.path / TRIALS / str(trial.number if twin is None else twin))

    @property
    def best(self) -> Trial | None:
        """The best finished trial, the first of equals; None where none has finished."""
        return best_trial(self.trials, higher_is_better=self.higher_is_better)


def are_open(trials: Sequence[Trial], planned: int) -> bool:
    """Returns whether of a sweep's trials something is left to train, or to plan."""
    return len(trials) < planned or any(trial.state in OPEN for trial in trials)


def best_trial(trials: Sequence[Trial], *, higher_is_better: bool) -> Trial | None:
    """Returns the best of the finished trials, the first of equals; None where there is none."""
    best: Trial | None = None
    for trial in trials:
        if trial.state != "finished" or trial.value is None:
            continue
        reached = None if best is None else best.value
        if is_better(trial.value, reached, higher_is_better=higher_is_better):
            best = trial
    return best


def rank_trials(sweep: Sweep) -> list[Trial]:
    """Returns the trials, best first; pruned ones follow finished ones, others come last."""
    grows = sweep.higher_is_better
    order = {"finished": 0, "pruned": 1, "duplicate": 2}

    def place(trial: Trial) -> tuple[int, float, int]:
        value = 0.0 if trial.value is None else -trial.value if grows else trial.value
        rank = order.get(trial.state, 3) if trial.value is not None else 4
        return rank, value, trial.number

    return sorted(sweep.trials, key=place)


def _mistakes(trials: Sequence[Trial]) -> Iterator[str]:
    """Yields what no plan has: the types of the values are right already."""
    if [trial.number for trial in trials] != list(range(len(trials))):
        yield "its trials are not numbered from 0"
    for trial in trials:
        if trial.state not in STATES:
            yield f"trials.{trial.number}.state is no state of a trial"
        twin = trial.duplicate_of
        is_wrong = twin is not None and (twin >= trial.number or trials[twin].state == "duplicate")
        if is_wrong or (trial.state == "duplicate") != (twin is not None):
            yield f"trials.{trial.number}.duplicate_of is no trial that it can be like"


def _with_twin(trial: Trial, trials: Sequence[Trial]) -> Trial:
    if trial.duplicate_of is None:
        return trial
    twin = trials[trial.duplicate_of]
    return replace(
        trial,
        value=twin.value,
        sd=twin.sd,
        num_members=twin.num_members,
        best_epoch=twin.best_epoch,
        epochs=twin.epochs,
        metrics=twin.metrics,
        num_parameters=twin.num_parameters,
    )


def is_sweep_folder(path: Path) -> bool:
    """Returns whether a folder holds a sweep."""
    return os.path.lexists(path / SWEEP)
