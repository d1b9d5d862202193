"""Copies of rows: every one found, told by the parts they lie in, left out where asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import dlrun
from dlrun.config import load_config
from dlrun.config.schema import DatasetConfig
from dlrun.data import Dataset, duplicates, load_dataset
from dlrun.data.duplicates import (
    count_copies,
    describe_copies,
    drop_copies,
    find_copies,
)
from dlrun.events import Message
from dlrun.prepare import prepare_data

WriteConfig = Callable[..., Path]


def few_values(num_rows: int = 300, dtype: str = "float32", columns: int = 3) -> Dataset:
    """Rows of so few values that many are the same."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (num_rows, columns)).astype(dtype)
    y = rng.integers(0, 2, num_rows)
    return Dataset("few", "binary", x, y, class_names=("a", "b"))


def first_same(keys: list[bytes]) -> list[int]:
    seen: dict[bytes, int] = {}
    return [seen.setdefault(key, number) for number, key in enumerate(keys)]


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("columns", [1, 3, 8, 11])
def test_every_copy_is_found_as_by_comparing_each_with_each(dtype: str, columns: int) -> None:
    data = few_values(dtype=dtype, columns=columns)
    found = find_copies(data)
    features = [row.tobytes() for row in data.x]
    labelled = [key + bytes([label]) for key, label in zip(features, data.y, strict=True)]
    assert found.by_features.tolist() == first_same(features)
    assert found.by_row.tolist() == first_same(labelled)


def test_equal_hashes_of_other_rows_are_no_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    data = few_values(60)
    expected = find_copies(data)
    monkeypatch.setattr(duplicates, "_hashes", lambda rows: np.zeros(len(rows), np.uint64))
    found = find_copies(data)
    np.testing.assert_array_equal(found.by_row, expected.by_row)
    np.testing.assert_array_equal(found.by_features, expected.by_features)


def test_rows_are_hashed_alike_in_one_chunk_and_in_many(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(1).integers(0, 256, (100, 37)).astype(np.uint8)
    whole = duplicates._hashes(rows)
    monkeypatch.setattr(duplicates, "_CHUNK", 100)
    np.testing.assert_array_equal(duplicates._hashes(rows), whole)
    assert len(np.unique(whole)) == 100


def test_zero_and_minus_zero_are_the_same() -> None:
    data = Dataset("zeros", "regression", np.array([[0.0], [-0.0]], np.float32),
                   np.array([1, 1], np.float32))  # fmt: skip
    assert find_copies(data).by_row.tolist() == [0, 0]


def planted() -> Dataset:
    """Ten different images, of which rows 7, 8 and 9 are planted copies."""
    x = np.random.default_rng(2).integers(0, 256, (10, 4, 4)).astype(np.uint8)
    y = np.array([0, 1, 0, 1, 0, 1, 0, 0, 1, 1])
    x[7], x[8], x[9] = x[0], x[1], x[2]  # row 9 with another label than row 2
    return Dataset("planted", "binary", x, y, class_names=("a", "b"))


def test_planted_copies_are_told_by_part() -> None:
    parts = {"train": np.array([0, 1, 2, 3]), "validation": np.array([4, 5, 7]),
             "test": np.array([6, 8, 9])}  # fmt: skip
    found = count_copies(planted(), parts)
    assert found == {
        "all": {"rows": 2, "features": 3},
        "validation": {"rows": 1, "features": 1},
        "test": {"rows": 1, "features": 2},
    }
    sizes = {part: len(rows) for part, rows in parts.items()}
    assert describe_copies("planted", found, sizes) == Message(
        "planted: 2 rows repeat, label included (3 by features alone), an earlier one, "
        "1 validation row repeats, label included (1 by features alone), a training row, "
        "1 test row repeats, label included (2 by features alone), a training or validation row; "
        "dataset.duplicates=drop leaves them out",
        level="warning",
    )


def test_few_copies_are_no_warning_and_none_are_only_logged() -> None:
    found = {"all": {"rows": 1, "features": 1}, "validation": {"rows": 1, "features": 1}}
    assert describe_copies("many", found, {"validation": 1000}).level == "info"
    none = {"all": {"rows": 0, "features": 0}}
    assert describe_copies("many", none, {}) == Message("many: no row repeats another", level="log")


def test_all_copies_but_the_first_are_left_out() -> None:
    left = drop_copies(planted())
    assert left.num_rows == 8
    np.testing.assert_array_equal(left.x, planted().x[[0, 1, 2, 3, 4, 5, 6, 9]])
    assert left.notes == ("left out 2 rows that repeat another, features and label",)
    whole = Dataset("whole", "binary", planted().x[:7], planted().y[:7], class_names=("a", "b"))
    assert drop_copies(whole) is whole


def test_official_test_rows_stay_and_training_rows_like_them_go() -> None:
    data = planted()
    x, y = data.x[[0, 3, 4, 7, 7, 5]], data.y[[0, 3, 4, 7, 7, 5]]
    official = Dataset("official", "binary", x, y, num_official_test=3, class_names=("a", "b"))
    left = drop_copies(official)
    assert (left.num_rows, left.num_official_test) == (5, 3)
    np.testing.assert_array_equal(left.x, x[1:])


@pytest.mark.parametrize(
    ("name", "rows", "features"), [("iris", 1, 1), ("digits", 0, 0), ("wine", 0, 0)]
)
def test_known_answers(name: str, rows: int, features: int) -> None:
    found = find_copies(load_dataset(DatasetConfig(name))).count_all()
    assert found == {"rows": rows, "features": features}


def test_a_run_records_what_was_found(write_config: WriteConfig) -> None:
    run = dlrun.train(write_config())
    assert run.dataset["duplicates"]["all"] == {"rows": 1, "features": 1}
    assert set(run.dataset["duplicates"]) == {"all", "validation", "test"}
    assert "iris: 1 row repeats, label included" in (run.path / "run.log").read_text()


def test_dropped_rows_are_in_no_part_and_that_is_said(write_config: WriteConfig) -> None:
    config = load_config(write_config(), {"dataset.duplicates": "drop"}).config
    told: list[str] = []
    data = prepare_data(config, lambda event: told.append(getattr(event, "text", "")))
    assert sum(len(rows) for rows in data.rows.values()) == 149
    assert data.copies["all"] == {"rows": 0, "features": 0}
    assert "iris: left out 1 row that repeats another, features and label" in told
