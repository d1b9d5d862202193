"""Whether a sweep's values can work: every trial's config is made and judged beforehand.

A problem is told once, at the value in the sweep's file that brings it about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlrun.config import Loaded, override_texts
from dlrun.config.reading import in_order
from dlrun.errors import ConfigError, Problem
from dlrun.files import KeyPath
from dlrun.sweeping.definition import SweepDefinition, known_direction, objective_metric
from dlrun.sweeping.planning import count_planned, plan_assignments
from dlrun.sweeping.space import (
    Assignment,
    Choice,
    Parameter,
    in_deciding_order,
    is_active,
    is_one_of,
    requirements,
)
from dlrun.sweeping.trial_config import make_trial_config

_MONITOR = "training.monitor"

MOST_CHECKED = 3_000
"""Trials of which each is checked by itself: at little more than a millisecond each, 4 seconds."""


@dataclass(frozen=True)
class CheckedTrials:
    """Trials that can work.

    Attributes:
        trials: Each trial's config, in the order of the assignments.
        warnings: What works and is unwise in some trial and not in the base, each once.
    """

    trials: tuple[Loaded, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True)
class CheckedPlan:
    """A sweep that can work, as far as its file tells.

    Attributes:
        num_trials: At most so many are trained.
        is_whole: Whether each trial was checked; otherwise each value was.
        warnings: As of `CheckedTrials`.
    """

    num_trials: int
    is_whole: bool
    warnings: tuple[Problem, ...] = ()


def check_plan(definition: SweepDefinition) -> CheckedPlan:
    """Checks every trial that is planned beforehand, where there are not too many.

    Args:
        definition: As it was loaded, its values judged by `check_values`.

    Raises:
        ConfigError: as `check_assignments`.
    """
    count = count_planned(definition)
    if definition.config.strategy == "tpe" or count > MOST_CHECKED:
        return CheckedPlan(count, is_whole=False)
    checked = check_assignments(definition, plan_assignments(definition))
    return CheckedPlan(len(checked.trials), is_whole=True, warnings=checked.warnings)


def check_assignments(
    definition: SweepDefinition, assignments: Sequence[Assignment]
) -> CheckedTrials:
    """Makes and judges the config of every trial.

    Args:
        definition: The sweep.
        assignments: The trials' values; the first is trial 1 in messages.

    Raises:
        ConfigError: of the sweep's file, with every distinct problem once; where a value is
            wrong only together with others, with the first trial that has them.
    """
    names = [f"first in trial {number}" for number in range(1, len(assignments) + 1)]
    return _check(definition, list(zip(names, assignments, strict=True)))


def check_values(definition: SweepDefinition) -> None:
    """Judges each listed value, and both ends of each range of numbers, before trials are planned.

    Each is tried with the first values of the other keys; of a zip, whose values belong together,
    every row is tried.

    Raises:
        ConfigError: as `check_assignments`; also where the objective's direction is known to be
            the other one.
    """
    if definition.config.strategy == "zip":
        checked = check_assignments(definition, plan_assignments(definition))
    else:
        tried = [("with", values) for values in _each_value(definition.parameters)]
        checked = _check(definition, tried)
    _check_direction(definition, checked.trials[0])


def _check(definition: SweepDefinition, tried: Sequence[tuple[str, Assignment]]) -> CheckedTrials:
    trials, problems, warnings = [], _Collected(_errors), _Collected(_warnings)
    known = {(problem.key, problem.message) for problem in definition.base.warnings}
    for name, assignment in tried:
        try:
            loaded = make_trial_config(definition, assignment)
        except ConfigError as error:
            for problem in error.problems:
                problems.add(definition, assignment, name, problem)
            continue
        trials.append(loaded)
        for problem in loaded.warnings:
            if (problem.key, problem.message) not in known:
                warnings.add(definition, assignment, name, problem)
    if problems.found:
        raise ConfigError(definition.source, in_order(problems.found))
    return CheckedTrials(tuple(trials), tuple(in_order(warnings.found)))


class _Collected:
    """Distinct problems, each told at the value that brings it about."""

    def __init__(self, look: Callable[[SweepDefinition, Assignment], Sequence[Problem]]) -> None:
        self.found: list[Problem] = []
        self._look = look
        self._seen: set[tuple[str, str, str | None]] = set()

    def add(
        self, definition: SweepDefinition, assignment: Assignment, name: str, problem: Problem
    ) -> None:
        key = (problem.override or "").partition("=")[0]
        parameter = _parameter(definition, key)
        is_drawn = parameter is not None and not isinstance(parameter.domain, Choice)
        # Numbers that are drawn differ in every message, and are wrong for one reason.
        seen = (problem.key, "" if is_drawn else problem.message, key or None)
        if seen not in self._seen:
            self._seen.add(seen)
            causes = self._causes(definition, assignment, problem)
            self.found.append(_placed(definition, problem, causes, name))

    def _causes(
        self, definition: SweepDefinition, assignment: Assignment, problem: Problem
    ) -> Assignment:
        """Returns the values without which the problem is not there: fewest, not all of them."""
        left = dict(assignment)
        for key in assignment:
            fewer = {other: value for other, value in left.items() if other != key}
            still = self._look(definition, fewer)
            if any((p.key, p.message) == (problem.key, problem.message) for p in still):
                left = fewer
        return left


def _errors(definition: SweepDefinition, assignment: Assignment) -> Sequence[Problem]:
    try:
        make_trial_config(definition, assignment)
    except ConfigError as error:
        return error.problems
    return ()


def _warnings(definition: SweepDefinition, assignment: Assignment) -> Sequence[Problem]:
    try:
        return make_trial_config(definition, assignment).warnings
    except ConfigError:
        return ()


def _placed(
    definition: SweepDefinition, problem: Problem, causes: Assignment, name: str
) -> Problem:
    """Returns a trial's problem at its place in the sweep: at a value, or at the objective."""
    holders = [key for key in causes if f"{problem.key}.".startswith(f"{key}.")]
    is_objectives = problem.key == _MONITOR and definition.config.objective.metric != "auto"
    needs_causes = len(causes) > (1 if holders else 0)
    suffix = f" ({name} {_shown(causes)})" if name == "with" else f" ({name}: {_shown(causes)})"
    message = problem.message + (suffix if needs_causes else "")
    if is_objectives:
        return definition.config.problem(("objective", "metric"), message)
    if not causes:  # the base can work, so it is what the sweep itself sets
        return replace(definition.config.problem(("repeat",), message), key=problem.key)
    key = max(holders, key=len) if holders else list(causes)[-1]
    parameter = _parameter(definition, key)
    path = _value_path(parameter, causes[key]) if parameter is not None else ("search", key)
    return replace(definition.config.problem(path, message), key=problem.key)


