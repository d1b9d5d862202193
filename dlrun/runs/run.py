"""A run folder as it is read: names of its files, and what they hold."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.config import Config, load_recorded
from dlrun.errors import RunError
from dlrun.files import read_json
from dlrun.parameters import ModelCount, count_from_dict
from dlrun.processes import is_alive

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FORMAT = 1
"""Number of the layout below, kept in `run.json`; grows when an old reader would misread it."""

CONFIG = "config.yaml"
RUN = "run.json"
ENVIRONMENT = "environment.json"
DATASET = "dataset.json"
SPLITS = "splits.npz"
HISTORY_CSV = "history.csv"
HISTORY_JSON = "history.json"
PARAMETERS = "parameters.json"
SUMMARY = "summary.txt"
METRICS = "metrics.json"
PREDICTIONS = "predictions.npz"
MODEL = "model.keras"
CHECKPOINTS = "checkpoints"
PLOTS = "plots"
LOG = "run.log"
LOCK = ".lock"

STATUSES = ("running", "finished", "interrupted", "failed", "diverged")
"""What `run.json` says."""

History = dict[str, list[float | None]]
"""Keras's names to one value an epoch; None where an epoch has none (or it is not finite)."""


@dataclass(frozen=True)
class Run:
    """One execution of a config, as its folder tells it.

    Attributes:
        path: The run folder; its name is the run's id.
    """

    path: Path

    @property
    def id(self) -> str:
        """The run's id, `YYYYMMDD-HHMMSS-<config name>-<4 hex>`."""
        return self.path.name

    @property
    def plots_dir(self) -> Path:
        """Where the run's pictures are."""
        return self.path / PLOTS

    @cached_property
    def config(self) -> Config:
        """The resolved config, which repeats the run."""
        return load_recorded(self.path / CONFIG)

    @cached_property
    def info(self) -> dict[str, Any]:
        """`run.json`: status, times, command, error, note."""
        return self._json(RUN)

    @cached_property
    def dataset(self) -> dict[str, Any]:
        """`dataset.json`: the data set's facts, its preprocessing and the sizes of its parts."""
        return self._json(DATASET)

    @cached_property
    def environment(self) -> dict[str, Any]:
        """`environment.json`: Python, packages, hardware, seed, git commit."""
        return self._json(ENVIRONMENT)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """`metrics.json`: best and final values, and test values where there is a test set."""
        return self._json(METRICS)

    @property
    def has_metrics(self) -> bool:
        """Whether an epoch was finished, so that there are values to show."""
        return (self.path / METRICS).is_file()

    @cached_property
    def parameters(self) -> ModelCount:
        """Parameter counts, one row a layer."""
        return count_from_dict(self._json(PARAMETERS))

    @property
    def status(self) -> str:
        """Running, finished, interrupted, failed, diverged or dead, in lower case.

        Dead is what nobody could write down: the run was running, and its process is gone.
        """
        recorded = self.info.get("status")
        if recorded == "running":
            return "running" if is_alive(self.info) else "dead"
        return recorded if recorded in STATUSES else "unknown"

    @property
    def history(self) -> pd.DataFrame:
        """Keras's history as a table, one row an epoch, indexed by epoch counted from 1."""
        import pandas as pd  # half a second that reading runs otherwise does not need

        columns = self.read_history()
        epochs = columns.pop("epoch")
        return pd.DataFrame(columns, index=pd.Index(epochs, name="epoch", dtype="int64"))

    def read_history(self) -> History:
        """Returns the columns of `history.csv`, `epoch` included, for every finished epoch.

        Raises:
            RunError: the file is missing, empty or not a table of numbers.
        """
        path = self.path / HISTORY_CSV
        try:
            with path.open(encoding="utf-8", newline="") as stream:
                header, *rows = list(csv.reader(stream))
            complete = [row for row in rows if len(row) == len(header)]
            return {
                name: [float(row[i]) if row[i] else None for row in complete]
                for i, name in enumerate(header)
            }
        except OSError as error:
            raise self._unreadable(HISTORY_CSV, error.strerror or "no reason given") from None
        except ValueError:
            raise self._unreadable(HISTORY_CSV, "no finished epoch in it") from None

    def predictions(self, part: str) -> dict[str, np.ndarray]:
        """Returns `rows`, `outputs` and `labels` kept for "validation" or "test".

        `rows` are row numbers of the data set, (n,) int64; `outputs` what the model gave,
        (n, units) float32; `labels` class numbers (n,) int64 or values float32.

        Raises:
            RunError: the run keeps none for that part.
        """
        import numpy as np

        try:
            with np.load(self.path / PREDICTIONS, allow_pickle=False) as arrays:
                names = ("rows", "outputs", "labels")
                return {name: arrays[f"{part}_{name}"] for name in names}
        except (OSError, ValueError, KeyError):
            raise self._unreadable(PREDICTIONS, f"no predictions for {part!r}") from None

    def model(self) -> Any:
        """Returns the trained Keras model; loads TensorFlow.

        Raises:
            RunError: the run has no readable `model.keras`.
        """
        from dlrun.backend import keras
        from dlrun.config.imports import import_modules

        import_modules(self.config.imports)
        try:
            return keras.models.load_model(self.path / MODEL, compile=False, safe_mode=True)
        except (OSError, ValueError, TypeError) as error:
            raise self._unreadable(MODEL, str(error).split("\n")[0]) from error

    def _json(self, name: str) -> dict[str, Any]:
        try:
            data = read_json(self.path / name)
        except OSError as error:
            raise self._unreadable(name, error.strerror or "no reason given") from None
        except ValueError:
            raise self._unreadable(name, "not JSON") from None
        if not isinstance(data, dict):
            raise self._unreadable(name, f"a {type(data).__name__} where an object belongs")
        return data

    def _unreadable(self, name: str, reason: str) -> RunError:
        return RunError(f"{self.path / name}: cannot be read, {reason.lower()}")
