"""A config's rows: its data set loaded and split, as far as they do not depend on its model."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.config import Config, flatten_layers, resolve_with_data
from dlrun.config.imports import import_modules
from dlrun.data import Dataset, Scaling, Splits, fit_scaling, load_dataset
from dlrun.data import make_splits as split_rows
from dlrun.data.duplicates import count_copies, drop_copies
from dlrun.data.splits import PARTS
from dlrun.data.store import DataStore
from dlrun.events import Event, Message, Report, ignore


@dataclass(frozen=True)
class Parts:
    """What data set, split and seed decide, whatever is trained on it."""

    splits: Splits
    scaling: Scaling
    copies: Mapping[str, Any]


@dataclass(frozen=True)
class FoundRows:
    """A config's rows, as far as they do not depend on its model.

    Attributes:
        config: Resolved.
        dataset: As it came.
        parts: Of the data set.
        stored_as: What the parts are asked for by.
    """

    config: Config
    dataset: Dataset
    parts: Parts
    stored_as: Any

    @property
    def splits(self) -> Splits:
        """Row numbers of the parts."""
        return self.parts.splits


def find_rows(config: Config, store: DataStore, report: Report = ignore) -> FoundRows:
    """Loads and splits the config's data set; otherwise as `prepare_data`."""
    import_own(config)
    dataset = load_stored(config, store, report)
    config = resolve_with_data(
        config, task=dataset.task, num_official_test=dataset.num_official_test
    )
    asked = [config.to_dict()["dataset"], config.seed, _scale_kind(config)]
    parts = store.get(["parts", asked], lambda: _make_parts(config, dataset))
    return FoundRows(config, dataset, parts, asked)


def load_stored(config: Config, store: DataStore, report: Report) -> Dataset:
    """Returns the config's data set, from the store where it is there; tells the same each time."""
    section = config.dataset
    said: list[Message] = []

    def load() -> Dataset:
        def listen(event: Event) -> None:
            if isinstance(event, Message):
                said.append(event)
            report(event)

        dataset = load_dataset(section, listen)
        return drop_copies(dataset) if section.duplicates == "drop" else dataset

    asked = [section.name, dict(section.options), section.duplicates]
    dataset, messages = store.get(["dataset", *asked], lambda: (load(), said))
    if messages is not said:
        for message in messages:
            report(message)
    return dataset


def _make_parts(config: Config, dataset: Dataset) -> Parts:
    splits = split_rows(dataset, config.dataset.split, config.seed)
    scaling = fit_scaling(_scale_kind(config), dataset.x[splits.train])
    return Parts(splits, scaling, count_copies(dataset, rows_by_part(splits)))


def import_own(config: Config) -> None:
    """Imports the user's modules, whose data sets register themselves."""
    if config.imports:
        # They import Keras as a rule: then by the one door, which keeps TensorFlow's noise aside.
        backend = importlib.import_module("dlrun.backend")
        if config.training.threads != "auto":  # before a module of theirs uses TensorFlow
            backend.use_threads(config.training.threads)
        import_modules(config.imports, config.source)


def rows_by_part(splits: Splits) -> Mapping[str, np.ndarray]:
    """Returns row numbers by part, empty parts left out."""
    return {part: rows for part in PARTS if len(rows := getattr(splits, part))}


def _scale_kind(config: Config) -> str:
    """The config's `dataset.scale`; auto leaves alone the numbers that an Embedding looks up."""
    first = flatten_layers(config.model)[0].component.name
    auto = config.dataset.scale == "auto"
    return "none" if auto and first == "Embedding" else config.dataset.scale
