"""The trials of a sweep that are known beforehand: of a grid, a zip, and random draws.

The same definition gives the same trials on every machine: draws use only the generator's
stable stream of numbers from 0 to 1, and are rounded where logarithms might differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from dlrun.sweeping.definition import SweepDefinition
from dlrun.sweeping.schema import MAX_TRIALS
from dlrun.sweeping.space import (
    Assignment,
    Domain,
    Number,
    Parameter,
    Uniform,
    identity,
    in_deciding_order,
    is_active,
    num_steps,
    stepped,
)

if TYPE_CHECKING:
    import numpy as np

_TAG = 0x57EE9
"""Keeps a sweep's draws apart from what else the seed decides."""

_DIGITS = 6
_MANY_MISSES = 50
_TOO_MANY_MISSES = 100_000


def plan_assignments(definition: SweepDefinition) -> tuple[Assignment, ...]:
    """Returns the values of every trial, in order, each assignment once.

    Of a grid the key that is written last varies fastest. More `trials` of a random sweep begin
    with the same ones; where there are fewer assignments than trials, each is there once. Of tpe
    no trial is known beforehand.
    """
    strategy, parameters = definition.config.strategy, definition.parameters
    if strategy == "grid":
        return grid_assignments(parameters)
    if strategy == "zip":
        return zip_assignments(parameters)
    if strategy == "random":
        count = definition.config.trials or 0
        return random_assignments(parameters, count, make_rng(definition.base.config.seed))
    return ()


def count_planned(definition: SweepDefinition) -> int:
    """Returns how many trials a sweep has at most; fewer only where a zip's rows are equal."""
    strategy, parameters = definition.config.strategy, definition.parameters
    if strategy == "zip":
        return len(zip_assignments(parameters))
    count = count_assignments(parameters)
    if strategy == "grid":
        return count or 0
    trials = definition.config.trials or 0
    return trials if count is None else min(trials, count)


def grid_assignments(parameters: Sequence[Parameter]) -> tuple[Assignment, ...]:
    """Returns every combination, the last written key varying fastest; all domains are finite.

    A conditional key multiplies only the combinations that it is part of.
    """
    written = {parameter.key: index for index, parameter in enumerate(parameters)}
    rows = []
    for chosen in _combinations(in_deciding_order(parameters)):
        order = [0] * len(parameters)
        for key, (index, _) in chosen.items():
            order[written[key]] = index
        rows.append((order, {key: chosen[key][1] for key in written if key in chosen}))
    rows.sort(key=lambda row: row[0])
    return tuple(values for _, values in rows)


def zip_assignments(parameters: Sequence[Parameter]) -> tuple[Assignment, ...]:
    """Returns the first values of all keys, then the second ones, and so on.

    Keys whose condition does not hold are left out; rows that come out equal are there once.
    """
    rows: dict[str, Assignment] = {}
    for index in range(min((_size(parameter) for parameter in parameters), default=0)):
        values: dict[str, Any] = {}
        for parameter in in_deciding_order(parameters):
            if is_active(parameter, values):
                values[parameter.key] = _value(parameter.domain, index)
        rows.setdefault(identity(values), _as_written(parameters, values))
    return tuple(rows.values())


def count_assignments(parameters: Sequence[Parameter]) -> int | None:
    """Returns how many combinations there are; None for infinitely many.

    Exact, save where the keys that conditions name have more than 100,000 combinations of their
    own: then conditions do not count.
    """
    if any(parameter.domain.size is None for parameter in parameters):
        return None
    needed = {key for parameter in parameters for key in parameter.condition}
    ordered = in_deciding_order(parameters)
    deciding = [parameter for parameter in ordered if parameter.key in needed]
    others = [parameter for parameter in ordered if parameter.key not in needed]
    rows = list(islice(_combinations(deciding), MAX_TRIALS + 1))
    if len(rows) > MAX_TRIALS:
        return math.prod(map(_size, parameters))
    total = 0
    for row in rows:
        values = {key: value for key, (_, value) in row.items()}
        total += math.prod(_size(other) for other in others if is_active(other, values))
    return total


