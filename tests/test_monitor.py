import math

import pytest

from dlrun.monitor import best_epoch, higher_is_better, is_better


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("loss", False),
        ("val_loss", False),
        ("accuracy", True),
        ("val_auc", True),
        ("f1_score", True),
        ("mean_absolute_error", False),
        ("r2_score", True),
        ("val_root_mean_squared_error", False),
    ],
)
def test_the_direction_of_a_metric_is_known_by_its_name(metric: str, expected: bool) -> None:
    assert higher_is_better(metric) is expected


def test_equal_and_nan_values_are_not_better() -> None:
    assert not is_better(0.5, 0.5, "accuracy")
    assert not is_better(math.nan, None, "loss")
    assert is_better(0.4, None, "loss")


def test_the_first_of_equally_good_epochs_is_the_best() -> None:
    assert best_epoch([0.5, 0.3, 0.3, 0.4], "val_loss") == 2
    assert best_epoch([0.5, 0.9, None, 0.9], "accuracy") == 2
    assert best_epoch([None, math.nan], "loss") is None
