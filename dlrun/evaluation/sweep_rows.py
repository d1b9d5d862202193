"""A sweep as plain rows: what was searched, and what came of every trial.

What pictures of a sweep and judgements about it start from. No files, no folders, no figures.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles
from typing import Any

NOT_USED = "not used"
"""What the value of a conditional hyperparameter is called where it has none."""

LOST = ("diverged", "failed", "crashed", "timed_out")
"""States that end a trial without a result."""

_STATE_WORDS = {
    "pruned": "pruned",
    "diverged": "diverged",
    "failed": "failed",
    "crashed": "crashed",
    "timed_out": "timed out",
    "planned": "not started",
    "running": "running",
    "interrupted": "interrupted",
    "duplicate": "a duplicate",
}

_FAR_OUT, _FEWEST_TO_JUDGE = 3.0, 8

_NEEDS_PARENT = ("name",)
"""Last parts of a key that say nothing alone."""


@dataclass(frozen=True)
class Axis:
    """One searched hyperparameter.

    Attributes:
        key: Dotted, such as "optimizer.learning_rate".
        is_log: Whether its values belong on a logarithmic scale.
        is_number: Whether all its values are numbers; a bool is none.
        levels: The distinct values: numbers sorted, others in the order given.
    """

    key: str
    is_log: bool
    is_number: bool
    levels: tuple[Any, ...]


@dataclass(frozen=True)
class TrialRow:
    """One trial.

    Attributes:
        number: From 0.
        values: By key, plain YAML data: numbers, text, bools, mappings such as
            `{"SGD": {"nesterov": True}}`. A conditional key that is not used is missing.
        state: finished, pruned, diverged, failed, crashed, timed_out, planned, running,
            interrupted or duplicate.
        value: The objective in the best epoch, the mean over seeds; None where there is none.
        sd: Its standard deviation over seeds; None for one seed.
        curve: The objective by epoch, the mean over seeds; None is a gap.
    """

    number: int
    values: Mapping[str, Any]
    state: str
    value: float | None
    sd: float | None = None
    curve: tuple[float | None, ...] = ()

    @property
    def has_result(self) -> bool:
        """Whether it finished with a value that can be compared with others'."""
        return self.state == "finished" and self.value is not None and math.isfinite(self.value)

    @property
    def is_lost(self) -> bool:
        """Whether it ended without a result."""
        return self.state in LOST or (self.state == "finished" and not self.has_result)

    @property
    def score(self) -> float:
        """The value of a trial that has a result."""
        assert self.value is not None
        return float(self.value)


@dataclass(frozen=True)
class SweepRows:
    """A sweep.

    Attributes:
        name: What it is called.
        metric: The objective: a column of a history, such as "val_accuracy".
        higher_is_better: Which way the objective is searched.
        axes: The searched hyperparameters, in the order of the sweep.
        trials: In the order of their numbers.
        best: The number of the best trial; None where none has a result.
    """

    name: str
    metric: str
    higher_is_better: bool
    axes: tuple[Axis, ...]
    trials: tuple[TrialRow, ...]
    best: int | None

    @property
    def results(self) -> tuple[TrialRow, ...]:
        """The trials that finished with a value."""
        return tuple(trial for trial in self.trials if trial.has_result)

    @property
    def best_trial(self) -> TrialRow | None:
        """The best trial, if it has a result."""
        found = (trial for trial in self.results if trial.number == self.best)
        return next(found, None)

    @property
    def labels(self) -> dict[str, str]:
        """By key, what to call each axis."""
        return short_labels([axis.key for axis in self.axes])

    @property
    def spans_decades(self) -> bool:
        """Whether the results are losses so far apart that only a logarithmic scale shows them.

        A few that are far worse than the others do not make it so.
        """
        values = [trial.score for trial in self.results]
        if self.higher_is_better or not spans_decades(values):
            return False
        limit = worst_usual([math.log(value) for value in values], higher_is_better=False)
        return limit is None or spans_decades([min(values), math.exp(limit)])


def make_axis(key: str, values: Iterable[Any], is_log: bool | None = None) -> Axis:
    """Returns the axis of a hyperparameter.

    Args:
        key: Dotted.
        values: The list it was chosen from, or all that was drawn; repeated ones count once.
        is_log: Whether it was drawn on a logarithmic scale; None to tell by the values: positive
            numbers over a decade or more, spaced more evenly by ratio than by difference, as
            0.001, 0.01, 0.1 are, or 32, 64, …, 512.
    """
    distinct = list({level_id(value): value for value in values}.values())
    is_number = bool(distinct) and all(_is_number(value) for value in distinct)
    if is_number:
        distinct.sort()
    if is_log is None:
        is_log = is_number and _is_geometric(distinct)
    elif is_log:
        is_log = is_number and min(distinct) > 0
    return Axis(key, is_log, is_number, tuple(distinct))


