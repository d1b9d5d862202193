"""`dlrun predict`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.arguments import JsonOption, MemberOption, QuietOption
from dlrun.cli.output import cell, echo, echo_json, echo_lines, new_table, print_table

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
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Predict images or tables: drawings and photos of digits, pages of them, rows of a CSV."""
    import dlrun
    from dlrun.cli.working import working
    from dlrun.runs import find_run

    found = find_run(run)
    with working(quiet=quiet) as report:
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
        echo_json(_facts(result))
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
    _print_table(result.samples[:_MOST_SHOWN])
    if result.num_samples > _MOST_SHOWN:
        more = result.num_samples - min(len(result.samples), _MOST_SHOWN)
        echo(f"… and {more:,} more in the file")
    echo_lines(_report_lines(result))
    if result.num_failed:
        echo(f"  {'failed':<11} {result.num_failed:,} of {result.num_samples:,}")
    names = sorted(path.name for path in result.folder.iterdir())
    echo(f"  {'kept in':<11} {result.folder} ({', '.join(names)})")
    if not quiet and any(sample.remarks for sample in result.samples):
        echo(f"  {'note':<11} see `remarks`: some inputs are unlike the training data")


def _print_table(samples: Sequence[Sample]) -> None:
    from dlrun.predicting.samples import short_names

    has_labels = any(sample.label is not None for sample in samples)
    table = new_table()
    table.add_column("input", no_wrap=True, overflow="ellipsis", max_width=44)
    if has_labels:
        table.add_column("label", no_wrap=True)
    table.add_column("predicted", no_wrap=True)
    if any(sample.answer is not None and sample.answer.top for sample in samples):
        table.add_column("probabilities", no_wrap=True)
    table.add_column("remarks", style="dim", overflow="fold")
    for name, sample in zip(short_names(samples), samples, strict=True):
        cells = [cell(name)]
        if has_labels:
            cells.append(cell("" if sample.label is None else _word(sample.label)))
        cells += _answer_cells(sample, with_top=len(table.columns) == 4 + has_labels)
        said = sample.error if sample.error is not None else "; ".join(sample.remarks)
        cells.append(cell(said, "red" if sample.error is not None else ""))
        table.add_row(*cells)
    print_table(table)


def _answer_cells(sample: Sample, *, with_top: bool) -> list[Any]:
    if sample.answer is None:
        return [cell("–", "red"), *([cell("")] if with_top else [])]
    style = "bold red" if sample.is_wrong else "bold green" if sample.label is not None else "bold"
    if not isinstance(sample.label, str):
        style = "bold"
    mark = " ✗" if sample.is_wrong else ""
    cells = [cell(_word(sample.answer.predicted) + mark, style)]
    if with_top:
        top = "  ".join(f"{name} {share:.3f}" for name, share in sample.answer.top)
        cells.append(cell(top))
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
    from dlrun.predicting.drawing import steps_note
    from dlrun.predicting.recipe import recipe_of

    if not result.prepared:
        return
    looks = recipe_of(result.run).looks
    for i, picture in result.prepared.items():
        echo(f"{result.samples[i].name}: {steps_note(picture, looks)}")
