"""One side of a comparison: a run as its members, what each reaches, and which belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.columns import VALIDATION, metric_of
from dlrun.errors import RunError
from dlrun.runs import Run

_GROWING = ("accuracy", "auc", "precision", "recall", "f1", "r2", "iou", "similarity", "score")
"""Words in the names of metrics that grow as a model gets better; losses and errors shrink."""


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
    """

    run: Run
    members: tuple[Run, ...]
    keys: tuple[tuple[Any, ...], ...]
    values: Mapping[str, tuple[float, ...]]
    overlap: float

    @property
    def is_single(self) -> bool:
        """Whether it is one trained model."""
        return not self.run.has_members

    def pairs_with(self, other: Side) -> list[tuple[int, int]]:
        """Returns the positions of members that share split, seed and fold."""
        places = {key: place for place, key in enumerate(other.keys)}
        return [(i, places[key]) for i, key in enumerate(self.keys) if key in places]


def read_side(run: Run) -> Side:
    """Reads what a run is compared by.

    Raises:
        RunError: it has no result, or validates on nothing.
    """
    members = [run]
    if run.has_members:
        finished = run.metrics["finished"] if run.has_metrics else []
        members = [run.members[number] for number in finished if number < len(run.members)]
    found = [kept_values(member) for member in members if member.has_metrics]
    if not found:
        raise RunError(f"{run.path}: no epoch was finished; there is nothing to compare")
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
    )


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


def higher_is_better(metric: str, runs: Sequence[Run]) -> bool:
    """Returns whether more of a metric is better: as the runs' monitor says, else by its name."""
    for run in runs:
        if run.metrics.get("monitor") == metric:
            return bool(run.metrics.get("monitor_mode") == "max")
    return any(word in metric_of(metric) for word in _GROWING)
