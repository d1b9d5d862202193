"""What images are known to show: by a CSV file, by their names or folders, or as typed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dlrun.errors import InputError
from dlrun.images.labelled import LABELS_CSV, read_labels
from dlrun.predicting.inputs import Input


@dataclass(frozen=True)
class Labels:
    """What is known of the inputs.

    Attributes:
        by_path: Class name by the file's absolute path.
        in_order: Class names in reading order, as they were typed; empty without.
    """

    by_path: Mapping[Path, str] = field(default_factory=dict)
    in_order: tuple[str, ...] = ()


def labels_of(inputs: Sequence[Input], given: str | None, class_names: Sequence[str]) -> Labels:
    """Returns what is known of images.

    Args:
        inputs: Of which something may be known: from `labels.csv` beside them or
            in the folder that was named, else from
            the start of their name (`3.png`, `3_a.png`), else from their folder's name.
        given: A labels CSV, or labels in reading order: `0123`, or `cat,dog`; None without.
        class_names: Of the model.

    Raises:
        InputError: the CSV cannot be read, or a given label is no class.
    """
    if given is not None and not Path(given).is_file():
        return Labels(in_order=_typed(given, class_names))
    tables = {Path(given)} if given is not None else set()
    tables |= {i.folder / LABELS_CSV for i in inputs if i.folder is not None}
    tables |= {i.path.parent / LABELS_CSV for i in inputs if i.path is not None}
    found: dict[Path, str] = {}
    for path in sorted(tables):
        if path.is_file():
            found |= _from_csv(path, class_names)
    if not found:
        found = _from_names([i.path for i in inputs if i.path is not None], class_names)
    return Labels(by_path=found)


def _typed(given: str, class_names: Sequence[str]) -> tuple[str, ...]:
    words = [word.strip() for word in re.split(r"[,\s]+", given) if word.strip()]
    if len(words) == 1 and all(len(name) == 1 for name in class_names):
        words = list(words[0])
    for word in words:
        if word not in class_names:
            known = ", ".join(class_names[:12])
            raise InputError(f"--labels: {word!r} is no file and no class; the classes are {known}")
    return tuple(words)


def _from_csv(path: Path, class_names: Sequence[str]) -> dict[Path, str]:
    found = {}
    for image, (label, line) in read_labels(path).items():
        if label not in class_names:
            known = ", ".join(class_names[:12])
            raise InputError(f"{path}:{line}: {label!r} is no class; the classes are {known}")
        found[image] = label
    return found


def _from_names(paths: Sequence[Path], class_names: Sequence[str]) -> dict[Path, str]:
    """By the names of files; where those of a folder only count its files, by the folder's."""
    found: dict[Path, str] = {}
    for folder in {path.parent for path in paths}:
        files = [path for path in paths if path.parent == folder]
        starts = {path: re.split(r"[_\-\s.(]", path.stem)[0] for path in files}
        counts = [start for start in starts.values() if start.isdecimal()]
        only_count = any(start not in class_names for start in counts)
        for path, start in starts.items():
            if start in class_names and not only_count:
                found[path.absolute()] = start
            elif folder.name in class_names:
                found[path.absolute()] = folder.name
    return found
