"""What a run with members says of them together: `metrics.json`, pooled predictions, pictures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from dlrun.config import Config
from dlrun.errors import DlrunError
from dlrun.evaluation.meaning import meaning_of
from dlrun.evaluation.spread import split_overlap, spread_of
from dlrun.monitor import is_better
from dlrun.runs import Run
from dlrun.runs.record import Recorder, write_evaluation


def record_aggregate(
    recorder: Recorder,
    config: Config,
    names: Collection[str] | None = None,
    *,
    evaluates: bool = True,
) -> None:
    """Writes what the finished members come to; nothing where none has finished.

    Args:
        recorder: Of the parent.
        config: The parent's.
        names: Of the members that count, if they have finished: one that has yet to be made
            longer does not. None: of all.
        evaluates: Whether pooled predictions are judged and pictures drawn, too.
    """
    run = Run(recorder.run.path)
    counted = [
        member
        for member in run.members
        if names is None or member.path.relative_to(run.path).as_posix() in names
    ]
    finished = [member for member in counted if is_finished(member)]
    if not finished:
        return
    with_best = [member for member in finished if not why_no_best(member)]
    finished = with_best or finished  # means are over those that have values
    first = finished[0]
    recorder.parameters(first.parameters)
    with suppress(DlrunError):
        recorder.environment(first.environment)
    overlap = split_overlap(config, first.dataset["parts"])
    recorder.metrics(_metrics(run, finished, config, overlap))
    if not evaluates:
        return
    split = config.dataset.split
    are_all_folds = split.kfold is not None and split.fold == "all" and config.repeat == 1
    if are_all_folds and len(finished) == len(run.info["members"]):
        _record_pooled(recorder, config, run, finished)
    from dlrun.plots.run_plots import draw_members  # matplotlib: 0.4 s

    draw_members(Run(run.path))


def are_results_true(run: Run) -> bool:
    """Returns whether `metrics.json` of a run with members says what its members' say."""
    with suppress(DlrunError, IndexError, TypeError, AttributeError):  # whatever it holds
        metrics, members = run.metrics, run.members
        found = [members[number].metrics for number in metrics["finished"]]
        are_there = bool(found) and max(one["epochs"] for one in found) == metrics["epochs"]
        return are_there and all(
            list(row["values"]) == [(one[which] or {}).get(name) for one in found]
            and row["mean"] == spread_of([{name: v} for v in row["values"]], 0.0)[name]["mean"]
            and metrics[which][name] == row["mean"]
            for which, rows in metrics["spread"].items()
            for name, row in rows.items()
        )
    return False


def is_finished(member: Run) -> bool:
    """Returns whether a member is trained to its end, and can be read."""
    with suppress(DlrunError):
        return member.status == "finished" and bool(member.metrics["epochs"])
    return False


def why_no_best(member: Run) -> str:
    """Returns why no epoch of a finished member is the best one; empty where one is."""
    metrics = member.metrics
    return "" if metrics.get("best") else f"{metrics['monitor']} is NaN in every epoch"


def _metrics(run: Run, finished: Sequence[Run], config: Config, overlap: float) -> dict[str, Any]:
    """`metrics.json` of a parent: `best` and `final` are means over the members."""
    monitor, mode = finished[0].metrics["monitor"], finished[0].metrics["monitor_mode"]
    spread = {
        which: spread_of([member.metrics[which] or {} for member in finished], overlap)
        for which in ("best", "final")
    }
    best_member, best_value = None, None
    for member in finished:
        value = (member.metrics["best"] or {}).get(monitor)
        if value is not None and is_better(value, best_value, higher_is_better=mode == "max"):
            best_value, best_member = value, _number(run, member)
    return {
        "monitor": monitor,
        "monitor_mode": mode,
        "modes": finished[0].metrics.get("modes"),
        "planned_epochs": config.training.epochs,
        "epochs": max(member.metrics["epochs"] for member in finished),
        "best_epoch": None,
        "members": len(run.info["members"]),
        "finished": [_number(run, member) for member in finished],
        "best_member": best_member,
        "overlap": overlap,
        **{which: _means(found) for which, found in spread.items()},
        "spread": spread,
        "kept_epoch": None,
        "test": None,
    }


def _number(run: Run, member: Run) -> int:
    return [one.path for one in run.members].index(member.path)


def _means(found: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    return {name: row["mean"] for name, row in found.items()}


def _record_pooled(recorder: Recorder, config: Config, run: Run, finished: Sequence[Run]) -> None:
    """Each row as the fold that did not train on it predicts it: one table of all rows, each once.

    Of repeated folds there is none: rows that come several times are no more rows.
    """
    from dlrun.evaluate import evaluate_outputs  # scikit-learn: 1 s

    found = [member.predictions("validation") for member in finished]
    names = set.intersection(*(set(one) for one in found))
    arrays = {name: np.concatenate([one[name] for one in found]) for name in names}
    recorder.predictions({f"validation_{name}": array for name, array in arrays.items()})
    sizes = [len(one["labels"]) for one in found]
    losses = [member.metrics["validation"]["loss"] for member in finished]
    loss = sum(n * value for n, value in zip(sizes, losses, strict=True)) / sum(sizes)
    report = evaluate_outputs(arrays, meaning_of(run.dataset, config), loss)
    write_evaluation(recorder.run, {} if report is None else {"validation": report})
