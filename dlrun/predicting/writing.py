"""Predictions as they are kept: a folder of their own in the run's, never written over."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from dlrun.errors import StorageError
from dlrun.files import make_folder, storage_error
from dlrun.predicting.samples import Sample
from dlrun.runs import Run
from dlrun.runs.run import PREDICTED

PREDICTIONS_CSV = "predictions.csv"
CONTACT_SHEET = "contact_sheet.png"
CONFUSION = "confusion_matrix.png"
STEPS = "steps"

CLASS_COLUMNS = [
    "input",
    "label",
    "predicted",
    "probability",
    "second",
    "second_probability",
    "third",
    "third_probability",
    "remarks",
    "error",
]

VALUE_COLUMNS = ["input", "label", "predicted", "remarks", "error"]


def new_folder(run: Run) -> Path:
    """Makes the folder `predictions/YYYYMMDD-HHMMSS` in a run's, or one with a number after it.

    Raises:
        StorageError: it cannot be made.
    """
    parent = run.path / PREDICTED
    make_folder(parent)
    name = datetime.now().strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1000):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise storage_error(folder, error) from error
        return folder
    raise StorageError(f"{parent / name}: 999 folders of this second are there; try again")


@contextmanager
def csv_rows(folder: Path, *, of_classes: bool) -> Iterator[SampleWriter]:
    """Gives what writes samples into `predictions.csv`, whose name is final once all are in.

    Raises:
        StorageError: it cannot be written.
    """
    path = folder / PREDICTIONS_CSV
    part = path.with_suffix(".csv.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as stream:
            yield SampleWriter(stream, of_classes=of_classes)
        part.replace(path)
    except OSError as error:
        raise storage_error(path, error) from error
    finally:  # stopped, or broken: nothing half-written stays
        part.unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()


class SampleWriter:
    """Writes one line a sample."""

    def __init__(self, stream: TextIO, *, of_classes: bool) -> None:
        self._columns = CLASS_COLUMNS if of_classes else VALUE_COLUMNS
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(self._columns)

    def write(self, samples: Iterable[Sample]) -> None:
        """Writes samples in order."""
        self._writer.writerows(_cells(sample, self._columns) for sample in samples)


def _cells(sample: Sample, columns: list[str]) -> list[object]:
    answer = sample.answer
    row: dict[str, object] = {
        "input": sample.name,
        "label": "" if sample.label is None else sample.label,
        "predicted": "" if answer is None else answer.predicted,
        "remarks": "; ".join(sample.remarks),
        "error": sample.error or "",
    }
    if answer is not None:
        for place, (name, share) in zip(("", "second", "third"), answer.top, strict=False):
            if place:
                row[place] = name
            row[f"{place}_probability".lstrip("_")] = f"{share:.6g}"
    return [row.get(name, "") for name in columns]
