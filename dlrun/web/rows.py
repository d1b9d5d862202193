"""Rows of a table as JSON has them: columns found by name or place, every value a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.errors import InputError, did_you_mean

MAX_ROWS = 10_000
"""Of one request."""

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Column:
    """A column of the table that a model takes.

    Attributes:
        name: As the data set calls it, else `x1`, `x2` and so on.
        typical: A value that is usual in training; None where the run does not say.
        hint: What is known of its values in training, in words; empty where nothing is.
    """

    name: str
    typical: float | None = None
    hint: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data for JSON."""
        return {"name": self.name, "typical": self.typical, "hint": self.hint}


def columns_of(facts: Mapping[str, Any]) -> tuple[Column, ...]:
    """Returns the columns that a model takes.

    Args:
        facts: What the run's `dataset.json` holds; its scaling knows the mean and the standard
            deviation, or the range, of each column in training.
    """
    (count,) = facts["input_shape"]
    given = facts.get("feature_names") or []
    names = given if len(given) == count else [f"x{i + 1}" for i in range(count)]
    scaling = facts["scaling"]
    offsets, divisors = (
        np.broadcast_to(np.asarray(scaling[key], np.float64), (count,)).tolist()
        for key in ("offset", "divisor")
    )
    described = [_described(scaling["kind"], *pair) for pair in zip(offsets, divisors, strict=True)]
    return tuple(Column(str(name), *known) for name, known in zip(names, described, strict=True))


def _described(kind: str, offset: float, divisor: float) -> tuple[float | None, str]:
    digits = _digits(divisor)
    if kind == "standard":
        return round(offset, digits), f"mean {offset:,.{digits}f}, sd {divisor:,.{digits}f}"
    if kind == "minmax":
        low, high = offset, offset + divisor
        return round((low + high) / 2, digits), f"{low:,.{digits}f} to {high:,.{digits}f}"
    return None, f"up to {divisor:,.{digits}f}" if kind == "unit" else ""


def _digits(spread: float) -> int:
    """Digits behind the point that tell values from their neighbours."""
    return min(max(2 - int(np.floor(np.log10(spread))), 0), 12) if spread > 0 else 4


def read_rows(plain: Any, columns: Sequence[Column]) -> np.ndarray:
    """Returns rows as the model takes them, (n, columns) float32.

    Args:
        plain: Of JSON: a list of rows, each a list in the order of the columns, or an object by
            their names.
        columns: Of the model.

    Raises:
        InputError: not rows, too many, columns that are missing or unknown, or a value that is
            no number.
    """
    if not isinstance(plain, list) or not plain:
        said = "an empty list" if plain == [] else _kind(plain)
        raise InputError(f"rows: must be a list of rows, received {said}; see GET /api")
    if len(plain) > MAX_ROWS:
        raise InputError(f"rows: {len(plain):,}, more than {MAX_ROWS:,}; send them in parts")
    names = [column.name for column in columns]
    rows = [_values(row, f"rows[{i}]", names) for i, row in enumerate(plain)]
    return np.array(rows, np.float64).astype(np.float32)


def _values(row: Any, place: str, names: list[str]) -> list[float]:
    if isinstance(row, dict):
        row = _ordered(row, place, names)
    elif not isinstance(row, list):
        raise InputError(f"{place}: must be a list or an object, received {_kind(row)}")
    if len(row) != len(names):
        raise InputError(
            f"{place}: {len(row)} values, and the model takes {len(names)}: {_listed(names)}"
        )
    pairs = zip(names, row, strict=True)
    return [_number(value, f"{place}, column {name!r}") for name, value in pairs]


def _ordered(row: dict[str, Any], place: str, names: list[str]) -> list[Any]:
    known = set(names)
    for name in row:
        if name not in known:
            near = did_you_mean(name, names) or f"; the columns are {_listed(names)}"
            raise InputError(f"{place}: unknown column {name[:80]!r}{near}")
    missing = [name for name in names if name not in row]
    if missing:
        raise InputError(f"{place}: no column {_listed([repr(n) for n in missing])}; add it")
    return [row[name] for name in names]


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{place}: must be a number, received {_kind(value)}")
    if not abs(value) <= _LARGEST:
        raise InputError(f"{place}: {str(value)[:40]} is too large; at most 3.4e38")
    return float(value)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(names[:12]) + more


def _kind(value: Any) -> str:
    """What JSON calls a value, with the value where it is short."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else f"the number {str(value)[:40]}"
