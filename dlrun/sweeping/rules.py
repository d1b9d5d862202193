"""Rules that a sweep's file obeys as a whole, before its base is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.config import words
from dlrun.config.findings import Finding, Findings
from dlrun.sweeping.domains import build_parameter
from dlrun.sweeping.planning import count_assignments
from dlrun.sweeping.schema import MAX_TRIALS
from dlrun.sweeping.space import Choice, Parameter, identity


def judge_sweep(normal: Mapping[str, Any], *, search_is_right: bool) -> list[Finding]:
    """Returns what is wrong with a sweep's normal form as a whole.

    Args:
        normal: It may still have mistakes in it; keys that are not usable are passed over.
        search_is_right: Whether `search` is without mistakes.
    """
    found = Findings()
    search = normal.get("search") if search_is_right else {}
    parameters = [build_parameter(key, form) for key, form in (search or {}).items()]
    strategy, trials = normal.get("strategy"), normal.get("trials")
    if strategy in ("random", "tpe") and trials == "none":
        found.error(("strategy",), f"{strategy} needs the number of trials; add trials, such as 30")
    if strategy == "tpe" and normal.get("pruning") == "hyperband":
        message = "hyperband shares out trials that are all known beforehand, and tpe draws each"
        found.error(("pruning",), f"{message} by those before; write median, or strategy: random")
    if strategy in ("grid", "zip"):
        if isinstance(trials, int):
            message = f"a {strategy} has as many trials as its values make; leave it out, or write"
            found.error(("trials",), f"{message} strategy: random")
        _all_finite(parameters, str(strategy), found)
    if strategy == "zip":
        _equal_lengths(parameters, found)
    else:
        _no_value_twice(parameters, found)
    if strategy == "grid" and not found.errors:
        _not_too_many(parameters, found)
    return found.errors


def _all_finite(parameters: Sequence[Parameter], strategy: str, found: Findings) -> None:
    for parameter in parameters:
        if parameter.domain.size is None:
            message = f"a {strategy} needs values that can be counted, and uniform has no end of"
            mend = "write a list, a range or a step, or strategy: random"
            found.error(("search", parameter.key), f"{message} them; {mend}")


def _no_value_twice(parameters: Sequence[Parameter], found: Findings) -> None:
    for parameter in parameters:
        if not isinstance(parameter.domain, Choice):
            continue
        seen: dict[str, int] = {}
        for index, value in enumerate(parameter.domain.values):
            if seen.setdefault(identity(value), index) != index:
                message = f"{words.shown(value)} is given twice; remove one"
                found.error(("search", parameter.key, index), message)


def _equal_lengths(parameters: Sequence[Parameter], found: Findings) -> None:
    sizes = {p.key: p.domain.size for p in parameters if p.domain.size is not None}
    if len(set(sizes.values())) > 1:
        named = ", ".join(f"{key} has {size}" for key, size in sizes.items())
        message = f"a zip takes equally many values of each key, received: {named}; write as many"
        found.error(("search",), f"{message} for each, or strategy: grid")
    elif sizes and max(sizes.values()) > MAX_TRIALS:
        message = f"a zip of {max(sizes.values()):,} trials; the most is {MAX_TRIALS:,}"
        found.error(("search",), message)


def _not_too_many(parameters: Sequence[Parameter], found: Findings) -> None:
    count = count_assignments(parameters) if parameters else 0
    if count is None or count <= MAX_TRIALS:
        return
    sizes = " · ".join(str(parameter.domain.size) for parameter in parameters)
    made = f" ({sizes})" if len(parameters) > 1 else ""
    message = f"a grid of {count:,} trials{made}"
    mend = "write fewer values, or strategy: random with trials"
    found.error(("search",), f"{message}; the most is {MAX_TRIALS:,}; {mend}")
