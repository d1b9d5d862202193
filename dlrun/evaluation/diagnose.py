"""What a run's curves say in words: a verdict, its evidence, and one thing to try.

Reads run folders alone. The rules stand in `diagnosis_rules`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from dlrun.columns import TRAIN_EVAL, VALIDATION
from dlrun.errors import DlrunError, RunError
from dlrun.evaluation.advice import advise
from dlrun.evaluation.curves import Trend, make_trend
from dlrun.evaluation.diagnosis_rules import MIN_EPOCHS, Evidence, Finding, find_verdict
from dlrun.evaluation.gap import Gap, find_gaps
from dlrun.evaluation.intervals import wilson
from dlrun.evaluation.sides import higher_is_better
from dlrun.runs import Run, list_runs
from dlrun.runs.run import HISTORY_CSV, History

BETTER = 0.05
"""Of the loss: how much lower a larger net must come, in training and validation."""

LARGER = 1.2
"""Times as many parameters make a net a larger one."""


@dataclass(frozen=True)
class Diagnosis:
    """What is said of a run.

    Attributes:
        run: Its id.
        finding: The verdict.
        others: What else is worth knowing, such as noise.
        advice: One thing to try, as `key=value`; empty for nothing.
        gaps: Where validation looks better than training, and why.
        remarks: What the verdict rests on, a sentence each.
    """

    run: str
    finding: Finding
    others: tuple[Finding, ...]
    advice: str
    gaps: tuple[Gap, ...]
    remarks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON holds it."""
        return {
            "run": self.run,
            "verdict": self.finding.verdict,
            "kind": self.finding.kind,
            "evidence": self.finding.evidence,
            "advice": self.advice or None,
            "others": [{"verdict": o.verdict, "evidence": o.evidence} for o in self.others],
            "gaps": [vars(gap) | {"text": str(gap)} for gap in self.gaps],
            "remarks": list(self.remarks),
        }


def diagnose(run: Run) -> Diagnosis:
    """Diagnoses a run; one with members by the mean of their curves.

    Raises:
        RunError: no epoch was finished, or the folder cannot be read.
    """
    history, remarks = _history(run)
    row, epoch = _kept_row(run, history)
    evidence = _evidence(run, history, row)
    finding, *others = find_verdict(evidence)
    config = run.config
    parts = run.dataset["parts"]
    num_parameters = run.parameters.total
    advice = advise(finding.remedy, config, num_parameters, parts["train"]["num_rows"])
    if run.status not in ("finished", "diverged"):
        remarks.append(f"the run is {run.status}; its {len(history['epoch'])} epochs are read")
    num_training = parts["train"]["num_rows"]
    gaps = find_gaps(row, num_training, evidence.num_rows) if evidence.num_rows else []
    return Diagnosis(
        run=run.id,
        finding=finding,
        others=tuple(others),
        advice=advice,
        gaps=tuple(gaps),
        remarks=(*remarks, *([f"gaps are those of epoch {epoch}"] if gaps else [])),
    )


def _history(run: Run) -> tuple[History, list[str]]:
    """A run's columns; of one with members their means, as far as the shortest reaches."""
    if not run.has_members:
        if not (run.path / HISTORY_CSV).is_file():
            raise RunError(f"{run.path}: no epoch was finished; there is nothing to diagnose")
        return run.read_history(), []
    found = [member.read_history() for member in run.members if member.has_metrics]
    if not found:
        raise RunError(f"{run.path}: no member has finished an epoch; nothing to diagnose")
    length = min(len(one["epoch"]) for one in found)
    names = [name for name in found[0] if all(name in one for one in found)]
    means: History = {
        name: [_mean([one[name][i] for one in found]) for i in range(length)] for name in names
    }
    return means, [f"curves are means over {len(found)} members"]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def _kept_row(run: Run, history: History) -> tuple[dict[str, float], int]:
    """The values of the epoch whose weights are kept, and that epoch; else of the last."""
    length = len(history["epoch"])
    metrics = run.metrics if run.has_metrics else {}
    epoch = metrics.get("kept_epoch") or metrics.get("best_epoch") or length
    epoch = min(int(epoch), length)
    if run.has_members:
        best: Mapping[str, float] = metrics.get("best") or {}
        return dict(best), epoch
    values = {name: column[epoch - 1] for name, column in history.items()}
    row = {name: value for name, value in values.items() if value is not None}
    measured: Mapping[str, float | None] = metrics.get("train") or {}  # on all training rows
    return row | {TRAIN_EVAL + n: v for n, v in measured.items() if v is not None}, epoch


def _evidence(run: Run, history: History, row: Mapping[str, float]) -> Evidence:
    parts = run.dataset["parts"]
    report = _report(run)
    found = report.get("metrics") or {}
    limits = {
        VALIDATION + name: (estimate["low"], estimate["high"])
        for name, estimate in found.items()
        if estimate.get("low") is not None
    }
    own = row.get(TRAIN_EVAL + "accuracy")
    if own is not None:
        num_rows = parts["train"]["num_rows"]
        share = wilson(round(own * num_rows), num_rows)
        limits[TRAIN_EVAL + "accuracy"] = (share.low, share.high)
    target = run.config.target or {}
    counts = parts["train"].get("class_counts")
    return Evidence(
        status=run.status,
        error=str(run.info.get("error") or ""),
        validation=_trend(history, VALIDATION + "loss"),
        training=_trend(history, TRAIN_EVAL + "loss"),
        num_epochs=len(history["epoch"]),
        num_rows=int(parts.get("validation", {}).get("num_rows", 0)),
        reached=row,
        limits=limits,
        target=target,
        grows={name: higher_is_better(name, [run]) for name in target} if target else {},
        baseline=max(counts) / sum(counts) if counts else None,
        r2=(found.get("r2") or {}).get("value"),
        larger=_larger_run(run),
    )


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
        is_better = all(theirs[name] < (1 - BETTER) * ours[name] for name in _LOSSES)
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
