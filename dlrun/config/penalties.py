"""Whether a net adds to its loss what is no error of rows: regularizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlrun.config.schema import Config


def has_penalty(config: Config) -> bool:
    """Returns whether something is added to the loss of a config's net that is no error of rows."""
    return _names_a_penalty(config.to_dict()["model"])


def _names_a_penalty(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(
            (item is not None and "regularizer" in key)
            or key == "ActivityRegularization"
            or _names_a_penalty(item)
            for key, item in value.items()
        )
    return isinstance(value, list) and any(map(_names_a_penalty, value))
