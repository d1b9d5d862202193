"""The pictures of a run's evaluation: what is confused, what a threshold costs, how near it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.evaluation.meaning import class_one_scores, meaning_of
from dlrun.plots.confusion import MAX_CLASSES, draw_confusion
from dlrun.plots.predicted import draw_predicted
from dlrun.plots.scores import ScoreRows, draw_scores
from dlrun.runs import Run
from dlrun.runs.run import CONFUSION_MATRIX_PNG, PREDICTED_PNG, ROC_PR_CALIBRATION_PNG
from dlrun.wording import with_interval


def draw_evaluation(run: Run) -> list[Path]:
    """Draws what the validation part shows, of a run without one the test part; into `plots`."""
    part = next((name for name in ("validation", "test") if name in run.evaluation), None)
    if part is None:
        return []
    report, name = run.evaluation[part], run.config.name
    title = f"{name}: {part}, {report['num_rows']:,} rows"
    if "confusion_matrix" in report:
        return _draw_classes(run, part, report, title)
    found = run.predictions(part)
    path = run.plots_dir / PREDICTED_PNG
    draw_predicted(found["outputs"], found["labels"], path, title=title)
    return [path]


def _draw_classes(run: Run, part: str, report: Mapping[str, Any], title: str) -> list[Path]:
    paths = []
    names = [row["class"] for row in report["per_class"]]
    if len(names) <= MAX_CLASSES:
        paths.append(run.plots_dir / CONFUSION_MATRIX_PNG)
        note = f"accuracy {with_interval(report['metrics']['accuracy'])}"
        draw_confusion(report["confusion_matrix"], names, paths[-1], title=title, note=note)
    if "roc_auc" in report["metrics"]:
        paths.append(run.plots_dir / ROC_PR_CALIBRATION_PNG)
        draw_scores(_score_rows(run, part, report), paths[-1], title=title)
    return paths


def _score_rows(run: Run, part: str, report: Mapping[str, Any]) -> ScoreRows:
    from dlrun.evaluation.classes import score_curves  # scikit-learn: 1 s

    found = run.predictions(part)
    outputs, labels = found["outputs"].reshape(len(found["labels"]), -1), found["labels"]
    scores = class_one_scores(outputs, meaning_of(run.dataset, run.config))
    (right_no, wrong_yes), (wrong_no, right_yes) = report["confusion_matrix"]
    curves = score_curves(scores.values, labels)
    calibration = report.get("calibration")
    return ScoreRows(
        roc=curves.roc,
        precision_recall=curves.precision_recall,
        calibration=calibration["bins"] if calibration else None,
        share=float(np.mean(labels == 1)),
        threshold=scores.threshold,
        at_threshold=(
            wrong_yes / max(wrong_yes + right_no, 1),
            right_yes / max(right_yes + wrong_no, 1),
            right_yes / max(right_yes + wrong_yes, 1),
        ),
        captions=(
            f"area {with_interval(report['metrics']['roc_auc'])}",
            f"area {with_interval(report['metrics']['pr_auc'])}",
        ),
    )
