"""What was made of data before, kept for the next config that asks for the same."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

_Made = TypeVar("_Made")

MOST_KEPT = 12
"""Things that are kept, the last ones used: data sets, their splits, what images look like."""


class DataStore:
    """A memory of loaded and split data, so that many trainings in one process share them.

    Whoever asks states everything that decides the result; arrays are shared, so that none of
    them may be changed in place.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def get(self, asked: Any, make: Callable[[], _Made]) -> _Made:
        """Returns what was made for the same question before, or makes it.

        Args:
            asked: Plain data, as JSON has them; what JSON has not counts by its text.
            make: Called where nobody asked before.
        """
        key = json.dumps(asked, sort_keys=True, default=repr)
        if key not in self._kept:
            self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        made: _Made = self._kept[key]
        return made
