from __future__ import annotations

import math

import numpy as np
import pytest

from dlrun.errors import RunError
from dlrun.plots.history import curve_rows, member_rows, metric_names

HISTORY = {
    "accuracy": [0.5, 0.75, 0.8],
    "loss": [2.0, 1.0, 0.5],
    "val_loss": [1.8, 0.9, 0.95],
    "val_accuracy": [0.6, 0.8, 0.7],
    "learning_rate": [0.1, 0.1, 0.01],
    "epoch": [1, 2, 3],
    "epoch_seconds": [4.0, 2.0, 3.0],
}


def test_metrics_are_named_once_and_the_loss_comes_first() -> None:
    assert metric_names(HISTORY) == ("loss", "accuracy")
    assert metric_names({"val_auc": [0.5]}) == ("auc",)
    assert metric_names({}) == ()


def test_training_and_validation_stand_at_epochs_counted_from_one() -> None:
    train, validation = curve_rows(HISTORY, "loss", best_epoch=2)
    assert (train.role, train.x, train.y) == ("running", (1.0, 2.0, 3.0), (2.0, 1.0, 0.5))
    assert (validation.role, validation.y) == ("validation", (1.8, 0.9, 0.95))


def test_training_measured_as_validation_is_stands_between_the_two() -> None:
    history = HISTORY | {"train_eval_loss": [1.5, 0.8, 0.4]}
    assert metric_names(history) == ("loss", "accuracy")
    curves = curve_rows(history, "loss", best_epoch=2)
    assert [curve.role for curve in curves] == ["running", "train", "validation"]
    assert curves[1].y == (1.5, 0.8, 0.4)
    assert [curve.best for curve in curves] == [None, None, (2.0, 0.9)]


def test_the_best_epoch_is_marked_on_the_validation_curve_alone() -> None:
    train, validation = curve_rows(HISTORY, "accuracy", best_epoch=2)
    assert train.best is None
    assert validation.best == (2.0, 0.8)


def test_without_validation_the_best_epoch_is_marked_on_the_training_curve() -> None:
    (train,) = curve_rows({"loss": [2.0, 1.0]}, "loss", best_epoch=2)
    assert train.best == (2.0, 1.0)


@pytest.mark.parametrize("best_epoch", [None, 0, 4])
def test_no_best_epoch_is_marked_where_there_is_none(best_epoch: int | None) -> None:
    assert all(curve.best is None for curve in curve_rows(HISTORY, "loss", best_epoch=best_epoch))


def test_updates_are_epochs_times_steps() -> None:
    curves = curve_rows(HISTORY, "loss", x_axis="updates", steps_per_epoch=938, best_epoch=3)
    assert curves[0].x == (938.0, 1876.0, 2814.0)
    assert curves[1].best == (2814.0, 0.95)


def test_seconds_are_summed_up() -> None:
    assert curve_rows(HISTORY, "loss", x_axis="seconds")[0].x == (4.0, 6.0, 9.0)


def test_epochs_after_one_of_unknown_time_are_left_out() -> None:
    history = {"loss": [3.0, 2.0, 1.0], "epoch_seconds": [1.0, None, 1.0]}
    (train,) = curve_rows(history, "loss", x_axis="seconds", best_epoch=3)
    assert (train.x, train.y, train.best) == ((1.0,), (3.0,), None)


def test_none_nan_and_infinities_are_gaps() -> None:
    history = {"loss": [1.0, None, math.nan, math.inf, 1e200, 2.0]}
    (train,) = curve_rows(history, "loss", best_epoch=2)
    assert [math.isnan(y) for y in train.y] == [False, True, True, True, True, False]
    assert train.best is None


def test_run_and_label_are_passed_on() -> None:
    curves = curve_rows(HISTORY, "loss", run=3, label="relu")
    assert {(curve.run, curve.label) for curve in curves} == {(3, "relu")}


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    with pytest.raises(RunError, match=r"history: no metric 'acuracy'; did you mean 'accuracy'\?"):
        curve_rows(HISTORY, "acuracy")
    with pytest.raises(RunError, match=r"relu: no metric 'zzz'; there are loss, accuracy"):
        curve_rows(HISTORY, "zzz", label="relu")


def test_an_unknown_x_axis_is_refused_with_the_nearest() -> None:
    with pytest.raises(RunError, match=r"x axis: unknown, 'epochs'; did you mean 'epoch'\?"):
        curve_rows(HISTORY, "loss", x_axis="epochs")
    with pytest.raises(RunError, match=r"'zzz'; one of epoch, updates, seconds"):
        curve_rows(HISTORY, "loss", x_axis="zzz")


def test_seconds_are_refused_where_the_history_has_none() -> None:
    with pytest.raises(RunError, match=r"no 'epoch_seconds' in it; draw against epoch or updates"):
        curve_rows({"loss": [1.0]}, "loss", x_axis="seconds")


def test_members_are_followed_by_their_means_and_standard_deviations() -> None:
    losses = [[1.8, 0.9, 0.95], [1.6, 1.0, 0.75], [1.7, 0.8, 0.7]]
    histories = [HISTORY | {"val_loss": values} for values in losses]
    curves = member_rows(histories, "loss", run=2, label="three")
    *members, train, validation = curves
    assert [curve.is_member for curve in curves] == [True] * 6 + [False] * 2
    assert [curve.y for curve in members if curve.role == "validation"] == [*map(tuple, losses)]
    assert (validation.role, validation.run, validation.label) == ("validation", 2, "three")
    np.testing.assert_allclose(validation.y, np.mean(losses, axis=0))
    np.testing.assert_allclose(validation.spread, np.std(losses, axis=0, ddof=1))
    assert train.spread == (0.0, 0.0, 0.0)


def test_a_mean_reaches_as_far_as_every_member_and_stands_at_their_mean_time() -> None:
    short = {"val_loss": [1.0, 0.5], "epoch_seconds": [2.0, 4.0]}
    long = {"val_loss": [2.0, 1.5, 1.0], "epoch_seconds": [4.0, 4.0, 4.0]}
    mean = member_rows([short, long], "loss", x_axis="seconds")[-1]
    assert (mean.x, mean.y) == ((3.0, 7.0), (1.5, 1.0))


def test_of_members_with_fair_training_values_the_running_mean_is_left_out() -> None:
    history = HISTORY | {"train_eval_loss": [1.5, 0.8, 0.4]}
    roles = [curve.role for curve in member_rows([history, history], "loss")]
    assert "running" not in roles
    assert roles[-2:] == ["train", "validation"]
