"""From a trial's values to its config, and what makes two trials' configs the same."""

from __future__ import annotations

from typing import Any

from dlrun.config import Config, Loaded, parse_config
from dlrun.sweeping.definition import SweepDefinition, hash_of
from dlrun.sweeping.space import Assignment, in_order_of_application


def make_trial_config(definition: SweepDefinition, assignment: Assignment) -> Loaded:
    """Makes a trial's config: the base with the trial's values, the objective and the repeats.

    Args:
        definition: The sweep.
        assignment: The values of the trial's keys.

    Raises:
        ConfigError: the base cannot work with these values.
    """
    changes: dict[str, Any] = in_order_of_application(assignment)
    if definition.config.objective.metric != "auto":
        changes["training.monitor"] = definition.config.objective.metric
    if definition.config.repeat is not None:
        changes["repeat"] = definition.config.repeat
    return parse_config(definition.document, *definition.overrides, changes)


def trial_hash(config: Config) -> str:
    """Returns 12 hex digits that are equal for configs that come to the same training.

    Spellings do not count, since a config is resolved (`sgd` is SGD); name and note do not,
    either.
    """
    normal = config.to_dict()
    del normal["name"], normal["note"]
    return hash_of(normal)
