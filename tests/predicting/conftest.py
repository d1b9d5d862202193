"""Runs to predict with: trained once a module, each in a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import dlrun
from dlrun.runs import Run

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shared_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def digits_run(shared_runs: Path) -> Run:
    """The digits inside scikit-learn, 8×8 pixels."""
    return dlrun.train(ROOT / "configs" / "digits_deep.yaml", runs_dir=shared_runs)


@pytest.fixture(scope="module")
def flowers_run(shared_runs: Path) -> Run:
    """Four columns, three classes."""
    config = shared_runs / "flowers.yaml"
    config.write_text(
        "name: flowers\ndataset: iris\n"
        "model: {layers: [Dense: {units: 3, activation: softmax}]}\n"
        "loss: categorical_crossentropy\noptimizer: {SGD: {learning_rate: 0.1}}\n"
        "training: {epochs: 20, batch_size: 16}\n",
        encoding="utf-8",
    )
    return dlrun.train(config, runs_dir=shared_runs)


@pytest.fixture(scope="module")
def diabetes_run(shared_runs: Path) -> Run:
    """Ten columns, a number to predict."""
    config = shared_runs / "diabetes.yaml"
    config.write_text(
        "name: diabetes\ndataset: diabetes\nmodel: {layers: [Dense: 1]}\n"
        "loss: mean_squared_error\noptimizer: {SGD: {learning_rate: 0.01}}\n"
        "training: {epochs: 5}\n",
        encoding="utf-8",
    )
    return dlrun.train(config, runs_dir=shared_runs)
