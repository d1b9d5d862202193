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

_WRITTEN = (
    layout.LOG, layout.HISTORY_CSV, layout.LOCK, layout.UNFINISHED_MODEL, *layout.FOLDERS
)  # fmt: skip
"""What is written through where it is a link; every other file is moved into place instead."""


def is_link(path: Path) -> bool:
    """Returns whether a path is a symbolic link, or what Windows has instead.

    What may not be asked is none, and may not be written either.
    """
    return os.path.islink(path) or bool(getattr(os.path, "isjunction", lambda _: False)(path))


class LinkError(RunError):
    """Something in a run folder leads to elsewhere."""


def refuse_links(one: Run | Sweep, *, with_parts: bool = True) -> None:
    """Refuses to write into a folder that leads out of itself; it may be reached by a link itself.

    Args:
        one: The run or sweep.
        with_parts: Whether its members or trials are looked into, too.

    Raises:
        LinkError: a folder or file in it, or in one of its parts, is a link; or between it and the
            whole that it is a part of.
    """
    own = _written_in(one.path) if with_parts else _own(one.path)
    for path in (*_above(one.path), *own):
        if is_link(path):
            raise LinkError(
                f"{path}: is a link, and dlrun writes into run folders only; "
                "put what it leads to in its place, or remove it"
            )


def _above(path: Path) -> Iterator[Path]:
    while path.parent.name in layout.PART_FOLDERS and path.name.isdecimal():
        yield from (path, path.parent)
        path = path.parent.parent


def _own(folder: Path) -> Iterator[Path]:
    return (folder / name for name in _WRITTEN)


def _written_in(folder: Path) -> Iterator[Path]:
    """Whoever takes them must stop at a link: what it leads to is looked into, too."""
    yield from _own(folder)
    for name in layout.PART_FOLDERS:
        for part in _inside(folder / name):
            yield part
            yield from _written_in(part)


def _inside(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder)]
    except OSError:
        return []
