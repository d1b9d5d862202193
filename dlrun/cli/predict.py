"""`dlrun predict`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.arguments import MemberOption

if TYPE_CHECKING:
    from dlrun.predicting.samples import Predictions, Sample

_MOST_SHOWN = 40
"""Samples on the screen; all of them are in the file."""


def predict(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, or `latest`.")],
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Images, tables (CSV, Parquet, .npz), folders, patterns, or - for stdin.",
        ),
    ],
    labels: Annotated[
        str | None,
        typer.Option(
            help="What they are: a CSV file (path,label), labels in reading order (0123), or a "
            "table's column. Else from `labels.csv`, file names (3.png, 3_a.png) and folders.",
        ),
    ] = None,
    page: Annotated[
        bool | None,
        typer.Option(
            "--page/--no-page",
            help="Pictures are pages of many figures, or not; default: as they look.",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STEP",
            help="Leave out a step: polarity, light, ink, figure, strokes, centre.",
        ),
    ] = None,
    show_steps: Annotated[
        bool, typer.Option("--show-steps", help="Draw each image's preparation step by step.")
    ] = False,
    member: MemberOption = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no messages; only the result.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Predict images or tables: drawings and photos of digits, pages of them, rows of a CSV."""
    import dlrun
    from dlrun.cli.display import showing
    from dlrun.cli.signals import signals_heard
    from dlrun.cli.text import json_text
    from dlrun.runs import find_run
    from dlrun.screen import own_stderr

    found = find_run(run)
    with signals_heard(), own_stderr(), showing(quiet=quiet) as report:
        result = dlrun.predict(
            found,
            inputs,
            labels=labels,
            page=page,
            without=tuple(without or ()),
            steps=show_steps,
            member=member,
            stdin=sys.stdin.buffer.read() if "-" in inputs else None,
            report=report,
        )
    if as_json:
        typer.echo(json_text(_facts(result)))
    else:
        _show(result, quiet=quiet)
        if show_steps:
            _show_pixels(result)
    if result.num_failed:
        raise typer.Exit(1)


def _facts(result: Predictions) -> dict[str, Any]:
    return {
        "run": result.run.id,
        "folder": str(result.folder),
        "num_samples": result.num_samples,
        "num_failed": result.num_failed,
        "report": result.report,
        "samples": [sample.to_dict() for sample in result.samples],
    }


def _show(result: Predictions, *, quiet: bool) -> None:
    from dlrun.cli.text import shown

    _print_table(result.samples[:_MOST_SHOWN])
    if result.num_samples > _MOST_SHOWN:
        more = result.num_samples - min(len(result.samples), _MOST_SHOWN)
        typer.echo(f"… and {more:,} more in the file")
    for line in _report_lines(result):
        typer.echo(line)
    if result.num_failed:
        typer.echo(f"  {'failed':<11} {result.num_failed:,} of {result.num_samples:,}")
    names = sorted(path.name for path in result.folder.iterdir())
    typer.echo(shown(f"  {'kept in':<11} {result.folder} ({', '.join(names)})"))
    if not quiet and any(sample.remarks for sample in result.samples):
        typer.echo(f"  {'note':<11} see `remarks`: some inputs are unlike the training data")


def _print_table(samples: Sequence[Sample]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from dlrun.cli.text import shown
    from dlrun.predicting.samples import short_names

    console = Console(width=None if sys.stdout.isatty() else 240, highlight=False)
    has_labels = any(sample.label is not None for sample in samples)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("input", overflow="fold", max_width=44)
    if has_labels:
        table.add_column("label", no_wrap=True)
    table.add_column("predicted", no_wrap=True)
    if any(sample.answer is not None and sample.answer.top for sample in samples):
        table.add_column("probabilities", no_wrap=True)
    table.add_column("remarks", style="dim", overflow="fold")
    for name, sample in zip(short_names(samples), samples, strict=True):
        cells = [Text(shown(name))]
        if has_labels:
            cells.append(Text("" if sample.label is None else _word(sample.label)))
        cells += _answer_cells(sample, with_top=len(table.columns) == 4 + has_labels)
        said = sample.error if sample.error is not None else "; ".join(sample.remarks)
        cells.append(Text(shown(said), style="red" if sample.error is not None else ""))
        table.add_row(*cells)
    console.print(table)


def _answer_cells(sample: Sample, *, with_top: bool) -> list[Any]:
    from rich.text import Text

    if sample.answer is None:
        return [Text("–", style="red"), *([Text("")] if with_top else [])]
    style = "bold red" if sample.is_wrong else "bold green" if sample.label is not None else "bold"
    if not isinstance(sample.label, str):
        style = "bold"
    mark = " ✗" if sample.is_wrong else ""
    cells = [Text(_word(sample.answer.predicted) + mark, style=style)]
    if with_top:
        top = "  ".join(f"{name} {share:.3f}" for name, share in sample.answer.top)
        cells.append(Text(top))
    return cells


def _word(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _report_lines(result: Predictions) -> list[str]:
    from dlrun.wording import with_interval

    report = result.report
    if report is None:
        return []
    values = "  ".join(f"{n} {with_interval(e)}" for n, e in report["metrics"].items())
    right = f" ({report['num_right']} of {report['num_rows']})" if "num_right" in report else ""
    return [f"  {'labels':<11} {values}{right}"]


def _show_pixels(result: Predictions) -> None:
    """Smallest and largest pixel and ink, beside those of training, of each image."""
    from dlrun.cli.text import shown
    from dlrun.predicting.drawing import steps_note
    from dlrun.predicting.recipe import recipe_of

    if not result.prepared:
        return
    looks = recipe_of(result.run).looks
    for i, picture in result.prepared.items():
        typer.echo(shown(f"{result.samples[i].name}: {steps_note(picture, looks)}"))
