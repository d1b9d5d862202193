"""The lecture's experiments on real data are diagnosed as what they were made to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dlrun
from dlrun.evaluation.diagnose import diagnose

CONFIGS = Path(__file__).parents[2] / "configs"

pytestmark = pytest.mark.real_data


@pytest.mark.parametrize(
    ("name", "overrides", "kinds"),
    [
        ("mnist_softmax", {"training.epochs": 15}, {"improving"}),
        ("mnist_softmax", {"training.epochs": 15, "target": {"val_accuracy": 0.95}},
         {"underfitting"}),
        ("mnist_deep", {}, {"overfitting"}),
        ("credit_logistic", {}, {"capacity"}),
    ],
)  # fmt: skip
def test_so_are_those_on_real_data(
    real_cache: None, name: str, overrides: dict[str, Any], kinds: set[str]
) -> None:
    found = diagnose(dlrun.train(CONFIGS / f"{name}.yaml", overrides))
    assert found.finding.kind in kinds, found.finding
    if name == "mnist_softmax":  # the official test images are easier; the running mean is little
        loss = next(gap for gap in found.gaps if gap.metric == "loss")
        assert loss.by_rows > 3 * abs(loss.by_measuring)
