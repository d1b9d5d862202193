"""Tables in: CSV, Parquet and .npz files, chunk by chunk, their columns matched by name."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.data.credit import TARGET, TARGET_SPELLINGS
from dlrun.errors import InputError, did_you_mean
from dlrun.files import read_npz
from dlrun.predicting.inputs import Input

if TYPE_CHECKING:
    import pandas as pd

CHUNK_ROWS = 20_000
"""Rows that are in memory at a time."""

USUAL_LABELS = ("label", "target", "class", TARGET, *TARGET_SPELLINGS)
"""Names of columns that hold what is to be predicted, where the data set's own is not there."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some rows of a table, ready for the model.

    Attributes:
        first_row: Number of the first one in the file, counted from 1, without the header.
        x: (n, features) float32, or as the file's `x` has it; what is no number is NaN.
        labels: (n,) words or numbers as the file has them; None where it has none.
        problems: By the place in the chunk, why a row cannot be predicted.
    """

    first_row: int
    x: np.ndarray
    labels: np.ndarray | None
    problems: dict[int, str]


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are which.

    Attributes:
        features: Of the model, in its order, by place in the table.
        label: Place of the column that holds labels; None without.
        ignored: Names of the others.
        label_name: Of the column that holds labels; empty without.
    """

    features: tuple[int, ...]
    label: int | None
    ignored: tuple[str, ...]
    label_name: str = ""


def read_table(
    source: Input, feature_names: Sequence[str], shape: tuple[int, ...], label: str | None
) -> Iterator[tuple[Columns | None, Chunk]]:
    """Reads a table chunk by chunk, with what its columns are; None of an .npz file's array.

    Args:
        source: A CSV, Parquet or .npz file, or standard input with CSV.
        feature_names: Of the model's columns; empty where they have no names.
        shape: Of one sample.
        label: Name of the column that holds labels; None for one with a usual name.

    Raises:
        InputError: it cannot be read, or columns are missing.
    """
    suffix = source.path.suffix.lower() if source.path is not None else ".csv"
    if suffix == ".npz":
        yield None, _npz_rows(source, shape)
        return
    if len(shape) != 1:
        raise InputError(
            f"{source.name}: a table, and the model takes images of shape {shape}; "
            "give it image files, or an .npz file with x of that shape"
        )
    first_row = 1
    columns: Columns | None = None
    for frame in _parquet_frames(source) if suffix == ".parquet" else _csv_frames(source):
        if columns is None:
            columns = match_columns([str(c) for c in frame], feature_names, shape, source, label)
        if len(frame):
            yield columns, _chunk(frame, columns, first_row)
        first_row += len(frame)
    if first_row == 1:
        raise InputError(f"{source.name}: it has no rows")


def match_columns(
    given: Sequence[str],
    feature_names: Sequence[str],
    shape: tuple[int, ...],
    source: Input,
    label: str | None = None,
) -> Columns:
    """Returns which column of a table is which, by name, whatever their order.

    Columns without names (numbers in their place) are taken in order, if there are as many as
    the model takes.

    Raises:
        InputError: columns are missing, or there is no such label.
    """
    places = {name.strip().casefold(): i for i, name in reversed(list(enumerate(given)))}
    if label is not None and label.strip().casefold() not in places:
        raise InputError(f"{source.name}: no column {label!r}{did_you_mean(label, given)}")
    names = [name.strip().casefold() for name in feature_names]
    has_header = not all(name.startswith("column ") for name in given)
    known = [label] if label is not None else [u for u in USUAL_LABELS if u not in names]
    labels = [places[name.strip().casefold()] for name in known if name.casefold() in places]
    found_label = labels[0] if labels and has_header else None
    if not names or not has_header:
        features = [i for i in range(len(given)) if i != found_label]
        if len(features) != shape[0]:
            raise InputError(
                f"{source.name}: {len(features)} columns, and the model takes {shape[0]}"
                + (f": {', '.join(feature_names)}" if feature_names else "")
            )
        return Columns(tuple(features), found_label, ())
    missing = [name for name in feature_names if name.strip().casefold() not in places]
    if missing:
        hints = [f"{name!r}{did_you_mean(name, given)}" for name in missing[:5]]
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise InputError(f"{source.name}: no column {', '.join(hints)}{more}; add it")
    places_of = tuple(places[name] for name in names)
    used = {*places_of, *([] if found_label is None else [found_label])}
    ignored = tuple(name for i, name in enumerate(given) if i not in used)
    name = "" if found_label is None else given[found_label]
    return Columns(places_of, found_label, ignored, name)


