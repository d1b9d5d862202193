"""What a sweep is: its own keys, and the config that its trials change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlrun.catalog import find_component
from dlrun.columns import metric_of
from dlrun.config import Config, Loaded, Overrides
from dlrun.config.metrics import metric_name
from dlrun.config.parse import unresolved_form
from dlrun.files import Document
from dlrun.monitor import GROWING_METRICS, NEUTRAL_METRICS
from dlrun.sweeping.schema import SweepConfig
from dlrun.sweeping.space import Parameter, identity

_HASH_LENGTH = 12


@dataclass(frozen=True, eq=False)
class SweepDefinition:
    """A sweep that was read and checked; equal to another with equal keys and an equal base.

    Attributes:
        config: The sweep's own keys.
        base: The config that trials change, with the overrides of the command line.
        document: The base's file, from which trials' configs are made.
        overrides: What the command line and Python changed of the base, group by group.
    """

    config: SweepConfig
    base: Loaded
    document: Document
    overrides: tuple[Overrides, ...] = ()

    @property
    def source(self) -> str:
        """What to call the sweep in messages: the path of its file."""
        return self.config.source

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The searched keys, as written."""
        return self.config.search

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SweepDefinition) and (
            (self.config, self.base.config) == (other.config, other.base.config)
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the normal form of the sweep's file, without what its base holds.

        With `base` set to where `base_to_dict` was written, it loads to an equal definition.
        """
        return dict(self.config.to_dict())

    def base_to_dict(self) -> dict[str, Any]:
        """Returns the base's normal form with its overrides made.

        What follows from other keys is left `auto`: a trial with another data set than the
        base's resolves it anew.
        """
        return unresolved_form(self.document, *self.overrides)


def plan_key(definition: SweepDefinition) -> str:
    """Returns 12 hex digits that are equal for definitions with the same trials and aim.

    The sweep's name, notes, paths and limits (`budget`, `trial_minutes`) do not count; the order
    of the searched keys does, since it is the order of the trials.
    """
    sweep = definition.to_dict()
    for name in ("name", "base", "note", "budget", "trial_minutes"):
        del sweep[name]
    base = definition.base.config.to_dict()
    del base["note"]
    return hash_of({**sweep, "search": list(sweep["search"].items()), "base": base})


def hash_of(value: Any) -> str:
    """Returns 12 hex digits of plain data, equal where numbers are: of 1 and 1.0."""
    return hashlib.sha256(identity(value).encode()).hexdigest()[:_HASH_LENGTH]


def objective_metric(definition: SweepDefinition) -> str:
    """Returns the metric that the best trial is best at: the objective's, or what trials monitor.

    "auto" only where the base has data that no card describes: its trials tell, once settled.
    """
    metric = definition.config.objective.metric
    return definition.base.config.training.monitor if metric == "auto" else metric


def known_direction(config: Config, column: str) -> str | None:
    """Returns "minimize" or "maximize" for a column of the history; None where it is not known.

    Only a model tells the direction of one's own metrics, and of losses used as metrics.
    """
    name = metric_of(column)
    if name == "loss":
        return "minimize"
    metrics = config.to_dict()["metrics"]
    for metric in metrics if metrics != "auto" else ():
        if metric_name(metric) == name:
            return _direction_of(metric)
    return None


def _direction_of(metric: str | Mapping[str, Any]) -> str | None:
    if metric == "accuracy":
        return "maximize"
    card = find_component("metric", metric if isinstance(metric, str) else next(iter(metric)))
    if card is None or card.name in NEUTRAL_METRICS:
        return None
    return "maximize" if card.name in GROWING_METRICS else "minimize"
