from __future__ import annotations

import random

import numpy as np
import pytest

from dlrun.config.schema import SplitConfig
from dlrun.data import Splits, make_splits
from dlrun.errors import DatasetError


def parts(
    train: float | str | None = "auto",
    validation: float | str | None = "auto",
    test: float | str | None = "auto",
) -> SplitConfig:
    return SplitConfig(train, validation, test)


def sizes(splits: Splits) -> tuple[int, int, int]:
    return len(splits.train), len(splits.validation), len(splits.test)


def assert_sound(splits: Splits, num_rows: int) -> None:
    together = np.concatenate([splits.train, splits.validation, splits.test])
    assert np.array_equal(np.sort(together), np.arange(num_rows))
    for rows in (splits.train, splits.validation, splits.test):
        assert rows.dtype == np.int64
        assert np.array_equal(rows, np.sort(rows))


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (parts(0.7, 0.3, None), (700, 300, 0)),
        (parts(0.6, 0.2, 0.2), (600, 200, 200)),
        (parts(0.98, 0.01, 0.01), (980, 10, 10)),
        (parts(0.7, None, 0.3), (700, 0, 300)),
        (parts(1.0, None, None), (1000, 0, 0)),
        (parts(), (700, 150, 150)),
        (parts(validation=0.2), (800, 200, 0)),
        (parts(validation=0.2, test=0.1), (700, 200, 100)),
    ],
)
def test_shares_become_exact_sizes(make_dataset, split, expected) -> None:
    splits = make_splits(make_dataset([600, 400]), split, seed=0)
    assert sizes(splits) == expected
    assert_sound(splits, 1000)


def test_any_ratio_of_any_number_of_rows_adds_up_and_is_alike_in_every_class(make_dataset) -> None:
    rng = random.Random(1)
    for seed in range(150):
        counts = [rng.randint(40, 300) for _ in range(rng.randint(2, 10))]
        shares = [rng.randint(60, 90), rng.randint(3, 9), rng.randint(3, 9)]
        wanted = [share / sum(shares) for share in shares]
        dataset = make_dataset(counts)
        splits = make_splits(dataset, parts(*wanted), seed)
        assert_sound(splits, dataset.num_rows)
        for rows, share in zip((splits.train, splits.validation, splits.test), wanted, strict=True):
            assert abs(len(rows) - share * dataset.num_rows) < 1
            in_part = np.bincount(dataset.y[rows], minlength=len(counts))
            exact = np.array(counts) * len(rows) / dataset.num_rows
            assert np.all(np.abs(in_part - exact) < 1)


@pytest.mark.parametrize("num_rows", [100, 101, 149, 1797, 30_000, 60_000])
@pytest.mark.parametrize("shares", [(0.7, 0.3, None), (0.6, 0.2, 0.2), (0.98, 0.01, 0.01)])
def test_the_lectures_ratios_fit_any_number_of_rows(make_dataset, num_rows, shares) -> None:
    dataset = make_dataset([num_rows - num_rows // 3, num_rows // 3])
    splits = make_splits(dataset, parts(*shares), seed=4)
    assert_sound(splits, num_rows)
    for size, share in zip(sizes(splits), shares, strict=True):
        assert abs(size - (share or 0) * num_rows) < 1


def test_the_split_of_a_seed_never_changes(make_dataset) -> None:
    splits = make_splits(make_dataset([12, 8]), parts(0.6, 0.2, 0.2), seed=0)
    assert splits.train.tolist() == GOLDEN_TRAIN
    assert splits.validation.tolist() == GOLDEN_VALIDATION
    assert splits.test.tolist() == GOLDEN_TEST


def test_another_seed_gives_another_split(make_dataset) -> None:
    dataset = make_dataset([50, 50])
    splits = [make_splits(dataset, parts(), seed) for seed in (0, 0, 1)]
    assert np.array_equal(splits[0].train, splits[1].train)
    assert not np.array_equal(splits[0].train, splits[2].train)


def test_sorted_rows_are_shuffled_before_they_are_divided(make_dataset) -> None:
    dataset = make_dataset([1000], task="regression", y=np.zeros(1000, np.float32), class_names=())
    splits = make_splits(dataset, parts(0.7, 0.3, None), seed=0)
    assert_sound(splits, 1000)
    assert 400 < splits.train.mean() < 600


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (parts(), (85, 15, 20)),
        (parts(0.8, 0.2), (80, 20, 20)),
        (parts(validation=0.2), (80, 20, 20)),
        (parts(validation="official"), (100, 20, 0)),
        (parts(0.7, 0.15, 0.15), (70, 15, 15)),
        (parts(0.8, 0.2, None), (80, 20, 0)),
    ],
)
def test_official_test_rows_are_only_used_whole(make_dataset, split, expected) -> None:
    splits = make_splits(make_dataset([60, 40], num_official_test=20), split, seed=0)
    assert sizes(splits) == expected
    for rows in (splits.train, splits.validation, splits.test):
        official = rows >= 100
        assert not official.any() or official.all()


@pytest.mark.parametrize(
    ("counts", "split", "message"),
    [
        ([30, 20], parts(0.98, 0.01, 0.01), "test gets none of 50 rows at a share of 0.01; give"),
        ([30, 2], parts(), "class 'c1' has 2 rows for 3 parts; add rows of it, leave it out, or"),
        ([30, 1], parts(), "class 'c1' has 1 row for 3 parts"),
        ([30, 0], parts(), "class 'c1' has 0 rows for 3 parts"),
        ([30, 2], parts(0.2, 0.8, None), "no row of class 'c1' is left for training; raise"),
        ([30, 20], parts(0.7, 0.2, 0.2), "the shares add up to 1.1 .*; make them add up to 1"),
        ([30, 20], parts(1.2, -0.2, None), "validation gets a share of -0.2 .*; every part needs"),
        ([30, 20], parts(validation="official"), "has no official test rows; give shares such as"),
        ([30, 20], parts("all", 0.1, None), "split.train is 'all'; give a share"),
        ([30, 20], parts(None, 0.5, 0.5), "train gets a share of 0.0 .*; every part needs more"),
    ],
)
def test_a_split_that_cannot_be_is_refused(make_dataset, counts, split, message) -> None:
    with pytest.raises(DatasetError, match=f"toy: {message}"):
        make_splits(make_dataset(counts), split, seed=0)


