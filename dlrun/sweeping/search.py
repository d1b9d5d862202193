"""The `search` section: which keys are searched, each with its values and its condition."""

# ruff: noqa: D102 (the methods of a check are described once, at `Check`)

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dlrun.config import words
from dlrun.config.checks import Check
from dlrun.config.parse import all_keys
from dlrun.config.reading import At, Reader
from dlrun.config.schema import Config
from dlrun.errors import did_you_mean
from dlrun.sweeping.domains import build_parameter, plain_parameter, read_domain
from dlrun.sweeping.space import (
    Choice,
    Domain,
    Parameter,
    Uniform,
    find_cycle,
    requirements,
    takes,
)

NOT_SEARCHED = {
    "name": "names a run and decides nothing; leave it out",
    "note": "is a remark and decides nothing; leave it out",
    "repeat": "is the sweep's own key, seeds a trial; write it beside search",
    "training.monitor": "decides what is best, alike in all trials; write objective: {metric: …}",
}


@dataclass(frozen=True)
class Search(Check):
    """Config keys, dotted, with the values to try; one at least."""

    wanted: str = (
        "config keys with the values to try, one at least, "
        "such as {optimizer.learning_rate: [0.1, 0.01]}"
    )

    def read(self, value: Any, at: At, reader: Reader) -> Any:
        if not isinstance(value, dict) or not value:
            reader.problem(at, words.wrong_value(self.wanted, value))
            return value
        result: dict[str, Any] = {}
        right: set[str] = set()
        for key, item in value.items():
            name, spot, num_problems = str(key), at.child(key), len(reader.problems)
            reader.visit(spot)
            _check_key(name, spot, reader)
            result[name] = read_domain(name, item, spot, reader)
            if len(reader.problems) == num_problems:
                right.add(name)
        return _read_conditions(result, right, at, reader)

    def accepts(self, value: Any) -> bool:
        return isinstance(value, dict) and len(value) > 0

    def build(self, normal: Any) -> tuple[Parameter, ...]:
        return tuple(build_parameter(key, form) for key, form in normal.items())

    def plain(self, built: Any) -> Any:
        return {parameter.key: plain_parameter(parameter) for parameter in built}

    def json_schema(self) -> dict[str, Any]:
        values = {"$ref": "#/definitions/values"}
        return {
            "type": "object",
            "properties": {key: values for key in all_keys(Config) if key not in NOT_SEARCHED},
            "additionalProperties": values,
            "propertyNames": {"pattern": "^[^+~]", "not": {"enum": list(NOT_SEARCHED)}},
            "minProperties": 1,
        }


def _check_key(key: str, at: At, reader: Reader) -> None:
    if key[:1] in ("+", "~"):
        reader.problem(at, f"a searched key has no {key[0]!r}; write {key[1:]}")
    elif key in NOT_SEARCHED:
        reader.problem(at, NOT_SEARCHED[key])


def _read_conditions(
    normal: dict[str, Any], right: Iterable[str], at: At, reader: Reader
) -> dict[str, Any]:
    """Reads the conditions of all keys, now that the values of each are known."""
    domains: dict[str, Domain | None] = {
        key: build_parameter(key, _without_condition(form)).domain if key in right else None
        for key, form in normal.items()
    }
    num_problems = len(reader.problems)
    result = {}
    for key, form in normal.items():
        condition = form.get("if") if isinstance(form, dict) else None
        if not isinstance(condition, dict):
            result[key] = form
            continue
        spot = at.child(key).child("if")
        read = {
            other: _read_values(key, other, given, domains, spot.child(other), reader)
            for other, given in condition.items()
        }
        result[key] = {**form, "if": read}
    if len(reader.problems) == num_problems and None not in domains.values():
        _check_together(result, at, reader)
    return result


def _read_values(
    key: str, other: str, given: Any, domains: dict[str, Domain | None], at: At, reader: Reader
) -> list[Any]:
    """Returns the values of a condition's key as a list."""
    as_list = given if isinstance(given, list) else [given]
    if other == key:
        reader.problem(at, "a key cannot wait for itself; name another searched key")
        return as_list
    if other not in domains:
        hint = did_you_mean(other, domains) or f"; there are {', '.join(domains)}"
        reader.problem(at, f"a condition names a searched key, and {other!r} is none{hint}")
        return as_list
    domain = domains[other]
    if domain is None:
        return as_list
    if isinstance(domain, Uniform) and domain.step is None:
        message = f"{other} takes any number from {domain.low} to {domain.high}"
        reader.problem(at, f"{message}; a condition needs a key with a list of values, or a step")
        return as_list
    values = [given] if takes(domain, given) else as_list
    if not values:
        reader.problem(at, f"no value of {other}; give those at which {key} counts")
    for index, value in enumerate(values):
        if not takes(domain, value):
            spot = at.child(index) if isinstance(given, list) else at
            reader.visit(spot)
            reader.problem(spot, _never_taken(other, domain, value))
    return values


def _never_taken(key: str, domain: Domain, value: Any) -> str:
    wrong = f"{key} is never {words.shown(value)}"
    if not isinstance(domain, Choice):
        first, last = domain.ends
        return f"{wrong}; it goes from {first} to {last} in steps of {domain.step}"
    names = [item for item in domain.values if isinstance(item, str)]
    hint = did_you_mean(value, names) if isinstance(value, str) else ""
    return f"{wrong}{hint or '; it is ' + words.listed([*map(words.shown, domain.values)])}"


def _check_together(normal: dict[str, Any], at: At, reader: Reader) -> None:
    parameters = {key: build_parameter(key, form) for key, form in normal.items()}
    waits = {key: tuple(parameter.condition) for key, parameter in parameters.items()}
    cycle = find_cycle(waits)
    if cycle is not None:
        message = f"keys that wait for one another: {' → '.join(cycle)}; drop one condition"
        reader.problem(at.child(cycle[0]).child("if"), message)
        return
    for key in parameters:
        for other, values in requirements(key, parameters).items():
            if not values:
                message = f"can never hold: {other} would need two values at once"
                reader.problem(at.child(key).child("if"), message)


def _without_condition(form: Any) -> Any:
    return {k: v for k, v in form.items() if k != "if"} if isinstance(form, dict) else form
