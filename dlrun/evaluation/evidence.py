"""What a diagnosis rests on, gathered from run folders: trends, what was reached, how surely."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from dlrun.columns import TRAIN_EVAL, VALIDATION
from dlrun.errors import DlrunError
from dlrun.evaluation.curves import Trend, make_trend
from dlrun.evaluation.intervals import mean_of_runs, wilson
from dlrun.evaluation.sides import higher_is_better
from dlrun.runs import Run, list_runs
from dlrun.runs.run import History

MIN_EPOCHS = 5
"""Fewer make no trend."""

BETTER = 0.05
"""Of the loss: how much lower a larger net must come, in training and validation."""

LARGER = 1.2
"""Times as many parameters make a net a larger one."""


@dataclass(frozen=True)
class Evidence:
    """All that the rules look at.

    Attributes:
        status: Of the run.
        error: Why it ended, if it failed.
        validation: The validation loss; None where nothing validates or it is too short.
        training: The loss of training rows measured alike; None where there is none.
        num_epochs: Finished epochs.
        num_rows: Validation rows.
        reached: By column, what the kept epoch reached.
        limits: By column, the 95 % limits of that, where they are known.
        target: What would be enough, by column; empty for nothing stated.
        grows: By column, whether more of it is better.
        baseline: Accuracy of the most frequent class; None for numbers.
        r2: On validation rows; None for classes.
        larger: A run of a larger net that does better on the same rows, in words; empty for none.
    """

    status: str
    error: str
    validation: Trend | None
    training: Trend | None
    num_epochs: int
    num_rows: int
    reached: Mapping[str, float]
    limits: Mapping[str, tuple[float, float]]
    target: Mapping[str, float]
    grows: Mapping[str, bool]
    baseline: float | None
    r2: float | None
    larger: str = ""


def mean_history(histories: Sequence[History]) -> History:
    """The mean of each column, as far as the shortest history reaches."""
    length = min(len(one["epoch"]) for one in histories)
    names = [name for name in histories[0] if all(name in one for one in histories)]
    return {
        name: [_mean([one[name][i] for one in histories]) for i in range(length)] for name in names
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def kept_row(run: Run, history: History) -> dict[str, float]:
    """The values of the epoch whose weights are kept, else of the last."""
    metrics = run.metrics if run.has_metrics else {}
    length = len(history["epoch"])
    epoch = min(int(metrics.get("kept_epoch") or metrics.get("best_epoch") or length), length)
    values = {name: column[epoch - 1] for name, column in history.items()}
    values |= {TRAIN_EVAL + n: v for n, v in (metrics.get("train") or {}).items()}  # of all rows
    return {name: value for name, value in values.items() if value is not None}


def num_measured(run: Run) -> int:
    """How many training rows the kept row's `train_eval_*` come from."""
    all_rows = int(run.dataset["parts"]["train"]["num_rows"])
    metrics = run.metrics if run.has_metrics else {}
    return all_rows if metrics.get("train") else int(metrics.get("train_eval_rows") or all_rows)


def gather_evidence(
    run: Run, members: Sequence[Run], history: History, kept: Sequence[Mapping[str, float]]
) -> Evidence:
    """Returns what the rules look at.

    Args:
        run: The run, perhaps with members.
        members: Those that are read; the run itself where it has none.
        history: Their mean.
        kept: Of each, from `kept_row`.
    """
    names = [name for name in kept[0] if all(name in row for row in kept)]
    reached = {name: fmean(row[name] for row in kept) for name in names}
    reports = [_report(member) for member in members]
    target = run.config.target or {}
    grows = {name: higher_is_better(name, members) for name in target}
    counts = run.dataset["parts"]["train"].get("class_counts")
    if len(members) > 1:
        limits = _limits_of_runs(run, {name: [row[name] for row in kept] for name in names})
    else:
        limits = _limits_of_rows(members[0], reports[0], reached)
    r2 = [((report.get("metrics") or {}).get("r2") or {}).get("value") for report in reports]
    return Evidence(
        status=run.status,
        error=str(run.info.get("error") or ""),
        validation=_trend(history, VALIDATION + "loss"),
        training=_trend(history, TRAIN_EVAL + "loss"),
        num_epochs=len(history["epoch"]),
        num_rows=int(run.dataset["parts"].get("validation", {}).get("num_rows", 0)),
        reached=reached,
        limits=limits,
        target={name: value for name, value in target.items() if grows[name] is not None},
        grows={name: grown for name, grown in grows.items() if grown is not None},
        baseline=max(counts) / sum(counts) if counts else None,
        r2=_mean(r2),
        larger=_larger_run(run),
    )


