"""What a run with members says of them together: `metrics.json`, pooled predictions, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def record_aggregate(recorder: Recorder, config: Config) -> None:
    """Writes what the finished members come to; nothing where none has finished.

    Args:
        recorder: Of the parent.
        config: The parent's.
    """
    run = Run(recorder.run.path)
    finished = [member for member in run.members if _has_finished(member)]
    if not finished:
        return
    first = finished[0]
    recorder.parameters(first.parameters)
    with suppress(DlrunError):
        recorder.environment(first.environment)
    overlap = split_overlap(config, first.dataset["parts"])
    recorder.metrics(_metrics(run, finished, config, overlap))
    if config.dataset.split.kfold is not None and len(finished) == len(run.info["members"]):
        _record_pooled(recorder, config, run, finished)
    from dlrun.plots.run_plots import draw_members  # matplotlib: 0.4 s

    draw_members(Run(run.path))


def _has_finished(member: Run) -> bool:
    with suppress(DlrunError):
        return member.status == "finished" and bool(member.metrics.get("best"))
    return False


def _metrics(run: Run, finished: Sequence[Run], config: Config, overlap: float) -> dict[str, Any]:
    """`metrics.json` of a parent: `best` and `final` are means over the members."""
    monitor, mode = finished[0].metrics["monitor"], finished[0].metrics["monitor_mode"]
    spread = {
        which: spread_of([member.metrics[which] for member in finished], overlap)
        for which in ("best", "final")
    }
    best_member, best_value = None, None
    for member in finished:
        value = member.metrics["best"].get(monitor)
        if value is not None and is_better(value, best_value, higher_is_better=mode == "max"):
            best_value, best_member = value, _number(run, member)
    return {
        "monitor": monitor,
        "monitor_mode": mode,
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
    """Each row as the fold that did not train on it predicts it: one table of the whole data."""
    from dlrun.evaluation.report import Predictions, evaluate_part  # scikit-learn: 1 s

    found = [member.predictions("validation") for member in finished]
    names = set.intersection(*(set(one) for one in found))
    arrays = {name: np.concatenate([one[name] for one in found]) for name in names}
    recorder.predictions({f"validation_{name}": array for name, array in arrays.items()})
    predictions = Predictions(arrays["outputs"], arrays["labels"], arrays.get("losses"))
    meaning = meaning_of(run.dataset, config)
    write_evaluation(recorder.run, {"validation": evaluate_part(predictions, meaning)})
