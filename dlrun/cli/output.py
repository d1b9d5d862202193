"""All that commands print: text, JSON, CSV and tables, in which nothing moves a terminal's cursor.

A run folder may come from anywhere, and be looked at all the same; so whatever its files say
leaves the program by this module, and no other prints.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from dlrun.cli.text import json_text, shown

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

WIDE = 100_000
"""Columns where stdout is no terminal, so that no cell is cut or broken."""


def echo(line: object = "", *, err: bool = False) -> None:
    """Prints one line, to stdout or stderr."""
    typer.echo(shown(line), err=err)


def echo_lines(lines: Iterable[object], *, err: bool = False) -> None:
    """Prints lines, to stdout or stderr."""
    for line in lines:
        echo(line, err=err)


def echo_json(value: Any) -> None:
    """Prints a value as strict JSON."""
    typer.echo(json_text(value))


def echo_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Prints rows as CSV below the names of their columns."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = (row[name] for name in columns)
        writer.writerow([shown(one) if isinstance(one, str) else one for one in cells])


def table_width() -> int:
    """Returns how many columns a table may have."""
    from rich.console import Console

    return Console().width if sys.stdout.isatty() else WIDE


def new_table(*heads: str) -> Table:
    """Returns a table without lines, to which columns can be added; those given break cells."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def cell(text: object, style: str = "") -> Text:
    """Returns a cell of a table; rich would let control characters of plain text through."""
    from rich.text import Text

    return Text(shown(text), style=style)


def print_table(table: Table) -> None:
    """Prints a table of `cell`s, without blanks at the ends of lines."""
    from rich.console import Console

    console = Console(width=table_width(), highlight=False)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())
