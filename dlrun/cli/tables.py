"""Tables of runs, for a terminal of any width and for pipes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlrun.cli.display import duration, short_number
from dlrun.parameters import count_lines
from dlrun.runs import Run

NARROW = 110
"""Terminals below this many columns get the columns that matter most."""

_STATUS_STYLES = {
    "finished": "green",
    "running": "cyan",
    "interrupted": "yellow",
    "failed": "red",
    "diverged": "red",
    "unreadable": "red",
}


def runs_table(rows: Sequence[Mapping[str, Any]], *, with_test: bool) -> None:
    """Prints one line a run; narrow terminals show ids cut to a prefix that still names the run."""
    console = _console()
    narrow = console.width < NARROW
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("run", no_wrap=True)
    table.add_column("config", no_wrap=True)
    if not narrow:
        table.add_column("data set", no_wrap=True)
    table.add_column("parameters", justify="right", no_wrap=True)
    table.add_column("epochs", justify="right", no_wrap=True)
    table.add_column("best validation", no_wrap=True)
    if with_test:
        table.add_column("test", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    if not narrow:
        table.add_column("note", overflow="fold")
    short_ids = _unique_prefixes([row["id"] for row in rows])
    for row in rows:
        run_id = short_ids[row["id"]] if narrow else row["id"]
        table.add_row(*_cells(row, run_id, narrow=narrow, with_test=with_test))
    console.print(table)


def _console() -> Console:
    """Wide where stdout is no terminal, so that no cell breaks."""
    return Console(width=None if sys.stdout.isatty() else 240, highlight=False)


def _cells(row: Mapping[str, Any], run_id: str, *, narrow: bool, with_test: bool) -> list[Any]:
    status = str(row["status"])
    cells = [run_id, row["config"] or "–"]
    if not narrow:
        cells.append(row["dataset"] or "–")
    cells.append("–" if row["num_parameters"] is None else f"{row['num_parameters']:,}")
    cells.append("–" if row["epochs"] is None else str(row["epochs"]))
    cells.append(_best(row))
    if with_test:
        cells.append(short_number(row["test"]))
    cells.append("–" if row["duration_seconds"] is None else duration(row["duration_seconds"]))
    cells.append(Text(status, style=_STATUS_STYLES.get(status, "")))
    if not narrow:
        cells.append(Text(row["note"]))
    return [Text(cell) if isinstance(cell, str) else cell for cell in cells]


def _best(row: Mapping[str, Any]) -> str:
    if row["best"] is None:
        return "–"
    name = row["metric"].removeprefix("val_")
    where = "" if row["metric"].startswith("val_") else " (training)"
    return f"{short_number(row['best'])} {name}{where}"


def _unique_prefixes(ids: Sequence[str]) -> dict[str, str]:
    """Maps each id to its date and time, or to the whole of it where two share them."""
    stamps = [run_id[:15] for run_id in ids]
    return {
        run_id: stamp if stamps.count(stamp) == 1 else run_id
        for run_id, stamp in zip(ids, stamps, strict=True)
    }


def run_lines(run: Run, result_lines: Callable[[Run], list[str]]) -> list[str]:
    """Returns one run on one screen: what it was, its result, its data and its layers."""
    info, data = run.info, run.dataset
    parts = "  ".join(f"{part} {facts['num_rows']:,}" for part, facts in data["parts"].items())
    result = (
        result_lines(run) if run.has_metrics else [f"{run.id}: {run.status}, no epoch was finished"]
    )
    error = [f"  {'error':<11} {info['error']}"] if info["error"] else []
    note = [f"  {'note':<11} {info['note']}"] if info["note"] else []
    return [
        *result,
        *error,
        *note,
        f"  {'started':<11} {info['started']}  on {info['host']}",
        f"  {'command':<11} {' '.join(info['command']) or 'from Python'}",
        f"  {'data':<11} {data['name']} ({data['source']}); rows: {parts}",
        "",
        *[f"  {line}".rstrip() for line in count_lines(run.parameters)],
    ]
