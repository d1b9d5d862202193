"""The waves of each strategy and each way of pruning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from dlrun.members.aggregation import is_finished
from dlrun.runs import Run, Trial
from dlrun.runs.sweep import OPEN
from dlrun.sweeping.call import Call
from dlrun.sweeping.definition import SweepDefinition
from dlrun.sweeping.results import curve_of, runs_of
from dlrun.sweeping.schedule import (
    BATCH,
    Bracket,
    Step,
    all_at_once,
    batches_of,
    best_so_far,
    make_brackets,
    median_threshold,
    survivors,
)
from dlrun.sweeping.tasks import close_parent

Ask = Callable[[int, int], Sequence[Trial]]
"""Adds so many trials to the plan as the batch of this number, and returns those to be trained."""


def waves(call: Call, definition: SweepDefinition, ask: Ask) -> Iterator[list[Step]]:
    """Yields what to train next, once what was yielded before is done.

    Args:
        call: The sweep; its results decide what follows.
        definition: Of it.
        ask: Plans a batch of a search that learns.
    """
    pruning = definition.config.pruning
    if definition.config.strategy == "tpe":
        batches = _learning_batches(call, ask)
        yield from (
            _pruned_by_median(call, batches) if pruning == "median" else map(all_at_once, batches)
        )
    elif pruning == "median":
        yield from _pruned_by_median(call, batches_of(call.recorder.trials))
    elif pruning == "hyperband":
        yield from _hyperband(call, definition)
    else:
        yield all_at_once(call.recorder.trials)


def _learning_batches(call: Call, ask: Ask) -> Iterator[Sequence[Trial]]:
    """The batches that are planned already, then new ones, each planned when its turn comes."""
    total, batch = int(call.sweep.info["planned"]), 0
    while True:
        there = [trial for trial in call.recorder.trials if trial.batch == batch]
        if not there:
            left = total - len(call.recorder.trials)
            if left <= 0 or call.is_over:
                return
            there = list(ask(batch, min(BATCH, left)))
        yield [trial for trial in there if trial.state != "duplicate"]
        batch += 1


def _pruned_by_median(call: Call, batches: Iterator[Sequence[Trial]]) -> Iterator[list[Step]]:
    """The first member of each trial of a batch; others, of those that were not pruned, later."""
    before: list[int] = []
    rest: list[Step] = []
    for batch in batches:
        begun = [trial for number in before if (trial := call.trial(number)).is_settled]
        # Whose first member was trained to its end, whatever became of the others since.
        threshold = median_threshold(
            [t for t in begun if t.state != "pruned" and is_finished(_first_run(call, t))],
            lambda trial: _first_curve(call, trial),
            call.sweep.metric,
            higher_is_better=call.sweep.higher_is_better,
        )
        numbers = [trial.number for trial in batch]
        yield [*rest, *[Step(number, True, None, threshold) for number in numbers]]
        before += numbers
        rest = [Step(number) for number in numbers if call.trial(number).state in OPEN]
    yield rest


def _first_run(call: Call, trial: Trial) -> Run:
    return runs_of(call.sweep, trial, call.load(trial).config)[0]


def _first_curve(call: Call, trial: Trial) -> Sequence[float | None]:
    return curve_of(_first_run(call, trial), call.sweep.metric)


def _hyperband(call: Call, definition: SweepDefinition) -> Iterator[list[Step]]:
    """All brackets side by side, a rung at a time; then the other members of who is left."""
    unique = [trial.number for trial in call.recorder.trials if trial.state != "duplicate"]
    base = definition.base.config
    brackets = make_brackets(unique, base.training.epochs, base.seed)
    alive = {index: bracket.trials for index, bracket in enumerate(brackets)}
    for rung in range(max(len(bracket.rungs) for bracket in brackets)):
        wave = [
            Step(number, True, bracket.rungs[rung])
            for index, bracket in enumerate(brackets)
            if rung < len(bracket.rungs)
            for number in alive[index]
        ]
        yield wave
        if call.is_over:
            return
        for index, bracket in enumerate(brackets):
            if rung + 1 < len(bracket.rungs):
                alive[index] = _kept(call, bracket, alive[index], rung)
    yield [Step(number) for numbers in alive.values() for number in numbers]


def _kept(call: Call, bracket: Bracket, numbers: Sequence[int], rung: int) -> tuple[int, ...]:
    """Who goes on from a rung; the others are pruned."""
    epochs, grows = bracket.rungs[rung], call.sweep.higher_is_better
    values = []
    for number in numbers:
        trial = call.trial(number)
        curve = _first_curve(call, trial)
        # One that failed on a later rung has reached this one all the same.
        if len(curve) >= epochs or trial.state == "finished":
            values.append((number, best_so_far(curve[:epochs], higher_is_better=grows)))
    kept = survivors(values, higher_is_better=grows)
    dropped = [
        replace(call.trial(number), state="pruned", reason=f"not in the best third at {epochs}")
        for number in numbers
        if number not in kept and call.trial(number).state in OPEN
    ]
    for trial in dropped:
        config = call.load(trial).config
        if config.has_members:
            close_parent(call.sweep, trial, config, runs_of(call.sweep, trial, config), "")
    if dropped:
        call.recorder.put(*dropped)
    return kept
