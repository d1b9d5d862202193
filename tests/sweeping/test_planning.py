from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.sweeping import SweepDefinition
from dlrun.sweeping.planning import (
    count_assignments,
    count_planned,
    draw,
    grid_assignments,
    make_rng,
    plan_assignments,
    random_assignments,
    zip_assignments,
)
from dlrun.sweeping.space import Choice, Parameter, Range, Uniform, identity, takes

Load = Callable[..., SweepDefinition]

OPTIMIZER = Parameter("optimizer", Choice(("sgd", "adam")))
MOMENTUM = Parameter("optimizer.momentum", Choice((0, 0.5, 0.9)), {"optimizer": ("sgd",)})
SEED = Parameter("seed", Range(1, 3))


def test_a_grid_is_every_combination_the_last_key_fastest() -> None:
    keys = {"a": (1, 2), "b": ("x", "y", "z"), "c": (True, False)}
    parameters = [Parameter(key, Choice(values)) for key, values in keys.items()]
    expected = [dict(zip(keys, row, strict=True)) for row in product(*keys.values())]
    assert list(grid_assignments(parameters)) == expected
    assert count_assignments(parameters) == len(expected)


@pytest.mark.parametrize("parameters", [[OPTIMIZER, MOMENTUM, SEED], [MOMENTUM, SEED, OPTIMIZER]])
def test_a_conditional_key_multiplies_only_where_it_is_active(parameters: list[Parameter]) -> None:
    rows = grid_assignments(parameters)
    assert len(rows) == count_assignments(parameters) == 3 * 3 + 3
    assert sum("optimizer.momentum" in row for row in rows) == 9
    # The independent way: the whole product, inactive values dropped, each row once.
    keys = [parameter.key for parameter in parameters]
    whole = product(*[parameter.domain.ends if parameter.key != "seed" else (1, 2, 3)
                      for parameter in parameters])  # fmt: skip
    expected: dict[str, dict] = {}
    for row in whole:
        values = dict(zip(keys, row, strict=True))
        if values["optimizer"] != "sgd":
            del values["optimizer.momentum"]
        expected.setdefault(identity(values), values)
    assert list(rows) == list(expected.values())


def test_a_key_behind_an_inactive_key_is_inactive() -> None:
    nesterov = Parameter("nesterov", Choice((True, False)), {"optimizer.momentum": (0.9,)})
    rows = grid_assignments([OPTIMIZER, MOMENTUM, nesterov])
    assert len(rows) == count_assignments([OPTIMIZER, MOMENTUM, nesterov]) == 2 + 2 + 1
    assert {"optimizer": "adam"} in rows


def test_a_zip_goes_through_its_lists_side_by_side() -> None:
    momentum = Parameter("m", Choice((0.1, 0.2, 0.2)), {"o": ("sgd",)})
    optimizer = Parameter("o", Choice(("sgd", "adam", "nadam")))
    assert zip_assignments([momentum, optimizer]) == (
        {"m": 0.1, "o": "sgd"}, {"o": "adam"}, {"o": "nadam"},
    )  # fmt: skip


def test_rows_of_a_zip_that_come_out_equal_are_there_once() -> None:
    optimizer = Parameter("o", Choice(("adam", "adam")))
    momentum = Parameter("m", Choice((0.1, 0.2)), {"o": ("sgd",)})
    assert zip_assignments([optimizer, momentum]) == ({"o": "adam"},)


def test_random_draws_no_assignment_twice_and_begins_alike() -> None:
    parameters = [OPTIMIZER, MOMENTUM, SEED]
    rows = random_assignments(parameters, 10, make_rng(7))
    assert len({identity(row) for row in rows}) == 10
    assert random_assignments(parameters, 4, make_rng(7)) == rows[:4]
    assert random_assignments(parameters, 10, make_rng(8)) != rows


def test_of_a_small_space_random_gives_all_in_random_order() -> None:
    parameters = [OPTIMIZER, MOMENTUM, SEED]
    rows, grid = random_assignments(parameters, 50, make_rng(0)), grid_assignments(parameters)
    assert rows != grid
    assert sorted(map(identity, rows)) == sorted(map(identity, grid))


