"""What two classes are confused at, had another threshold been chosen."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlrun.errors import RunError
from dlrun.evaluation.classes import label_report
from dlrun.evaluation.meaning import class_one_scores, meaning_of
from dlrun.runs import Run


def report_at_threshold(run: Run, threshold: float) -> dict[str, Any]:
    """Returns what `evaluation.json` would say of validation rows at another threshold.

    Args:
        run: That predicts two classes; its folder is read alone.
        threshold: Rows whose score lies above it are taken for class 1.

    Raises:
        RunError: there are not two classes, or no predictions for validation rows.
    """
    meaning = meaning_of(run.dataset, run.config)
    if len(meaning.class_names) != 2:
        number = len(meaning.class_names) or "none"
        raise RunError(
            f"{run.path}: a threshold parts two classes, and there are {number}; "
            "dlrun summary shows the confusion of more"
        )
    found = run.predictions("validation")
    outputs, labels = found["outputs"].reshape(len(found["labels"]), -1), found["labels"]
    scores = class_one_scores(outputs, meaning)
    predicted = np.where(scores.values > threshold, 1, 0)
    report = label_report(predicted, labels, meaning.class_names)
    values = {name: estimate.to_dict() for name, estimate in report["metrics"].items()}
    return report | {"num_rows": len(labels), "threshold": threshold, "metrics": values}
