"""Where a config's reader stands, and the problems it has found there.

A key has two addresses: `key`, as an override names it (`optimizer.learning_rate`), and `raw`,
where it stands in the file (`optimizer.SGD.learning_rate`, or `optimizer` where only a name is
written). Problems are named by the first and placed by the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dlrun.errors import Problem
from dlrun.files import KeyPath, Place, dotted


@dataclass(frozen=True)
class At:
    """The two addresses of one key."""

    key: KeyPath = ()
    raw: KeyPath = ()

    def child(self, part: str | int) -> At:
        """Returns the address one level down, in the file as in the key."""
        return At((*self.key, part), (*self.raw, part))

    def within(self, name: str) -> At:
        """Returns the address below a component's name, which no key spells out."""
        return At(self.key, (*self.raw, name))

    def shortened(self, part: str) -> At:
        """Returns the address of a key that the file leaves unsaid, as in `Dense: 100`."""
        return At((*self.key, part), self.raw)


class Reader:
    """Collects the problems of one config, and where each of its keys stands.

    Attributes:
        places: (line, column) of each key, by its key path.
        problems: What is wrong, in the order it was found.
        allow_own: Whether unknown names may be the user's own, from `imports`.
        all_keys: Every dotted key there is, to say where a misplaced one belongs.
        overridden: Overrides as they were typed, by the key path that each changed.
    """

    def __init__(self, places: Mapping[KeyPath, Place], *, keyed: bool = False) -> None:
        """Takes the file's places by raw path, or by key path where `keyed`."""
        self._given = places
        self._keyed = keyed
        self.places: dict[KeyPath, Place] = dict(places) if keyed else {}
        self.problems: list[Problem] = []
        self.allow_own = False
        self.all_keys: tuple[str, ...] = ()
        self.overridden: dict[KeyPath, str] = {}

    def visit(self, at: At) -> None:
        """Notes where a key stands, for later problems that know only its key path."""
        place = self._given.get(at.key if self._keyed else at.raw)
        if place is not None:
            self.places.setdefault(at.key, place)

    def problem(self, at: At, message: str) -> None:
        """Notes a problem, at the key itself or the nearest key around it that is written."""
        raw = at.key if self._keyed else at.raw
        self.problems.append(placed_problem(at.key, message, self._given, self.overridden, raw))

    def placed(self, path: KeyPath, message: str) -> Problem:
        """Returns a problem of which only the key path is known."""
        return placed_problem(path, message, self.places, self.overridden)


def placed_problem(
    path: KeyPath,
    message: str,
    places: Mapping[KeyPath, Place],
    overridden: Mapping[KeyPath, str],
    raw: KeyPath | None = None,
) -> Problem:
    """Returns a problem with its place: the override that made the key, or where it is written.

    Args:
        path: The key path.
        message: What is wrong.
        places: (line, column) by key path, or by path in the file where `raw` is given.
        overridden: Overrides as they were typed, by the key path that each changed.
        raw: Where the key stands in the file.
    """
    for length in range(len(path), 0, -1):
        typed = overridden.get(path[:length])
        if typed is not None:
            return Problem(dotted(path), message + _hint_on_several(typed, message), override=typed)
    line, column = nearest_place(places, path if raw is None else raw)
    return Problem(dotted(path), message, line, column)


def _hint_on_several(typed: str, message: str) -> str:
    """What to say of `key=0.1,0.01`, which is one text, refused as such, to all but a sweep."""
    key, _, value = typed.partition("=")
    is_list = "," in value and not set(value) & set("[]{}\"'")
    is_list = is_list and f"'{value}'" in message and key != "name"
    return "; to try several values: dlrun sweep" if is_list else ""


def nearest_place(
    places: Mapping[KeyPath, Place], path: KeyPath
) -> tuple[int, int] | tuple[None, None]:
    """Returns the place of `path` or of the nearest key around it; Nones where there is none."""
    for length in range(len(path), -1, -1):
        found = places.get(path[:length])
        if found is not None:
            return found
    return None, None


def in_order(problems: list[Problem]) -> list[Problem]:
    """Returns the problems from the top of the file to its end, those without a place last."""
    unique = list(dict.fromkeys(problems))
    return sorted(
        unique, key=lambda p: (p.line is None, p.line or 0, p.column or 0, p.override or "")
    )


def as_path(path: KeyPath | str) -> KeyPath:
    """Returns a dotted key as a key path, the parts in digits as list positions."""
    if not isinstance(path, str):
        return path
    return tuple(int(part) if part.isdecimal() else part for part in path.split("."))
