"""Tables of runs, for a terminal of any width and for pipes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlrun.cli.display import duration, short_number
from dlrun.parameters import count_lines
from dlrun.runs import Run

# From this many columns on, a terminal has room for these columns of the table too.
_ROOM = {"parameters": 90, "time": 90, "data set": 110, "note": 110}

_STATUS_STYLES = {
    "finished": "green",
    "running": "cyan",
    "interrupted": "yellow",
    "failed": "red",
    "diverged": "red",
    "unreadable": "red",
}


def runs_table(rows: Sequence[Mapping[str, Any]], *, with_test: bool) -> str:
    """Prints one line a run, and as many columns as the terminal has room for.

    Narrow terminals show ids cut to a prefix that still names the run.

    Returns:
        What was left out, in words; empty where nothing was.
    """
    console = _console()
    left_out = [name for name, width in _ROOM.items() if console.width < width]
    short_ids = _unique_prefixes([row["id"] for row in rows])
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    columns = [name for name in _COLUMNS if name not in left_out and (with_test or name != "test")]
    for name in columns:
        justify, _ = _COLUMNS[name]
        table.add_column(name, justify=justify, no_wrap=name != "note", overflow="ellipsis")
    for row in rows:
        shown = {**row, "id": short_ids[row["id"]] if left_out else row["id"]}
        table.add_row(*[_COLUMNS[name][1](shown) for name in columns])
    console.print(table)
    return f"no room for {', '.join(left_out)}" if left_out else ""


def _console() -> Console:
    """Wide where stdout is no terminal, so that no cell breaks."""
    return Console(width=None if sys.stdout.isatty() else 240, highlight=False)


def _word(key: str) -> Callable[[Mapping[str, Any]], Text]:
    return lambda row: Text("–" if row[key] is None else str(row[key]))


def _status(row: Mapping[str, Any]) -> Text:
    status = str(row["status"])
    return Text(status, style=_STATUS_STYLES.get(status, ""))


def _number(row: Mapping[str, Any]) -> Text:
    return Text("–" if row["num_parameters"] is None else f"{row['num_parameters']:,}")


def _time(row: Mapping[str, Any]) -> Text:
    return Text("–" if row["duration_seconds"] is None else duration(row["duration_seconds"]))


def _best(row: Mapping[str, Any]) -> Text:
    if row["best"] is None:
        return Text("–")
    name = row["metric"].removeprefix("val_")
    where = "" if row["metric"].startswith("val_") else " (training)"
    return Text(f"{short_number(row['best'])} {name}{where}")


_COLUMNS: dict[str, tuple[Literal["left", "right"], Callable[[Mapping[str, Any]], Text]]] = {
    "run": ("left", _word("id")),
    "config": ("left", _word("config")),
    "data set": ("left", _word("dataset")),
    "parameters": ("right", _number),
    "epochs": ("right", _word("epochs")),
    "best validation": ("left", _best),
    "test": ("right", lambda row: Text(short_number(row["test"]))),
    "time": ("right", _time),
    "status": ("left", _status),
    "note": ("left", _word("note")),
}


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
        *_engine_line(run),
        f"  {'data':<11} {data['name']} ({data['source']}); rows: {parts}",
        "",
        *[f"  {line}".rstrip() for line in count_lines(run.parameters)],
    ]


def _engine_line(run: Run) -> list[str]:
    """How it was trained; nothing of a run that ended before, or was made before this was kept."""
    engine, threads = run.info.get("engine"), run.environment["intra_op_threads"]
    if engine is None:
        return []
    number = f"{threads} thread{'s' if threads != 1 else ''}"
    return [f"  {'engine':<11} {engine}, {number} ({run.info['engine_reason']})"]