def test_random_finishes_where_a_branch_has_a_single_trial() -> None:
    momentum = Parameter("m", Uniform(0, 1), {"optimizer": ("sgd",)})
    rows = random_assignments([OPTIMIZER, momentum], 20, make_rng(1))
    assert Counter(row["optimizer"] for row in rows) == {"sgd": 19, "adam": 1}
    assert count_assignments([OPTIMIZER, momentum]) is None


def test_random_ends_where_floating_point_has_no_further_numbers() -> None:
    narrow = Parameter("m", Uniform(1.0, float(np.nextafter(1.0, 2))))
    assert len(random_assignments([narrow], 5, make_rng(1))) <= 2


def test_draws_are_the_same_on_every_machine() -> None:
    rng = make_rng(0)
    drawn = [
        draw(domain, rng) for domain in (Uniform(0, 1), Uniform(1e-4, 1, log=True), Range(1, 9))
    ]
    assert drawn == [0.082874, 0.0152468, 2]


numbers = st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_subnormal=False)


@st.composite
def domains(pick: st.DrawFn) -> Range | Uniform:
    low, high = sorted([pick(numbers), pick(numbers)])
    if high - low < 1e-9:
        high = low + 1
    step = pick(st.integers(1, 50) | st.floats(0.01, 100))
    if step > high - low:
        step = high - low
    log = low > 0 and pick(st.booleans())
    return pick(
        st.sampled_from(
            [Range(low, high, step), Uniform(low, high, log=log), Uniform(low, high, log, step)]
        )
    )


@given(domains(), st.integers(0, 2**32 - 1))
@settings(max_examples=300)
def test_draws_lie_inside_their_domain(domain: Range | Uniform, seed: int) -> None:
    rng = make_rng(seed)
    for _ in range(5):
        value = draw(domain, rng)
        assert domain.low <= value <= domain.high
        is_whole = all(isinstance(part, int) for part in (domain.low, domain.high, domain.step))
        assert type(value) is (int if is_whole else float)
        if is_whole:
            assert takes(domain, value)


def test_a_logarithmic_draw_has_as_many_values_in_each_decade() -> None:
    rng = make_rng(3)
    drawn = [draw(Uniform(1e-4, 1, log=True), rng) for _ in range(4000)]
    counts = np.histogram(np.log10(drawn), bins=4, range=(-4, 0))[0]
    assert np.all(np.abs(counts - 1000) < 5 * np.sqrt(1000 * 0.75))


def test_a_stepped_draw_reaches_both_ends() -> None:
    rng = make_rng(3)
    assert {draw(Uniform(1, 4, log=True, step=1), rng) for _ in range(200)} == {1, 2, 3, 4}
    assert {draw(Uniform(0, 1, step=0.5), rng) for _ in range(200)} == {0.0, 0.5, 1.0}


def test_a_definition_is_planned_by_its_strategy(load: Load) -> None:
    search = "search: {seed: [1, 2], optimizer: [sgd, adam]}"
    counts = {
        "strategy: grid": 4,
        "strategy: zip": 2,
        "strategy: random\ntrials: 3": 3,
        "strategy: random\ntrials: 30": 4,
    }
    for strategy, count in counts.items():
        definition = load(f"{search}\n{strategy}")
        assert len(plan_assignments(definition)) == count_planned(definition) == count
    tpe = load(f"{search}\nstrategy: tpe\ntrials: 3")
    assert (plan_assignments(tpe), count_planned(tpe)) == ((), 3)


def test_the_seed_of_the_base_decides_what_is_drawn(load: Load) -> None:
    text = "search: {optimizer.learning_rate: {uniform: [0.1, 1]}}\nstrategy: random\ntrials: 3"
    assert plan_assignments(load(text)) == plan_assignments(load(text))
    assert plan_assignments(load(text)) != plan_assignments(load(text, ("seed=1",)))
