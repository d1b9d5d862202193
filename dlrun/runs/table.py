"""The table of runs: one row of plain values a run, read from its small JSON files only."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from dlrun.columns import metric_of, shown_columns
from dlrun.errors import RunError, did_you_mean
from dlrun.results import headline_metric, summarize_history
from dlrun.runs.facts import UnreadableError
from dlrun.runs.run import Run
from dlrun.runs.sweep import FAILED, Sweep

_Read = TypeVar("_Read")

COLUMNS = (
    "id",
    "config",
    "dataset",
    "num_parameters",
    "epochs",
    "best_epoch",
    "metric",
    "best",
    "sd",
    "members",
    "duration_seconds",
    "status",
    "note",
)
"""Keys of a row; `test` follows where it was asked for."""

HEADS = {
    "run": "id",
    "data set": "dataset",
    "parameters": "num_parameters",
    "best validation": "best",
    "time": "duration_seconds",
}
"""What the table that is shown calls some of them."""


def parts_of(run: Run | Sweep) -> list[Run]:
    """Returns the members of a run, or the trials of a sweep."""
    if isinstance(run, Run):
        return run.members
    try:
        trials = run.trials
    except RunError:
        return []
    found = [run.run(trial.number) for trial in trials if trial.duplicate_of is None]
    return [one for one in found if os.path.lexists(one.path)]


def _sweep_row(sweep: Sweep, row: dict[str, Any]) -> dict[str, Any]:
    """A sweep's row: its best trial, and how many there are as `members`."""
    try:
        return row | _sweep_cells(sweep)
    except UnreadableError as error:
        return row | {"status": "unreadable", "note": error.summary}


def _sweep_cells(sweep: Sweep) -> dict[str, Any]:
    info, best = sweep.info, sweep.best
    metric, value = _headline(best.metrics if best is not None else {})
    failed = sum(trial.state in FAILED for trial in sweep.trials)
    notes = [info.get("note"), f"{failed} failed" if failed else ""]
    return {
        "metric": metric,
        "best": value,
        "sd": best.sd if best is not None and metric == sweep.metric else None,
        "config": f"{info['name']} (sweep)",
        "dataset": info.get("dataset"),
        "num_parameters": best.num_parameters if best is not None else None,
        "epochs": best.epochs if best is not None else None,
        "best_epoch": best.best_epoch if best is not None else None,
        "members": info["planned"],
        "duration_seconds": info.get("duration_seconds"),
        "status": sweep.status,
        "note": "; ".join(filter(None, notes)),
    }


def run_row(run: Run | Sweep, *, with_test: bool = False) -> dict[str, Any]:
    """Returns the row of a run or sweep, whatever lies in its folder; what is missing is None.

    `best` is the value of `metric` in the best epoch by the run's monitored metric; of a run with
    members the mean over them, and `sd` their standard deviation. A run that
    cannot be read has the status `unreadable`, and the reason as its note; one of which single
    files are damaged has their names after its note.
    """
    row: dict[str, Any] = dict.fromkeys((*COLUMNS, "test") if with_test else COLUMNS)
    row["id"] = run.id
    if isinstance(run, Sweep):
        return _sweep_row(run, row)
    try:
        info = run.info
    except UnreadableError as error:
        return row | {"status": "unreadable", "note": error.summary}
    damaged: list[str] = []
    dataset = _optional(lambda: run.dataset, damaged) or {}
    metrics = _optional(lambda: run.metrics, damaged) or _so_far(run, damaged)
    counted = _optional(lambda: run.parameters, damaged)
    row |= {
        "config": info.get("name"),
        "dataset": dataset.get("name"),
        "num_parameters": counted.total if counted is not None else None,
        "duration_seconds": info.get("duration_seconds"),
        "status": run.status,
        "epochs": metrics.get("epochs"),
        "best_epoch": metrics.get("best_epoch"),
    }
    row["metric"], row["best"] = _headline(metrics.get("best") or {})
    row["members"] = len(info["members"]) if run.has_members else None
    spread = (metrics.get("spread") or {}).get("best") or {}
    row["sd"] = (spread.get(row["metric"]) or {}).get("sd")
    if with_test:
        test = metrics.get("test") or {}
        row["test"] = test.get(headline_metric(list(test))) if test else None
    row["note"] = "; ".join(filter(None, [info.get("note"), *damaged]))
    return row


def _so_far(run: Run, damaged: list[str]) -> Mapping[str, Any]:
    """What `metrics.json` would say of the epochs of a run that has not come to writing it."""
    history = {} if run.has_members else _optional(run.read_history, damaged) or {}
    rows = [
        dict(zip(history, values, strict=True)) for values in zip(*history.values(), strict=True)
    ]
    if not rows:
        return {}
    monitor, mode = run.info.get("monitor"), run.info.get("monitor_mode")
    return summarize_history(
        rows,
        monitor if monitor and mode in ("min", "max") else "",
        higher_is_better=mode == "max",
        planned_epochs=len(rows),
    )


def _headline(best: Mapping[str, float | None]) -> tuple[str | None, float | None]:
    shown = {metric_of(name): name for name in shown_columns(best)}
    metric = shown.get(headline_metric(list(shown)))
    return (None, None) if metric is None else (metric, best.get(metric))


def _optional(read: Callable[[], _Read], damaged: list[str]) -> _Read | None:
    """Reads a file that need not be there; of one that is damaged, the reason is noted."""
    try:
        return read()
    except UnreadableError as error:
        if not error.is_missing:
            damaged.append(error.summary)
        return None


def filter_rows(rows: Sequence[dict[str, Any]], filters: Sequence[str]) -> list[dict[str, Any]]:
    """Keeps the rows that every filter matches: `column=value`, or a word found in any column.

    Raises:
        RunError: a filter names a column that there is not.
    """
    return [row for row in rows if all(_matches(row, text) for text in filters)]


def _matches(row: dict[str, Any], text: str) -> bool:
    column, equals, value = text.partition("=")
    if equals:
        return str(row[column_of(column)]) == value
    return any(text in str(cell) for cell in row.values() if cell is not None)


def sort_rows(rows: Sequence[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    """Sorts by a column, best or newest or largest first; rows without a value come last.

    Raises:
        RunError: there is no such column, or it is `test`: runs are not ranked by test values.
    """
    if column == "test":
        raise RunError(
            "runs are not ranked by their test values: picking the best by the test set makes it "
            "a validation set; sort by best"
        )
    column = column_of(column)
    known = [row for row in rows if row[column] is not None]
    unknown = [row for row in rows if row[column] is None]
    if column == "best":
        known.sort(key=lambda row: (row["metric"], _badness(row["metric"], row["best"])))
    else:
        words = any(isinstance(row[column], str) for row in known)
        known.sort(key=lambda row: row[column], reverse=column == "id" or not words)
    return [*known, *unknown]


def _badness(metric: str, value: float) -> float:
    return -value if metric.endswith("accuracy") else value  # the other headline is a loss


def column_of(name: str) -> str:
    """Returns the key of a column that is named by it, or as the head of the table has it.

    Raises:
        RunError: there is no such column.
    """
    if name in COLUMNS:
        return name
    if name not in HEADS:
        hint = did_you_mean(name, (*COLUMNS, *HEADS))
        raise RunError(f"no column {name!r}{hint}; there are {', '.join(COLUMNS)}")
    return HEADS[name]
