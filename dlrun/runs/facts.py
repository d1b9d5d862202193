"""The JSON files of a run folder as they are read: whole, of the right types, or refused in words.

A run folder may come from anywhere and hold anything; whoever reads it through here meets either
plain values of the types that `kinds` lists, or a RunError.
"""

from __future__ import annotations

import json
import os
import stat
from functools import partial
from pathlib import Path
from typing import Any

from dlrun.errors import RunError
from dlrun.runs.kinds import Spec, kind_of, mistakes

MAX_JSON_BYTES = 16 * 1024 * 1024
"""More than any JSON file of a run has."""

MAX_CONTAINERS = 200_000
"""More lists and objects than any has: memory takes a hundred times the bytes of empty ones."""

MAX_DEPTH = 50
"""Ten times what a run's files nest; far from where recursion ends."""

RESTORE = "put the file back from a copy, or train the run anew"


class UnreadableError(RunError):
    """A file of a run that cannot be read, or not by this dlrun.

    Attributes:
        summary: File and reason in a few words, for the table of runs.
        is_missing: Whether there is no such file.
    """

    def __init__(
        self, path: Path, reason: str, remedy: str = RESTORE, *, is_missing: bool = False
    ) -> None:
        super().__init__(f"{path}: cannot be read, {reason}; {remedy}")
        self.summary = f"{path.name}: {reason}"
        self.is_missing = is_missing


class NewerFormatError(UnreadableError):
    """A run of a layout that only a newer dlrun knows."""

    def __init__(self, path: Path, number: int, known: int) -> None:
        super().__init__(path, f"format {number}, and this dlrun knows {known}", "update dlrun")
        self.summary = f"format {number}: update dlrun"


class Facts(dict[str, Any]):
    """An object of a JSON file; asking for a key that it does not have is a RunError."""

    def __init__(self, path: Path, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._path = path

    def __missing__(self, key: str) -> Any:
        raise UnreadableError(self._path, f"it has no {key!r}")


def read_facts(
    path: Path,
    spec: Spec,
    newest_format: int | None = None,
    max_bytes: int = MAX_JSON_BYTES,
    max_containers: int = MAX_CONTAINERS,
) -> Facts:
    """Returns what a JSON file of a run holds; NaN is read as null, as dlrun writes it.

    Args:
        path: Of the file.
        spec: The types of its values.
        newest_format: The last layout that is known, of the file whose `format` tells it.
        max_bytes: More than such a file has.
        max_containers: Lists and objects, likewise.

    Raises:
        UnreadableError: it is missing, damaged, no file at all or written by a newer dlrun, or
            a value is of another type.
    """
    content = read_small_file(path, max_bytes)
    if content.count(b"{") + content.count(b"[") > max_containers:
        raise UnreadableError(path, "more lists and objects than such a file has")
    facts = _parse(path, content)
    if not isinstance(facts, Facts):
        raise UnreadableError(path, f"{kind_of(facts)} where an object belongs")
    if newest_format is not None:
        _check_format(path, facts.get("format", 1), newest_format)
    for mistake in mistakes(facts, spec):
        raise UnreadableError(path, mistake)
    return facts


def read_small_file(path: Path, max_bytes: int) -> bytes:
    """Returns a file's bytes.

    Raises:
        UnreadableError: it is missing, cannot be read or is no regular file.
    """
    check_file(path, max_bytes)
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError(path, _reason(error)) from None


def check_file(path: Path, max_bytes: int | None = None) -> None:
    """Refuses what is no regular file: a folder, and a pipe or device, which would never end.

    Raises:
        UnreadableError: it is none, is missing, or has more than `max_bytes`.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        is_missing = not os.path.lexists(path)
        raise UnreadableError(path, _reason(error), is_missing=is_missing) from None
    if stat.S_ISDIR(found.st_mode):
        raise UnreadableError(path, "a folder where a file belongs")
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableError(path, "a pipe or a device, not a file")
    if max_bytes is not None and found.st_size > max_bytes:
        raise UnreadableError(path, f"{found.st_size:,} bytes, more than {max_bytes:,}")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()


def _parse(path: Path, content: bytes) -> Any:
    if not content.strip():
        raise UnreadableError(path, "it is empty")
    try:
        data = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=partial(Facts, path),
            parse_constant=lambda _: None,
        )
    except json.JSONDecodeError as error:
        raise UnreadableError(path, f"not JSON from line {error.lineno} on") from None
    except ValueError:  # bytes that are no text, numbers of thousands of digits
        raise UnreadableError(path, "not JSON") from None
    except RecursionError:
        raise UnreadableError(path, "nested too deeply") from None
    if not _is_shallow(data):
        raise UnreadableError(path, "nested too deeply")
    return data


def _is_shallow(data: Any) -> bool:
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return True
    return False


def _check_format(path: Path, number: Any, known: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise UnreadableError(path, f"format is {kind_of(number)}, not a number from 1")
    if number > known:
        raise NewerFormatError(path, min(number, 10**9), known)
