"""Fills in what follows from the rest of a config: `auto` in splits, metrics and monitor."""

from __future__ import annotations

from typing import Any

from dlrun.config.component import Component
from dlrun.config.draft import Draft, is_share
from dlrun.config.keys import Section
from dlrun.config.schema import SplitConfig
from dlrun.config.task import parts_at_zero

DEFAULT_SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
DEFAULT_SHARES_BESIDE_OFFICIAL = {"train": 0.85, "validation": 0.15, "test": "official"}


def resolve(draft: Draft) -> None:
    """Replaces each `auto` in a draft's normal form by what it stands for, where the data tell."""
    num_official = draft.num_official_test
    if num_official is not None and isinstance(draft.get("dataset", "split"), dict):
        shares = resolved_shares(draft.split, num_official > 0)
        draft.normal["dataset"]["split"].update(shares)
    if draft.task is not None and draft.get("metrics") == "auto":
        draft.normal["metrics"] = _default_metrics(draft.task, draft.component("loss"))
    if num_official is not None and draft.get("training", "monitor") == "auto":
        draft.normal["training"]["monitor"] = "val_loss" if draft.has_validation else "loss"


def resolve_split(split: SplitConfig, has_official_test: bool) -> SplitConfig:
    """Returns a split without `auto`, once it is known whether there are official test rows."""
    check = Section(of=SplitConfig)
    plain = check.plain(split)
    built: SplitConfig = check.build(plain | resolved_shares(plain, has_official_test))
    return built


def resolved_shares(given: Any, has_official_test: bool) -> dict[str, Any]:
    """Returns the normal form of a split with every `auto` replaced.

    A split of nothing but `auto` gets the default shares. Otherwise test means the official
    test rows where there are any and validation does not use them, validation means none, and
    train is the rest. Of folds only `test` is a share; train and validation stay `auto`.
    """
    parts = {name: given.get(name, "auto") for name in DEFAULT_SHARES}
    if given.get("kfold", "none") != "none":
        if parts["test"] == "auto":
            parts["test"] = "official" if has_official_test else "none"
        return parts
    if all(value == "auto" for value in parts.values()):
        return dict(DEFAULT_SHARES_BESIDE_OFFICIAL if has_official_test else DEFAULT_SHARES)
    if parts["validation"] == "auto":
        parts["validation"] = "none"
    if parts["test"] == "auto":
        uses_official = has_official_test and parts["validation"] != "official"
        parts["test"] = "official" if uses_official else "none"
    if parts["train"] == "auto":
        others = [parts[name] for name in ("validation", "test") if is_share(parts[name])]
        parts["train"] = round(1.0 - sum(others), 10)
    return parts


def _default_metrics(task: str, loss: Component | None) -> list[Any]:
    if task == "regression":
        return [{"MeanAbsoluteError": {"name": "mean_absolute_error"}}]
    if loss is not None and parts_at_zero(loss):  # where Keras's `accuracy` parts at 0.5
        return [{"BinaryAccuracy": {"name": "accuracy", "threshold": 0.0}}]
    return ["accuracy"]
