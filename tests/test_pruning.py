"""When a training ends because others were better."""

from __future__ import annotations

from dlrun.pruning import Threshold, pruned_after


def test_the_threshold_of_a_pruned_run_can_be_told_from_its_curve_alone() -> None:
    threshold = Threshold("val_accuracy", True, (None, 0.5, 0.6, None))
    assert pruned_after([0.1, 0.5, 0.6, 0.0], threshold) is None
    assert pruned_after([0.7, 0.1, 0.1, 0.1], threshold) is None
    assert pruned_after([0.1, 0.4, 0.9], threshold) == 2
    assert pruned_after([0.1, 0.55, 0.59], threshold) == 3
    assert pruned_after([None, float("nan"), 0.9], threshold) == 2
    assert pruned_after([], threshold) is None
