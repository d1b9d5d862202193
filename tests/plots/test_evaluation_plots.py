"""Confusion matrix, ROC and calibration, predicted numbers: their words fit, at any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from dlrun.evaluation.classes import calibration, score_curves
from dlrun.plots.confusion import draw_confusion
from dlrun.plots.predicted import draw_predicted
from dlrun.plots.scores import ScoreRows, draw_scores

TITLE = "20261122-101530-credit_logistic_with_a_long_name: validation, 9,000 rows"


@pytest.mark.parametrize("num_classes", [2, 3, 10, 20, 45])
@pytest.mark.parametrize("name", ["{}", "no default payment {}"])
def test_a_confusion_matrix_holds_its_texts(
    tmp_path: Path, drawn, num_classes: int, name: str
) -> None:
    matrix = np.random.default_rng(0).integers(0, 6000, (num_classes, num_classes))
    names = [name.format(i) for i in range(num_classes)]
    draw_confusion(matrix.tolist(), names, tmp_path / "a.png", title=TITLE, note="accuracy 0.9")
    assert drawn.outside() == []
    if num_classes <= 20:
        assert drawn.overlapping() == []
    assert {"true", "predicted", "accuracy 0.9"} <= set(drawn.texts())


def test_cells_are_shaded_by_the_share_of_their_row(tmp_path: Path, drawn) -> None:
    draw_confusion([[90, 10], [1, 0]], ["no", "yes"], tmp_path / "a.png")
    (image,) = drawn.figure.axes[0].images
    np.testing.assert_allclose(image.get_array(), [[0.9, 0.1], [1.0, 0.0]])
    assert {"90", "10", "1"} <= set(drawn.texts())
    assert "0" not in drawn.texts()


def rows(share: float, with_calibration: bool = True) -> ScoreRows:
    rng = np.random.default_rng(1)
    labels = (rng.random(400) < share).astype(np.int64)
    scores = np.clip(0.3 * labels + rng.beta(1, 3, 400), 0, 1)
    curves = score_curves(scores, labels)
    guessed = scores > 0.5
    return ScoreRows(
        roc=curves.roc,
        precision_recall=curves.precision_recall,
        calibration=calibration(scores, labels)["bins"] if with_calibration else None,
        share=share,
        threshold=0.5,
        at_threshold=(
            float(guessed[labels == 0].mean()),
            float(metrics.recall_score(labels, guessed)),
            float(metrics.precision_score(labels, guessed, zero_division=0)),
        ),
        captions=("area 0.7196 (0.7053 to 0.7327)", "area 0.4997 (0.4763 to 0.5226)"),
    )


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
@pytest.mark.parametrize("with_calibration", [True, False])
def test_the_panels_of_two_classes_hold_their_texts(
    tmp_path: Path, drawn, share: float, with_calibration: bool
) -> None:
    draw_scores(rows(share, with_calibration), tmp_path / "a.png", title=TITLE)
    assert drawn.outside() == []
    assert drawn.overlapping() == []
    assert len(drawn.figure.axes) == (3 if with_calibration else 2)


def test_the_marked_point_lies_on_both_curves(tmp_path: Path, drawn) -> None:
    found = rows(0.3)
    draw_scores(found, tmp_path / "a.png")
    for axes in drawn.figure.axes[:2]:
        curve, point = axes.lines[:2]
        (x,), (y,) = point.get_data()
        distance = np.hypot(curve.get_xdata() - x, curve.get_ydata() - y)
        assert distance.min() < 0.03
    assert drawn.texts().count("above 0.5") == 2


@pytest.mark.parametrize("num_outputs", [1, 2, 6])
@pytest.mark.parametrize("values", ["spread", "equal", "tiny"])
def test_predicted_numbers_hold_their_texts(
    tmp_path: Path, drawn, num_outputs: int, values: str
) -> None:
    true = np.random.default_rng(0).normal(size=(300, num_outputs))
    true = {"spread": true * 1e4, "equal": true * 0, "tiny": true * 1e-7}[values]
    draw_predicted(true * 0.9, true, tmp_path / "a.png", title=TITLE)
    assert drawn.outside() == []
    assert len(drawn.figure.axes) == min(num_outputs, 4)
