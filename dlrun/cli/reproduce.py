"""`dlrun reproduce`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from dlrun.cli.arguments import JsonOption, QuietOption
from dlrun.cli.output import cell, echo, echo_json, echo_lines, new_table, print_table, table_width

# From this many columns on, a terminal has room for these columns of the table too.
_ROOM = {"epochs": 100, "first hash": 100, "first difference": 120}


def reproduce(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Runs, or their folders, which may lie anywhere."),
    ],
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train recorded runs anew; say whether each is identical, within tolerance or different."""
    from dlrun.reproduction import exit_code_of, name_each

    names = name_each(runs)
    if len(names) == 1:
        rows = [_reproduce_one(names[0], quiet=quiet, as_json=as_json)]
    else:
        rows = _reproduce_many(names, quiet=quiet, as_json=as_json)
    if code := exit_code_of(rows):
        raise typer.Exit(code)


def _reproduce_one(name: str, *, quiet: bool, as_json: bool) -> dict[str, Any]:
    import dlrun
    from dlrun.cli.working import working

    with working(quiet=quiet) as report:
        found = dlrun.reproduce(name, report=report, command=["dlrun", *sys.argv[1:]])
    row = found.to_dict()
    if as_json:
        echo_json(row)
    else:
        echo_lines(result_lines(row)[: 1 if quiet else None])
    return row


def _reproduce_many(names: Sequence[str], *, quiet: bool, as_json: bool) -> list[dict[str, Any]]:
    from dlrun.cli.signals import signals_heard
    from dlrun.reproduction import reproduce_each

    rows: list[dict[str, Any]] = []
    with signals_heard():
        results = reproduce_each(names)
        for number, name in enumerate(names, start=1):
            if not quiet:
                echo(f"{number} of {len(names)}: {name} …", err=True)
            rows.append(next(results))
            if not quiet:
                echo(f"{number} of {len(names)}: {_verdict(rows[-1])}", err=True)
    if as_json:
        echo_json(rows)
    else:
        _print_table(rows)
    return rows


def result_lines(row: Mapping[str, Any]) -> list[str]:
    """Returns what came of repeating one run, in a few lines."""
    number = f"{row['epochs']} epoch{'s' if row['epochs'] != 1 else ''} compared"
    facts = [("first", _difference_in_full(row["first_difference"]))]
    if row["first_beyond"] != row["first_difference"]:
        facts.append(("too far", _difference_in_full(row["first_beyond"])))
    if row["first_hash"] is not None:
        facts.append(("hash", f"{row['first_hash']} is the first that differs"))
    if row["cause"] is not None:
        facts.append(("cause", f"{row['cause']}: {row['evidence']}"))
    facts += [("", remark) for remark in row["remarks"]]
    facts.append(("new run", row["new_path"] or ""))
    shown = [f"  {label:<11} {text}" for label, text in facts if text]
    return [f"{row['run']}: {row['verdict']}, {number}", *shown]


def _difference_in_full(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    return f"{_place(found)}: was {found['recorded']}, is {found['repeated']}"


def _place(found: Mapping[str, Any]) -> str:
    metric = "number of epochs" if found["metric"] == "epochs" else str(found["metric"])
    return metric if found["epoch"] is None else f"epoch {found['epoch']}, {metric}"


def _verdict(row: Mapping[str, Any]) -> str:
    return str(row["verdict"] or "not repeated")


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Prints one line a run, and as many columns as the terminal has room for."""
    room = table_width()
    left_out = [name for name, width in _ROOM.items() if room < width]
    table = new_table()
    cells = [_cells(row, name) for row, name in zip(rows, _short_names(rows), strict=True)]
    for name in (names := [name for name in cells[0] if name not in left_out]):
        table.add_column(name, overflow="fold", no_wrap=name == "verdict")
    for row in cells:
        table.add_row(*[cell(row[name], _STYLES.get(row[name], "")) for name in names])
    print_table(table)
    num_alike = sum(row["verdict"] in ("identical", "within tolerance") for row in rows)
    more = f"; no room for {', '.join(left_out)}" if left_out else ""
    echo(f"{num_alike} of {len(rows)} runs reproduced{more}")


_STYLES = {
    "identical": "green",
    "within tolerance": "green",
    "different": "red",
    "not repeated": "yellow",
}


def _cells(row: Mapping[str, Any], name: str) -> dict[str, str]:
    found = row["first_difference"]
    cause = "–" if row["cause"] is None else f"{row['cause']}: {row['evidence']}"
    return {
        "run": name,
        "verdict": _verdict(row),
        "epochs": "–" if row["epochs"] is None else str(row["epochs"]),
        "first hash": row["first_hash"] or "–",
        "first difference": "–" if found is None else _place(found),
        "cause": row["error"] or cause,
    }


def _short_names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each run's folder, less what the folders of all begin with; its name where it has none."""
    parents = [os.path.abspath(Path(row["path"]).parent) for row in rows if row["path"]]
    try:
        common = os.path.commonpath(parents)
    except ValueError:  # no folder at all, or other drives
        return [row["path"] or row["run"] for row in rows]
    return [os.path.relpath(row["path"], common) if row["path"] else row["run"] for row in rows]
