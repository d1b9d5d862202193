from __future__ import annotations

import pytest

from dlrun.plots import labels


@pytest.mark.parametrize(
    ("metric", "loss_name", "words"),
    [
        ("loss", "CategoricalCrossentropy", "loss (categorical cross-entropy)"),
        ("loss", "sparse_categorical_crossentropy", "loss (sparse categorical cross-entropy)"),
        ("loss", "MeanSquaredError", "loss (mean squared error)"),
        ("loss", "mse", "loss (mean squared error)"),
        ("loss", "KLDivergence", "loss (KL divergence)"),
        ("loss", "LogCosh", "loss (log-cosh)"),
        ("loss", None, "loss"),
        ("val_loss", None, "loss"),
        ("accuracy", "CategoricalCrossentropy", "accuracy"),
        ("val_accuracy", None, "accuracy"),
        ("mean_absolute_error", None, "mean absolute error"),
        ("auc", None, "AUC"),
        ("f1_score", None, "F1 score"),
        ("r2_score", None, "R² score"),
        ("top_k_categorical_accuracy", None, "top-k categorical accuracy"),
    ],
)
def test_a_metric_is_called_by_words(metric: str, loss_name: str | None, words: str) -> None:
    assert labels.metric_label(metric, loss_name=loss_name) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97123, "0.9712"),
        (0.97, "0.9700"),
        (12.3456, "12.35"),
        (1.234e9, "1.23e9"),
        (0.00012345, "1.23e-4"),
        (0.0, "0"),
        (-2.5, "-2.5000"),
        (float("nan"), "not a number"),
    ],
)
def test_a_value_has_about_four_digits(value: float, text: str) -> None:
    assert labels.format_value(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.25, "0.25"),
        (5000.0, "5000"),
        (20_000.0, "20k"),
        (1_500_000.0, "1.5M"),
        (1e9, "1e9"),
        (-2e-6, "-2e-6"),
    ],
)
def test_a_tick_is_short(value: float, text: str) -> None:
    assert labels.format_tick(value) == text


def test_shapes_are_written_with_times_signs() -> None:
    assert labels.format_shape((28, 28, 32)) == "28 × 28 × 32"
    assert labels.format_shape([100]) == "100"
    assert labels.format_shape((None, 32)) == "? × 32"


def test_a_long_name_keeps_its_begin_and_its_end() -> None:
    assert labels.shorten("20261122-101530-mnist_deep-3f2a", 15) == "2026112…ep-3f2a"
    assert labels.shorten("short", 15) == "short"


def test_a_long_title_becomes_two_lines_at_most() -> None:
    lines = labels.wrap("word " * 100, inches=6.0, points=12).splitlines()
    assert len(lines) == 2
    assert lines[1].endswith(" …")
    assert labels.wrap("", inches=6.0, points=12) == ""
