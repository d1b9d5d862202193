from __future__ import annotations

import random
from fractions import Fraction

import pytest

from dlrun.data.apportion import divide_rows, share_classes


def fractions(*texts: str) -> list[Fraction]:
    return [Fraction(text) for text in texts]


@pytest.mark.parametrize(
    ("num_rows", "shares", "sizes"),
    [
        (10, ("0.7", "0.3"), [7, 3]),
        (10, ("0.6", "0.2", "0.2"), [6, 2, 2]),
        (1_000_000, ("0.98", "0.01", "0.01"), [980_000, 10_000, 10_000]),
        (11, ("0.7", "0.15", "0.15"), [8, 2, 1]),  # 7.7, 1.65, 1.65: of equals the first wins
        (1797, ("0.7", "0.15", "0.15"), [1258, 270, 269]),
        (3, ("0.98", "0.01", "0.01"), [3, 0, 0]),
        (0, ("1",), [0]),
        (100, ("0.29", "0.71"), [29, 71]),  # 0.29 · 100 is 28.999999999999996 in floats
    ],
)
def test_rows_are_divided_by_largest_remainder(num_rows, shares, sizes) -> None:
    assert divide_rows(num_rows, fractions(*shares)) == sizes


def test_any_number_of_rows_is_divided_without_rest() -> None:
    rng = random.Random(3)
    for num_rows in [*range(60), 997, 60_000, 10**7 + 1]:
        shares = [Fraction(rng.randint(1, 100)) for _ in range(rng.randint(1, 4))]
        sizes = divide_rows(num_rows, shares)
        assert sum(sizes) == num_rows
        for size, share in zip(sizes, shares, strict=True):
            assert abs(size - num_rows * share / sum(shares)) < 1


def test_every_class_gets_its_share_of_every_part_rounded_up_or_down() -> None:
    rng = random.Random(5)
    for _ in range(400):
        few, many = rng.randint(0, 5), rng.randint(6, 3000)
        counts = [rng.choice([few, rng.randint(0, many)]) for _ in range(rng.randint(1, 12))]
        counts[0] += 1
        total = sum(counts)
        sizes = divide_rows(total, [Fraction(rng.randint(1, 99)) for _ in range(3)])
        table = share_classes(counts, sizes)
        assert [sum(row) for row in table] == counts
        assert [sum(column) for column in zip(*table, strict=True)] == sizes
        for count, row in zip(counts, table, strict=True):
            for size, entry in zip(sizes, row, strict=True):
                assert abs(Fraction(count * size, total) - entry) < 1


def test_many_tiny_classes_do_not_push_a_large_one_off_its_share() -> None:
    # Rounding each class by itself would take all 9 missing rows from the large class.
    table = share_classes([1000, *[2] * 9], [775, 243])
    assert table[0] in ([761, 239], [762, 238])
