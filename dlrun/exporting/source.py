"""What an export starts from: a run that has ended, its data as they were, and its model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dlrun.data import Scaling
from dlrun.errors import DatasetError, ExportError, RunError
from dlrun.events import Event, Message, Report
from dlrun.prepare import PreparedData, prepare_data
from dlrun.resumption import check_same_data
from dlrun.runs import Run
from dlrun.runs.endings import command_after_stop
from dlrun.runs.run import MODEL

NUM_ROWS = 100
"""Rows at most on which an export is checked."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows that an exported model is checked on.

    Attributes:
        part: "validation", or "training" of a run without validation rows.
        x: (n, *features), as the data set gives them, uint8 or float32.
        outputs: (n, *output), what the run's model gives for them.
    """

    part: str
    x: np.ndarray
    outputs: np.ndarray


def check_exportable(run: Run) -> None:
    """Refuses a run without a model to export.

    Raises:
        RunError: it runs, or ended before there was a model.
    """
    if run.status == "running":
        raise RunError(f"{run.path}: it is running; export it when it ends")
    if not (run.path / MODEL).is_file():
        raise RunError(
            f"{run.path}: has no {MODEL}, {_why_not(run)}; "
            f"`{command_after_stop(run)}` goes on to one, or train its config anew"
        )


def _why_not(run: Run) -> str:
    if run.info.get("weights_removed"):
        return "which `dlrun gc` removed"
    return f"it is {run.status}"


def load_data(run: Run, report: Report) -> PreparedData:
    """Loads the run's data, and makes sure that they are those that it was trained on.

    Args:
        run: Its parts and its scaling are those recorded.
        report: Told of downloads.

    Raises:
        ExportError: the data cannot be had any more.
        RunError: they have changed.
    """

    def listen(event: Event) -> None:
        if not isinstance(event, Message):  # what they say of the data was said in training
            report(event)

    try:
        data = prepare_data(run.config, listen)
    except DatasetError as error:
        raise ExportError(
            f"{run.path}: an export is checked on the run's own data, which cannot be had: "
            f"{error}; put them back where they were, then export again"
        ) from error
    check_same_data(run, data)
    return replace(data, scaling=Scaling.from_dict(run.dataset["scaling"]))


def pick_rows(model: Any, data: PreparedData) -> Rows:
    """Returns rows from all over the validation part, and what the run's model gives for them.

    Args:
        model: The run's own.
        data: Prepared; of a run without validation rows, training rows are taken.
    """
    part = "validation" if len(data.splits.validation) else "train"
    rows = data.rows[part]
    picked = rows[np.linspace(0, len(rows) - 1, min(NUM_ROWS, len(rows))).astype(np.int64)]
    x = data.dataset.x[picked]
    outputs = np.asarray(model(data.scaling.apply(x), training=False))
    return Rows("validation" if part == "validation" else "training", x, outputs)
