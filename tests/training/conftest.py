"""A case to train, by dlrun and by plain Keras as one would type it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from dlrun.backend import keras
from dlrun.config import load_config
from dlrun.model import build_model
from dlrun.prepare import PreparedData, prepare_data
from dlrun.training import Fitted, TensorData, fit_model

SEED = 3
NAMESPACES = (
    keras.layers,
    keras.optimizers,
    keras.optimizers.schedules,
    keras.metrics,
    keras.regularizers,
)


@pytest.fixture(autouse=True)
def _dtype_policy() -> Iterator[None]:
    yield
    keras.config.set_dtype_policy("float32")


@dataclass(frozen=True)
class Case:
    """What to train on what; layers and the like as in a config, `{Name: {argument: value}}`."""

    layers: list[Any]
    data: str = "classes"
    loss: str = "categorical_crossentropy"
    optimizer: Any = field(default_factory=lambda: {"SGD": {"learning_rate": 0.1}})
    metrics: list[Any] = field(default_factory=lambda: ["accuracy"])
    num_rows: int = 90
    num_held_out: int = 45
    batch_size: int | str = 16
    epochs: int = 2
    precision: str = "float32"
    class_weight: Any = None
    sample_weight: bool = False

    def arrays(self) -> dict[str, np.ndarray]:
        """Made-up rows, those that are held out last."""
        rng = np.random.default_rng(1)
        n = self.num_rows + self.num_held_out
        if self.data == "images":
            x = rng.integers(0, 256, (n, 6, 6, 1)).astype(np.uint8)
        elif self.data == "words":
            x = rng.integers(0, 10, (n, 5)).astype(np.float32)
        else:
            x = rng.normal(2, 3, (n, 4)).astype(np.float32)
        mean = x.reshape(n, -1).mean(axis=1)
        number = (mean - mean.mean()) / mean.std() + rng.normal(0, 0.5, n)
        y = number.astype(np.float32)
        if self.data != "numbers":
            num_classes = 2 if self.data == "two classes" else 3
            y = np.argsort(np.argsort(number)) * num_classes // n
        weight = rng.uniform(0.2, 3, n).astype(np.float32)
        return {"x": x, "y": y} | ({"sample_weight": weight} if self.sample_weight else {})

    def train(self, folder: Path) -> tuple[PreparedData, Any, Fitted]:
        """Trains by dlrun, from a config and a data file written into the folder."""
        arrays = {}
        for name, array in self.arrays().items():
            arrays[name] = array[: self.num_rows]
            if self.num_held_out:
                arrays[f"{name}_test"] = array[self.num_rows :]
        np.savez(folder / "case.npz", **arrays)
        path = folder / "case.yaml"
        path.write_text(yaml.safe_dump(self._config(folder)), encoding="utf-8")
        data = prepare_data(load_config(path, {}).config)
        built = build_model(data)
        return data, built.model, fit_model(built, data, TensorData.from_prepared(data))

    def _config(self, folder: Path) -> dict[str, Any]:
        held_out = "official" if self.num_held_out else "none"
        return {
            "name": "case",
            "seed": SEED,
            "dataset": {
                "name": "npz",
                "options": {"path": str(folder / "case.npz")}
                | ({"task": "regression"} if self.data == "numbers" else {}),
                "split": {"validation": held_out, "test": "none"},
            },
            "model": {"layers": self.layers},
            "loss": self.loss,
            "optimizer": self.optimizer,
            "metrics": self.metrics,
            "training": {
                "epochs": self.epochs,
                "batch_size": self.batch_size,
                "precision": self.precision,
                "class_weight": self.class_weight or "none",
                "keep": "last",
            },
        }

    def inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Features as NumPy scales them, and labels as the loss wants them."""
        x, y = (self.arrays()[name] for name in "xy")
        if self.data == "images":
            x = x.astype(np.float32) / np.float32(255)
        elif self.data != "words":
            train = x[: self.num_rows].astype(np.float64)
            x = (x - train.mean(axis=0).astype(np.float32)) / train.std(axis=0).astype(np.float32)
        if self.loss.startswith("sparse"):
            return x, y
        if self.loss.startswith("categorical"):
            return x, np.eye(3, dtype=np.float32)[y]
        return x, y.astype(np.float32).reshape(-1, 1)

    def keras_model(self) -> Any:
        """A compiled model with nothing of dlrun's in it."""
        keras.backend.clear_session(free_memory=False)
        keras.config.set_dtype_policy(self.precision)
        keras.utils.set_random_seed(SEED)
        layers = [make(layer) for layer in self.layers]
        model = keras.Sequential([keras.Input(self.arrays()["x"].shape[1:]), *layers])
        metrics = [make(metric) for metric in self.metrics]
        model.compile(make(self.optimizer), self.loss, metrics=metrics, jit_compile=False)
        return model

    def order(self, epoch: int) -> np.ndarray:
        """Training rows, the first of the arrays, in the order of an epoch counted from 0."""
        return np.random.default_rng([SEED, epoch]).permutation(self.num_rows)

    def fit_keras(self) -> tuple[Any, list[dict[str, float]]]:
        """Trains by `fit`, a call an epoch; returns the model and each epoch's logs."""
        model, (x, y), n = self.keras_model(), self.inputs(), self.num_rows
        weight = self.arrays().get("sample_weight")
        held_out = (x[n:], y[n:]) if weight is None else (x[n:], y[n:], weight[n:])
        histories = []
        for epoch in range(self.epochs):
            order = self.order(epoch)
            history = model.fit(
                x[order],
                y[order],
                batch_size=n if self.batch_size == "full" else self.batch_size,
                shuffle=False,
                verbose=0,
                sample_weight=None if weight is None else weight[order],
                class_weight=self.class_weight,
                validation_data=held_out if self.num_held_out else None,
                validation_batch_size=1024,
            ).history
            histories.append({name: values[0] for name, values in history.items()})
        return model, histories


def make(value: Any) -> Any:
    """Returns the Keras object that `{Name: {argument: value}}` stands for; others as they are."""
    if not isinstance(value, dict):
        return value
    [(name, arguments)] = value.items()
    maker = next(getattr(space, name) for space in NAMESPACES if hasattr(space, name))
    return maker(**{key: make(argument) for key, argument in arguments.items()})


@pytest.fixture(name="Case")
def _case() -> type[Case]:
    return Case
