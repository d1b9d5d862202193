"""What a sweep searches: the values of each key, and when a key is part of a trial.

Pure values; reading them from YAML is `domains`' and `search`'s, drawing from them `planning`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Number = int | float
Assignment = Mapping[str, Any]
"""A trial's values by config key, those of inactive keys left out."""


@dataclass(frozen=True)
class Choice:
    """One of a few values, of any kind that YAML has."""

    values: tuple[Any, ...]

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self.values)

    def value(self, index: int) -> Any:
        """Returns a value by its position, counted from 0."""
        return self.values[index]

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values to try out: all of them."""
        return self.values


@dataclass(frozen=True)
class Range:
    """Evenly spaced numbers from `low` to `high`, both included; ints where all three are.

    Where the step does not divide the span, the last value is the last one below `high`.
    """

    low: Number
    high: Number
    step: Number = 1

    @property
    def size(self) -> int:
        """How many values there are."""
        return num_steps(self.low, self.high, self.step) + 1

    def value(self, index: int) -> Number:
        """Returns a value by its position, counted from 0."""
        return stepped(self, self.step, index)

    @property
    def values(self) -> tuple[Number, ...]:
        """All values, from low to high."""
        return tuple(self.value(index) for index in range(self.size))

    @property
    def ends(self) -> tuple[Number, ...]:
        """The values to try out: the first and the last."""
        return self.value(0), self.value(self.size - 1)


@dataclass(frozen=True)
class Uniform:
    """Any number from `low` to `high`, both included.

    Attributes:
        low: The least; above 0 where `log`.
        high: The most.
        log: Whether the number's logarithm is evenly distributed, not the number.
        step: Draws come in multiples of it from low, ints where all three are; None for any.
    """

    low: Number
    high: Number
    log: bool = False
    step: Number | None = None

    @property
    def size(self) -> int | None:
        """How many values there are; None for infinitely many."""
        return None if self.step is None else num_steps(self.low, self.high, self.step) + 1

    @property
    def ends(self) -> tuple[Number, ...]:
        """The values to try out: the first and the last."""
        if self.step is None:
            return self.low, self.high
        last = num_steps(self.low, self.high, self.step)
        return stepped(self, self.step, 0), stepped(self, self.step, last)


Domain = Choice | Range | Uniform


@dataclass(frozen=True)
class Parameter:
    """A key that is searched.

    Attributes:
        key: The config's key, dotted.
        domain: Its values.
        condition: Other searched keys, with the values at which this one is part of a trial;
            empty for a key that always is.
    """

    key: str
    domain: Domain
    condition: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


def num_steps(low: Number, high: Number, step: Number) -> int:
    """Returns how many whole steps lead from low up to high, computed exactly."""
    return int((_exact(high) - _exact(low)) // _exact(step))


def stepped(domain: Range | Uniform, step: Number, count: int) -> Number:
    """Returns low + count · step as decimals add: 0.1 + 2 · 0.1 is 0.3."""
    low = domain.low
    if isinstance(low, int) and isinstance(step, int) and isinstance(domain.high, int):
        return low + step * count
    return float(_exact(low) + _exact(step) * count)


def _exact(number: Number) -> Fraction:
    return Fraction(repr(number))


def identity(value: Any) -> str:
    """Returns a text that is equal for equal values: of 1 and 1.0, not of 1 and true."""
    return json.dumps(_canonical(value), sort_keys=True, ensure_ascii=False)


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def is_one_of(value: Any, values: Sequence[Any]) -> bool:
    """Returns whether a value is among others, 1 being 1.0 and not true."""
    wanted = identity(value)
    return any(identity(other) == wanted for other in values)


def takes(domain: Domain, value: Any) -> bool:
    """Returns whether a key with this domain can have this value."""
    if isinstance(domain, Choice):
        return is_one_of(value, domain.values)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    if not domain.low <= value <= domain.high:
        return False
    if domain.step is None:
        return True
    return (_exact(value) - _exact(domain.low)) % _exact(domain.step) == 0


def is_active(parameter: Parameter, values: Assignment) -> bool:
    """Returns whether a key is part of a trial, from the values of the keys of its condition.

    A key whose condition names an inactive key, one without a value, is inactive too.
    """
    return all(
        key in values and is_one_of(values[key], wanted)
        for key, wanted in parameter.condition.items()
    )


def in_deciding_order(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Returns each key after those that its condition names, otherwise as written."""
    by_key = {parameter.key: parameter for parameter in parameters}
    done: dict[str, Parameter] = {}

    def add(parameter: Parameter) -> None:
        for key in parameter.condition:
            if key not in done:
                add(by_key[key])
        done.setdefault(parameter.key, parameter)

    for parameter in parameters:
        add(parameter)
    return tuple(done.values())


def find_cycle(conditions: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """Returns keys that wait for one another in a circle, the first again at the end, or None.

    Args:
        conditions: The keys that each key's condition names.
    """
    finished: set[str] = set()

    def search(key: str, trail: tuple[str, ...]) -> tuple[str, ...] | None:
        if key in trail:
            return (*trail[trail.index(key) :], key)
        if key in finished:
            return None
        for other in conditions.get(key, ()):
            found = search(other, (*trail, key))
            if found is not None:
                return found
        finished.add(key)
        return None

    return next(filter(None, (search(key, ()) for key in conditions)), None)


def requirements(key: str, parameters: Mapping[str, Parameter]) -> dict[str, tuple[Any, ...]]:
    """Returns the values that other keys must have for this one to be part of a trial.

    Conditions of conditions count too; a key without any value left makes it impossible. The
    conditions must name only searched keys, without a cycle.
    """
    found: dict[str, tuple[Any, ...]] = {}
    for other, values in _all_conditions(key, parameters):
        before = found.get(other, values)
        found[other] = tuple(value for value in before if is_one_of(value, values))
    return found


def _all_conditions(
    key: str, parameters: Mapping[str, Parameter]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for other, values in parameters[key].condition.items():
        yield other, values
        yield from _all_conditions(other, parameters)


def in_order_of_application(values: Assignment) -> dict[str, Any]:
    """Returns a trial's values as they are applied to a config.

    A key that holds another comes first, `optimizer` before `optimizer.learning_rate`; others
    come as written.
    """
    result: dict[str, Any] = {}
    for key in values:
        parts = key.split(".")
        for length in range(1, len(parts) + 1):
            holder = ".".join(parts[:length])
            if holder in values:
                result.setdefault(holder, values[holder])
    return result
