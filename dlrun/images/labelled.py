"""Labels beside images: a CSV file that says what each of them shows."""

from __future__ import annotations

import csv
from pathlib import Path

from dlrun.errors import InputError

LABELS_CSV = "labels.csv"
"""In a folder of images: a row each, `path,label`, paths relative to it."""


def read_labels(path: Path) -> dict[Path, tuple[str, int]]:
    """Returns label and line of each image that a CSV file names, by the image's absolute path.

    Raises:
        InputError: it cannot be read, or a row lacks path or label.
    """
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a CSV file, {error}") from None
    found = {}
    for line, row in enumerate(rows, start=2):
        name, label = (str(row.get(key) or "").strip() for key in ("path", "label"))
        if not name or not label:
            raise InputError(f"{path}:{line}: a row needs a path and a label; write both")
        found[(path.parent / name).absolute()] = (label, line)
    return found
