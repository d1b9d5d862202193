"""The words of a config's problems, so that equal mistakes are told alike."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from typing import Any

from dlrun.errors import did_you_mean

ALSO_CALLED = {
    "lr": "learning_rate",
    "decay": "weight_decay",
    "epoch": "epochs",
    "num_epochs": "epochs",
    "nb_epoch": "epochs",
    "bs": "batch_size",
    "batch": "batch_size",
    "data": "dataset",
    "opt": "optimizer",
    "criterion": "loss",
    "objective": "loss",
    "val": "validation",
    "valid": "validation",
    "training": "train",
    "testing": "test",
    "val_split": "split",
    "validation_split": "split",
    "alpha": "negative_slope",
}
"""What other programs call a key, where its letters do not give it away."""

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_short.maxdict = _short.maxlist = 4


def shown(value: Any) -> str:
    """Returns a received value as messages show it: its `repr`, cut where it is long."""
    return _short.repr(value)


def wrong_value(wanted: str, value: Any, hint: str = "") -> str:
    """Says that a value is not of the type or in the range that is wanted."""
    if isinstance(value, str) and not hint and "number" in wanted:
        hint = "write it without quotes" if is_number(value) else ""
    return f"must be {wanted}, received {shown(value)}" + (f"; {hint}" if hint else "")


def unknown_key(name: Any, known: Sequence[str], everywhere: Sequence[str] = ()) -> str:
    """Says that a key does not exist, with the nearest that does or else all of them.

    Args:
        name: The key.
        known: The keys that may stand in its place.
        everywhere: All dotted keys, for one that stands in the wrong section.
    """
    hint = meant(str(name), known)
    wanted = ALSO_CALLED.get(str(name), str(name))
    elsewhere = [key for key in everywhere if key.rpartition(".")[2] == wanted]
    if elsewhere and wanted not in known and not hint:
        hint = f"; did you mean {elsewhere[0]!r}?"
    return f"unknown key{hint}" if hint else f"unknown key; there are {', '.join(known)}"


def unknown_name(kind: str, name: str, known: Iterable[str], also: str = "") -> str:
    """Says that a component or data set of this name does not exist."""
    names = list(known)
    hint = did_you_mean(name, names) or also
    if not hint and len(names) <= 30:
        hint = f"; there are {', '.join(names)}"
    return f"unknown {kind} {name!r}{hint}"


def unknown_argument(name: str, owner: str, accepted: Sequence[str], what: str = "argument") -> str:
    """Says that a component or data set does not take an argument, and which it takes."""
    takes = f"it takes {', '.join(accepted)}" if accepted else "it takes none"
    hint = meant(name, accepted)
    return f"no {what} of {owner}{hint} ({takes})" if hint else f"no {what} of {owner}; {takes}"


def meant(name: str, known: Sequence[str]) -> str:
    """Returns `; did you mean 'x'?` for a name or for what other programs call so."""
    if ALSO_CALLED.get(name) in known:
        return f"; did you mean {ALSO_CALLED[name]!r}?"
    return did_you_mean(name, known)


def means(name: Any, wanted: str, known: Sequence[str]) -> bool:
    """Returns whether the problem with `name` already proposes `wanted`."""
    return meant(str(name), known) == f"; did you mean {wanted!r}?"


def missing(what: str) -> str:
    """Says that a required key is not there."""
    return f"is missing: {what}"


def listed(options: Sequence[str]) -> str:
    """Returns `a, b or c`."""
    *first, last = options
    return f"{', '.join(first)} or {last}" if first else last


def counted(number: int, noun: str) -> str:
    """Returns `1 unit`, `2 units`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def is_number(text: str) -> bool:
    """Returns whether a text would be a number without its quotes."""
    try:
        float(text)
    except ValueError:
        return False
    return True
