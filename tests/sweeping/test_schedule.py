"""Batches, medians, brackets and rungs, against counts by hand."""

from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.runs import Trial
from dlrun.sweeping.schedule import (
    BATCH,
    MIN_CURVES,
    Step,
    all_at_once,
    batches_of,
    best_so_far,
    make_brackets,
    median_threshold,
    survivors,
)


def trials(number: int, state: str = "finished") -> list[Trial]:
    return [Trial(n, {}, str(n), {}, state=state) for n in range(number)]


def test_duplicates_are_in_no_wave() -> None:
    some = [*trials(3), Trial(3, {}, "0", {}, state="duplicate", duplicate_of=0)]
    assert all_at_once(some) == [Step(0), Step(1), Step(2)]
    assert [[one.number for one in batch] for batch in batches_of([*some, *trials(3)])] == [
        [0, 1, 2, 0], [1, 2],
    ]  # fmt: skip
    assert BATCH == 4


def test_the_threshold_is_the_median_at_each_epoch_but_the_first() -> None:
    curves = {0: [9.0, 1.0, 5.0], 1: [9.0, 2.0], 2: [9.0, 3.0, 1.0], 3: [0.0, 4.0, 2.0],
              4: [1.0, 5.0, 3.0], 5: [1.0, None, 4.0]}  # fmt: skip
    found = median_threshold(
        trials(6), lambda one: curves[one.number], "val_loss", higher_is_better=False
    )
    assert found is not None
    assert found.values == (None, median([1, 2, 3, 4, 5]), median([5, 1, 2, 3, 4]))
    few = trials(MIN_CURVES - 1)
    assert median_threshold(few, lambda one: [1.0], "val_loss", higher_is_better=False) is None


@pytest.mark.parametrize(
    ("epochs", "rungs"),
    [
        (1, {(1,)}),
        (2, {(2,)}),
        (9, {(1, 3, 9), (3, 9), (9,)}),
        (10, {(1, 3, 10), (3, 10), (10,)}),
        (81, {(1, 3, 9, 27, 81), (3, 9, 27, 81), (9, 27, 81), (27, 81), (81,)}),
    ],
)
def test_rungs_are_thirds_of_all_epochs(epochs: int, rungs: set[tuple[int, ...]]) -> None:
    assert {bracket.rungs for bracket in make_brackets(range(200), epochs, seed=0)} == rungs


def test_brackets_have_the_shares_of_the_paper() -> None:
    """R = 81, η = 3: 81, 34, 15, 8 and 5 configurations (Li et al. 2018, table 1)."""
    brackets = make_brackets(range(81 + 34 + 15 + 8 + 5), 81, seed=3)
    assert [len(bracket.trials) for bracket in brackets] == [81, 34, 15, 8, 5]


@given(st.integers(1, 60), st.integers(1, 100), st.integers(0, 5))
def test_every_trial_is_in_one_bracket(number: int, epochs: int, seed: int) -> None:
    brackets = make_brackets(range(number), epochs, seed)
    assert sorted(n for bracket in brackets for n in bracket.trials) == list(range(number))
    assert all(bracket.rungs[-1] == epochs for bracket in brackets)
    assert brackets == make_brackets(range(number), epochs, seed)


def test_the_best_third_survives_one_at_least() -> None:
    values = [(0, 0.3), (1, 0.1), (2, None), (3, 0.2), (4, 0.1), (5, 0.9), (6, 0.8)]
    assert survivors(values, higher_is_better=False) == (1, 4)
    assert survivors(values, higher_is_better=True) == (5, 6)
    assert survivors([(7, 0.5), (8, 0.4)], higher_is_better=True) == (7,)
    assert survivors([(7, None)], higher_is_better=True) == ()


def test_the_best_value_so_far() -> None:
    assert best_so_far([None, 0.5, 0.7, float("nan")], higher_is_better=False) == 0.5
    assert best_so_far([None, 0.5, 0.7, float("nan")], higher_is_better=True) == 0.7
    assert best_so_far([None], higher_is_better=True) is None
