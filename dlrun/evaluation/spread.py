"""Several runs of one config as one result: mean, standard deviation, interval of each metric."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.config import Config
from dlrun.evaluation.intervals import mean_of_runs, standard_deviation

Values = Mapping[str, float | None]


def spread_of(members: Sequence[Values], overlap: float) -> dict[str, dict[str, Any]]:
    """Returns what is known of each metric that all members have.

    Args:
        members: Metrics by name, one mapping a member; at least one.
        overlap: See `mean_of_runs`.

    Returns:
        By metric: `mean`, `sd` (of the sample, by n - 1), `low` and `high` of the 95 % interval
        of the mean (None for one member), and `values`, in the order of the members.
    """
    found = {}
    for name in members[0]:
        values = [_number(member.get(name)) for member in members]
        if any(math.isnan(value) for value in values):
            continue
        estimate = mean_of_runs(values, overlap)
        found[name] = {
            "mean": estimate.value,
            "sd": standard_deviation(values),
            "low": estimate.low,
            "high": estimate.high,
            "values": values,
        }
    return found


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def split_overlap(config: Config, parts: Mapping[str, Mapping[str, Any]]) -> float:
    """Returns validation rows by training rows where members split the same rows otherwise, else 0.

    Args:
        config: Of the members together.
        parts: `num_rows` by part, as `dataset.json` has them of one member.
    """
    split = config.dataset.split
    is_resampled = split.kfold is not None or isinstance(split.validation, int | float)
    if not is_resampled or "validation" not in parts:
        return 0.0
    return float(parts["validation"]["num_rows"] / parts["train"]["num_rows"])
