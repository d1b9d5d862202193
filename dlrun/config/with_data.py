"""What a config leaves to its data, once they are loaded.

Of a built-in data set a card says all that; of the user's own data only loading them does.
"""

from __future__ import annotations

from dataclasses import replace

from dlrun.catalog.datasets import DatasetCard, Task
from dlrun.config import rules
from dlrun.config.draft import Draft
from dlrun.config.keys import Section
from dlrun.config.reading import in_order
from dlrun.config.resolve import resolve
from dlrun.config.schema import Config
from dlrun.errors import ConfigError


def resolve_with_data(config: Config, *, task: Task, num_official_test: int) -> Config:
    """Returns the config with each `auto` that was left to the data replaced.

    Args:
        config: As it was loaded; one of a built-in data set is returned as it is.
        task: What is predicted: "multiclass", "binary" or "regression".
        num_official_test: How many official test rows the data bring; 0 without.

    Raises:
        ConfigError: the loss is not for this task, a monitored metric does not exist, or
            official test rows are asked for and there are none; each with its place.
    """
    normal = config.to_dict()
    if Draft(normal).num_official_test is not None:
        return config
    draft = Draft(normal, _card(config.dataset.name, task, num_official_test))
    resolve(draft)
    errors = rules.judge_with_data(draft)
    if errors:
        problems = [config.problem(found.path, found.message) for found in errors]
        raise ConfigError(config.source, in_order(problems))
    resolved: Config = Section(of=Config).build(draft.normal)
    return replace(
        config,
        dataset=resolved.dataset,
        metrics=resolved.metrics,
        training=resolved.training,
    )


def _card(name: str, task: Task, num_official_test: int) -> DatasetCard:
    """Returns what is known of data that were loaded, as far as the rules need it."""
    return DatasetCard(
        name=name,
        title=name,
        task=task,
        num_rows=None,
        num_official_test=num_official_test,
        input_shape=None,
        num_classes=2 if task == "binary" else None,
        class_names=(),
        source="",
        licence="",
    )
