"""Reports on predictions against scikit-learn, resample by resample, and against counts by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from dlrun.config import load_config
from dlrun.evaluation import classes, numbers
from dlrun.evaluation.meaning import Meaning, meaning_of
from dlrun.evaluation.report import Predictions, evaluate_part

NAMES = ("cat", "dog", "owl")


def three_classes(num_rows: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, num_rows)
    outputs = rng.dirichlet([1, 1, 1], num_rows) + 0.5 * np.eye(3)[labels]
    return (outputs / outputs.sum(axis=1, keepdims=True)).astype(np.float32), labels


def two_classes(num_rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    labels = (rng.random(num_rows) < 0.2).astype(np.int64)
    scores = np.clip(0.3 * labels + rng.beta(1, 3, num_rows), 0, 1)
    return np.round(scores, 2).astype(np.float32)[:, None], labels  # rounded: many ties


def report(
    outputs: np.ndarray,
    labels: np.ndarray,
    meaning: Meaning,
    losses: Any = None,
    penalty: float = 0,
) -> dict[str, Any]:
    return evaluate_part(Predictions(outputs, labels, losses), meaning, penalty)


def test_metrics_of_three_classes_equal_scikit_learns() -> None:
    outputs, labels = three_classes()
    found = report(outputs, labels, Meaning(NAMES, 0.5, (0.5, 0.3, 0.2)))
    guessed = outputs.argmax(axis=1)
    assert found["num_rows"] == 200
    assert found["metrics"]["accuracy"]["value"] == metrics.accuracy_score(labels, guessed)
    f1 = found["metrics"]["f1_macro"]
    assert f1["value"] == pytest.approx(metrics.f1_score(labels, guessed, average="macro"))
    assert f1["low"] < f1["value"] < f1["high"]
    assert found["confusion_matrix"] == metrics.confusion_matrix(labels, guessed).tolist()
    expected = metrics.classification_report(labels, guessed, target_names=NAMES, output_dict=True)
    for row in found["per_class"]:
        theirs = expected[row["class"]]
        assert (row["precision"], row["recall"], row["f1"], row["num_rows"]) == pytest.approx(
            (theirs["precision"], theirs["recall"], theirs["f1-score"], theirs["support"])
        )


def test_metrics_of_two_classes_equal_scikit_learns() -> None:
    outputs, labels = two_classes()
    found = report(outputs, labels, Meaning(("no", "yes"), 0.5, (0.8, 0.2)))
    guessed = outputs[:, 0] > 0.5
    values = {name: row["value"] for name, row in found["metrics"].items()}
    assert values == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(labels, guessed),
            "f1": metrics.f1_score(labels, guessed),
            "roc_auc": metrics.roc_auc_score(labels, outputs[:, 0]),
            "pr_auc": metrics.average_precision_score(labels, outputs[:, 0]),
        }
    )
    assert all(row["low"] < row["value"] < row["high"] for row in found["metrics"].values())
    assert found["threshold"] == 0.5
    assert found["confusion_matrix"] == metrics.confusion_matrix(labels, guessed).tolist()


def test_two_outputs_of_a_softmax_are_judged_by_the_second() -> None:
    outputs, labels = two_classes()
    both = np.concatenate([1 - outputs, outputs], axis=1)
    one, two = (
        report(array, labels, Meaning(("no", "yes"), 0.5, (0.8, 0.2))) for array in (outputs, both)
    )
    assert one["metrics"]["roc_auc"] == two["metrics"]["roc_auc"]
    assert one["confusion_matrix"] == two["confusion_matrix"]


def test_areas_of_each_resample_equal_scikit_learns() -> None:
    outputs, labels = two_classes(60)
    scores = outputs[:, 0].astype(np.float64)
    order = np.argsort(-scores, kind="stable")
    counts = np.random.default_rng(2).multinomial(60, np.full(60, 1 / 60), size=20)
    ends = classes._ends_of_ties(scores[order])
    found = classes._areas(counts, labels[order] == 1, ends)
    for i, drawn in enumerate(counts):
        rows = np.repeat(order, drawn)
        assert found["roc_auc"][i] == pytest.approx(
            metrics.roc_auc_score(labels[rows], scores[rows])
        )
        assert found["pr_auc"][i] == pytest.approx(
            metrics.average_precision_score(labels[rows], scores[rows])
        )


def test_f1_of_each_resample_equals_scikit_learns() -> None:
    labels, guessed = np.array([0, 0, 1, 1, 2, 2, 2]), np.array([0, 1, 1, 1, 2, 0, 2])
    matrix = metrics.confusion_matrix(labels, guessed)
    assert classes._f1(matrix[None])[0] == pytest.approx(
        metrics.f1_score(labels, guessed, average=None)
    )
    assert classes._f1_macro(matrix[None])[0] == pytest.approx(
        metrics.f1_score(labels, guessed, average="macro")
    )
    without_owls = matrix * [[1], [1], [0]]
    assert classes._f1_macro(without_owls[None])[0] == pytest.approx(
        metrics.f1_score([0, 0, 1, 1], [0, 1, 1, 1], average="macro")
    )


def test_errors_of_each_resample_equal_scikit_learns() -> None:
    rng = np.random.default_rng(3)
    y, predicted = rng.normal(50, 2, (30, 2)), rng.normal(50, 2, (30, 2))
    counts = rng.multinomial(30, np.full(30, 1 / 30), size=10)
    found = numbers._values(counts, y - y.mean(axis=0), predicted - y)
    for i, drawn in enumerate(counts):
        rows = np.repeat(np.arange(30), drawn)
        assert {name: values[i] for name, values in found.items()} == pytest.approx(
            {
                "mean_absolute_error": metrics.mean_absolute_error(y[rows], predicted[rows]),
                "root_mean_squared_error": metrics.root_mean_squared_error(
                    y[rows], predicted[rows]
                ),
                "r2": metrics.r2_score(y[rows], predicted[rows]),
            }
        )


def test_metrics_of_numbers_equal_scikit_learns() -> None:
    rng = np.random.default_rng(4)
    labels = rng.normal(3, 1, 80).astype(np.float32)
    outputs = (labels + rng.normal(0, 0.3, 80)).astype(np.float32)[:, None]
    found = report(outputs, labels, Meaning((), 0.5, (2.9,)))
    assert found["metrics"]["r2"]["value"] == pytest.approx(metrics.r2_score(labels, outputs))
    assert found["metrics"]["mean_absolute_error"]["value"] == pytest.approx(
        metrics.mean_absolute_error(labels, outputs)
    )
    mean = np.full(80, 2.9)
    assert found["baseline"] == {
        "says": "always the mean of training",
        "metrics": pytest.approx(
            {
                "mean_absolute_error": metrics.mean_absolute_error(labels, mean),
                "root_mean_squared_error": metrics.root_mean_squared_error(labels, mean),
                "r2": metrics.r2_score(labels, mean),
            }
        ),
    }


def test_the_baseline_of_classes_says_the_most_frequent_of_training() -> None:
    outputs, labels = two_classes()
    found = report(outputs, labels, Meaning(("no", "yes"), 0.5, (0.3, 0.7)))["baseline"]
    assert found["says"] == "always 'yes', the most frequent class of training"
    assert found["metrics"] == {
        "accuracy": np.mean(labels == 1),
        "roc_auc": 0.5,
        "pr_auc": np.mean(labels == 1),
    }


def test_a_part_of_one_class_has_no_areas() -> None:
    found = report(np.full((5, 1), 0.3, np.float32), np.zeros(5, np.int64),
                   Meaning(("no", "yes"), 0.5, (0.8, 0.2)))  # fmt: skip
    assert set(found["metrics"]) == {"accuracy", "f1"}


def test_calibration_equals_scikit_learns_and_its_error_a_sum_by_hand() -> None:
    outputs, labels = two_classes()
    found = report(outputs, labels, Meaning(("no", "yes"), 0.5, (0.8, 0.2)))["calibration"]
    shares, means = calibration_curve(labels, outputs[:, 0].astype(np.float64), n_bins=10)
    assert [row["share"] for row in found["bins"]] == pytest.approx(shares)
    assert [row["mean_probability"] for row in found["bins"]] == pytest.approx(means)
    by_hand = sum(
        row["num_rows"] / 300 * abs(row["share"] - row["mean_probability"]) for row in found["bins"]
    )
    assert found["expected_calibration_error"] == pytest.approx(by_hand)


def test_outputs_that_are_no_probabilities_have_no_calibration() -> None:
    outputs, labels = two_classes()
    found = report(outputs * 4 - 2, labels, Meaning(("no", "yes"), 0.0, (0.8, 0.2)))
    assert "calibration" not in found
    assert found["threshold"] == 0


def test_the_loss_is_the_mean_of_the_rows_and_what_regularizers_add() -> None:
    outputs, labels = three_classes()
    losses = -np.log(outputs[np.arange(200), labels])
    found = report(outputs, labels, Meaning(NAMES, 0.5, (1, 0, 0)), losses, penalty=0.5)
    loss = found["metrics"]["loss"]
    assert loss["value"] == pytest.approx(metrics.log_loss(labels, outputs) + 0.5, rel=1e-5)
    half = 1.96 * losses.std() / np.sqrt(200)
    assert loss["high"] - loss["low"] == pytest.approx(2 * half, rel=0.15)


@pytest.mark.parametrize(
    ("loss", "threshold"),
    [
        ("binary_crossentropy", 0.5),
        ("{BinaryCrossentropy: {from_logits: true}}", 0.0),
        ("hinge", 0.0),
        ("mean_squared_error", 0.5),
    ],
)
def test_the_loss_says_between_which_outputs_the_classes_part(
    write_config: Any, loss: str, threshold: float
) -> None:
    path = write_config(dataset="{name: two_moons}", model="{layers: [Dense: 1]}", loss=loss)
    facts = {
        "class_names": ["upper", "lower"],
        "parts": {"train": {"num_rows": 4, "class_counts": [3, 1]}},
    }
    found = meaning_of(facts, load_config(path).config)
    assert found == Meaning(("upper", "lower"), threshold, (0.75, 0.25), "from_logits" in loss)


def test_two_outputs_tell_classes_apart_as_the_one_that_says_the_same() -> None:
    """Two logits by their difference, as one logit; other scores by theirs, around 0."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    base = rng.normal(0, 3, 200).astype(np.float32)
    logit = (labels * 2 - 1 + rng.normal(0, 1, 200)).astype(np.float32)
    two = np.stack([base, base + logit], axis=1)
    names, shares = ("no", "yes"), (0.5, 0.5)
    one = report(logit[:, None], labels, Meaning(names, 0.0, shares, are_logits=True))
    both = report(two, labels, Meaning(names, 0.5, shares, are_logits=True))
    scores = report(two, labels, Meaning(names, 0.5, shares))
    for found in (both, scores):
        for name in ("accuracy", "f1", "roc_auc", "pr_auc"):
            assert found["metrics"][name]["value"] == pytest.approx(one["metrics"][name]["value"])
    assert [found["threshold"] for found in (one, both, scores)] == [0.0, 0.5, 0.0]
    assert "calibration" not in one
    assert "calibration" not in scores
    assert sum(row["num_rows"] for row in both["calibration"]["bins"]) == 200


def test_rows_that_are_all_alike_give_no_interval_of_width_zero() -> None:
    outputs, labels = np.float32([[0.1], [0.9]] * 5), np.array([0, 1] * 5)
    found = report(outputs, labels, Meaning(("no", "yes"), 0.5, (0.5, 0.5)))["metrics"]
    assert found["f1"] == {"value": 1.0, "low": None, "high": None}
    assert found["roc_auc"]["low"] is None
    assert found["accuracy"]["low"] == pytest.approx(0.7225, abs=1e-3)
