"""Tables in: columns by name, rows that cannot be predicted, files that are none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlrun.errors import InputError
from dlrun.predicting import tables
from dlrun.predicting.inputs import Input
from dlrun.predicting.tables import Chunk, Columns, read_table

NAMES = ("height", "weight", "age")


def read(path: Path, label: str | None = None) -> tuple[Columns | None, Chunk]:
    ((columns, chunk),) = read_table(Input(path), NAMES, (3,), label)
    return columns, chunk


def write(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_are_matched_by_name_in_any_order(tmp_path: Path) -> None:
    columns, chunk = read(write(tmp_path, "Age, id,weight ,height\n3,9,2,1\n6,9,5,4\n"))
    assert chunk.x.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert columns is not None
    assert columns.ignored == (" id".strip(),)


def test_a_table_without_header_is_taken_in_order(tmp_path: Path) -> None:
    _, chunk = read(write(tmp_path, "1,2,3\n4,5,6\n"))
    assert chunk.x.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    "text", ["height;weight;age\n1,5;2;3\n", "height\tweight\tage\n1.5\t2\t3\n"]
)
def test_other_separators_and_decimal_commas_are_found(text: str, tmp_path: Path) -> None:
    assert read(write(tmp_path, text))[1].x.tolist() == [[1.5, 2, 3]]


def test_labels_are_taken_from_a_column_with_a_usual_or_a_given_name(tmp_path: Path) -> None:
    path = write(tmp_path, "height,weight,age,Label,kind\n1,2,3,cat,7\n")
    for name, expected in ((None, ["cat"]), ("kind", [7])):
        labels = read(path, name)[1].labels
        assert labels is not None
        assert list(labels) == expected


def test_words_and_gaps_are_problems_of_their_rows_alone(tmp_path: Path) -> None:
    _, chunk = read(write(tmp_path, "height,weight,age\n1,2,3\ntall,2,3\n1,,3\n1,2,inf\n"))
    assert chunk.problems == {
        1: "height is 'tall'; the model was trained on numbers there",
        2: "weight is empty; fill it in",
        3: "age is infinite; a number is needed",
    }


def test_rows_are_read_chunk_by_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "CHUNK_ROWS", 10)
    path = write(tmp_path, "height,weight,age\n" + "1,2,3\n" * 25)
    chunks = [chunk for _, chunk in read_table(Input(path), NAMES, (3,), None)]
    assert [(chunk.first_row, len(chunk.x)) for chunk in chunks] == [(1, 10), (11, 10), (21, 5)]


def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [3.0], "height": [1.0], "weight": [2.0]})
    path = tmp_path / "table.parquet"
    frame.to_parquet(path)
    assert read(path)[1].x.tolist() == [[1, 2, 3]]
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(InputError, match=r"table\.parquet: cannot be read as Parquet, "):
        read(path)


def test_npz_files_hold_rows_as_the_model_takes_them(tmp_path: Path) -> None:
    path = tmp_path / "rows.npz"
    np.savez(path, x=np.array([[1, 2, 3], [1, np.nan, 3]]), y=np.array([0, 1]))
    columns, chunk = read(path)
    assert columns is None
    assert chunk.problems == {1: "x holds NaN or infinity; fill it in"}
    assert chunk.labels is not None
    np.savez(path, x=np.zeros((2, 4)))
    with pytest.raises(InputError, match=r"rows\.npz: x has shape \(2, 4\) and dtype float64; the"):
        read(path)
    np.savez(path, z=np.zeros(3))
    with pytest.raises(InputError, match=r"rows\.npz: has no array 'x', only \['z'\]$"):
        read(path)
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match=r"rows\.npz: cannot be read as \.npz, "):
        read(path)


WRONG = {
    "height,wieght\n1,2\n": r"no column 'weight'; did you mean 'wieght'\?, 'age'.*; add it$",
    "1,2\n3,4\n": r"2 columns, and the model takes 3: height, weight, age$",
    "height,weight,age\n": r"it has no rows$",
    "": r"cannot be read as CSV, ",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_table_that_does_not_fit_is_an_error_in_words(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"table\.csv: " + WRONG[text]):
        read(write(tmp_path, text))


def test_a_label_column_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no column 'kinds'; did you mean 'kind'\?$"):
        read(write(tmp_path, "height,weight,age,kind\n1,2,3,4\n"), "kinds")


def test_a_table_is_refused_by_a_model_of_images(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,2\n")
    with pytest.raises(InputError, match=r"a table, and the model takes images of shape \(8, 8\);"):
        list(read_table(Input(path), (), (8, 8), None))
