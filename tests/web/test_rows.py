"""Rows in JSON: found by name or place, every value a number, every refusal with its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlrun.errors import InputError
from dlrun.web import rows
from dlrun.web.rows import Column, columns_of, read_rows
from tests.web.conftest import COLUMNS

FEATURES = [Column("length"), Column("width")]


def test_rows_keep_the_order_of_the_columns() -> None:
    found = read_rows([[1, 2.5], {"width": 4, "length": 3}], FEATURES)
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 2.5], [3, 4]]


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        (None, r"rows: must be a list of rows, received null; see GET /api"),
        ([], r"rows: must be a list of rows, received an empty list"),
        ({"length": 1}, r"rows: must be a list of rows, received an object"),
        ([1, 2], r"rows\[0\]: must be a list or an object, received the number 1"),
        ([[1, 2], "x"], r"rows\[1\]: must be a list or an object, received the text 'x'"),
        ([[1]], r"rows\[0\]: 1 values, and the model takes 2: length, width"),
        ([[1, 2, 3]], r"rows\[0\]: 3 values, and the model takes 2"),
        ([{"length": 1}], r"rows\[0\]: no column 'width'; add it"),
        ([{}], r"rows\[0\]: no column 'length', 'width'; add it"),
        ([{"length": 1, "widht": 2}], r"rows\[0\]: unknown column 'widht'; did you mean 'width'\?"),
        (
            [{"length": 1, "width": 2, "colour": 3}],
            r"rows\[0\]: unknown column 'colour'; the columns are length, width",
        ),
        ([[1, "abc"]], r"rows\[0\], column 'width': must be a number, received the text 'abc'"),
        ([[1, "2"]], r"column 'width': must be a number, received the text '2'"),
        ([[None, 2]], r"column 'length': must be a number, received null"),
        ([[True, 2]], r"column 'length': must be a number, received true"),
        ([[[1], 2]], r"column 'length': must be a number, received a list"),
        ([[1e39, 2]], r"column 'length': 1e\+39 is too large; at most 3.4e38"),
        ([[10**400, 2]], r"column 'length': 10{39} is too large"),
        ([[float("nan"), 2]], r"column 'length': nan is too large"),
    ],
)
def test_what_is_no_row_is_told_with_its_place(plain: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_rows(plain, FEATURES)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(InputError, match=r"rows: 10,001, more than 10,000; send them in parts"):
        read_rows([[1, 2]] * (rows.MAX_ROWS + 1), FEATURES)


@pytest.mark.parametrize(
    ("scaling", "typical", "hint"),
    [
        ({"kind": "standard", "offset": [1682.36, 2], "divisor": [129.6, 1]},
         1682, "mean 1,682, sd 130"),
        ({"kind": "minmax", "offset": [1.0, 2], "divisor": [4.0, 1]}, 3, "1.00 to 5.00"),
        ({"kind": "unit", "offset": 0.0, "divisor": [8.0, 1]}, None, "up to 8.00"),
        ({"kind": "none", "offset": 0.0, "divisor": 1.0}, None, ""),
        ({"kind": "standard", "offset": [3.0, 2], "divisor": [1.0, 1]}, 3, "mean 3.00, sd 1.00"),
    ],
)  # fmt: skip
def test_columns_are_known_by_the_scaling(scaling: Any, typical: Any, hint: str) -> None:
    facts = {"input_shape": [2], "feature_names": COLUMNS, "scaling": scaling}
    assert columns_of(facts)[0] == Column("length", typical, hint)


def test_columns_without_names_are_numbered() -> None:
    plain = {"kind": "none", "offset": 0.0, "divisor": 1.0}
    found = columns_of({"input_shape": [3], "feature_names": [], "scaling": plain})
    assert [column.name for column in found] == ["x1", "x2", "x3"]
