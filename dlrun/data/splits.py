"""Splits: which rows train a net, which choose among nets, which judge the last one.

The official test rows of a set that brings some are only ever used whole, as `official`;
numbers divide the rest, the official training part.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from dlrun.config.resolve import resolve_split
from dlrun.config.schema import SplitConfig
from dlrun.data.apportion import divide_rows, share_classes
from dlrun.data.dataset import Array, Dataset
from dlrun.errors import DatasetError

SPLIT_STREAM = 0x5911
"""Keeps the split's random numbers apart from those of weights and batches of the same seed."""

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Splits:
    """Row numbers into a data set's arrays, sorted, int64; no row is in two parts.

    Attributes:
        train: Rows to train on.
        validation: Rows to watch and choose by; may be empty.
        test: Rows to look at once, at the end; may be empty.
        hints: What is unwise about this split, a sentence each.
    """

    train: Array
    validation: Array
    test: Array
    hints: tuple[str, ...] = ()


def make_splits(dataset: Dataset, split: SplitConfig, seed: int) -> Splits:
    """Divides a data set's rows, shuffled by the seed, alike in every class.

    Sizes add up exactly (largest remainder). Where there are classes, each has in each part its
    exact share of rows, rounded up or down. Which rows those are is decided by one shuffle of
    the training part by `numpy.random.default_rng([seed, SPLIT_STREAM])`; where test rows have a
    seed of their own, or there are folds, by one shuffle for the test rows and one for the rest.

    Args:
        dataset: What to divide.
        split: The parts wanted; `auto` is decided by the data set. Of folds, the one whose
            validation rows are wanted.
        seed: The experiment's seed, 0 or more.

    Raises:
        DatasetError: the numbers are no shares of 1, a part would be empty, a class has too few
            rows, or official rows are asked of a set that has none.
    """
    wanted = _resolve(dataset, split)
    shares = {part: Fraction(repr(w)) for part, w in wanted.items() if isinstance(w, float)}
    if split.kfold is None:
        _check_shares(dataset, shares)
    test_seed = seed if split.test_seed == "auto" else split.test_seed
    every = np.arange(dataset.num_train_rows, dtype=np.int64)
    if split.kfold is not None:
        rows = _make_fold(dataset, split, shares, seed, test_seed)
    elif test_seed == seed or "test" not in shares:
        rows = _divide(dataset, every, shares, seed)
    else:
        test = _divide(dataset, every, shares, test_seed)["test"]
        rest = {part: share for part, share in shares.items() if part != "test"}
        rows = {**_divide(dataset, _without(every, test), rest, seed), "test": test}
    official = np.arange(dataset.num_train_rows, dataset.num_rows, dtype=np.int64)
    for part, share in wanted.items():
        if share == "official":
            rows[part] = official
    empty = np.empty(0, np.int64)
    train, validation, test = (rows.get(part, empty) for part in PARTS)
    sizes = () if split.kfold is not None else _size_hints(dataset, shares, rows)
    hints = (*_missing_hints(dataset, rows), *sizes)
    return Splits(train, validation, test, hints)


def _make_fold(
    dataset: Dataset,
    split: SplitConfig,
    shares: dict[str, Fraction],
    seed: int,
    test_seed: int,
) -> dict[str, Array]:
    """Holds the test rows back, then has one fold of the rest validate and the others train."""
    rows, held = np.arange(dataset.num_train_rows, dtype=np.int64), {}
    if "test" in shares:
        both = {"train": 1 - shares["test"], "test": shares["test"]}
        held["test"] = _divide(dataset, rows, both, test_seed)["test"]
        rows = _without(rows, held["test"])
    number = split.kfold or 1
    folds = {f"fold {fold}": Fraction(1, number) for fold in range(number)}
    of_fold = list(_divide(dataset, rows, folds, seed).values())
    validation = of_fold[0 if split.fold == "all" else split.fold]
    return {"train": _without(rows, validation), "validation": validation, **held}


def _without(rows: Array, others: Array) -> Array:
    return np.setdiff1d(rows, others, assume_unique=True)


def _resolve(dataset: Dataset, split: SplitConfig) -> dict[str, float | str]:
    """Returns the parts asked for, with what the config left open decided by the data."""
    has_official = dataset.num_official_test > 0
    resolved = resolve_split(split, has_official)
    parts = {part: getattr(resolved, part) for part in PARTS}
    if split.kfold is not None:
        parts = {"test": parts["test"]}
    elif not isinstance(parts["train"], int | float):
        raise DatasetError(
            f"{dataset.name}: split.train is {parts['train']!r}; give a share such as 0.7"
        )
    official = [part for part, share in parts.items() if share == "official"]
    if official and not has_official:
        raise DatasetError(
            f"{dataset.name}: has no official test rows; give shares such as "
            "{train: 0.7, validation: 0.15, test: 0.15}"
        )
    if len(official) > 1:
        raise DatasetError(
            f"{dataset.name}: the official test rows cannot be both validation and test; "
            "give validation a share"
        )
    return {
        part: share if share == "official" else float(share)
        for part, share in parts.items()
        if share is not None
    }