def level_id(value: Any) -> str:
    """Returns a text that is the same for equal values alone: `True` is not 1, though 1.0 is."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, default=str)


def level_of(trial: TrialRow, axis: Axis) -> int | None:
    """Returns which of an axis's levels a trial has; None where it has none of them."""
    if axis.key not in trial.values:
        return None
    wanted = level_id(trial.values[axis.key])
    return next((i for i, level in enumerate(axis.levels) if level_id(level) == wanted), None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def spans_decades(values: Sequence[float]) -> bool:
    """Whether all values are above zero and the largest is more than ten times the smallest."""
    return bool(values) and min(values) > 0 and max(values) > 10 * min(values)


def worst_usual(values: Sequence[float], *, higher_is_better: bool) -> float | None:
    """Returns the worst value that is not far worse than the others; None where none is so bad.

    Far worse is beyond the worse quartile by three times the range between the quartiles: J. Tukey,
    Exploratory Data Analysis (1977), "far out". Of fewer than eight values none is.

    Args:
        values: Finite.
        higher_is_better: Which way is worse.
    """
    if len(values) < _FEWEST_TO_JUDGE:
        return None
    badness = [-value if higher_is_better else value for value in values]
    lower, _, upper = quantiles(badness, n=4, method="inclusive")
    if not upper > lower or max(badness) <= upper + _FAR_OUT * (upper - lower):
        return None
    usual = max(bad for bad in badness if bad <= upper + _FAR_OUT * (upper - lower))
    return -usual if higher_is_better else usual


def _is_geometric(ascending: Sequence[float]) -> bool:
    """Whether ascending numbers are spaced more evenly by ratio than by difference."""
    if len(ascending) < 2 or ascending[0] <= 0 or ascending[-1] / ascending[0] < 9.999:
        return False
    if len(ascending) == 2:
        return True
    return _unevenness([math.log(value) for value in ascending]) < _unevenness(ascending)


def _unevenness(ascending: Sequence[float]) -> float:
    gaps = [b - a for a, b in pairwise(ascending)]
    mean = math.fsum(gaps) / len(gaps)
    return math.fsum((gap - mean) ** 2 for gap in gaps) / mean**2


def short_labels(keys: Sequence[str]) -> dict[str, str]:
    """Returns, by key, its shortest end that no other key has; it does not begin with a number.

    >>> short_labels(["optimizer.learning_rate", "model.layers.0.units", "model.layers.1.units"])
    {'optimizer.learning_rate': 'learning_rate', 'model.layers.0.units': 'layers.0.units', \
'model.layers.1.units': 'layers.1.units'}
    """
    return {key: _short_label(key, [other for other in keys if other != key]) for key in keys}


def _short_label(key: str, others: Sequence[str]) -> str:
    parts = key.split(".")
    for count in range(1, len(parts)):
        tail = ".".join(parts[-count:])
        is_shared = any(f".{other}".endswith(f".{tail}") for other in others)
        if not is_shared and not parts[-count].isdigit() and tail not in _NEEDS_PARENT:
            return tail
    return key


def are_numbers(values: Iterable[Any]) -> bool:
    """Returns whether a column of values is one of numbers, some of which may be missing."""
    return all(isinstance(value, int | float | None) for value in values)


def value_text(value: Any) -> str:
    """Returns a value as a label says it: `0.01`, `true`, `SGD(nesterov=true)`.

    >>> value_text({"SGD": {"momentum": 0.9, "nesterov": True}})
    'SGD(momentum=0.9, nesterov=true)'
    """
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _number_text(value)
    if isinstance(value, Mapping):
        return _mapping_text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(value_text(item) for item in value)}]"
    return str(value)


def _number_text(value: float) -> str:
    mantissa, e, exponent = f"{value:.6g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def _mapping_text(value: Mapping[Any, Any]) -> str:
    if len(value) == 1:
        ((name, arguments),) = value.items()
        if arguments is None or arguments == {}:
            return str(name)
        if isinstance(arguments, Mapping):
            pairs = (f"{key}={value_text(item)}" for key, item in arguments.items())
            return f"{name}({', '.join(pairs)})"
    return f"{{{', '.join(f'{key}: {value_text(item)}' for key, item in value.items())}}}"


def state_words(rows: SweepRows) -> str:
    """Returns what came of a sweep's trials: `of 32 trials 28 finished, 2 diverged, 2 failed`."""
    total = len(rows.trials)
    if total == len(rows.results):
        return f"{total} trial{'s' * (total != 1)}, {'all ' * (total != 1)}finished"
    counts = Counter(trial.state for trial in rows.trials)
    empty = counts["finished"] - len(rows.results)
    found = [(len(rows.results), "finished"), (empty, "finished without a value")]
    found += [(counts[state], words) for state, words in _STATE_WORDS.items()]
    told = ", ".join(f"{count} {words}" for count, words in found if count or words == "finished")
    return f"of {total} trial{'s' * (total != 1)} {told}"