Limits = dict[str, tuple[float, float]]


def _limits_of_runs(run: Run, values: Mapping[str, Sequence[float]]) -> Limits:
    overlap = float(run.metrics.get("overlap") or 0.0) if run.has_metrics else 0.0
    estimates = {name: mean_of_runs(found, overlap) for name, found in values.items()}
    return {
        name: (one.low, one.high)
        for name, one in estimates.items()
        if one.low is not None and one.high is not None
    }


def _limits_of_rows(run: Run, report: Mapping[str, Any], reached: Mapping[str, float]) -> Limits:
    limits = {
        VALIDATION + name: (estimate["low"], estimate["high"])
        for name, estimate in (report.get("metrics") or {}).items()
        if estimate.get("low") is not None
    }
    own = reached.get(TRAIN_EVAL + "accuracy")
    if own is not None:
        num_rows = num_measured(run)
        share = wilson(round(own * num_rows), num_rows)
        if share.low is not None and share.high is not None:
            limits[TRAIN_EVAL + "accuracy"] = (share.low, share.high)
    return limits


def _report(run: Run) -> Mapping[str, Any]:
    if run.has_evaluation:
        return run.evaluation.get("validation") or {}
    return {}


def _trend(history: History, name: str) -> Trend | None:
    """The trend of a loss; None where it is too short or has gaps."""
    values = [value for value in history.get(name, []) if value is not None]
    if len(values) < MIN_EPOCHS or len(values) < len(history["epoch"]):
        return None
    return make_trend([value if math.isfinite(value) else 1e30 for value in values])


def _larger_run(run: Run) -> str:
    """A larger net's run that does better on the same rows, in words; empty for none."""
    ours = _comparable(run)
    if ours is None:
        return ""
    for other in list_runs(run.path.parent):
        theirs = _comparable(other) if other.path != run.path else None
        if theirs is None or theirs["hashes"] != ours["hashes"]:
            continue
        is_better = all(theirs[name] < ours[name] - BETTER * abs(ours[name]) for name in _LOSSES)
        if theirs["size"] > LARGER * ours["size"] and is_better and _same_loss(run, other):
            return (
                f"{other.id} ({theirs['size']:,} parameters) reaches val_loss "
                f"{theirs['val_loss']:.4g} on the same rows, this net ({ours['size']:,}) "
                f"{ours['val_loss']:.4g}; on training rows {theirs['train_eval_loss']:.4g} and "
                f"{ours['train_eval_loss']:.4g}"
            )
    return ""


_LOSSES = (VALIDATION + "loss", TRAIN_EVAL + "loss")


def _comparable(run: Run) -> dict[str, Any] | None:
    """What runs on the same rows are compared by; None where the folder does not say it."""
    with suppress(DlrunError, KeyError, TypeError):
        hashes = run.info.get("hashes") or {}
        best = run.metrics["best"]
        if run.status == "finished" and hashes.get("split"):
            sizes = {"hashes": (hashes["data"], hashes["split"]), "size": run.parameters.total}
            return sizes | {name: float(best[name]) for name in _LOSSES}
    return None


def _same_loss(run: Run, other: Run) -> bool:
    with suppress(DlrunError):
        return run.config.loss == other.config.loss
    return False
