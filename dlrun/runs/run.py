"""A run folder as it is read: names of its files, and what they hold."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.config import Config, load_recorded
from dlrun.errors import RunError
from dlrun.files import TooLargeError, read_npz
from dlrun.parameters import ModelCount, count_from_dict
from dlrun.processes import is_alive
from dlrun.runs import kinds
from dlrun.runs.data_facts import contradictions
from dlrun.runs.facts import (
    MAX_JSON_BYTES,
    Facts,
    NewerFormatError,
    UnreadableError,
    check_file,
    read_facts,
)
from dlrun.runs.history import History as History
from dlrun.runs.history import read_columns

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
EVALUATION = "evaluation.json"
PREDICTIONS = "predictions.npz"
MODEL = "model.keras"
CHECKPOINTS = "checkpoints"
PLOTS = "plots"
EXPORTS = "exports"
PREDICTED = "predictions"
CONFUSION_MATRIX_PNG = "confusion_matrix.png"
ROC_PR_CALIBRATION_PNG = "roc_pr_calibration.png"
PREDICTED_PNG = "predicted.png"
LOG = "run.log"
LOCK = ".lock"
REPEATS = "repeats"
FOLDS = "folds"
TRIALS = "trials"
PART_FOLDERS = (REPEATS, FOLDS, TRIALS)
"""What members and trials lie in, each in a folder named by its number."""

FILES = (
    ENVIRONMENT, DATASET, SPLITS, HISTORY_CSV, HISTORY_JSON, PARAMETERS, SUMMARY, METRICS,
    EVALUATION, PREDICTIONS, MODEL,
)  # fmt: skip
"""What a run says beside its config, its `run.json` and its log."""

FOLDERS = (PLOTS, CHECKPOINTS, PREDICTED, EXPORTS, *PART_FOLDERS)
"""What may lie in the folder of a run or a sweep."""

UNFINISHED_MODEL = ".model.tmp.keras"
"""What `model.keras` is written to at first; Keras insists on its suffix."""

UNFINISHED_EXPORT = ".export."
"""Begins the name of a folder, in `exports/`, that an export is being written to."""

STATUSES = ("running", "finished", "interrupted", "failed", "diverged")
"""What `run.json` says."""

_PYTHON_CODE = "it holds Python code, which is not run"


@dataclass(frozen=True)
class Run:
    """One execution of a config, as its folder tells it.

    Whatever lies in the folder, reading it gives plain values or a RunError (of `config.yaml` a
    ConfigError), and runs none of its code.

    Attributes:
        path: The run folder; its name is the run's id.
    """

    path: Path

    @property
    def id(self) -> str:
        """The run's id, `YYYYMMDD-HHMMSS-<config name>-<4 hex>`; of a part, `<id>/folds/0`."""
        return self.path.relative_to(self.runs_dir).as_posix()

    @property
    def runs_dir(self) -> Path:
        """The folder of runs that it stands in; of a member or trial, that of the whole."""
        path = self.path
        while path.parent.name in PART_FOLDERS and path.name.isdecimal():
            path = path.parent.parent
        return path.parent

    @property
    def has_members(self) -> bool:
        """Whether it is made of repeats or folds."""
        return self.info.get("members") is not None

    @property
    def members(self) -> list[Run]:
        """The runs of its repeats and folds, in order; none of a single run."""
        return [
            Run(inner)
            for outer in (_numbered(self.path / REPEATS) or [self.path])
            for inner in (_numbered(outer / FOLDS) or [outer])
            if inner != self.path
        ]

    @property
    def whole(self) -> Path | None:
        """The folder of the sweep or run that it is a part of; None of one on its own."""
        path = self.path
        while path.parent.name in PART_FOLDERS and path.name.isdecimal():
            path = path.parent.parent
        return path if path != self.path and self.info.get("member_of") is not None else None

    @property
    def has_looked_at_test(self) -> bool:
        """Whether it, or one of its members, has looked at its test rows."""
        return any(one.info.get("test_looks") for one in (self, *self.members))

    @property
    def has_test_rows(self) -> bool:
        """Whether rows were held back for a test."""
        return "test" in self.dataset["parts"]

    @property
    def plots_dir(self) -> Path:
        """Where the run's pictures are."""
        return self.path / PLOTS

    @cached_property
    def config(self) -> Config:
        """The resolved config, which repeats the run."""
        self._refuse_newer()
        check_file(self.path / CONFIG, MAX_JSON_BYTES)
        return load_recorded(self.path / CONFIG)

    @cached_property
    def info(self) -> dict[str, Any]:
        """`run.json`: status, times, command, error, note."""
        return read_facts(self.path / RUN, kinds.INFO, newest_format=FORMAT)

    @cached_property
    def dataset(self) -> dict[str, Any]:
        """`dataset.json`: the data set's facts, its preprocessing and the sizes of its parts."""
        facts = self._facts(DATASET, kinds.DATASET)
        for mistake in contradictions(facts):
            raise UnreadableError(self.path / DATASET, mistake)
        return facts

    @cached_property
    def environment(self) -> dict[str, Any]:
        """`environment.json`: Python, packages, hardware, seed, git commit."""
        return self._facts(ENVIRONMENT, kinds.ENVIRONMENT)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """`metrics.json`: best and final values, and test values where there is a test set."""
        return self._facts(METRICS, kinds.METRICS)

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """`evaluation.json`: by part, metrics with intervals, the baseline, what is confused."""
        return self._facts(EVALUATION, kinds.EVALUATION)

    @property
    def has_metrics(self) -> bool:
        """Whether an epoch was finished, so that there are values to show."""
        return os.path.lexists(self.path / METRICS)

    @property
    def has_evaluation(self) -> bool:
        """Whether its kept model was judged; a run that ended early has not come to that."""
        return os.path.lexists(self.path / EVALUATION)

    @cached_property
    def parameters(self) -> ModelCount:
        """Parameter counts, one row a layer."""
        return count_from_dict(self._facts(PARAMETERS, kinds.PARAMETERS))

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
        """Keras's history as a table, one row an epoch, indexed by epoch counted from 1.

        Of a run with members theirs, one after another, indexed by member and epoch.
        """
        import pandas as pd  # half a second that reading runs otherwise does not need

        if self.has_members:
            tables = {number: member.history for number, member in enumerate(self.members)}
            return pd.concat(tables, names=["member"])
        columns = self.read_history()
        epochs = columns.pop("epoch")
        return pd.DataFrame(columns, index=pd.Index(epochs, name="epoch", dtype="int64"))

    def read_history(self) -> History:
        """Returns the columns of `history.csv`, `epoch` included, for every finished epoch.

        Raises:
            RunError: the file is missing, empty or not a table of numbers.
        """
        self._refuse_newer()
        return read_columns(self.path / HISTORY_CSV)

    def predictions(self, part: str) -> dict[str, np.ndarray]:
        """Returns `rows`, `outputs` and `labels` kept for "validation" or "test", and `losses`.

        `rows` are row numbers of the data set, (n,) int64; `outputs` what the model gave,
        (n, units) float32; `labels` class numbers (n,) int64 or values float32; `losses` the
        loss of each row, (n,) float32, where it is known.

        Raises:
            RunError: the run keeps none for that part, or the file is damaged.
        """
        self._refuse_newer()
        path = self.path / PREDICTIONS
        self._refuse_parent(path, "predictions")
        check_file(path)
        try:
            arrays = read_npz(path)
        except TooLargeError as error:
            raise UnreadableError(path, str(error)) from None
        except (OSError, ValueError) as error:
            is_code = "allow_pickle" in str(error)
            raise UnreadableError(path, _PYTHON_CODE if is_code else "damaged") from None
        names = {name: f"{part}_{name}" for name in ("rows", "outputs", "labels")}
        if not set(names.values()) <= set(arrays):
            raise UnreadableError(path, f"no predictions for {part!r}")
        if f"{part}_losses" in arrays:
            names["losses"] = f"{part}_losses"
        found = {name: arrays[key] for name, key in names.items()}
        if not all(_holds_numbers(array) for array in found.values()):
            raise UnreadableError(path, "it holds something else than numbers")
        if found["outputs"].ndim != 2 or found["rows"].ndim != 1 or found["labels"].ndim > 2:
            raise UnreadableError(path, f"the predictions for {part!r} are no table")
        if len({len(array) for array in found.values()}) > 1:
            raise UnreadableError(path, f"the predictions for {part!r} are of unequal lengths")
        return found

    def _refuse_parent(self, path: Path, what: str) -> None:
        if not os.path.lexists(path) and self.has_members:
            raise RunError(
                f"{self.path}: it is {len(self.members)} runs, each of which has {what} of its "
                "own; ask one of run.members"
            )

    def model(self) -> Any:
        """Returns the trained Keras model; loads TensorFlow.

        Raises:
            RunError: the run has no readable `model.keras`, or one that holds Python code or
                belongs to another run.
            ConfigError: a module that the config imports cannot be had.
        """
        from dlrun.config.imports import import_modules
        from dlrun.runs.kept_model import load_kept_model

        path = self.path / MODEL
        config = self.config
        self._refuse_parent(path, "a model")
        check_file(path)
        facts = self.dataset
        import_modules(config.imports, config.source)
        return load_kept_model(path, facts)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Returns what the kept model gives for rows as the data set has them; loads TensorFlow.

        Args:
            x: (n, *input_shape), not scaled.

        Returns:
            (n, *output) float32, as Keras's `predict` on scaled rows: probabilities, as a rule.

        Raises:
            RunError: the run has no readable model.
            InputError: x has another shape, or holds NaN.
        """
        if "_predictor" not in self.__dict__:
            from dlrun.runs.predictor import load_predictor

            self.__dict__["_predictor"] = load_predictor(self)
        outputs: np.ndarray = self.__dict__["_predictor"](x)
        return outputs

    def _facts(self, name: str, spec: kinds.Spec) -> Facts:
        self._refuse_newer()
        return read_facts(self.path / name, spec)

    def _refuse_newer(self) -> None:
        """A newer dlrun may mean something else by any file; a damaged `run.json` says nothing."""
        if "info" in self.__dict__:
            return
        try:
            read_facts(self.path / RUN, kinds.INFO, newest_format=FORMAT)
        except NewerFormatError:
            raise
        except UnreadableError:
            return


def _numbered(folder: Path) -> list[Path]:
    """The folders in it that are named by a number, in order; nothing else is a member."""
    try:
        inside = [] if folder.is_symlink() else os.listdir(folder)
        names = [name for name in inside if name.isdecimal() and name.isascii()]
    except OSError:
        return []
    paths = [folder / name for name in sorted(names, key=int)]
    return [path for path in paths if path.is_dir() and not path.is_symlink()]


def _holds_numbers(array: Any) -> bool:
    """Whether it is an array with rows; of a file's member that is none, NumPy gives the bytes."""
    return hasattr(array, "dtype") and array.dtype.kind in "iuf" and array.ndim > 0
