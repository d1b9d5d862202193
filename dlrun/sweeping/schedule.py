"""Which trials run when: in waves, each of which waits for the one before.

What a wave is made of depends on the plan and on the results of the waves before, and on nothing
that happens meanwhile, so that any number of workers, and any number of stops, lead to the same
trials, pruned after the same epochs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from dlrun.monitor import is_better
from dlrun.pruning import Threshold
from dlrun.runs.sweep import Trial

BATCH = 4
"""Trials of a batch, where the next one learns from it: a multiple of the cores of a small
machine, and few enough to learn often."""

MIN_CURVES = 5
"""Finished trials before the median of them prunes others, as in Optuna's MedianPruner."""

REDUCTION = 3
"""Of hyperband: one trial in so many goes on, for so many times the epochs (Li et al. 2018)."""

_STREAM = 0xBA4D
"""Keeps the trials' order in the brackets apart from other random numbers of the same seed."""

Curve = Callable[[Trial], Sequence[float | None]]
"""Gives the objective of a trial's first member, epoch by epoch."""


@dataclass(frozen=True)
class Step:
    """What is to be trained of a trial.

    Attributes:
        trial: Its number.
        is_first: Only the first of its members; False: the others, too.
        epochs: How many in all; None: as many as its config says.
        threshold: What prunes it.
    """

    trial: int
    is_first: bool = False
    epochs: int | None = None
    threshold: Threshold | None = None


def all_at_once(trials: Sequence[Trial]) -> list[Step]:
    """Returns the one wave of trials that do not depend on each other."""
    return [Step(trial.number) for trial in trials if trial.state != "duplicate"]


def batches_of(trials: Sequence[Trial]) -> Iterator[Sequence[Trial]]:
    """Yields the trials a batch at a time."""
    unique = [trial for trial in trials if trial.state != "duplicate"]
    for start in range(0, len(unique), BATCH):
        yield unique[start : start + BATCH]


def median_threshold(
    finished: Sequence[Trial], curve: Curve, metric: str, *, higher_is_better: bool
) -> Threshold | None:
    """Returns the median of the finished trials' values at each epoch; None: there are too few.

    Of each its value at that epoch counts, as in Optuna's MedianPruner. The first epoch prunes
    nothing: what it reaches says most of the initial weights.

    Args:
        finished: Trials of earlier batches that were trained to their end.
        curve: Of each.
        metric: What it is of.
        higher_is_better: Its direction.
    """
    curves = [curve(trial) for trial in finished]
    if len(curves) < MIN_CURVES:
        return None
    longest = max(map(len, curves))
    values: list[float | None] = []
    for epoch in range(longest):
        there = [one[epoch] for one in curves if epoch < len(one)]
        known = [value for value in there if value is not None]
        values.append(median(known) if epoch and len(known) >= MIN_CURVES else None)
    return Threshold(metric, higher_is_better, tuple(values))


@dataclass(frozen=True)
class Bracket:
    """Trials that compete with each other, and after how many epochs.

    Attributes:
        trials: Numbers.
        rungs: Epochs, growing; the last is all of them.
    """

    trials: tuple[int, ...]
    rungs: tuple[int, ...]


def make_brackets(trials: Sequence[int], epochs: int, seed: int) -> tuple[Bracket, ...]:
    """Shares trials out among hyperband's brackets.

    A bracket of s rungs below the last begins with epochs / 3^s epochs; it gets trials in
    proportion to what hyperband gives it (Li et al. 2018, algorithm 1), drawn at random, since
    neighbours in a plan are alike.

    Args:
        trials: Numbers.
        epochs: Of a trial that is never pruned.
        seed: Draws them.
    """
    deepest = int(math.log(epochs, REDUCTION) + 1e-9)
    depths = range(deepest, -1, -1)
    shares = [math.ceil((deepest + 1) / (s + 1) * REDUCTION**s) for s in depths]
    order = np.random.default_rng([seed, _STREAM]).permutation(np.array(trials, dtype=int))
    ends = [round(len(trials) * sum(shares[: i + 1]) / sum(shares)) for i in range(len(shares))]
    starts = [0, *ends[:-1]]
    return tuple(
        Bracket(tuple(int(n) for n in sorted(order[start:end])), _rungs(epochs, depth))
        for depth, start, end in zip(depths, starts, ends, strict=True)
        if end > start
    )


def _rungs(epochs: int, depth: int) -> tuple[int, ...]:
    rungs = [max(1, round(epochs / REDUCTION**i)) for i in range(depth, -1, -1)]
    return tuple(dict.fromkeys(rungs))


def survivors(
    values: Sequence[tuple[int, float | None]], *, higher_is_better: bool
) -> tuple[int, ...]:
    """Returns the best third of trials, one at least, by number; those without a value are out.

    Args:
        values: Number and value of each that reached the rung.
        higher_is_better: The objective's direction.
    """
    known = [(number, value) for number, value in values if value is not None]
    known.sort(key=lambda one: (-one[1] if higher_is_better else one[1], one[0]))
    kept = known[: max(1, len(values) // REDUCTION)]
    return tuple(sorted(number for number, _ in kept))


def best_so_far(curve: Sequence[float | None], *, higher_is_better: bool) -> float | None:
    """Returns the best value of a curve; None where it has none."""
    best: float | None = None
    for value in curve:
        if value is not None and is_better(value, best, higher_is_better=higher_is_better):
            best = value
    return best
