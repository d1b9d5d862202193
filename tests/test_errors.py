from __future__ import annotations

import pytest

from dlrun import errors
from dlrun.errors import ConfigError, DlrunError, Problem, did_you_mean, nearest_name


def test_a_problem_reads_place_key_message():
    assert str(Problem("training.epoch", "unknown key", 12, 5)) == (
        "12:5  training.epoch: unknown key"
    )


def test_a_problem_of_the_whole_file_has_neither_place_nor_key():
    assert str(Problem("", "no such file")) == "no such file"


def test_an_override_takes_the_place_of_line_and_column():
    problem = Problem("seed", "must be a number", 3, 1, override="seed=x")
    assert str(problem) == "override seed=x  seed: must be a number"


def test_a_config_error_shows_every_problem_with_places_in_one_column():
    error = ConfigError(
        "configs/moons.yaml",
        [
            Problem("training.epoch", "unknown key; did you mean 'epochs'?", 12, 5),
            Problem("dataset.name", "unknown data set 'two_moon'", 4, 9),
        ],
    )
    assert str(error) == (
        "configs/moons.yaml: 2 problems\n"
        "  12:5  training.epoch: unknown key; did you mean 'epochs'?\n"
        "   4:9  dataset.name: unknown data set 'two_moon'"
    )


def test_one_problem_is_counted_as_one():
    assert str(ConfigError("a.yaml", [Problem("", "no such file")])) == (
        "a.yaml: 1 problem\n  no such file"
    )


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (errors.DatasetError("x"), 2),
        (errors.ModelError("x"), 2),
        (errors.RunError("x"), 2),
        (ConfigError("x", []), 2),
        (errors.DivergedError("x"), 1),
        (errors.StorageError("x"), 1),
    ],
)
def test_an_error_knows_its_exit_code(error: DlrunError, exit_code: int):
    assert error.exit_code == exit_code


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("categoricalCrossEntropy", "categorical_crossentropy"),
        ("two-moons", "two_moons"),
        ("qqqq", None),
    ],
)
def test_the_nearest_name_ignores_case_and_underscores(name: str, expected: str | None):
    assert nearest_name(name, ["categorical_crossentropy", "two_moons"]) == expected


def test_no_hint_is_given_where_nothing_is_near():
    assert did_you_mean("qqqq", ["epochs"]) == ""
    assert did_you_mean("epoch", ["epochs"]) == "; did you mean 'epochs'?"
