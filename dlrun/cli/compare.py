"""`dlrun compare`."""

from __future__ import annotations

import string
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dlrun.evaluation.compare import Comparison, Row

_ROOM_FOR_INTERVALS = 100
"""Columns of a terminal from which on each run's own interval has room, too."""


def compare(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN RUN...", help="Runs; others against the first.")
    ],
    metric: Annotated[
        str | None, typer.Option("--metric", help="What to judge by. Default: accuracy, else loss.")
    ] = None,
    environment: Annotated[
        bool, typer.Option("--environment", help="Also what they ran on, where that differs.")
    ] = False,
    plot: Annotated[
        bool, typer.Option("--plot/--no-plot", help="Draw the curves of all into one PNG.")
    ] = True,
    output: Annotated[
        Path | None, typer.Option("--output", help="Where to draw. Default: beside the runs.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say whether runs are better than the first, worse, or not distinguishable, and how sure."""
    import dlrun
    from dlrun.cli.text import json_text
    from dlrun.evaluation.compare import environment_differences
    from dlrun.runs import find_run

    found = [find_run(name) for name in runs]
    comparison = dlrun.compare(found, metric=metric)
    differences = environment_differences(found) if environment else {}
    if as_json:
        facts = comparison.to_dict() | ({"environment": differences} if environment else {})
        typer.echo(json_text(facts))
        return
    _print_head(comparison)
    _print_differing(comparison)
    _print_results(comparison)
    for line in [*_verdict_lines(comparison), *_environment_lines(differences)]:
        typer.echo(line)
    if plot:
        from dlrun.columns import metric_of
        from dlrun.plots.run_plots import PlotStyle, draw_runs

        (path,) = draw_runs(
            found, PlotStyle(), metrics=[metric_of(comparison.metric)], output=output
        )
        typer.echo(f"curves: {path}")


def _letters(number: int) -> list[str]:
    """A, B, C …, and numbers where there are more runs than letters."""
    if number <= len(string.ascii_uppercase):
        return list(string.ascii_uppercase[:number])
    return [str(i + 1) for i in range(number)]


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _print(table: Any) -> None:
    from rich.console import Console

    console = Console(width=_width(), highlight=False)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def _width() -> int | None:
    return None if sys.stdout.isatty() else 200


def _print_head(comparison: Comparison) -> None:
    from dlrun.cli.text import shown

    for letter, label, run, members in zip(
        _letters(len(comparison.runs)),
        comparison.labels,
        comparison.runs,
        comparison.members,
        strict=True,
    ):
        many = f" × {members}" if members > 1 else ""
        typer.echo(f"{letter}  {shown(label)}{many}  ({shown(run)})")
    typer.echo()


def _print_differing(comparison: Comparison) -> None:
    """What differs in the config: a line a key, a column a run."""
    from rich.text import Text

    from dlrun.cli.text import shown

    if not comparison.differing:
        typer.echo("the configs are the same\n")
        return
    table = _table("differs", *_letters(len(comparison.runs)))
    for key, values in comparison.differing.items():
        cells = ["–" if value is None else shown(_short(value)) for value in values]
        table.add_row(Text(key), *map(Text, cells))
    _print(table)
    typer.echo()


def _short(value: Any) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _print_results(comparison: Comparison) -> None:
    """A line for each metric and run, the metric that is judged by first."""
    from rich.console import Console
    from rich.text import Text

    letters = _letters(len(comparison.runs))
    has_room = (Console(width=_width()).width) >= _ROOM_FOR_INTERVALS
    columns = ["", "result", *(["95 % interval"] if has_room else []), "minus A", "verdict"]
    table = _table(*columns)
    verdicts = ["", *(judgement.verdict for judgement in comparison.judgements)]
    names = sorted(comparison.rows, key=lambda name: name != comparison.metric)
    for name in names:
        table.add_row(Text(name, style="bold"))
        is_judged = name == comparison.metric
        for letter, row, verdict in zip(letters, comparison.rows[name], verdicts, strict=True):
            cells = _result_cells(row, has_room)
            style = _STYLES.get(verdict, "") if is_judged else ""
            table.add_row(
                Text(f"  {letter}"), *map(Text, cells), Text(verdict if is_judged else "", style)
            )
    _print(table)
    typer.echo()


_STYLES = {"better": "green", "worse": "red", "not distinguishable": "yellow"}


def _result_cells(row: Row, has_room: bool) -> list[str]:
    from dlrun.wording import short_number, with_spread

    interval = "" if row.low is None else f"{short_number(row.low)} to {short_number(row.high)}"
    difference = "" if row.difference is None else row.difference.signed
    result = with_spread(row.mean, row.sd)
    return [result, *([interval] if has_room else []), difference]


def _verdict_lines(comparison: Comparison) -> Iterator[str]:
    from dlrun.cli.text import shown

    letters = _letters(len(comparison.runs))
    advice: dict[str, None] = {}
    for letter, judgement in zip(letters[1:], comparison.judgements, strict=True):
        words = {"better": "is better than", "worse": "is worse than"}
        verdict = words.get(judgement.verdict, f"and A: {judgement.verdict};")
        verdict = f"{verdict} A:" if judgement.verdict in words else verdict
        yield shown(f"{letter} {verdict} {judgement.text}")
        advice |= dict.fromkeys(judgement.advice)
    yield from (shown(remark) for remark in comparison.remarks)
    if advice:
        yield "to tell more:"
        yield from (f"  {shown(command)}" for command in advice)


def _environment_lines(differences: Mapping[str, Sequence[str]]) -> Iterator[str]:
    from dlrun.cli.text import shown

    for run, found in differences.items():
        yield shown(f"{run} ran on: {'; '.join(found) or 'the same as the first, as far as known'}")
