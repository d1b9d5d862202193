"""`history.csv` as it is read: columns of numbers, also of a file whose last line is cut off."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from dlrun.runs.facts import UnreadableError, read_small_file
from dlrun.runs.kinds import LARGEST_METRIC

MAX_BYTES = 64 * 1024 * 1024

MAX_NAME = 200
"""Characters of a metric's name; it becomes a file's name."""

History = dict[str, list[float | None]]
"""Keras's names to one value an epoch; None where an epoch has none, or one beyond all metrics."""


def read_columns(path: Path) -> History:
    """Returns the columns of a history, `epoch` included, for every finished epoch.

    Raises:
        UnreadableError: the file is missing, empty or not a table of numbers by epochs.
    """
    try:
        text = read_small_file(path, MAX_BYTES).decode("utf-8")
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except (ValueError, csv.Error):
        raise UnreadableError(path, "not a table of text") from None
    if not rows:
        raise UnreadableError(path, "no finished epoch in it")
    header, *lines = rows
    if lines and len(lines[-1]) < len(header):
        del lines[-1]  # its process was killed as it wrote it
    _check_names(path, header)
    values = [_numbers(path, line, header, index) for index, line in enumerate(lines, start=2)]
    columns = {name: [row[i] for row in values] for i, name in enumerate(header)}
    _check_epochs(path, columns["epoch"])
    return columns


def can_name_column(name: object) -> bool:
    """Returns whether a history, which is written without quotation, can have such a column."""
    is_own = isinstance(name, str) and _is_name(name) and not {*',"'} & {*name}
    return is_own and name != "epoch"


def _is_name(name: str) -> bool:
    return bool(name) and name.isprintable() and len(name) <= MAX_NAME


def _check_names(path: Path, header: Sequence[str]) -> None:
    are_names = all(map(_is_name, header)) and len(set(header)) == len(header)
    if not are_names or "epoch" not in header:
        raise UnreadableError(path, "its first line does not name the columns of a history")


def _numbers(
    path: Path, line: Sequence[str], header: Sequence[str], number: int
) -> list[float | None]:
    if len(line) != len(header):
        raise UnreadableError(path, f"line {number} has {len(line)} of {len(header)} values")
    try:
        found = [float(cell) if cell else None for cell in line]
    except ValueError:
        raise UnreadableError(path, f"line {number} holds something else than numbers") from None
    return [value if value is not None and abs(value) < LARGEST_METRIC else None for value in found]


def _check_epochs(path: Path, epochs: Sequence[float | None]) -> None:
    """Epochs are counted from 1, none left out; what is drawn and compared relies on it."""
    if list(epochs) != list(range(1, len(epochs) + 1)):
        raise UnreadableError(path, "its epochs are not 1, 2, 3 …")