def _check_shares(dataset: Dataset, shares: dict[str, Fraction]) -> None:
    shown = ", ".join(f"{part} {float(share)}" for part, share in shares.items())
    for part, share in shares.items():
        if share <= 0:
            raise DatasetError(
                f"{dataset.name}: {part} gets a share of {float(share)} ({shown}); "
                "every part needs more than 0"
            )
    total = sum(shares.values(), Fraction(0))
    if abs(total - 1) > Fraction(1, 10**6):
        raise DatasetError(
            f"{dataset.name}: the shares add up to {float(total)} ({shown}); make them add up to 1"
        )


def _divide(
    dataset: Dataset, rows: Array, shares: dict[str, Fraction], seed: int
) -> dict[str, Array]:
    """Returns the rows of each part that gets a share of these rows of the training part."""
    sizes = divide_rows(len(rows), list(shares.values()))
    for part, size in zip(shares, sizes, strict=True):
        if size == 0:
            raise DatasetError(
                f"{dataset.name}: {part} gets none of {len(rows)} rows at a share of "
                f"{float(shares[part])}; give it a larger share, or more data"
            )
    rng = np.random.default_rng([seed, SPLIT_STREAM])
    order = rows[rng.permutation(len(rows))]
    labels = np.zeros(dataset.num_rows, np.int64)
    if dataset.task != "regression":
        labels = dataset.y
    counts = np.bincount(labels[rows], minlength=dataset.num_classes or 1)
    _check_counts(dataset, counts, len(shares))
    table = share_classes(counts.tolist(), sizes)
    pieces: dict[str, list[Array]] = {part: [] for part in shares}
    for label, class_sizes in enumerate(table):
        cuts = np.cumsum(class_sizes)[:-1]
        found = np.split(order[labels[order] == label], cuts)
        for part, piece in zip(shares, found, strict=True):
            pieces[part].append(piece)
    rows_of = {part: np.sort(np.concatenate(pieces[part])) for part in shares}
    if "train" in rows_of:
        _check_train_classes(dataset, labels[rows_of["train"]])
    return rows_of


def _check_counts(dataset: Dataset, counts: Array, num_parts: int) -> None:
    for label, count in enumerate(counts):
        if count < num_parts:
            raise DatasetError(
                f"{dataset.name}: class {_class_name(dataset, label)} has {count} "
                f"row{'s' if count != 1 else ''} for {num_parts} parts; "
                "add rows of it, leave it out, or split into fewer parts"
            )


def _check_train_classes(dataset: Dataset, labels: Array) -> None:
    for label in range(dataset.num_classes or 0):
        if not np.any(labels == label):
            raise DatasetError(
                f"{dataset.name}: no row of class {_class_name(dataset, label)} is left for "
                "training; raise split.train, or add rows of this class"
            )


def _missing_hints(dataset: Dataset, rows: dict[str, Array]) -> list[str]:
    hints = []
    for part in ("validation", "test"):
        if part not in rows or dataset.num_classes is None:
            continue
        counts = np.bincount(dataset.y[rows[part]], minlength=dataset.num_classes)
        names = [_class_name(dataset, int(label)) for label in np.flatnonzero(counts == 0)]
        if names:
            shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if names[5:] else "")
            hints.append(f"the {part} part has no row of class {shown}; give it a larger share")
    return hints


def _size_hints(dataset: Dataset, shares: dict[str, Fraction], rows: dict[str, Array]) -> list[str]:
    """The lecture's rule: 70/30 or 60/20/20 for small sets, 98/1/1 for millions of rows."""
    num_rows = dataset.num_train_rows
    if num_rows >= 1_000_000 and shares["train"] < Fraction(9, 10):
        return [
            f"{num_rows:,} rows need no such large parts to judge by; "
            "for millions of rows 98/1/1 leaves more to train on"
        ]
    if num_rows < 10_000:
        for part in ("validation", "test"):
            if part in shares and shares[part] < Fraction(1, 10):
                return [
                    f"{len(rows[part])} {part} rows say little; "
                    f"for {num_rows:,} rows 70/30 or 60/20/20 is usual"
                ]
    if shares["train"] < Fraction(1, 2):
        return ["less than half of the rows are trained on; 70/30 or 60/20/20 is usual"]
    return []


def _class_name(dataset: Dataset, label: int) -> str:
    return repr(dataset.class_names[label]) if dataset.class_names else repr(label)
