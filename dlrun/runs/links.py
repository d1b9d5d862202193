"""Links in run folders; before one is written into, that nothing in it leads to somewhere else.

A folder from someone else may hold links in the places where dlrun writes, such as a `run.log`
that is a link to a file of the user's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dlrun.errors import RunError
from dlrun.runs import run as layout
from dlrun.runs.run import Run
from dlrun.runs.sweep import Sweep

_OF_PARTS = (layout.REPEATS, layout.FOLDS, layout.TRIALS)

_WRITTEN = (
    layout.LOG, layout.HISTORY_CSV, layout.LOCK, layout.UNFINISHED_MODEL, *layout.FOLDERS
)  # fmt: skip
"""What is written through where it is a link; every other file is moved into place instead."""


def is_link(path: Path) -> bool:
    """Returns whether a path is a symbolic link, or what Windows has instead.

    What may not be asked is none, and may not be written either.
    """
    return os.path.islink(path) or bool(getattr(os.path, "isjunction", lambda _: False)(path))


def refuse_links(one: Run | Sweep) -> None:
    """Refuses to write into a folder that leads out of itself; it may be reached by a link itself.

    Raises:
        RunError: a folder or file in it, or in one of its parts, is a link; or between it and the
            whole that it is a part of.
    """
    for path in (*_above(one.path), *_written_in(one.path)):
        if is_link(path):
            raise RunError(
                f"{path}: is a link, and dlrun writes into run folders only; "
                "put what it leads to in its place, or remove it"
            )


def _above(path: Path) -> Iterator[Path]:
    while path.parent.name in _OF_PARTS and path.name.isdecimal():
        yield from (path, path.parent)
        path = path.parent.parent


def _written_in(folder: Path) -> Iterator[Path]:
    """Whoever takes them must stop at a link: what it leads to is looked into, too."""
    yield from (folder / name for name in _WRITTEN)
    for name in _OF_PARTS:
        for part in _inside(folder / name):
            yield part
            yield from _written_in(part)


def _inside(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder)]
    except OSError:
        return []
