"""Weights of the training loss: from classes, or from the data themselves, to one a row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dlrun.config.class_weight import PATH, label_of, no_classes, weight_problems
from dlrun.config.schema import Config
from dlrun.data.dataset import Array, Dataset
from dlrun.data.splits import PARTS, Splits
from dlrun.errors import ConfigError, DatasetError, Problem
from dlrun.events import Message, Report

NUM_SHOWN = 20
"""So many classes' weights are told; the run's `dataset.json` has them all."""


def make_train_weight(
    config: Config, dataset: Dataset, splits: Splits, report: Report
) -> Array | None:
    """Returns what training multiplies each row's loss by, (num_rows,) float32; None for 1.

    Args:
        config: Its `training.class_weight`.
        dataset: Its labels, or weights of its own, which are returned as they are.
        splits: The training rows, from which `balanced` counts.
        report: Told the class weights.

    Raises:
        ConfigError: as `class_weights`.
        DatasetError: all rows of a part that the weights are for weigh 0.
    """
    weights = class_weights(config, dataset, splits.train)
    if weights is not None:
        report(Message(_text(dataset.class_names, weights)))
        by_class = row_weights(dataset.y, weights)
        _check_parts(dataset.name, by_class, {"train": splits.train})
        return by_class
    if dataset.sample_weight is not None:
        parts = {part: getattr(splits, part) for part in PARTS}
        _check_parts(dataset.name, dataset.sample_weight, parts)
    return dataset.sample_weight


def balanced_weights(y: Array, num_classes: int) -> Array:
    """Returns weights that make every class count alike: num_rows / (num_classes * count).

    This is scikit-learn's `class_weight="balanced"`, after G. King and L. Zeng: Logistic
    Regression in Rare Events Data, Political Analysis 9 (2001).

    Args:
        y: (num_rows,) labels 0 … num_classes - 1, each at least once.
        num_classes: How many classes.

    Returns:
        (num_classes,) float64; the mean over the rows is 1.
    """
    counts = np.bincount(y, minlength=num_classes).astype(np.float64)
    weights: Array = len(y) / (num_classes * counts)
    return weights


def class_weights(config: Config, dataset: Dataset, rows: Array) -> Array | None:
    """Returns the weight of each class, (num_classes,) float64, or None where none are asked for.

    A class that the config does not name weighs 1, as in Keras.

    Args:
        config: Its `training.class_weight` is none, balanced, or weights by class.
        dataset: Its classes.
        rows: The training rows, from which `balanced` counts.

    Raises:
        ConfigError: the data have no classes or bring weights of their own, a class is unknown
            or named twice, all weigh 0, or `balanced` meets a class without training rows.
    """
    asked = config.training.class_weight
    if asked is None:
        return None
    problems = _problems(config, dataset, rows)
    if problems:
        raise ConfigError(config.source, problems)
    names = dataset.class_names
    if asked == "balanced":
        return balanced_weights(dataset.y[rows], len(names))
    weights = np.ones(len(names))
    for key, weight in asked.items():
        label = label_of(key, names)
        if label is not None:
            weights[label] = weight
    return weights


def _problems(config: Config, dataset: Dataset, rows: Array) -> list[Problem]:
    asked, names = config.training.class_weight, dataset.class_names
    if dataset.task == "regression":
        return [config.problem(PATH, no_classes(dataset.name))]
    if dataset.sample_weight is not None:
        message = f"{dataset.name} brings a weight a row, and Keras takes one of the two"
        return [config.problem(PATH, f"{message}; write none")]
    if isinstance(asked, str):
        without = np.flatnonzero(np.bincount(dataset.y[rows], minlength=len(names)) == 0)
        return [
            config.problem(
                PATH,
                f"balanced has no weight for class {names[label]!r}, which has no training rows; "
                "give it some, or write a number a class",
            )
            for label in without[:1]
        ]
    return [config.problem(path, text) for path, text in weight_problems(asked or {}, names)]


def row_weights(y: Array, weights: Array) -> Array:
    """Returns each row's weight, (num_rows,) float32: that of its class.

    The numbers are those of Keras's `class_weight_to_sample_weights`, which `fit` calls.

    Args:
        y: (num_rows,) labels.
        weights: (num_classes,) float64.
    """
    rows: Array = weights.astype(np.float32)[y]
    return rows


def _check_parts(name: str, weight: Array, parts: Mapping[str, Array]) -> None:
    for part, rows in parts.items():
        if len(rows) and not weight[rows].any():
            raise DatasetError(
                f"{name}: all {len(rows):,} {part} rows weigh 0, so that none of them counts; "
                "give some a larger weight, or split otherwise"
            )


def _text(names: tuple[str, ...], weights: Array) -> str:
    """Returns `class weights: no 0.642, yes 2.26`, of many classes the first."""
    pairs = zip(names[:NUM_SHOWN], weights.tolist(), strict=False)
    shown = ", ".join(f"{name} {_short(weight)}" for name, weight in pairs)
    more = f", … ({len(names):,} classes)" if len(names) > NUM_SHOWN else ""
    return f"class weights: {shown}{more}"


def _short(weight: float) -> str:
    return f"{weight:.3g}" if weight < 1000 else f"{weight:,.0f}"
