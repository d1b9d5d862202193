"""From checked configs to the trials of a plan: what data and machine decide, and twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlrun.config import Config, Loaded
from dlrun.data.store import DataStore
from dlrun.data.weights import class_weights
from dlrun.errors import ConfigError, DatasetError
from dlrun.events import Report
from dlrun.members import plan_members
from dlrun.members.settling import settle_config
from dlrun.prepare import choose_encoding
from dlrun.rows import find_rows
from dlrun.runs.sweep import Trial
from dlrun.sweeping.trial_config import trial_hash


@dataclass(frozen=True)
class Planned:
    """A trial before it has a folder.

    Attributes:
        trial: Its entry.
        config: Settled, with members or without.
    """

    trial: Trial
    config: Config


def settle_trials(
    configs: Sequence[tuple[Mapping[str, Any], Loaded]],
    store: DataStore,
    report: Report,
    before: Sequence[Trial] = (),
    batch: int | None = None,
) -> list[Planned]:
    """Returns the trials that configs stand for; of equal ones, the first is trained.

    Args:
        configs: What was chosen, and the config that it makes.
        store: Keeps the data.
        report: Told what there is to say of the data.
        before: Trials that there are already.
        batch: Of a search that learns: its number.

    Raises:
        DatasetError: the data cannot be had, or do not fit a trial's model.
        ConfigError: a config does not fit its data.
    """
    twins = {trial.hash: trial.number for trial in reversed(before)}
    planned = []
    for number, (values, loaded) in enumerate(configs, start=len(before)):
        config, data_hash = _settle(number, values, loaded.config, store, report)
        trial = Trial(
            number,
            dict(values),
            trial_hash(config),
            config.to_dict(),
            batch=batch,
            data_hash=data_hash,
        )
        twin = twins.setdefault(trial.hash, number)
        if twin != number:
            trial = replace(trial, state="duplicate", duplicate_of=twin)
        planned.append(Planned(trial, config))
    return planned


def _settle(
    number: int, values: Mapping[str, Any], config: Config, store: DataStore, report: Report
) -> tuple[Config, str]:
    """The config, settled, and the hash of its data."""
    first = plan_members(config)[0].config if config.has_members else config
    try:
        rows = find_rows(first, store, report)
        choose_encoding(rows.config, rows.dataset)
        class_weights(rows.config, rows.dataset, rows.splits.train)
    except DatasetError as error:
        raise DatasetError(f"trial {number} ({describe(values)}): {error}") from error
    except ConfigError as error:
        told = [
            replace(problem, message=f"{problem.message} (trial {number}: {describe(values)})")
            for problem in error.problems
        ]
        raise ConfigError(error.source, told) from error
    return settle_config(config, rows), rows.dataset.content_hash[:12]


def describe(values: Mapping[str, Any]) -> str:
    """Returns what was chosen for a trial in words: `model.activation=relu, optimizer=sgd`."""
    from dlrun.config import override_texts

    return ", ".join(override_texts(values)) or "the base"


def build_key(config: Config) -> Any:
    """Returns what decides whether Keras can build a config: plain data, alike for alike models.

    Numbers that are no whole ones, such as rates, decide nothing of that; whole ones may be
    sizes.
    """
    normal = config.to_dict()
    training = normal["training"]
    kept = {name: training[name] for name in ("callbacks", "engine", "monitor", "precision")}
    names = ("dataset", "model", "loss", "optimizer", "metrics", "imports")
    return _without_rates({**{name: normal[name] for name in names}, "training": kept})


def _without_rates(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_rates(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_rates(item) for item in value]
    return "a rate" if isinstance(value, float) else value
