"""The table of credit card clients: one canonical form for the many in which it goes around.

Canonical: the original's column names and order without ID, whole numbers, commas, LF.
"""

from __future__ import annotations

import csv
import io

import numpy as np

from dlrun.data.dataset import Array
from dlrun.data.payloads import UnavailableError

FEATURES = (
    "LIMIT_BAL",
    "SEX",
    "EDUCATION",
    "MARRIAGE",
    "AGE",
    "PAY_0",
    *(f"PAY_{month}" for month in range(2, 7)),  # the original has no PAY_1
    *(f"BILL_AMT{month}" for month in range(1, 7)),
    *(f"PAY_AMT{month}" for month in range(1, 7)),
)

TARGET = "default payment next month"

LARGEST = 2.0**53
"""Up to here floats tell all whole numbers apart; amounts in the table end far below."""

_HEADER = ",".join([*FEATURES, TARGET]).encode()

TARGET_SPELLINGS = ("default.payment.next.month", "default-payment-next-month", "default", "y")


def canonical_csv(content: bytes) -> bytes:
    """Returns the canonical form of the table, whichever form it is given in.

    Known are the original's names, those of Kaggle's copy, UCI's `X1` … `X23`, `Y`, and the
    form with one-hot EDUCATION and MARRIAGE; with or without ID.

    Raises:
        UnavailableError: it is not this table.
    """
    if content.startswith(_HEADER + b"\n"):
        return content
    try:
        header, _, body = content.decode("utf-8-sig").partition("\n")
        names = [name.strip() for name in next(csv.reader([header.rstrip("\r")]), [])]
        if not body.strip():
            raise UnavailableError("not a table of numbers: it has no rows")
        table = np.loadtxt(io.StringIO(body), delimiter=",", ndmin=2, quotechar='"', comments=None)
    except (UnicodeDecodeError, ValueError, csv.Error) as error:
        raise UnavailableError(f"not a table of numbers: {error}") from None
    if table.shape[1] != len(names):
        raise UnavailableError(f"{len(names)} column names for {table.shape[1]} columns")
    columns = dict(zip(names, table.T, strict=True))
    _restore_names(columns)
    _restore_one_hot(columns)
    missing = [name for name in (*FEATURES, TARGET) if name not in columns]
    if missing:
        raise UnavailableError(f"the table has no column {missing[0]!r}")
    numbers = np.stack([columns[name] for name in (*FEATURES, TARGET)], axis=1)
    is_whole = (np.abs(numbers) < LARGEST) & (numbers == np.round(numbers))
    if not is_whole.all():
        raise UnavailableError("the table holds numbers that are not whole")
    lines = [",".join(map(str, row)) for row in numbers.astype(np.int64).tolist()]
    return _HEADER + b"\n" + "\n".join(lines).encode() + b"\n"


def _restore_names(columns: dict[str, Array]) -> None:
    for i, name in enumerate(FEATURES, start=1):
        if f"X{i}" in columns:
            columns[name] = columns[f"X{i}"]
    if "PAY_1" in columns and "PAY_0" not in columns:
        columns["PAY_0"] = columns["PAY_1"]
    for name in list(columns):
        if name.lower() in TARGET_SPELLINGS:
            columns[TARGET] = columns[name]


def _restore_one_hot(columns: dict[str, Array]) -> None:
    """Undoes the one-hot columns EDUCATION_0 … and MARRIAGE_0 …; SEX counts from 0 there."""
    for name in ("EDUCATION", "MARRIAGE"):
        parts = [columns[key] for i in range(10) if (key := f"{name}_{i}") in columns]
        if parts and name not in columns:
            columns[name] = np.argmax(parts, axis=0).astype(np.float64)
            if name == "EDUCATION" and "SEX" in columns:
                columns["SEX"] = columns["SEX"] + 1


def parse_canonical(content: bytes) -> tuple[Array, Array]:
    """Returns x (num_rows, 23) float32 and y (num_rows,) int64 of the canonical form."""
    body = io.BytesIO(content[len(_HEADER) + 1 :])
    table = np.loadtxt(body, delimiter=",", dtype=np.float32, ndmin=2)  # exact below 2**24
    return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.int64)
