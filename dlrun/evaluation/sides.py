"""One side of a comparison: a run as its members, what each reaches, and which belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.columns import VALIDATION, metric_of
from dlrun.errors import RunError
from dlrun.runs import Run

_LOSS = f"{VALIDATION}loss"


@dataclass(frozen=True)
class Side:
    """A run as it is compared.

    Attributes:
        run: The run, or the one with members.
        members: Its finished members; the run itself where it has none.
        keys: Of each member, what it shares with its partner on the other side: split, seed
            and fold.
        values: By metric, what each member's kept weights reach on validation rows.
        overlap: Validation rows by training rows where members split the same rows otherwise.
        missing: The statuses of members that did not finish.
    """

    run: Run
    members: tuple[Run, ...]
    keys: tuple[tuple[Any, ...], ...]
    values: Mapping[str, tuple[float, ...]]
    overlap: float
    missing: tuple[str, ...] = ()

    @property
    def is_single(self) -> bool:
        """Whether it is one trained model."""
        return not self.run.has_members

    @property
    def num_diverged(self) -> int:
        """How many members diverged: what the others reach says nothing of them."""
        return self.missing.count("diverged")

    def pairs_with(self, other: Side) -> list[tuple[int, int]]:
        """Returns the positions of members that share split, seed and fold."""
        places = {key: place for place, key in enumerate(other.keys)}
        return [(i, places[key]) for i, key in enumerate(self.keys) if key in places]


def read_side(run: Run, *, without_penalty: bool = False) -> Side:
    """Reads what a run is compared by.

    Args:
        run: Only read.
        without_penalty: Whether the loss is without what regularizers add to it; left out where
            the folder does not keep that.

    Raises:
        RunError: it has no result, or validates on nothing.
    """
    members, missing = [run], []
    if run.has_members:
        finished = run.metrics["finished"] if run.has_metrics else []
        numbered = dict(enumerate(run.members))
        members = [numbered.pop(number) for number in finished if number in numbered]
        missing = [member.status for member in numbered.values()]
    members = [member for member in members if member.has_metrics]
    if not members:
        raise RunError(_nothing(run))
    found = [_values(member, without_penalty) for member in members]
    names = [name for name in found[0] if all(name in one for one in found)]
    if not names:
        raise RunError(
            f"{run.path}: nothing validates, and training values say little of new rows; "
            "train it with a validation part to compare it"
        )
    overlap = float(run.metrics.get("overlap") or 0.0) if run.has_metrics else 0.0
    return Side(
        run=run,
        members=tuple(members),
        keys=tuple(_key(member) for member in members),
        values={name: tuple(one[name] for one in found) for name in names},
        overlap=overlap,
        missing=tuple(missing),
    )


def _nothing(run: Run) -> str:
    if run.status == "running":
        return f"{run.path}: it is running; compare it once it has ended"
    return f"{run.path}: no epoch was finished; there is nothing to compare"


def _values(member: Run, without_penalty: bool) -> dict[str, float]:
    values = kept_values(member)
    if without_penalty and _LOSS in values:
        del values[_LOSS]
        losses = _row_losses(member)
        if losses is not None:
            values[_LOSS] = float(losses.mean(dtype=np.float64))
    return values


def _row_losses(member: Run) -> np.ndarray | None:
    try:
        return member.predictions("validation").get("losses")
    except RunError:
        return None


def kept_values(run: Run) -> dict[str, float]:
    """Returns what a single run's kept weights reach on validation rows, by `val_` names."""
    metrics = run.metrics
    kept: Mapping[str, float | None] = {
        VALIDATION + name: value for name, value in (metrics.get("validation") or {}).items()
    }
    if not kept:  # it ended early, or an older dlrun made it: the epoch whose weights are kept
        which = "best" if run.config.training.keep == "best" else "final"
        kept = {n: v for n, v in (metrics.get(which) or {}).items() if n.startswith(VALIDATION)}
    return {name: value for name, value in kept.items() if value is not None}


def _key(member: Run) -> tuple[Any, ...]:
    split = (member.info.get("hashes") or {}).get("split")
    config = member.config
    return (member.dataset.get("content_hash"), split, config.seed, config.dataset.split.fold)


def higher_is_better(metric: str, runs: Sequence[Run]) -> bool | None:
    """Returns whether more of a metric is better, as the runs recorded it; None where none did.

    Args:
        metric: A column.
        runs: Those that have it.
    """
    name = metric_of(metric)
    for run in runs:
        facts = run.metrics if run.has_metrics else {}
        mode = (facts.get("modes") or {}).get(name)
        if mode is None and facts.get("monitor") == metric:  # as older runs have it
            mode = facts.get("monitor_mode")
        if mode is not None:
            return bool(mode == "max")
    return {"loss": False, "accuracy": True}.get(name)
