"""Tables of runs, for a terminal of any width and for pipes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from dlrun.cli.display import duration
from dlrun.cli.evaluation import evaluation_lines
from dlrun.cli.output import cell, new_table, print_table, table_width
from dlrun.columns import NOT_METRICS, VALIDATION, metric_of
from dlrun.errors import DlrunError
from dlrun.parameters import count_lines
from dlrun.runs import Run
from dlrun.runs.endings import command_to_go_on
from dlrun.runs.ids import second_in
from dlrun.runs.run import DATASET, ENVIRONMENT, HISTORY_CSV, PARAMETERS
from dlrun.runs.table import run_row
from dlrun.wording import short_number, with_spread

if TYPE_CHECKING:
    from rich.text import Text

# From this many columns on, a terminal has room for these columns of the table too.
_ROOM = {"parameters": 90, "time": 90, "data set": 110, "note": 110}

_STATUS_STYLES = {
    "finished": "green",
    "running": "cyan",
    "interrupted": "yellow",
    "failed": "red",
    "diverged": "red",
    "dead": "magenta",
    "unreadable": "red",
}


def runs_table(rows: Sequence[Mapping[str, Any]], *, with_test: bool) -> str:
    """Prints one line a run, and as many columns as the terminal has room for.

    Narrow terminals show ids cut to a prefix that still names the run.

    Returns:
        What was left out, in words; empty where nothing was.
    """
    room = table_width()
    left_out = [name for name, width in _ROOM.items() if room < width]
    short_ids = _unique_prefixes([row["id"] for row in rows])
    table = new_table()
    columns = [name for name in _COLUMNS if name not in left_out and (with_test or name != "test")]
    for name in columns:
        justify, _ = _COLUMNS[name]
        table.add_column(name, justify=justify, no_wrap=name != "note", overflow="ellipsis")
    for row in rows:
        named = {**row, "id": short_ids[row["id"]] if left_out else row["id"]}
        table.add_row(*[_COLUMNS[name][1](named) for name in columns])
    print_table(table)
    return f"no room for {', '.join(left_out)}" if left_out else ""


def _word(key: str) -> Callable[[Mapping[str, Any]], Text]:
    return lambda row: cell("–" if row[key] is None else row[key])


def _status(row: Mapping[str, Any]) -> Text:
    status = str(row["status"])
    return cell(status, _STATUS_STYLES.get(status, ""))


def _number(row: Mapping[str, Any]) -> Text:
    return cell("–" if row["num_parameters"] is None else f"{row['num_parameters']:,}")


def _time(row: Mapping[str, Any]) -> Text:
    return cell("–" if row["duration_seconds"] is None else duration(row["duration_seconds"]))


def _best(row: Mapping[str, Any]) -> Text:
    if row["best"] is None:
        return cell("–")
    name = metric_of(row["metric"])
    where = "" if row["metric"].startswith(VALIDATION) else " (training)"
    return cell(f"{with_spread(row['best'], row['sd'])} {name}{where}")


def _config(row: Mapping[str, Any]) -> Text:
    many = "" if row["members"] is None else f" × {row['members']}"
    return cell(f"{'–' if row['config'] is None else row['config']}{many}")


_COLUMNS: dict[str, tuple[Literal["left", "right"], Callable[[Mapping[str, Any]], Text]]] = {
    "run": ("left", _word("id")),
    "config": ("left", _config),
    "data set": ("left", _word("dataset")),
    "parameters": ("right", _number),
    "epochs": ("right", _word("epochs")),
    "best validation": ("left", _best),
    "test": ("right", lambda row: cell(short_number(row["test"]))),
    "time": ("right", _time),
    "status": ("left", _status),
    "note": ("left", _word("note")),
}


def _unique_prefixes(ids: Sequence[str]) -> dict[str, str]:
    """Maps each id to its date and time, or to the whole of it where two share them."""
    stamps = [second_in(run_id) for run_id in ids]
    return {
        run_id: stamp if stamps.count(stamp) == 1 else run_id
        for run_id, stamp in zip(ids, stamps, strict=True)
    }


def dead_line(rows: Sequence[Mapping[str, Any]]) -> str:
    """Returns how to go on with the first of the dead runs, the newest; empty if none is dead."""
    dead = [row["id"] for row in rows if row["status"] == "dead"]
    if len(dead) > 1:
        return f"{len(dead):,} runs are dead: dlrun resume {dead[0]} goes on with the newest"
    return f"1 run is dead: dlrun resume {dead[0]} goes on" if dead else ""


def run_lines(run: Run, result_lines: Callable[[Run], list[str]]) -> list[str]:
    """Returns one run on one screen: what it was, its result, its data and its layers.

    What a run that ended early has not yet written is left out.
    """
    info = run.info
    result = result_lines(run) if run.has_metrics else _epochs_so_far(run)
    facts = [
        ("error", info.get("error")),
        ("to go on", command_to_go_on(run)),
        ("note", info.get("note")),
        ("started", f"{info.get('started') or 'unknown'}  on {info.get('host') or 'unknown'}"),
        *[("resumed", text) for text in _resumed(info.get("resumed") or [])],
        ("command", " ".join(info.get("command") or []) or "from Python"),
        ("engine", _engine(run)),
        *[("not exact", text) for text in info.get("not_repeatable") or []],
        ("callbacks", ", ".join(info.get("callbacks_from_python") or [])),
        ("removed", _removed(info.get("weights_removed"))),
        ("data", _data(run)),
    ]
    layers = count_lines(run.parameters) if _has(run, PARAMETERS) else []
    return [
        *result,
        *[f"  {label:<11} {text}" for label, text in facts if text],
        *([""] if layers else []),
        *[f"  {line}".rstrip() for line in layers],
        *evaluation_lines(run),
    ]


def _epochs_so_far(run: Run) -> list[str]:
    """What is known of a run that still goes on, or that nobody could close."""
    if run.has_members:
        return _members_so_far(run)
    history = run.read_history() if os.path.lexists(run.path / HISTORY_CSV) else {"epoch": []}
    number = len(history["epoch"])
    if not number:
        return [f"{run.id}: {run.status}, no epoch was finished"]
    words = "1 epoch was" if number == 1 else f"{number:,} epochs were"
    last = [
        f"{name} {short_number(values[-1])}"
        for name, values in history.items()
        if name not in NOT_METRICS
    ]
    return [f"{run.id}: {run.status}, {words} finished", f"  {'last':<11} {'  '.join(last)}"]


def _members_so_far(run: Run) -> list[str]:
    """How far each member is of a run that has no result, or none any more that is true."""
    total, planned = len(run.info["members"]), run.config.training.epochs
    rows = [(member, run_row(member)) for member in run.members]
    finished = [member for member, row in rows if row["status"] == "finished"]
    known = f"no member of {total} has finished"
    if finished:  # some of them, perhaps, before the epochs became more
        number = sum(_planned_epochs(member) == planned for member in finished)
        known = f"{number} of {total} members finished with {planned} epochs planned"
    lines = [f"{run.id}: {run.status}, {known}"]
    for member, row in rows:
        name = member.path.relative_to(run.path).as_posix()
        lines.append(f"  {name:<11} {row['status']}, {row['epochs'] or 0} of {planned} epochs")
    return lines


def _planned_epochs(run: Run) -> int | None:
    with suppress(DlrunError):
        return run.config.training.epochs
    return None


def _resumed(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """How often the run was resumed and from where, in one line; none where it never was."""
    if not entries:
        return []
    places = [f"epoch {entry.get('epoch', 0)}" for entry in entries if "epoch" in entry]
    times = "once" if len(entries) == 1 else f"{len(entries)} times"
    if entries[0].get("epoch") is None:  # each member has its own place
        return [times]
    return [f"{times}, after {', '.join(places)}"]


def _removed(facts: Mapping[str, Any] | None) -> str | None:
    if facts is None:
        return None
    return f"{', '.join(facts['files'])} by `dlrun gc`: {facts.get('reason') or 'no reason given'}"


def _has(run: Run, name: str) -> bool:
    """Whether a file is to be read: one of a finished run that is missing is an error."""
    return run.status == "finished" or os.path.lexists(run.path / name)


def _data(run: Run) -> str | None:
    if not _has(run, DATASET):
        return None
    data = run.dataset
    parts = ", ".join(f"{part} {facts['num_rows']:,}" for part, facts in data["parts"].items())
    return f"{data['name']} ({data.get('source') or 'source unknown'}); rows: {parts}"


def _engine(run: Run) -> str | None:
    """How it was trained; nothing of a run that ended before, or was made before this was kept."""
    engine = run.info.get("engine")
    if engine is None or not _has(run, ENVIRONMENT):
        return engine
    threads = run.environment.get("intra_op_threads")
    number = "" if threads is None else f", {threads} thread{'s' if threads != 1 else ''}"
    return f"{engine}{number} ({run.info.get('engine_reason') or 'no reason given'})"
