"""Callbacks that write as they go: made ready to go on where an earlier process left off."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlrun.backend import keras
from dlrun.errors import ModelError
from dlrun.files import write_text


def prepare_to_go_on(callbacks: Sequence[Any], epoch: int) -> None:
    """Has callbacks that write a table append to it, after the rows of the finished epochs.

    Args:
        callbacks: Before their `on_train_begin`, which would begin the table anew.
        epoch: Finished epochs.

    Raises:
        ModelError: the table cannot be read.
        StorageError: it cannot be written, and stays as it was.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger):
            is_shared, callback.append = callback.append, True
            try:
                _cut_table(Path(callback.filename), callback.sep, epoch, is_shared=is_shared)
            except (OSError, ValueError, csv.Error) as error:
                raise ModelError(
                    f"{callback.filename}: CSVLogger cannot go on with it, {error}; move it away"
                ) from error


def begin_inside(callbacks: Sequence[Any], epoch: int) -> None:
    """Has callbacks that take the time of an epoch begin to, inside one.

    Args:
        callbacks: With a model, which has been given its state.
        epoch: Counted from 0; the callbacks have heard its beginning in an earlier process.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.TensorBoard):
            # Keras's own part alone: a class made from it may do more as an epoch begins.
            keras.callbacks.TensorBoard.on_epoch_begin(callback, epoch)


def _cut_table(path: Path, separator: str, epoch: int, *, is_shared: bool) -> None:
    """Cuts a table to the finished epochs; rows of earlier trainings in a shared one stay.

    Where there is nothing to cut the file is left alone.
    """
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        before = stream.read()
    header, *rows = list(csv.reader(io.StringIO(before, newline=""), delimiter=separator)) or [[]]
    first = _last_beginning(rows, epoch) if is_shared else 0
    earlier, own = rows[:first], rows[first:]
    kept = [row for row in own if len(row) == len(own[0]) and int(row[0]) < epoch]
    if kept == own and before.endswith(("\n", "\r")):
        return
    after = io.StringIO(newline="")
    lines = [header, *earlier, *kept] if header else []
    csv.writer(after, delimiter=separator).writerows(lines)
    write_text(path.resolve(), after.getvalue())  # the file itself where the path is a link


def _last_beginning(rows: Sequence[Sequence[str]], epoch: int) -> int:
    """Where the last training of a table begins, with its epoch 0.

    A training that has finished no epoch may have no row there yet: then no row is its own.
    """
    if epoch == 0:
        return len(rows)
    return max((index for index, row in enumerate(rows) if row[:1] == ["0"]), default=0)
