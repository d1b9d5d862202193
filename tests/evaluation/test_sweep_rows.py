from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlrun.evaluation.sweep_rows import (
    SweepRows,
    TrialRow,
    level_of,
    make_axis,
    short_labels,
    state_words,
    value_text,
    worst_usual,
)


@pytest.mark.parametrize(
    ("values", "is_log"),
    [
        ([0.001, 0.01, 0.1], True),
        ([0.01, 0.1], True),
        ([32, 64, 128, 256, 512], True),
        ([0.001, 0.003, 0.01, 0.03], True),
        ([0.1, 0.2, 0.3], False),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], False),
        ([0, 0.001, 0.01], False),
        ([-1, 10], False),
        ([5], False),
        (["0.01", "0.1"], False),
        ([], False),
    ],
)
def test_numbers_in_steps_by_ratio_over_a_decade_are_logarithmic(values: Any, is_log: bool) -> None:
    assert make_axis("a", values).is_log is is_log


def test_random_draws_show_on_which_scale_they_were_drawn() -> None:
    rng = np.random.default_rng(0)
    assert make_axis("a", (10 ** rng.uniform(-4, -1, 50)).tolist()).is_log
    assert not make_axis("a", rng.uniform(0.01, 1, 50).tolist()).is_log


def test_the_scale_that_was_asked_for_counts_unless_it_cannot_be() -> None:
    assert make_axis("a", [0.1, 0.2], is_log=True).is_log
    assert not make_axis("a", [0.001, 0.01, 0.1], is_log=False).is_log
    assert not make_axis("a", [0, 0.1], is_log=True).is_log
    assert not make_axis("a", ["x"], is_log=True).is_log


def test_levels_are_distinct_numbers_sorted_and_others_in_the_order_given() -> None:
    assert make_axis("a", [64, 32, 64, 128]).levels == (32, 64, 128)
    assert make_axis("a", ["sgd", "adam", "sgd"]).levels == ("sgd", "adam")
    nested = [{"SGD": {"nesterov": True}}, "sgd", {"SGD": {"nesterov": True}}]
    assert make_axis("a", nested).levels == ({"SGD": {"nesterov": True}}, "sgd")


def test_bools_are_no_numbers_and_differ_from_one() -> None:
    axis = make_axis("a", [True, False])
    assert (axis.is_number, axis.levels) == (False, (True, False))
    assert make_axis("a", [True, 1, 1.0]).levels == (True, 1)


def test_a_trials_level_is_found_by_value_and_none_where_it_has_none() -> None:
    axis = make_axis("a", [{"SGD": {"x": 1, "y": 2}}, 1, True])
    found = [{"SGD": {"y": 2, "x": 1}}, 1.0, True, "other"]
    trials = [TrialRow(i, {"a": value}, "finished", 1.0) for i, value in enumerate(found)]
    assert [level_of(trial, axis) for trial in trials] == [0, 1, 2, None]
    assert level_of(TrialRow(9, {}, "finished", 1.0), axis) is None


@pytest.mark.parametrize(
    ("keys", "labels"),
    [
        (["optimizer.learning_rate", "model.activation"], ["learning_rate", "activation"]),
        (["model.layers.1.repeat"], ["repeat"]),
        (
            ["model.layers.1.repeat", "model.layers.2.repeat"],
            ["layers.1.repeat", "layers.2.repeat"],
        ),
        (["optimizer", "optimizer.learning_rate"], ["optimizer", "learning_rate"]),
        (["a.units", "b.units", "units"], ["a.units", "b.units", "units"]),
        (["dataset.name"], ["dataset.name"]),
        (["model.layers.0"], ["layers.0"]),
        (["x.seed", "x.reseed"], ["seed", "reseed"]),
    ],
)
def test_labels_are_the_shortest_ends_that_tell_keys_apart(
    keys: list[str], labels: list[str]
) -> None:
    assert list(short_labels(keys).values()) == labels


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("sgd", "sgd"),
        (0.01, "0.01"),
        (1e-5, "1e-5"),
        (0.1 + 0.2, "0.3"),
        (12345678, "12345678"),
        (True, "true"),
        (None, "none"),
        ({"SGD": {"nesterov": True}}, "SGD(nesterov=true)"),
        ({"SGD": {}}, "SGD"),
        ({"Adam": None}, "Adam"),
        ({"a": 1, "b": [1, 2.5]}, "{a: 1, b: [1, 2.5]}"),
        ({"L2": 0.1}, "{L2: 0.1}"),
        ([{"Dense": {"units": 8}}, "ReLU"], "[Dense(units=8), ReLU]"),
    ],
)
def test_a_value_is_said_shortly(value: Any, text: str) -> None:
    assert value_text(value) == text


def sweep(*states: str, value: float | None = 1.0) -> SweepRows:
    trials = tuple(TrialRow(i, {}, state, value) for i, state in enumerate(states))
    return SweepRows("s", "val_loss", False, (), trials, 0)


def test_what_came_of_the_trials_is_told_by_their_numbers() -> None:
    assert state_words(sweep("finished", "finished")) == "2 trials, all finished"
    assert state_words(sweep("finished")) == "1 trial, finished"
    mixed = sweep("finished", "diverged", "timed_out", "diverged", "planned", "pruned")
    assert state_words(mixed) == (
        "of 6 trials 1 finished, 1 pruned, 2 diverged, 1 timed out, 1 not started"
    )
    assert state_words(sweep("failed")) == "of 1 trial 0 finished, 1 failed"


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_trial_that_finished_without_a_value_has_no_result(value: float | None) -> None:
    rows = sweep("finished", "finished", value=value)
    assert rows.results == ()
    assert rows.best_trial is None
    assert all(trial.is_lost for trial in rows.trials)
    assert state_words(rows) == "of 2 trials 0 finished, 2 finished without a value"


def test_losses_over_more_than_a_decade_are_told_and_accuracies_never() -> None:
    trials = tuple(TrialRow(i, {}, "finished", v) for i, v in enumerate([0.05, 0.4, 0.9]))
    assert SweepRows("s", "val_loss", False, (), trials, 0).spans_decades
    assert not SweepRows("s", "val_accuracy", True, (), trials, 2).spans_decades


def test_far_out_values_are_those_beyond_three_ranges_of_the_quartiles() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    low, high = np.quantile(values, [0.25, 0.75])
    fence = high + 3 * (high - low)
    assert worst_usual([*values, 16.9], higher_is_better=False) is None
    assert worst_usual([*values, 2 * fence], higher_is_better=False) == 8
    assert worst_usual([*values, 2 * fence], higher_is_better=True) is None
    assert worst_usual([-v for v in [*values, 99.0]], higher_is_better=True) == -8
    assert worst_usual([1.0, 1.1, 1.2, 99.0], higher_is_better=False) is None
    assert worst_usual([1.0] * 9 + [99.0], higher_is_better=False) is None