def _parameter(definition: SweepDefinition, key: str) -> Parameter | None:
    return next((found for found in definition.parameters if found.key == key), None)


def _value_path(parameter: Parameter, value: Any) -> KeyPath:
    if isinstance(parameter.domain, Choice):
        for index, known in enumerate(parameter.domain.values):
            if is_one_of(value, [known]):
                return ("search", parameter.key, index)
    return ("search", parameter.key)


def _shown(values: Assignment) -> str:
    return ", ".join(override_texts(values))


def _each_value(parameters: Sequence[Parameter]) -> Iterator[Assignment]:
    """Yields each value in turn with the first values of the other keys."""
    by_key = {parameter.key: parameter for parameter in parameters}
    yield _first_values(parameters, {})
    for parameter in parameters:
        needed = {key: values[0] for key, values in requirements(parameter.key, by_key).items()}
        for value in parameter.domain.ends:
            yield _first_values(parameters, {**needed, parameter.key: value})


def _first_values(parameters: Sequence[Parameter], given: Assignment) -> Assignment:
    values: dict[str, Any] = {}
    for parameter in in_deciding_order(parameters):
        if is_active(parameter, values):
            values[parameter.key] = given.get(parameter.key, parameter.domain.ends[0])
    return {p.key: values[p.key] for p in parameters if p.key in values}


def _check_direction(definition: SweepDefinition, first: Loaded) -> None:
    asked, metric = definition.config.objective.direction, objective_metric(definition)
    known = known_direction(first.config, metric)
    if asked == "auto" or known is None or known == asked:
        return
    better = "less" if known == "minimize" else "more"
    message = f"of {metric} {better} is better, received {asked!r}; write {known}, or auto"
    problem = definition.config.problem(("objective", "direction"), message)
    raise ConfigError(definition.source, [problem])
