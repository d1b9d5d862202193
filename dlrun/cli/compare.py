"""`dlrun compare`."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.arguments import JsonOption
from dlrun.cli.output import cell, echo, echo_json, echo_lines, new_table, print_table, table_width

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
    as_json: JsonOption = False,
) -> None:
    """Say whether runs are better than the first, worse, or not distinguishable, and how sure."""
    import dlrun
    from dlrun.evaluation.compare import environment_differences
    from dlrun.runs import find_run

    found = [find_run(name) for name in runs]
    comparison = dlrun.compare(found, metric=metric)
    differences = environment_differences(found) if environment else {}
    if as_json:
        facts = comparison.to_dict() | ({"environment": differences} if environment else {})
        echo_json(facts)
        return
    _print_head(comparison)
    _print_differing(comparison)
    _print_results(comparison)
    echo_lines([*_verdict_lines(comparison), *_environment_lines(differences)])
    if plot:
        from dlrun.columns import metric_of
        from dlrun.plots.run_plots import PlotStyle, draw_runs

        (path,) = draw_runs(
            found, PlotStyle(), metrics=[metric_of(comparison.metric)], output=output
        )
        echo(f"curves: {path}")


def _letters(number: int) -> list[str]:
    """A, B, C …, and numbers where there are more runs than letters."""
    if number <= len(string.ascii_uppercase):
        return list(string.ascii_uppercase[:number])
    return [str(i + 1) for i in range(number)]


def _print_head(comparison: Comparison) -> None:
    for letter, label, run, members in zip(
        _letters(len(comparison.runs)),
        comparison.labels,
        comparison.runs,
        comparison.members,
        strict=True,
    ):
        many = f" × {members}" if members > 1 else ""
        echo(f"{letter}  {label}{many}  ({run})")
    echo()


def _print_differing(comparison: Comparison) -> None:
    """What differs in the config: a line a key, a column a run."""
    if not comparison.differing:
        echo("the configs are the same")
        echo()
        return
    table = new_table("differs", *_letters(len(comparison.runs)))
    for key, values in comparison.differing.items():
        cells = ["–" if value is None else _short(value) for value in values]
        table.add_row(*map(cell, [key, *cells]))
    print_table(table)
    echo()


def _short(value: Any) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _print_results(comparison: Comparison) -> None:
    """A line for each metric and run, the metric that is judged by first."""
    letters = _letters(len(comparison.runs))
    has_room = table_width() >= _ROOM_FOR_INTERVALS
    columns = ["", "result", *(["95 % interval"] if has_room else []), "minus A", "verdict"]
    table = new_table(*columns)
    verdicts = ["", *(judgement.verdict for judgement in comparison.judgements)]
    names = sorted(comparison.rows, key=lambda name: name != comparison.metric)
    for name in names:
        table.add_row(cell(name, "bold"))
        is_judged = name == comparison.metric
        for letter, row, verdict in zip(letters, comparison.rows[name], verdicts, strict=True):
            cells = _result_cells(row, has_room)
            style = _STYLES.get(verdict, "") if is_judged else ""
            table.add_row(
                cell(f"  {letter}"), *map(cell, cells), cell(verdict if is_judged else "", style)
            )
    print_table(table)
    echo()


_STYLES = {"better": "green", "worse": "red", "not distinguishable": "yellow"}


def _result_cells(row: Row, has_room: bool) -> list[str]:
    from dlrun.wording import short_number, with_spread

    interval = "" if row.low is None else f"{short_number(row.low)} to {short_number(row.high)}"
    difference = "" if row.difference is None else row.difference.signed
    result = with_spread(row.mean, row.sd)
    return [result, *([interval] if has_room else []), difference]


def _verdict_lines(comparison: Comparison) -> Iterator[str]:
    letters = _letters(len(comparison.runs))
    advice: dict[str, None] = {}
    for letter, judgement in zip(letters[1:], comparison.judgements, strict=True):
        words = {"better": "is better than", "worse": "is worse than"}
        verdict = words.get(judgement.verdict, f"and A: {judgement.verdict};")
        verdict = f"{verdict} A:" if judgement.verdict in words else verdict
        yield f"{letter} {verdict} {judgement.text}"
        advice |= dict.fromkeys(judgement.advice)
    yield from comparison.remarks
    if advice:
        yield "to tell more:"
        yield from (f"  {command}" for command in advice)


def _environment_lines(differences: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for run, found in differences.items():
        yield f"{run} ran on: {'; '.join(found) or 'the same as the first, as far as known'}"
