"""The error tree: what can go wrong for a user, and with which exit code the command ends.

DlrunError            shown as "dlrun: error: …" without a traceback
├── ConfigError       a list of problems, each with its place and key; shows all of them (exit 2)
├── DatasetError      unknown, cannot be had, wrong checksum, wrong shape, empty split (exit 2)
├── ModelError        Keras refused a layer, loss, metric or optimizer (exit 2)
├── BackendError      Keras or TensorFlow runs already, on another backend or thread count (exit 1)
├── DivergedError     loss or weights became NaN or infinite; history up to it is kept (exit 1)
├── MembersError      some of a run's repeats or folds did not finish; the others are kept (exit 1)
├── SweepError        a sweep that cannot be searched as asked, or not here (exit 2)
├── InputError        a picture or table that cannot be predicted (exit 2)
├── ServeError        the page cannot be served: port taken, packages missing (exit 1)
├── OutOfMemoryError  data, model or a step of it do not fit into memory (exit 1)
├── StorageError      a file cannot be written: full disk, read-only folder (exit 1)
├── ExportError       a model that cannot be written in a format, or not here (exit 2)
│   └── CheckError    what was written answers otherwise than the run (exit 4)
└── RunError          not a run folder, ambiguous name, unreadable file (exit 2)

Of one module alone are `UsageError` of the command line, and of RunError the `UnreadableError` of a
damaged file and the `NewerFormatError` of a newer layout.

Messages follow one form: `place: what is wrong, what was received; how to mend it`.
This module imports nothing of dlrun.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class DlrunError(Exception):
    """An error that the user can mend; anything else that is raised is a bug in dlrun."""

    exit_code = 1


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a config: where it stands, which key, and what to do about it.

    Attributes:
        key: Dotted path of the key, such as `model.layers.2.units`; empty for the whole file.
        message: What is wrong, what was received; how to mend it. Lower case, no full stop.
        line: Line in the file, counted from 1; None where the file has no such place.
        column: Column in the file, counted from 1.
        override: The command-line override at fault, as it was typed; it then takes the
            place of line and column.
    """

    key: str
    message: str
    line: int | None = None
    column: int | None = None
    override: str | None = None

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}" if self.line is not None else ""
        if self.override is not None:
            place = f"override {self.override}"
        text = f"{self.key}: {self.message}" if self.key else self.message
        return f"{place}  {text}" if place else text


class ConfigError(DlrunError):
    """A config that cannot work, with every problem found at this stage of checking."""

    exit_code = 2

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(self._text())

    def _text(self) -> str:
        count = len(self.problems)
        head = f"{self.source}: {count} problem{'s' if count != 1 else ''}"
        places = [f"{p.line}:{p.column}" if p.line is not None else "" for p in self.problems]
        width = max((len(place) for place in places), default=0)
        lines = []
        for place, problem in zip(places, self.problems, strict=True):
            text = str(problem)
            if place and problem.override is None:
                text = f"{place:>{width}}{text[len(place) :]}"
            lines.append(f"  {text}")
        return "\n".join([head, *lines])


class DatasetError(DlrunError):
    """Data that is unknown, cannot be had, is damaged, or does not fit the config."""

    exit_code = 2


class ModelError(DlrunError):
    """Keras refused a layer, loss, metric or optimizer."""

    exit_code = 2


class BackendError(DlrunError):
    """Keras or TensorFlow runs already in this process, on another backend or thread count."""


class DivergedError(DlrunError):
    """The loss or a weight became NaN or infinite; the history up to that epoch is kept.

    Attributes:
        suggestion: An override that may help; None where there is none to be named.
    """

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.suggestion = suggestion


class MembersError(DlrunError):
    """Some of a run's repeats or folds did not finish; the others are kept."""


class SweepError(DlrunError):
    """A sweep that cannot be planned or gone on with as asked."""

    exit_code = 2


class InputError(DlrunError):
    """A picture, or a row of a table, that a model cannot be given; others are not affected."""

    exit_code = 2


class ServeError(DlrunError):
    """The page cannot be served: its port is taken, or packages are missing."""


class OutOfMemoryError(DlrunError):
    """Data, model or a step of the training do not fit into memory."""


class StorageError(DlrunError):
    """A file or folder cannot be written."""


class ExportError(DlrunError):
    """A model that a format cannot hold, a package that is missing, or a file that is there."""

    exit_code = 2


class CheckError(ExportError):
    """What was written does not give what the run gave; the file is kept."""

    exit_code = 4


class RunError(DlrunError):
    """A name that is not a run, or a run folder that cannot be read."""

    exit_code = 2


def nearest_name(name: str, candidates: Iterable[str]) -> str | None:
    """Returns the candidate that `name` is most likely meant to be, or None.

    Upper and lower case, `_` and `-` are ignored, so that `categoricalCrossEntropy` finds
    `categorical_crossentropy`.
    """
    plain = {_plain(candidate): candidate for candidate in candidates}
    found = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Returns `; did you mean 'x'?` for the nearest candidate, else the empty string."""
    found = nearest_name(name, candidates)
    return f"; did you mean {found!r}?" if found is not None else ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
