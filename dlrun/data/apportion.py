"""Whole numbers of rows from shares: exact sums, nobody more than one row off.

Pure arithmetic on exact fractions; it knows nothing of data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

Table = list[list[int]]


def divide_rows(num_rows: int, shares: Sequence[Fraction]) -> list[int]:
    """Returns how many of `num_rows` each share gets, by largest remainder; sums exactly.

    Args:
        num_rows: What to divide.
        shares: Positive; taken relative to their sum. Of equal remainders the earlier wins.
    """
    total = sum(shares)
    exact = [num_rows * share / total for share in shares]
    sizes = [int(size) for size in exact]
    by_remainder = sorted(range(len(shares)), key=lambda part: sizes[part] - exact[part])
    for part in by_remainder[: num_rows - sum(sizes)]:
        sizes[part] += 1
    return sizes


def share_classes(counts: Sequence[int], sizes: Sequence[int]) -> Table:
    """Returns how many rows of each class go to each part: rows classes, columns parts.

    Every row sums to the class's count, every column to the part's size, and every entry is its
    exact share, `count · size / sum(sizes)`, rounded up or down ("controlled rounding"; one
    always exists, Bacharach 1966).

    Args:
        counts: Rows of each class.
        sizes: Rows of each part; the same sum.
    """
    total = sum(sizes)
    exact = [[Fraction(count * size, total) for size in sizes] for count in counts]
    shares = [Fraction(size) for size in sizes]
    table = [divide_rows(count, shares) for count in counts]
    while (path := _repair(table, exact, sizes)) is not None:
        for label, giver, taker in path:
            table[label][giver] -= 1
            table[label][taker] += 1
    return table


Move = tuple[int, int, int]
"""(class, part that gives a row of it, part that takes it)"""


def _repair(table: Table, exact: list[list[Fraction]], sizes: Sequence[int]) -> list[Move] | None:
    """Returns moves that bring one row from a part with too many to one with too few.

    Breadth first over the parts; two parts are joined by any class that may move a row between
    them and keep both its entries rounded up or down.
    """
    columns = zip(*table, strict=True)
    surplus = [sum(column) - size for column, size in zip(columns, sizes, strict=True)]
    if not any(surplus):
        return None
    paths: dict[int, list[Move]] = {p: [] for p, extra in enumerate(surplus) if extra > 0}
    for giver in (queue := list(paths)):
        for taker in range(len(sizes)):
            label = None if taker in paths else _movable(table, exact, giver, taker)
            if label is None:
                continue
            paths[taker] = [*paths[giver], (label, giver, taker)]
            if surplus[taker] < 0:
                return paths[taker]
            queue.append(taker)
    raise AssertionError("no controlled rounding found; one always exists")


def _movable(table: Table, exact: list[list[Fraction]], giver: int, taker: int) -> int | None:
    """Returns the class that loses least by moving a row, or None where none may."""
    best, best_gain = None, Fraction(-2)
    for label, (row, want) in enumerate(zip(table, exact, strict=True)):
        if row[giver] > want[giver].__floor__() and row[taker] < want[taker].__ceil__():
            gain = (want[taker] - row[taker]) - (want[giver] - row[giver])
            if gain > best_gain:
                best, best_gain = label, gain
    return best
