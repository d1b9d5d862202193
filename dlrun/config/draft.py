"""A config that may still have mistakes in it, looked at without tripping over them.

The rules that judge a config as a whole run even where a key is wrong, so that all problems
are told together; a rule whose keys are not usable says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from dlrun.catalog.datasets import FROM_FILES, DatasetCard, card_with_options
from dlrun.config.component import Component, build_component, is_normal
from dlrun.config.stack import MAX_LAYERS, PlacedLayer, Repeat, count_layers, place_layers

_UNUSABLE = Component("", {})


class Draft:
    """The usable parts of a normal form."""

    def __init__(self, normal: Any, card: DatasetCard | None = None) -> None:
        """Takes a normal form, and the card of its data where they are loaded already."""
        self.normal = normal if isinstance(normal, dict) else {}
        self._card_of_data = card

    def get(self, *path: str) -> Any:
        """Returns the value at a key path, or None where there is none."""
        value: Any = self.normal
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def component(self, *path: str) -> Component | None:
        """Returns the component at a key path, or None where it is not usable."""
        return _usable(self.get(*path))

    @cached_property
    def card(self) -> DatasetCard | None:
        """The data set's card with its options filled in, or None for unknown ones."""
        if self._card_of_data is not None:
            return self._card_of_data
        name, options = self.get("dataset", "name"), self.get("dataset", "options")
        if not isinstance(name, str):
            return None
        return card_with_options(name, options if isinstance(options, dict) else {})

    @property
    def task(self) -> str | None:
        """What is predicted, by the data set's card; None where that does not say."""
        return self.card.task if self.card is not None else None

    @property
    def num_official_test(self) -> int | None:
        """How many official test rows the data bring; None where only loading them tells."""
        is_from_files = self.get("dataset", "name") in FROM_FILES
        only_loading_tells = self._card_of_data is None and is_from_files
        return None if self.card is None or only_loading_tells else self.card.num_official_test

    @cached_property
    def stack(self) -> tuple[Component | Repeat, ...]:
        """The layers as they are written; an unusable one has the empty name."""
        return _usable_layers(self.get("model", "layers"))

    @cached_property
    def layers(self) -> tuple[PlacedLayer, ...]:
        """The layers one after another; none where there are too many."""
        if count_layers(self.stack) > MAX_LAYERS:
            return ()
        return tuple(place_layers(self.stack, ("model", "layers")))

    @property
    def metrics(self) -> list[Any]:
        """The metrics, as far as the list is usable."""
        found = self.get("metrics")
        return found if isinstance(found, list) else []

    @property
    def callbacks(self) -> list[Component | None]:
        """The callbacks, None for those that are not usable."""
        found = self.get("training", "callbacks")
        return [_usable(item) for item in found] if isinstance(found, list) else []

    @property
    def split(self) -> Mapping[str, Any]:
        """The split's parts, in normal form."""
        found = self.get("dataset", "split")
        return found if isinstance(found, dict) else {}

    @property
    def has_validation(self) -> bool:
        """Whether there is a validation part; `auto` makes one only where all parts are auto."""
        if self.split.get("kfold", "none") != "none":
            return True
        parts = [self.split.get(name, "auto") for name in ("train", "validation", "test")]
        return all(part == "auto" for part in parts) or parts[1] not in ("auto", "none")


def is_share(value: Any) -> bool:
    """Returns whether a part of a split is a number from 0 to 1."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _usable(normal: Any) -> Component | None:
    return build_component(normal) if is_normal(normal) else None


def _usable_layers(value: Any) -> tuple[Component | Repeat, ...]:
    result: list[Component | Repeat] = []
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict) and "repeat" in item:
            times = item["repeat"]
            good = isinstance(times, int) and not isinstance(times, bool) and times > 0
            result.append(Repeat(times if good else 1, _usable_layers(item.get("layers"))))
        else:
            result.append(_usable(item) or _UNUSABLE)
    return tuple(result)
