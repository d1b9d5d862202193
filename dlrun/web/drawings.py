"""Drawings that are kept: rounds of things to draw, each a folder of PNG files and their labels."""

from __future__ import annotations

import csv
import io
import re
import shlex
import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from dlrun.errors import InputError
from dlrun.files import make_folder, storage_error, write_bytes, write_text
from dlrun.images.labelled import LABELS_CSV

ROUND = 20
"""Drawings that a round asks for."""

MAX_BYTES = 1_000_000
"""Of a kept drawing; the page's have some thousand."""

MAX_KEPT = 2_000
"""Drawings that one server keeps: a hundred rounds. Nobody fills the disk by asking."""

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(eq=False)
class Round:
    """One round: what it asks for, and what was drawn so far.

    Attributes:
        labels: What to draw, in order.
        folder: Where the drawings are; None until there is one.
        rows: File name and label of each drawing.
    """

    labels: tuple[str, ...]
    folder: Path | None = None
    rows: list[tuple[str, str]] = field(default_factory=list)


@dataclass(eq=False)
class Drawings:
    """All rounds of one server; may be asked from several threads.

    Attributes:
        root: The folder in which each round gets one of its own.
        class_names: What can be asked for.
    """

    root: Path
    class_names: tuple[str, ...]
    _rounds: list[Round] = field(default_factory=list)
    _kept: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def begin(self, rng: np.random.Generator | None = None) -> tuple[int, tuple[str, ...]]:
        """Begins a round; returns its number and what to draw, each class as often as others."""
        labels = shuffled_labels(self.class_names, rng or np.random.default_rng())
        with self._lock:
            if len(self._rounds) >= MAX_KEPT:
                raise InputError("too many rounds were begun; start dlrun serve again")
            self._rounds.append(Round(labels))
            return len(self._rounds) - 1, labels

    def keep(self, number: int, content: bytes) -> tuple[Path, str, bool]:
        """Keeps the next drawing of a round, whole or not at all, over no other file.

        Args:
            number: Of the round.
            content: A PNG file.

        Returns:
            Its path, its label, and whether the round is complete.

        Raises:
            InputError: no such round, a complete one, no PNG, or too many were kept.
            StorageError: it cannot be written.
        """
        if not content.startswith(_PNG):
            raise InputError("image: only PNG files are kept; draw it on the page")
        if len(content) > MAX_BYTES:
            raise InputError(f"image: {len(content):,} bytes, more than {MAX_BYTES:,} to keep")
        with self._lock:
            if not 0 <= number < len(self._rounds):
                raise InputError(f"round {number}: there is none; begin one by POST /api/rounds")
            found = self._rounds[number]
            if len(found.rows) == len(found.labels):
                raise InputError(f"round {number}: complete; begin another by POST /api/rounds")
            if self._kept >= MAX_KEPT:
                raise InputError(f"{MAX_KEPT:,} drawings are kept; start dlrun serve again")
            path, label = self._write(found, content)
            self._kept += 1
            return path, label, len(found.rows) == len(found.labels)

    def _write(self, found: Round, content: bytes) -> tuple[Path, str]:
        if found.folder is None:
            found.folder = _new_folder(self.root)
        label = found.labels[len(found.rows)]
        count = 1 + sum(label == other for _, other in found.rows)
        path = found.folder / f"{_as_name(label)}_{count:02}.png"
        rows = [*found.rows, (path.name, label)]
        write_bytes(path, content)
        write_text(found.folder / LABELS_CSV, _csv(rows))
        found.rows = rows
        return path, label


def shuffled_labels(class_names: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    """Returns `ROUND` class names, each as often as the others, give or take one, shuffled."""
    whole, rest = divmod(ROUND, len(class_names))
    drawn = rng.choice(len(class_names), rest, replace=False)
    numbers = np.concatenate([np.repeat(np.arange(len(class_names)), whole), drawn])
    return tuple(class_names[i] for i in rng.permutation(numbers))


def predict_command(run_id: str, folder: Path) -> str:
    """Returns the command that predicts a folder of drawings, ready to be pasted."""
    return f"dlrun predict {shlex.quote(run_id)} {shlex.quote(shown_path(folder))}"


def shown_path(folder: Path) -> str:
    """Returns a path as one would type it here."""
    here = Path.cwd()
    inside = folder.absolute().is_relative_to(here)
    return str(folder.absolute().relative_to(here) if inside else folder.absolute())


def _new_folder(root: Path) -> Path:
    """Makes a folder named after the time, with a number where there is one already."""
    make_folder(root)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    for name in [stamp, *(f"{stamp}-{i}" for i in range(2, 100))]:
        try:
            (root / name).mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise storage_error(root / name, error) from error
        return root / name
    raise InputError(f"{root / stamp}: a hundred rounds in this second; wait for the next one")


def _as_name(label: str) -> str:
    """A class name as the start of a file name: no separators, nothing that moves elsewhere."""
    return re.sub(r"[^\w-]+", "-", label).strip("-")[:40] or "drawing"


def _csv(rows: list[tuple[str, str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([("path", "label"), *rows])
    return stream.getvalue()
