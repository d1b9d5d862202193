"""Runs to export, trained once: a picture net, two moons, and numbers to predict."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import dlrun
from dlrun.runs import Run

Train = Callable[..., Run]

STOP = {"EarlyStopping": {"monitor": "val_loss", "patience": 1}}

CONFIGS: dict[str, dict[str, Any]] = {
    "pictures": {
        "dataset": {"name": "npz", "split": {"train": 0.6, "validation": 0.4, "test": "none"}},
        "model": {
            "layers": [
                {"RandomContrast": {"factor": 0.5}},
                {"Conv2D": {"filters": 4, "kernel_size": 3, "activation": "relu"}},
                "BatchNormalization",
                "MaxPooling2D",
                "Flatten",
                {"Dense": {"units": 3, "activation": "softmax"}},
            ]
        },
        "loss": "categorical_crossentropy",
    },
    "moons": {
        "dataset": {
            "name": "two_moons",
            "options": {"num_samples": 120},
            "split": {"train": 0.6, "validation": 0.2, "test": 0.2},
        },
        "model": {"layers": [{"Dense": {"units": 8, "activation": "tanh"}},
                             {"Dense": {"units": 1, "activation": "sigmoid"}}]},
        "loss": "binary_crossentropy",
    },
    "patients": {
        "dataset": {"name": "diabetes", "split": {"train": 0.8, "validation": "none", "test": 0.2}},
        "model": {"layers": [{"Dense": {"units": 8, "activation": "relu"}}, {"Dense": 1}]},
        "loss": "mean_squared_error",
        "optimizer": {"Adam": {"learning_rate": 0.01}},
    },
}  # fmt: skip


def pictures() -> dict[str, np.ndarray]:
    """60 grey pictures of 6×6 bytes, brighter from class to class."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = (rng.integers(0, 120, (60, 6, 6)) + 60 * y.reshape(-1, 1, 1)).astype(np.uint8)
    return {"x": x, "y": y, "class_names": np.array(["dark", "grey", "bright"])}


@pytest.fixture(scope="session")
def train(tmp_path_factory: pytest.TempPathFactory) -> Train:
    """Trains one of `CONFIGS`, with changes, in a runs folder of these tests' own."""
    folder = tmp_path_factory.mktemp("exporting")
    numbers = itertools.count()

    def train(name: str, arrays: dict[str, np.ndarray] | None = None, **changes: Any) -> Run:
        config = {"name": name, "optimizer": "sgd", **CONFIGS.get(name, {}), **changes}
        config.setdefault("training", {"epochs": 2, "batch_size": 16})
        if config["dataset"]["name"] == "npz":
            path = folder / f"own-{next(numbers)}.npz"
            np.savez(path, **(arrays or pictures()))
            config["dataset"] = {**config["dataset"],
                                 "options": {"path": str(path)}}  # fmt: skip
        path = folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        return dlrun.train(path, runs_dir=folder / "runs")

    return train


@pytest.fixture(scope="session")
def moons(train: Train) -> Run:
    """Two moons alone."""
    return train("moons")


@pytest.fixture(scope="session")
def runs(train: Train, moons: Run) -> dict[str, Run]:
    """One run of each config."""
    return {name: moons if name == "moons" else train(name) for name in CONFIGS}


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A folder to export to, so that the runs stay as they are."""
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder
