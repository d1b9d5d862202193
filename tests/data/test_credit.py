from __future__ import annotations

import numpy as np
import pytest

from dlrun.data.credit import FEATURES, TARGET, canonical_csv, parse_canonical
from dlrun.data.payloads import UnavailableError

ROWS = np.array(
    [
        [20000, 2, 2, 1, 24, 2, 2, -1, -1, -2, -2, *range(100, 106), *range(200, 206), 1],
        [90000, 1, 0, 3, 34, 0, 0, 0, 0, 0, 0, *range(-5, 1), *range(6), 0],
        [500000, 1, 6, 0, 57, -1, 0, -1, 0, 0, 8, *[1_684_259] * 12, 0],
    ]
)
CANONICAL = (
    b"LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,"
    b"BILL_AMT1,BILL_AMT2,BILL_AMT3,BILL_AMT4,BILL_AMT5,BILL_AMT6,"
    b"PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6,default payment next month\n"
    + b"".join(",".join(map(str, row)).encode() + b"\n" for row in ROWS.tolist())
)


def csv_of(names: list[str], table: np.ndarray, end: str = "\n", form: str = "{}") -> bytes:
    lines = [",".join(names)]
    lines += [",".join(form.format(value) for value in row) for row in table.tolist()]
    return (end.join(lines) + end).encode()


def with_id(table: np.ndarray) -> np.ndarray:
    return np.column_stack([np.arange(1, len(table) + 1), table])


def test_the_canonical_form_is_left_as_it_is() -> None:
    assert canonical_csv(CANONICAL) is CANONICAL


@pytest.mark.parametrize(
    "content",
    [
        csv_of(["ID", *FEATURES, TARGET], with_id(ROWS)),
        csv_of(["ID", *FEATURES, "default.payment.next.month"], with_id(ROWS), "\r\n", "{}.0"),
        csv_of(["ID", *(f"X{i}" for i in range(1, 24)), "Y"], with_id(ROWS)),
        csv_of(['"ID"', *(f'"{name}"' for name in FEATURES), '"Default"'], with_id(ROWS)),
        b"\xef\xbb\xbf" + csv_of([*FEATURES, "Default"], ROWS),
        csv_of([name.replace("PAY_0", "PAY_1") for name in FEATURES] + ["Y"], ROWS, form='"{}"'),
    ],
    ids=["original", "kaggle", "uci", "quoted", "byte order mark", "PAY_1"],
)
def test_every_form_in_the_wild_becomes_the_canonical_one(content: bytes) -> None:
    assert canonical_csv(content) == CANONICAL


def test_one_hot_columns_are_undone() -> None:
    names = ["ID", *(n for n in FEATURES if n not in ("EDUCATION", "MARRIAGE"))]
    names += ["default-payment-next-month"]
    names += [f"EDUCATION_{i}" for i in range(7)] + [f"MARRIAGE_{i}" for i in range(4)]
    table = np.delete(ROWS, [2, 3], axis=1)
    table[:, 1] -= 1  # SEX
    table = np.column_stack(
        [table, np.eye(7, dtype=int)[ROWS[:, 2]], np.eye(4, dtype=int)[ROWS[:, 3]]]
    )
    assert canonical_csv(csv_of(names, with_id(table))) == CANONICAL


def test_the_canonical_form_is_parsed_exactly() -> None:
    x, y = parse_canonical(CANONICAL)
    assert (x.dtype, y.dtype) == (np.float32, np.int64)
    assert np.array_equal(x, ROWS[:, :-1])
    assert y.tolist() == [1, 0, 0]
    assert x.flags.c_contiguous


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>\nnot found\n", "not a table of numbers"),
        (b"\xff\xfe\x00", "not a table of numbers"),
        (csv_of([*FEATURES], ROWS[:, :-1]), "has no column 'default payment next month'"),
        (csv_of(["a", "b", "Y"], ROWS[:, :3]), "the table has no column 'LIMIT_BAL'"),
        (b"ID,Y\n\n", "not a table of numbers: it has no rows"),
        (b"", "not a table of numbers: it has no rows"),
        (csv_of(["a", "b"], ROWS[:, :3]), "2 column names for 3 columns"),
        (csv_of([*FEATURES, "Y"], ROWS + 0.5), "holds numbers that are not whole"),
    ],
)
def test_another_table_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(UnavailableError, match=message):
        canonical_csv(content)
