"""What was named on the command line: files, folders, patterns and standard input."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlrun.images.reading import SUFFIXES as IMAGE_SUFFIXES

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".parquet", ".npz"})

STDIN = "-"


@dataclass(frozen=True)
class Input:
    """One file, or what came on standard input.

    Attributes:
        path: None for standard input.
        folder: The folder that was named, if the file was found in one.
        content: Of standard input.
        error: Why there is nothing to read.
    """

    path: Path | None
    folder: Path | None = None
    content: bytes = b""
    error: str | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.path) if self.path is not None else "stdin"

    @property
    def is_table(self) -> bool:
        """Whether it is a table by its name; of standard input, whether it is no image."""
        if self.path is not None:
            return self.path.suffix.lower() in TABLE_SUFFIXES
        return not _looks_like_image(self.content)


def find_inputs(names: Sequence[str], stdin: bytes | None, *, images: bool) -> list[Input]:
    """Returns the files that were named, in their order; those of a folder as people count.

    Args:
        names: Files, folders, patterns such as `*.png`, or `-` for standard input.
        stdin: What came on standard input; None where nothing was read.
        images: Whether images are looked for in folders, else tables.
    """
    return [found for name in names for found in _find(name, stdin, images=images)]


def _find(name: str, stdin: bytes | None, *, images: bool) -> Iterator[Input]:
    if name == STDIN:
        error = None if stdin else "nothing came in"
        yield Input(None, content=stdin or b"", error=error)
        return
    path = Path(name).expanduser() if name.startswith("~") else Path(name)
    if path.is_dir():
        yield from _in_folder(path, images=images)
    elif not path.exists() and glob.has_magic(name):
        matches = sorted(glob.glob(str(path), recursive=True), key=_as_counted)
        if not matches:
            yield Input(path, error="no file matches")
        for match in matches:
            yield from _find(match, stdin, images=images)
    else:
        yield Input(path, error=_why_not(path))


def _in_folder(folder: Path, *, images: bool) -> Iterator[Input]:
    suffixes = IMAGE_SUFFIXES if images else TABLE_SUFFIXES - {".txt"}
    found = [
        Path(parent) / name
        for parent, folders, names in os.walk(folder)
        if not _hide(folders)
        for name in names
        if Path(name).suffix.lower() in suffixes and not name.startswith(".")
    ]
    if not found:
        kind = "image" if images else "table (.csv, .parquet or .npz)"
        yield Input(folder, error=f"a folder with no {kind} in it")
    for path in sorted(found, key=lambda path: _as_counted(str(path))):
        yield Input(path, folder, error=_why_not(path))


def _why_not(path: Path) -> str | None:
    """Returns why there is nothing to read; None of a file."""
    if path.is_file():
        return None
    if path.is_fifo():
        return "is a pipe; give what comes out of it on standard input, by the name -"
    return "is no file; name an image or a table" if path.exists() else "no such file"


def _hide(folders: list[str]) -> bool:
    """Has `os.walk` pass over hidden folders."""
    folders[:] = [name for name in folders if not name.startswith(".")]
    return False


def _as_counted(name: str) -> list[tuple[int, int, str]]:
    """A key by which 2 comes before 10."""
    parts = re.split(r"(\d+)", name)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part.lower()) for part in parts]


def _looks_like_image(content: bytes) -> bool:
    starts = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF", b"P5"]
    return content.startswith(tuple(starts)) or content[4:8] == b"ftyp"
