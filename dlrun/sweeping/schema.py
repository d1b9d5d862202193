"""Every key of a sweep's file, each in one place: its check, its default, a line about it."""

# ruff: noqa: RUF009 (`key` returns a dataclass field)

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dlrun.config.checks import Number, Text, Whole, word
from dlrun.config.keys import Section, key, plain_section
from dlrun.config.schema import NAME, FromFile
from dlrun.config.values import or_none
from dlrun.sweeping.search import Search
from dlrun.sweeping.space import Parameter

MAX_TRIALS = 100_000
"""More trials than any sweep finishes; what a grid with a key too many grows beyond."""

_MINUTES = Number("a number above 0", lambda minutes: minutes > 0, {"exclusiveMinimum": 0})
_TRIALS = Whole(f"a whole number from 1 to {MAX_TRIALS}", low=1, high=MAX_TRIALS)


@dataclass(frozen=True)
class ObjectiveConfig:
    """What the best trial is best at."""

    metric: str = key(
        Text("the name of a metric"),
        "a metric of the history; auto: what the base monitors",
        "auto",
    )
    direction: Literal["auto", "minimize", "maximize"] = key(
        word("auto", "minimize", "maximize"), "whether less or more is better", "auto"
    )


@dataclass(frozen=True)
class BudgetConfig:
    """What one call may spend before it ends; another call goes on."""

    minutes: float | None = key(
        or_none(_MINUTES),
        "after so many it ends, and trials that run stop at a checkpoint",
        "none",
    )
    trials: int | None = key(or_none(_TRIALS), "so many trials are run", "none")


@dataclass(frozen=True, kw_only=True)
class SweepConfig(FromFile):
    """A sweep: one config, the keys to search, and how."""

    name: str = key(NAME, "letters, digits, _ and -; default: the file's name", "sweep")
    base: str = key(Text("the path of a config"), "path of a config, from this file", compare=False)
    note: str = key(Text(), "a remark of your own", "")
    search: tuple[Parameter, ...] = key(
        Search(), "keys with the values to try, such as {optimizer.learning_rate: [0.1, 0.01]}"
    )
    strategy: Literal["grid", "zip", "random", "tpe"] = key(
        word("grid", "zip", "random", "tpe"),
        "grid: every combination; zip: first with first, second with second; random: draws; "
        "tpe: draws that learn from the trials before",
        "grid",
    )
    trials: int | None = key(or_none(_TRIALS), "how many, of random and tpe", "none")
    objective: ObjectiveConfig = key(
        Section(of=ObjectiveConfig, short="metric"), "what the best trial is best at", {}
    )
    repeat: int | None = key(
        or_none(Whole("a whole number from 1 to 1000", low=1, high=1000)),
        "seeds a trial; none: as the base says",
        "none",
    )
    budget: BudgetConfig = key(Section(of=BudgetConfig), "what one call may spend", {})
    trial_minutes: float | None = key(or_none(_MINUTES), "time limit of one trial", "none")
    pruning: Literal["none", "median", "hyperband"] = key(
        word("none", "median", "hyperband"), "how hopeless trials are stopped early", "none"
    )

    def to_dict(self) -> dict[str, object]:
        """Returns the normal form as plain data; loaded again it gives an equal definition."""
        return plain_section(self)
