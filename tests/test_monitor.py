import math

from dlrun.monitor import best_epoch, is_better


def test_equal_and_nan_values_are_not_better() -> None:
    assert not is_better(0.5, 0.5, higher_is_better=True)
    assert not is_better(math.nan, None, higher_is_better=False)
    assert is_better(0.4, None, higher_is_better=False)
    assert is_better(0.6, 0.5, higher_is_better=True)
    assert not is_better(0.6, 0.5, higher_is_better=False)


def test_the_first_of_equally_good_epochs_is_the_best() -> None:
    assert best_epoch([0.5, 0.3, 0.3, 0.4], higher_is_better=False) == 2
    assert best_epoch([0.5, 0.9, None, 0.9], higher_is_better=True) == 2
    assert best_epoch([None, math.nan], higher_is_better=False) is None
