"""What a sweep would train, and how long that takes by a few steps of its models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.data.store import DataStore
from dlrun.errors import ModelError
from dlrun.events import Message, Report, ignore
from dlrun.executors import open_crew
from dlrun.members import plan_members
from dlrun.results import EPOCH, START
from dlrun.stopping import Stopped, stop_requests
from dlrun.sweeping.building import try_out_task
from dlrun.sweeping.checking import check_assignments
from dlrun.sweeping.definition import SweepDefinition
from dlrun.sweeping.planning import count_planned, make_rng, random_assignments
from dlrun.sweeping.room import find_room
from dlrun.sweeping.settling import Planned, build_key, settle_trials
from dlrun.sweeping.starting import plan_trials

MOST_MEASURED = 8
"""Kinds of trial of which steps are trained; others are taken for the mean of these."""

STARTUP_SECONDS = 4.0
"""Of a sweep, once: TensorFlow is imported."""

RECORD_SECONDS = 0.3
"""Of a trial: its files."""


@dataclass(frozen=True)
class Estimate:
    """What a sweep comes to.

    Attributes:
        num_trials: That would be trained.
        values: Of each, as far as they are planned.
        seconds: About, for all of them.
        workers: Trials at a time.
        measured: Kinds of trial that were measured, and how many kinds there are.
        epoch_seconds: The shortest and the longest epoch.
    """

    num_trials: int
    values: tuple[Mapping[str, Any], ...]
    seconds: float
    workers: int
    measured: tuple[int, int]
    epoch_seconds: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON holds it."""
        return {
            "num_trials": self.num_trials,
            "trials": [dict(values) for values in self.values],
            "seconds": round(self.seconds, 1),
            "workers": self.workers,
            "measured_kinds": self.measured[0],
            "kinds": self.measured[1],
            "epoch_seconds": list(self.epoch_seconds),
        }

    def lines(self) -> list[str]:
        """Returns the time in words."""
        low, high = self.epoch_seconds
        span = f"{low:.2g} s" if high < 1.05 * low else f"{low:.2g} to {high:.2g} s"
        kinds, of = self.measured
        basis = f"an epoch takes {span}, by a few steps of {kinds} of {of} kinds of trial"
        time = _words(self.seconds)
        return [f"about {time} with {self.workers} at a time; {basis}"]


def _words(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def estimate_sweep(
    definition: SweepDefinition, *, workers: int | None = None, report: Report = ignore
) -> Estimate:
    """Plans a sweep, trains a few steps of its kinds of trial, and leaves no folder.

    Args:
        definition: What is searched, and how.
        workers: How many at a time; None: as many as there are cores for their threads.
        report: Told what is unwise about the plan.

    Raises:
        DlrunError: a config, the data or every model cannot work.
    """
    with open_crew() as crew, stop_requests() as request:
        crew.hire()
        planned = _examples(definition, DataStore(), report)
        trained = [one for one in planned if one.trial.state != "duplicate"]
        kinds: dict[str, list[Planned]] = {}
        for one in trained:
            kinds.setdefault(_kind(one), []).append(one)
        chosen = _spread(list(kinds), MOST_MEASURED)
        tasks = [try_out_task(key, kinds[key][0], measures=True) for key in chosen]
        report(Message(f"measuring a few steps of {len(tasks)} kinds of trial …"))
        found: dict[str, Mapping[str, float]] = {}
        errors = []
        for outcome in crew.run(tasks, 1, ignore, request):
            if outcome.status == "finished":
                found[outcome.task] = outcome.measured
            else:
                errors.append(outcome.error)
        if request.signum is not None:
            raise Stopped(request.signum)
    if not found:
        raise ModelError(errors[0] if errors else "nothing to train")
    room = find_room(workers)
    at_a_time = max(1, room.places // room.taken_by(trained[0].config.training.threads))
    is_planned = definition.config.strategy != "tpe"
    num_trials = len(trained) if is_planned else count_planned(definition)
    total = sum(_seconds(one, found) for one in trained) * num_trials / len(trained)
    epochs = [one[EPOCH] for one in found.values()]
    return Estimate(
        num_trials=num_trials,
        values=tuple(one.trial.values for one in trained if is_planned),
        seconds=STARTUP_SECONDS + total / at_a_time,
        workers=at_a_time,
        measured=(len(found), len(kinds)),
        epoch_seconds=(min(epochs), max(epochs)),
    )


def _examples(definition: SweepDefinition, store: DataStore, report: Report) -> list[Planned]:
    """The trials; of a search that learns, some that are drawn as its first ones are."""
    if definition.config.strategy != "tpe":
        return plan_trials(definition, store, report)
    rng = make_rng(definition.base.config.seed)
    drawn = random_assignments(definition.parameters, MOST_MEASURED, rng)
    checked = check_assignments(definition, drawn)
    return settle_trials(list(zip(drawn, checked.trials, strict=True)), store, ignore)


def _kind(one: Planned) -> str:
    training = one.config.training
    size = [training.batch_size, training.threads, training.train_eval]
    return json.dumps([build_key(one.config), size], sort_keys=True, default=repr)


def _spread(keys: Sequence[str], most: int) -> list[str]:
    """So many of them, from first to last in even steps."""
    if len(keys) <= most:
        return list(keys)
    return [keys[round(i * (len(keys) - 1) / (most - 1))] for i in range(most)]


def _seconds(one: Planned, found: Mapping[str, Mapping[str, float]]) -> float:
    """Of one trial, all its members."""
    measured = found.get(_kind(one))
    if measured is None:
        measured = {
            name: sum(each[name] for each in found.values()) / len(found) for name in (START, EPOCH)
        }
    members = len(plan_members(one.config)) if one.config.has_members else 1
    alone = measured[START] + RECORD_SECONDS + one.config.training.epochs * measured[EPOCH]
    return members * alone
