"""How good a run's kept model is, from its folder alone: `evaluation.json` and the pictures.

Needs no TensorFlow, so that another process can do it while the next run is trained.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from dlrun.evaluation.meaning import Meaning, meaning_of
from dlrun.evaluation.report import Predictions, evaluate_part
from dlrun.events import Message, Report
from dlrun.plots import run_plots
from dlrun.runs import Run
from dlrun.runs.record import write_evaluation
from dlrun.runs.run import PREDICTIONS


def evaluate_run(run: Run, report: Report) -> None:
    """Writes `evaluation.json` from the predictions that a run keeps, and draws its pictures.

    Args:
        run: Its predictions and `metrics.json` are written.
        report: Told where outputs cannot be judged.

    Raises:
        StorageError: a file cannot be written.
    """
    run = Run(run.path)  # read anew
    meaning, reports = meaning_of(run.dataset, run.config), {}
    for part in ("validation", "test"):
        values = run.metrics.get(part)
        if values:
            found = evaluate_outputs(run.predictions(part), meaning, values.get("loss"))
            if found is not None:
                reports[part] = found
            else:
                text = f"{part}: outputs are NaN or infinite; there is no report on them"
                report(Message(text, level="warning"))
    write_evaluation(run, reports)
    run_plots.draw_run(Run(run.path))


def evaluate_late(run: Run, report: Report) -> None:
    """Judges a finished run that was not judged as it ended, as trials of a sweep are not.

    Its members, too; one that has no predictions, or was judged, is passed over.

    Raises:
        StorageError: a file cannot be written.
    """
    due = [
        one
        for one in run.members or [run]
        if one.status == "finished"
        and not one.has_evaluation
        and os.path.lexists(one.path / PREDICTIONS)
    ]
    if due:
        report(Message(f"{run.id}: judged and drawn now, since no one has asked before"))
    for one in due:
        evaluate_run(one, report)


def evaluate_outputs(
    found: Mapping[str, np.ndarray], meaning: Meaning, loss: float | None
) -> dict[str, Any] | None:
    """Returns the report on one part; None where outputs are NaN or infinite.

    Args:
        found: `outputs`, `labels` and perhaps `losses`, as `Run.predictions` gives them.
        meaning: Of outputs and labels.
        loss: As Keras evaluates it: with what regularizers add, which rows' losses are without.
    """
    outputs, labels, losses = found["outputs"], found["labels"], found.get("losses")
    if not np.isfinite(outputs).all():
        return None
    penalty = 0.0
    if losses is not None and loss is not None:
        penalty = loss - float(losses.mean(dtype=np.float64))
    return evaluate_part(Predictions(outputs, labels, losses), meaning, penalty)
