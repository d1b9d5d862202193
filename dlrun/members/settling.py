"""What its data and this machine decide of a config, settled once for all that is trained by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from dlrun.config import Config
from dlrun.data import Dataset, Splits
from dlrun.threads import best_threads


class _Rows(Protocol):
    """The rows of a config, or of its first member: `PreparedData` is one."""

    @property
    def config(self) -> Config: ...

    @property
    def dataset(self) -> Dataset: ...

    @property
    def splits(self) -> Splits: ...


def settle_config(config: Config, rows: _Rows) -> Config:
    """Returns a config with nothing left that data or machine decide, alike for all its members.

    Args:
        config: With members or without.
        rows: Of its first member.
    """
    split = config.dataset.split
    resolved = rows.config.dataset.split
    own_split = replace(resolved, fold=split.fold, test_seed=split.test_seed)
    training = rows.config.training
    if training.threads == "auto":
        threads = best_threads(config, rows.dataset.input_shape, len(rows.splits.train))
        training = replace(training, threads=threads)
    return replace(
        config,
        dataset=replace(config.dataset, split=own_split),
        metrics=rows.config.metrics,
        training=training,
    )
