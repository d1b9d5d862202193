"""Rules on the data: its name, its options, and how it is split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlrun.catalog.datasets import CARDS
from dlrun.catalog.own import OWN_DATASETS
from dlrun.config import words
from dlrun.config.checks import Check, Null, Number, Text, Whole, either, word
from dlrun.config.draft import Draft, is_share
from dlrun.config.findings import Findings

_OPTIONS: Mapping[str, Check] = {
    "num_samples": Whole("a whole number, 2 or more", low=2),
    "num_classes": Whole("a whole number, 2 or more", low=2),
    "noise": Number("a number, 0 or more", lambda value: value >= 0),
    "seed": Whole("a whole number, 0 or more"),
    "task": either(word("multiclass", "binary", "regression"), Null("left out")),
}


def judge_dataset(draft: Draft, found: Findings) -> None:
    """Judges the data set's name and its options."""
    name, options = draft.get("dataset", "name"), draft.get("dataset", "options")
    if not isinstance(name, str):
        return
    if draft.card is None:
        if name not in OWN_DATASETS and not draft.get("imports"):
            message = words.unknown_name("data set", name, [*CARDS, *OWN_DATASETS])
            found.error(("dataset", "name"), message)
        return
    if name in OWN_DATASETS or not isinstance(options, dict):
        return
    known = draft.card.options
    for option, value in options.items():
        path = ("dataset", "options", option)
        if option not in known:
            found.error(path, words.unknown_argument(str(option), name, list(known), "option"))
        elif (check := _option_check(option, known[option])) and not check.accepts(value):
            found.error(path, words.wrong_value(check.wanted, value))
    for option, default in known.items():
        if default is ... and option not in options:
            message = f"{name} needs the option {option!r}; write options: {{{option}: …}}"
            found.error(("dataset", "options"), message)


def _option_check(name: str, default: Any) -> Check | None:
    """Returns the check of an option, by its name or its default; None where neither tells."""
    if name in _OPTIONS:
        return _OPTIONS[name]
    if isinstance(default, float):
        return Number()
    return Text() if default is ... else None


def judge_shares(draft: Draft, found: Findings) -> None:
    """Judges a split's parts against each other."""
    if draft.split.get("kfold", "none") != "none":
        _judge_folds(draft, found)
        return
    if draft.split.get("fold", "all") != "all":
        message = "there are no folds; write kfold, such as kfold: 5, or leave fold out"
        found.error(("dataset", "split", "fold"), message)
    parts = {name: draft.split.get(name) for name in ("train", "validation", "test")}
    path = ("dataset", "split")
    if parts["validation"] == "official" and parts["test"] == "official":
        message = "the official test rows validate already; write test: none"
        found.error((*path, "test"), message)
    shares: dict[str, Any] = {k: value for k, value in parts.items() if is_share(value)}
    held_out = shares.get("validation", 0) + shares.get("test", 0)
    if "train" in shares and abs(shares["train"] + held_out - 1) > 1e-6:
        listed = " + ".join(f"{name} {value:g}" for name, value in shares.items())
        total = sum(shares.values())
        found.error(path, f"the shares must sum to 1, received {listed} = {total:g}")
    elif held_out >= 1:
        found.error(path, "no rows are left to train on; give the other parts less")


def _judge_folds(draft: Draft, found: Findings) -> None:
    path = ("dataset", "split")
    for part in ("train", "validation"):
        if draft.split.get(part) not in ("auto", None):
            message = f"folds decide which rows validate; leave {part} out, or kfold"
            found.error((*path, part), message)
    kfold, fold = draft.split.get("kfold"), draft.split.get("fold")
    if isinstance(kfold, int) and isinstance(fold, int) and fold >= kfold:
        message = f"there are {kfold} folds, counted from 0, received {fold}"
        found.error((*path, "fold"), message)
    test = draft.split.get("test")
    if is_share(test) and test == 1:
        found.error((*path, "test"), "no rows are left for the folds; give test less")


def judge_official_rows(draft: Draft, found: Findings) -> None:
    """Judges the use of official test rows."""
    if draft.num_official_test is None:
        return
    path = ("dataset", "split")
    brings_none = draft.num_official_test == 0
    for part in ("validation", "test"):
        if brings_none and draft.split.get(part) == "official":
            name = draft.get("dataset", "name")
            message = f"{name} brings no official test rows; give a share such as 0.15"
            found.error((*path, part), message)
    if draft.split.get("validation") == "official" and not brings_none:
        found.note(
            (*path, "validation"),
            "validation: official leaves no untouched test set to report at the end",
        )
