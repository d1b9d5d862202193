"""When an export counts as giving what the run gave."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.errors import CheckError
from dlrun.evaluation.meaning import Meaning
from dlrun.exporting.comparison import LOOSE, compare_epoch, compare_outputs, refuse_difference

TWO = Meaning(("no", "yes"), 0.5, (0.5, 0.5))
NUMBERS = Meaning((), 0.5, (0.0,))
OURS = np.float32([[0.2], [0.7]])


def test_equal_outputs_are_said_to_be() -> None:
    found = compare_outputs(OURS, OURS, TWO, "validation")
    assert str(found) == "2 validation rows: the same to the last digit, the same classes"
    assert found.is_good


def test_last_digits_may_differ() -> None:
    found = compare_outputs(OURS, OURS + np.float32(2e-6), TWO, "validation")
    assert found.is_good
    assert str(found).startswith("2 validation rows: off by 2e-06 at most")


def test_another_class_is_an_error_however_near() -> None:
    ours, theirs = np.float64([[0.5 + 1e-9], [0.7]]), np.float64([[0.5], [0.7]])
    found = compare_outputs(ours, theirs, TWO, "validation")
    assert (found.num_other_classes, found.is_good) == (1, False)
    with pytest.raises(CheckError, match=r"m.onnx: gives something else .* 1 of another class; it"):
        refuse_difference("m.onnx", found)


def test_numbers_are_judged_by_their_size() -> None:
    ours = np.float32([[1000], [3]])
    assert compare_outputs(ours, ours + np.float32(0.05), NUMBERS, "training").is_good
    assert not compare_outputs(ours, ours + np.float32(0.5), NUMBERS, "training").is_good
    assert not compare_outputs(ours / 1000, ours / 1000 + 0.05, NUMBERS, "training").is_good


def test_nan_and_other_shapes_are_differences() -> None:
    assert not compare_outputs(OURS, OURS * np.nan, NUMBERS, "training").is_good
    found = compare_outputs(OURS, OURS[:1], TWO, "training")
    assert not found.is_good
    assert "2 training rows (shape (1, 1), not (2, 1))" in str(found)


def test_an_epoch_is_compared_by_the_metrics_that_both_have() -> None:
    ours = {"loss": 0.5, "val_loss": 0.25, "train_eval_loss": 0.4}
    found = compare_epoch(ours, {"loss": 0.5, "val_loss": 0.25})
    assert str(found) == "epoch 1 of the script, loss, val_loss: the same to the last digit"
    assert not compare_epoch(ours, {"loss": 0.6}).is_good
    large = {"mse": 8000.0, "accuracy": 0.5}
    assert not compare_epoch(large, large | {"accuracy": 0.501}).is_good
    assert compare_epoch(large, large | {"accuracy": 0.501}, LOOSE).is_good
    assert not compare_epoch(ours, {}).is_good