def _chunk(frame: pd.DataFrame, columns: Columns, first_row: int) -> Chunk:
    import pandas as pd

    problems: dict[int, str] = {}
    x = np.empty((len(frame), len(columns.features)), np.float32)
    for i, place in enumerate(columns.features):
        column = frame.iloc[:, place]
        values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        for row in np.flatnonzero(~np.isfinite(values)):
            problems.setdefault(int(row), _why_not(str(frame.columns[place]), column.iloc[row]))
        x[:, i] = values
    labels = None if columns.label is None else frame.iloc[:, columns.label].to_numpy()
    return Chunk(first_row, x, labels, problems)


def _why_not(name: str, value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return f"{name} is {value[:40]!r}; the model was trained on numbers there"
    if isinstance(value, float) and np.isinf(value):
        return f"{name} is infinite; a number is needed"
    return f"{name} is empty; fill it in"


def _csv_frames(source: Input) -> Iterator[pd.DataFrame]:
    import pandas as pd

    head = _head(source)
    first, _, rest = head.partition("\n")
    delimiter = max(",;\t", key=first.count)
    cells = [cell.strip().strip('"') for cell in first.split(delimiter)]
    has_header = not all(_is_number(cell) for cell in cells)
    second = rest.partition("\n")[0]
    options: dict[str, Any] = {
        "sep": delimiter,
        "decimal": "," if delimiter == ";" and "," in second and "." not in second else ".",
        "encoding": "utf-8-sig",
        "skipinitialspace": True,
        "chunksize": CHUNK_ROWS,
        "low_memory": False,
    }
    if not has_header:
        options |= {"header": None, "names": [f"column {i}" for i in range(1, len(cells) + 1)]}
    stream: Any = source.path if source.path is not None else io.BytesIO(source.content)
    try:
        with pd.read_csv(stream, **options) as reader:
            yield from reader
    except InputError:
        raise
    except Exception as error:  # pandas promises no closed list of what damage raises
        said = str(error).split("\n")[0][:200]
        raise InputError(f"{source.name}: cannot be read as CSV, {said}") from None


def _head(source: Input) -> str:
    try:
        if source.path is None:
            return source.content[:65536].decode("utf-8-sig", errors="replace")
        with source.path.open("rb") as stream:
            return stream.read(65536).decode("utf-8-sig", errors="replace")
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise InputError(f"{source.name}: cannot be read, {said}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parquet_frames(source: Input) -> Iterator[pd.DataFrame]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise InputError(
            f"{source.name}: reading Parquet files takes pyarrow; pip install 'dlrun[parquet]'"
        ) from None
    try:
        with pyarrow.parquet.ParquetFile(source.path) as table:
            for batch in table.iter_batches(CHUNK_ROWS):
                yield batch.to_pandas()
    except InputError:
        raise
    except Exception as error:  # pyarrow promises no closed list of what damage raises
        said = str(error).split("\n")[0][:200]
        raise InputError(f"{source.name}: cannot be read as Parquet, {said}") from None


def _npz_rows(source: Input, shape: tuple[int, ...]) -> Chunk:
    assert source.path is not None  # standard input is taken for CSV
    try:
        arrays = read_npz(source.path)
    except (OSError, ValueError) as error:
        said = str(error).split("\n")[0][:200]
        raise InputError(f"{source.name}: cannot be read as .npz, {said}") from None
    if "x" not in arrays:
        raise InputError(f"{source.name}: has no array 'x', only {sorted(arrays)}")
    x, y = arrays["x"], arrays.get("y")
    if x.dtype.kind not in "biuf" or x.shape[1:] != shape:
        raise InputError(
            f"{source.name}: x has shape {x.shape} and dtype {x.dtype}; the model takes numbers "
            f"of shape {('n', *shape)}"
        )
    bad = ~np.isfinite(x.reshape(len(x), -1)).all(axis=1)
    problems = {int(row): "x holds NaN or infinity; fill it in" for row in np.flatnonzero(bad)}
    labels = y if y is not None and y.shape[:1] == x.shape[:1] and y.ndim == 1 else None
    return Chunk(1, x, labels, problems)
