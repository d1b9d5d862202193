"""Rows that are there twice: found by their content, told by the parts they lie in, or left out.

A held-out row that was trained on says nothing about new ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dlrun.data.dataset import Array, Dataset
from dlrun.events import Message

_CHUNK = 1 << 22
"""Numbers that are hashed at once: a few of these arrays fit into a processor's cache."""

_WARNED_SHARE = 0.01
"""Of a held-out part, from which on copies of training rows are worth a warning."""


@dataclass(frozen=True, eq=False)
class Copies:
    """For each row the first row that is the same, itself where it is the first; (n,) int64.

    Attributes:
        by_row: Features and label are the same.
        by_features: The features are; the label may be another.
    """

    by_row: Array
    by_features: Array

    def count(self, rows: Array, among: Array) -> dict[str, int]:
        """Returns how many of some rows are also among others, by row and by features."""
        return {
            "rows": int(np.isin(self.by_row[rows], self.by_row[among]).sum()),
            "features": int(np.isin(self.by_features[rows], self.by_features[among]).sum()),
        }

    def count_all(self) -> dict[str, int]:
        """Returns how many rows repeat an earlier one."""
        numbers = np.arange(len(self.by_row))
        return {
            "rows": int((self.by_row != numbers).sum()),
            "features": int((self.by_features != numbers).sum()),
        }


def find_copies(dataset: Dataset) -> Copies:
    """Returns which rows of a data set are the same, byte for byte; 0.0 and -0.0 are, too.

    Takes 0.1 s for 70,000 images.
    """
    features = _first_same(_bytes_of(dataset.x))
    labels = _bytes_of(dataset.y)
    pairs = np.stack([features, _first_same(labels)], axis=1)
    return Copies(by_row=_first_same(_bytes_of(pairs)), by_features=features)


def _bytes_of(array: Array) -> Array:
    """The rows as bytes, (n, bytes) uint8."""
    rows = array.reshape(len(array), -1)
    if rows.dtype.kind == "f":
        rows = rows + rows.dtype.type(0)  # makes 0.0 of -0.0
    return np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1)


def _first_same(rows: Array) -> Array:
    """For each row of bytes the number of the first that is equal."""
    first = np.arange(len(rows), dtype=np.int64)
    _, inverse, counts = np.unique(_hashes(rows), return_inverse=True, return_counts=True)
    seen: dict[bytes, int] = {}
    for number in np.flatnonzero(counts[inverse] > 1).tolist():  # equal hashes: now the bytes
        first[number] = seen.setdefault(rows[number].tobytes(), number)
    return first


def _hashes(rows: Array) -> Array:
    """A 64-bit number a row, (n,) uint64: equal rows have equal ones, others hardly ever."""
    width = -(-rows.shape[1] // 8)
    factors = np.random.default_rng(0).integers(1, 2**63, width, dtype=np.uint64) * 2 + 1
    found = np.empty(len(rows), np.uint64)
    step = max(1, _CHUNK // (8 * width))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        padded = np.zeros((len(part), 8 * width), np.uint8)
        padded[:, : rows.shape[1]] = part
        words = padded.view(np.uint64)
        found[start : start + step] = ((words ^ (words >> 29)) * factors).sum(axis=1)
    return found


def drop_copies(dataset: Dataset) -> Dataset:
    """Returns the data set without rows that repeat another, features and label.

    The official test rows stay whole; a training row that is one of them goes, and of copies in
    the training part all but the first.
    """
    copies = find_copies(dataset).by_row
    num_train = dataset.num_train_rows
    keep = copies == np.arange(dataset.num_rows)
    keep[:num_train] &= ~np.isin(copies[:num_train], copies[num_train:])
    keep[num_train:] = True
    if keep.all():
        return dataset
    weight = dataset.sample_weight
    number = int((~keep).sum())
    rows = "1 row that repeats" if number == 1 else f"{number:,} rows that repeat"
    note = f"left out {rows} another, features and label"
    return replace(
        dataset,
        x=dataset.x[keep],
        y=dataset.y[keep],
        sample_weight=None if weight is None else weight[keep],
        notes=(*dataset.notes, note),
    )


def count_copies(dataset: Dataset, parts: Mapping[str, Array]) -> dict[str, Any]:
    """Returns what `dataset.json` says of copies: in all, and of each held-out part.

    Args:
        dataset: The data.
        parts: Row numbers by part, "train" among them.

    Returns:
        `all`, `validation`, `test`: how many rows repeat an earlier row (of the whole), a
        training row (of validation), a training or validation row (of test); each by `rows`,
        features and label, and by `features` alone.
    """
    copies = find_copies(dataset)
    found = {"all": copies.count_all()}
    before = parts["train"]
    for part in ("validation", "test"):
        if part in parts:
            found[part] = copies.count(parts[part], before)
            before = np.concatenate([before, parts[part]])
    return found


def describe_copies(name: str, found: Mapping[str, Any], sizes: Mapping[str, int]) -> Message:
    """Returns what is said of copies.

    Args:
        name: Of the data set.
        found: From `count_copies`.
        sizes: Rows by part.
    """
    total = found["all"]
    if not total["features"]:
        return Message(f"{name}: no row repeats another", level="log")
    texts = [f"{_counted(total, 'row')} an earlier one"]
    earlier = {"validation": "a training row", "test": "a training or validation row"}
    texts += [
        f"{_counted(found[part], f'{part} row')} {earlier[part]}"
        for part in earlier
        if part in found and found[part]["features"]
    ]
    worst = max(
        (found[part]["rows"] / sizes[part] for part in earlier if part in found), default=0.0
    )
    hint = "; dataset.duplicates=drop leaves them out" if total["rows"] else ""
    level = "warning" if worst >= _WARNED_SHARE else "info"
    return Message(f"{name}: {', '.join(texts)}{hint}", level=level)


def _counted(found: Mapping[str, int], noun: str) -> str:
    """`35 rows repeat, with the label (56 by features alone),` or the like."""
    rows, features = found["rows"], found["features"]
    many = f"{rows:,} {noun}{'s repeat' if rows != 1 else ' repeats'}, label included"
    return f"{many} ({features:,} by features alone),"