def random_assignments(
    parameters: Sequence[Parameter], count: int, rng: np.random.Generator
) -> tuple[Assignment, ...]:
    """Returns up to `count` different assignments, conditional keys drawn only where active."""
    total = count_assignments(parameters)
    is_small = total is not None and total <= MAX_TRIALS
    found: dict[str, Assignment] = {}
    misses = 0
    while len(found) < (count if total is None else min(count, total)):
        values = draw_assignment(parameters, rng)
        misses = misses + 1 if identity(values) in found else 0
        found.setdefault(identity(values), values)
        if is_small and misses >= _MANY_MISSES:
            left = [row for row in grid_assignments(parameters) if identity(row) not in found]
            for row in sorted(left, key=lambda _: rng.random())[: count - len(found)]:
                found[identity(row)] = row
        elif misses >= _TOO_MANY_MISSES:
            break
    return tuple(found.values())


def draw_assignment(parameters: Sequence[Parameter], rng: np.random.Generator) -> Assignment:
    """Draws the values of one trial."""
    values: dict[str, Any] = {}
    for parameter in in_deciding_order(parameters):
        if is_active(parameter, values):
            values[parameter.key] = draw(parameter.domain, rng)
    return _as_written(parameters, values)


def draw(domain: Domain, rng: np.random.Generator) -> Any:
    """Draws a value of a domain; numbers without a step are rounded to 6 digits of their range."""
    if not isinstance(domain, Uniform):
        return domain.value(int(rng.random() * domain.size))
    low, high, step = domain.low, domain.high, domain.step
    if step is None:
        return _between(low, high, domain.log, rng)
    steps = num_steps(low, high, step)
    if not domain.log:
        return stepped(domain, step, int(rng.random() * (steps + 1)))
    # Half a step more at both ends, so that the outermost values get their whole share.
    from_, to = max(low - step / 2, low / 2), low + (steps + 0.5) * step
    drawn = math.exp(math.log(from_) + rng.random() * (math.log(to) - math.log(from_)))
    return stepped(domain, step, min(max(round((drawn - low) / step), 0), steps))


def make_rng(seed: int) -> np.random.Generator:
    """Returns the generator of a sweep's draws, from the base's seed."""
    import numpy as np

    return np.random.Generator(np.random.PCG64([seed, _TAG]))


def _between(low: Number, high: Number, log: bool, rng: np.random.Generator) -> float:
    share = rng.random()
    if log:
        value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    else:
        value = low * (1 - share) + high * share
    smallest = min(abs(value), high - low) or 1.0
    rounded = round(value, _DIGITS - 1 - math.floor(math.log10(smallest)))
    return float(min(max(rounded, low), high))


def _combinations(ordered: Sequence[Parameter]) -> Iterator[Mapping[str, tuple[int, Any]]]:
    """Yields every combination as (position, value) by key; the keys are in deciding order."""
    if not ordered:
        yield {}
        return
    *before, last = ordered
    for chosen in _combinations(before):
        if is_active(last, {key: value for key, (_, value) in chosen.items()}):
            for index in range(_size(last)):
                yield {**chosen, last.key: (index, _value(last.domain, index))}
        else:
            yield chosen


def _size(parameter: Parameter) -> int:
    size = parameter.domain.size
    if size is None:
        raise ValueError(f"{parameter.key} has infinitely many values")
    return size


def _value(domain: Domain, index: int) -> Any:
    if isinstance(domain, Uniform):
        return stepped(domain, domain.step or 0, index)
    return domain.value(index)


def _as_written(parameters: Sequence[Parameter], values: Mapping[str, Any]) -> Assignment:
    return {
        parameter.key: values[parameter.key] for parameter in parameters if parameter.key in values
    }
