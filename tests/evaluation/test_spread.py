from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from dlrun.config import load_config
from dlrun.evaluation.spread import split_overlap, spread_of

VALUES = [0.91, 0.93, 0.92, 0.95]


def test_mean_sd_and_interval_are_those_of_numpy_and_scipy() -> None:
    found = spread_of([{"val_accuracy": value, "val_loss": 1 - value} for value in VALUES], 0.0)
    assert list(found) == ["val_accuracy", "val_loss"]
    row = found["val_accuracy"]
    low, high = stats.t.interval(0.95, 3, np.mean(VALUES), stats.sem(VALUES))
    assert (row["mean"], row["sd"]) == pytest.approx((np.mean(VALUES), np.std(VALUES, ddof=1)))
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert row["values"] == VALUES


def test_a_metric_that_a_member_lacks_is_left_out() -> None:
    found = spread_of([{"loss": 1.0, "auc": 0.5}, {"loss": 2.0, "auc": None}, {"loss": 3.0}], 0.0)
    assert list(found) == ["loss"]


def test_one_member_has_no_interval() -> None:
    row = spread_of([{"loss": 1.0}], 0.0)["loss"]
    assert (row["mean"], row["sd"], row["low"], row["high"]) == (1.0, 0.0, None, None)


@pytest.mark.parametrize(
    ("dataset", "overlap"),
    [
        ("{name: iris, split: {kfold: 5}}", 0.25),
        ("{name: iris, split: {train: 0.6, validation: 0.2, test: 0.2}}", 0.25),
        ("{name: iris, split: {train: 0.7, validation: none, test: 0.3}}", 0.0),
    ],
)
def test_members_share_rows_where_their_splits_differ(
    write_config: Callable[..., Path], dataset: str, overlap: float
) -> None:
    config = load_config(write_config(dataset=dataset)).config
    parts = {"train": {"num_rows": 120}, "validation": {"num_rows": 30}}
    assert split_overlap(config, parts) == overlap


def test_official_validation_rows_are_the_same_for_every_seed(
    write_config: Callable[..., Path],
) -> None:
    model = "{layers: [Dense: {units: 10, activation: softmax}]}"
    official = "{name: mnist, split: {validation: official}}"
    config = load_config(write_config(dataset=official, model=model)).config
    parts = {"train": {"num_rows": 120}, "validation": {"num_rows": 30}}
    assert split_overlap(config, parts) == 0
