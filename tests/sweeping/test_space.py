from __future__ import annotations

import pytest

from dlrun.sweeping.space import (
    Choice,
    Parameter,
    Range,
    Uniform,
    identity,
    in_deciding_order,
    in_order_of_application,
    is_one_of,
    requirements,
    takes,
)


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        (Range(1, 4), (1, 2, 3, 4)),
        (Range(16, 64, 16), (16, 32, 48, 64)),
        (Range(1, 10, 4), (1, 5, 9)),
        (Range(0.1, 0.5, 0.1), (0.1, 0.2, 0.3, 0.4, 0.5)),
        (Range(0, 1, 0.25), (0.0, 0.25, 0.5, 0.75, 1.0)),
        (Range(1e-05, 3e-05, 1e-05), (1e-05, 2e-05, 3e-05)),
    ],
)
def test_a_range_has_both_ends_and_no_rounding_errors(domain: Range, values: tuple) -> None:
    assert domain.values == values
    assert domain.size == len(values)
    assert domain.ends == (values[0], values[-1])


def test_numbers_are_ints_only_where_all_are_written_as_ints() -> None:
    assert {type(value) for value in Range(1, 4).values} == {int}
    assert {type(value) for value in Range(1, 4.0).values} == {float}
    assert {type(value) for value in Range(1, 4, 0.5).values} == {float}


def test_the_size_of_a_uniform_is_known_only_with_a_step() -> None:
    assert Uniform(0, 1).size is None
    assert Uniform(8, 512, log=True, step=1).size == 505
    assert Uniform(0, 1, step=0.3).ends == (0.0, 0.9)


def test_equal_numbers_are_the_same_value_and_truth_is_none() -> None:
    assert identity({"a": 1.0, "b": [2]}) == identity({"b": (2.0,), "a": 1})
    assert not is_one_of(True, [1])
    assert not is_one_of("1", [1])


@pytest.mark.parametrize(
    ("domain", "value", "expected"),
    [
        (Choice(("a", 1)), 1.0, True),
        (Choice(("a", 1)), True, False),
        (Range(1, 9, 4), 5, True),
        (Range(1, 9, 4), 4, False),
        (Range(1, 9, 4), 13, False),
        (Range(1, 9, 4), "5", False),
        (Uniform(0, 1), 0.123, True),
        (Uniform(0, 1, step=0.1), 0.3, True),
        (Uniform(0, 1, step=0.1), 0.35, False),
    ],
)
def test_which_values_a_domain_takes(domain: Choice, value: object, expected: bool) -> None:
    assert takes(domain, value) is expected


def test_a_key_that_holds_another_is_applied_first() -> None:
    given = {"optimizer.learning_rate": 0.1, "seed": 1, "optimizer": "sgd", "optimizers": 2}
    assert list(in_order_of_application(given)) == [
        "optimizer", "optimizer.learning_rate", "seed", "optimizers",
    ]  # fmt: skip


def test_keys_are_decided_after_those_of_their_conditions() -> None:
    last, middle, first = (
        Parameter("a", Choice((1,)), {"b": (1,)}),
        Parameter("b", Choice((1, 2)), {"c": (1, 2)}),
        Parameter("c", Choice((1, 2))),
    )
    assert in_deciding_order([last, middle, first]) == (first, middle, last)
    assert requirements("a", {p.key: p for p in (last, middle, first)}) == {"b": (1,), "c": (1, 2)}
