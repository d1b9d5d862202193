from __future__ import annotations

import math

import pytest

from dlrun.evaluation.gap import find_gaps

ROW = {
    "accuracy": 0.90, "train_eval_accuracy": 0.92, "val_accuracy": 0.95,
    "loss": 0.30, "train_eval_loss": 0.28, "val_loss": 0.25,
}  # fmt: skip


def test_a_gap_is_taken_apart_into_measuring_and_rows() -> None:
    accuracy, loss = find_gaps(ROW, 1000, 500)
    assert (accuracy.by_measuring, accuracy.by_rows) == pytest.approx((0.02, 0.03))
    assert (loss.by_measuring, loss.by_rows) == pytest.approx((0.02, 0.03))
    chance = 1.959964 * math.sqrt(0.92 * 0.08 * (1 / 1000 + 1 / 500))
    assert accuracy.chance == pytest.approx(chance)
    assert str(accuracy) == (
        "validation accuracy 0.9500 lies above the training accuracy 0.9000 that Keras reports, by "
        "0.0500: the running mean over the epoch (and dropout) makes 0.0200 of it, and 0.0300 "
        f"remains where both are measured alike: these validation rows are easier (chance makes "
        f"± {chance:.4f})"
    )
    assert "validation loss 0.2500 lies below the training loss 0.3000" in str(loss)


def test_what_chance_may_make_is_called_that() -> None:
    (gap, _) = find_gaps(ROW, 50, 40)
    assert "which chance alone may make (± 0.1" in str(gap)


def test_where_measuring_explains_it_all_no_rows_are_blamed() -> None:
    row = ROW | {"train_eval_accuracy": 0.96}
    gap = find_gaps(row, 10**6, 10**6)[0]
    assert gap.by_rows == pytest.approx(-0.01)
    assert str(gap).endswith("-0.0100 remains where both are measured alike")


def test_validation_behind_training_needs_no_explanation() -> None:
    assert find_gaps(ROW | {"val_accuracy": 0.8, "val_loss": 0.5}, 100, 100) == []


def test_without_training_measured_alike_nothing_is_said() -> None:
    assert find_gaps({"accuracy": 0.9, "val_accuracy": 0.95}, 100, 100) == []