def test_official_rows_cannot_serve_twice(make_dataset) -> None:
    dataset = make_dataset([60, 40], num_official_test=20)
    with pytest.raises(DatasetError, match="cannot be both validation and test"):
        make_splits(dataset, parts(1.0, "official", "official"), seed=0)


def test_a_class_that_only_validation_lacks_gets_a_hint(make_dataset) -> None:
    splits = make_splits(make_dataset([400, 4]), parts(0.9, 0.1, None), seed=0)
    assert "the validation part has no row of class 'c1'" in splits.hints[0]


@pytest.mark.parametrize(
    ("num_rows", "split", "hint"),
    [
        (178, parts(0.96, 0.02, 0.02), "4 validation rows say little; for 178 rows 70/30 or"),
        (1_000_000, parts(0.7, 0.3, None), "for millions of rows 98/1/1 leaves more"),
        (1000, parts(0.4, 0.6, None), "less than half of the rows are trained on"),
    ],
)
def test_a_split_unwise_for_the_size_gets_one_hint(make_dataset, num_rows, split, hint) -> None:
    splits = make_splits(make_dataset([num_rows // 2, num_rows // 2]), split, seed=0)
    assert len(splits.hints) == 1
    assert hint in splits.hints[0]


@pytest.mark.parametrize("num_rows", [150, 60_000, 1_000_000])
def test_the_usual_split_for_the_size_gets_no_hint(make_dataset, num_rows) -> None:
    usual = (0.98, 0.01, 0.01) if num_rows == 1_000_000 else (0.6, 0.2, 0.2)
    dataset = make_dataset([num_rows // 2, num_rows // 2])
    assert make_splits(dataset, parts(*usual), seed=0).hints == ()


GOLDEN_TRAIN = [1, 4, 6, 7, 8, 9, 11, 12, 13, 16, 17, 19]
GOLDEN_VALIDATION = [3, 5, 14, 15]
GOLDEN_TEST = [0, 2, 10, 18]


def folds(make_dataset, kfold: int, **options) -> list[Splits]:
    dataset = make_dataset([60, 41, 22])
    return [
        make_splits(dataset, SplitConfig(kfold=kfold, fold=fold, **options), seed=3)
        for fold in range(kfold)
    ]


@pytest.mark.parametrize("kfold", [2, 5, 10])
@pytest.mark.parametrize("test", [None, 0.1])
def test_folds_are_disjoint_and_complete(make_dataset, kfold: int, test: float | None) -> None:
    found = folds(make_dataset, kfold, test=test)
    validated = np.concatenate([splits.validation for splits in found])
    assert len(np.unique(validated)) == len(validated)
    for splits in found:
        assert_sound(splits, 123)
        np.testing.assert_array_equal(splits.test, found[0].test)
    assert len(found[0].test) == (12 if test else 0)
    everything = np.sort(np.concatenate([validated, found[0].test]))
    np.testing.assert_array_equal(everything, np.arange(123))


def test_folds_are_alike_in_size_and_in_classes(make_dataset) -> None:
    dataset = make_dataset([60, 41, 22])
    found = folds(make_dataset, 5)
    lengths = {len(splits.validation) for splits in found}
    assert lengths == {24, 25}
    for splits in found:
        counts = np.bincount(dataset.y[splits.validation], minlength=3)
        assert np.all(np.abs(counts - np.array([12, 8.2, 4.4])) < 1)


def test_folds_are_shuffled_by_the_seed(make_dataset) -> None:
    dataset = make_dataset([60, 41, 22])
    first, other = (
        make_splits(dataset, SplitConfig(kfold=5, fold=0), seed=seed).validation for seed in (0, 1)
    )
    assert set(first) != set(other)
    assert np.any(np.diff(first) > 1)


def test_folds_of_a_set_with_official_test_rows_divide_its_training_part(make_dataset) -> None:
    dataset = make_dataset([60, 60], num_official_test=20)
    splits = make_splits(dataset, SplitConfig(kfold=4, fold=1), seed=0)
    assert sizes(splits) == (90, 30, 20)
    np.testing.assert_array_equal(splits.test, np.arange(120, 140))


def test_a_class_with_fewer_rows_than_folds_is_refused(make_dataset) -> None:
    with pytest.raises(DatasetError, match="has 4 rows for 5 parts; add rows of it"):
        make_splits(make_dataset([60, 4]), SplitConfig(kfold=5, fold=0), seed=0)


def test_test_rows_with_a_seed_of_their_own_stay_while_the_others_change(make_dataset) -> None:
    dataset = make_dataset([60, 40])
    base = make_splits(dataset, parts(0.6, 0.2, 0.2), seed=7)
    for seed in (7, 8, 9):
        split = SplitConfig(0.6, 0.2, 0.2, test_seed=7)
        splits = make_splits(dataset, split, seed)
        assert_sound(splits, 100)
        assert sizes(splits) == (60, 20, 20)
        np.testing.assert_array_equal(splits.test, base.test)
        same = np.array_equal(splits.validation, base.validation)
        assert same == (seed == 7)
