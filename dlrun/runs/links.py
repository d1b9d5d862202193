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


def refuse_links(one: Run | Sweep) -> None:
    """Refuses to write into a folder that leads out of itself; it may be reached by a link itself.

    Raises:
        RunError: a folder or file in it, or in one of its members, is a link.
    """
    for path in _written_in(one):
        if is_link(path):
            raise RunError(
                f"{path}: is a link, and dlrun writes into run folders only; "
                "put what it leads to in its place, or remove it"
            )


def _written_in(one: Run | Sweep) -> Iterator[Path]:
    yield from (one.path / name for name in _WRITTEN)
    if isinstance(one, Sweep):
        yield from _inside(one.path / layout.TRIALS)
        return
    for member in one.members:
        between = [path for path in member.path.parents if one.path in path.parents]
        yield from (*between, member.path, *(member.path / name for name in _WRITTEN))


def _inside(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder)]
    except OSError:
        return []
