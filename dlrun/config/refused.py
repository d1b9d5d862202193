"""Keras's components that cannot do in an experiment what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REFUSED = {
    "BackupAndRestore": "BackupAndRestore would start a later run from old weights, "
    "and each run starts from fresh ones; remove it: `dlrun resume` goes on with a stopped run",
}
"""Keras's components that cannot do in an experiment what they are for, and why."""

_LEARNED = {
    "Discretization": ("bin_boundaries",),
    "IntegerLookup": ("vocabulary",),
    "Normalization": ("mean", "variance"),
    "StringLookup": ("vocabulary",),
    "TextVectorization": ("vocabulary",),
}
"""Layers that learn from data outside of training, unless these arguments are given."""


def unlearned_message(kind: str, name: str, arguments: Mapping[str, Any]) -> str | None:
    """Returns what is wrong with a layer that Keras would first show the data by `adapt`."""
    needed = _LEARNED.get(name, ()) if kind == "layer" else ()
    if all(arguments.get(argument) is not None for argument in needed):
        return None
    hint = "write dataset.scale: standard, or give" if name == "Normalization" else "give"
    return f"{name} would have to be adapted to the data first; {hint} {' and '.join(needed)}"
