"""`dlrun summary`: all runs, one run, or a config's model before training."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.arguments import JsonOption, MemberOption, OverridesArgument, check_options
from dlrun.cli.output import echo, echo_csv, echo_json, echo_lines

if TYPE_CHECKING:
    from dlrun.runs import Run


def summary(
    context: typer.Context,
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONFIG|RUN]", help="A YAML config, a run or a sweep; none: all runs."
        ),
    ] = None,
    overrides: OverridesArgument = None,
    sort: Annotated[
        str, typer.Option(help="Column to sort all runs by: id, best, parameters, time, …")
    ] = "id",
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="Only runs with this word, or column=value; repeatable."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many runs to show; 0 for all.")] = 50,
    test: Annotated[bool, typer.Option("--test", help="Show test values too.")] = False,
    members: Annotated[
        bool, typer.Option("--members", help="Show each repeat and fold of a run, too.")
    ] = False,
    member: MemberOption = None,
    diagram: Annotated[
        Path | None, typer.Option(help="Draw the model into this PNG, PDF or SVG.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Of a run with two classes: what is confused at this threshold."),
    ] = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="All runs as CSV.")] = False,
) -> None:
    """Show all runs, one run on one screen, or a config's layers and parameters."""
    tokens = overrides or []
    check_options(context, tokens)
    if target is None:
        shape = {"test": test, "members": members, "as_json": as_json, "as_csv": as_csv}
        _show_table(sort, filters or [], limit, **shape)
    elif target.endswith((".yaml", ".yml")):
        _show_model(Path(target), tokens, diagram, as_json=as_json)
    else:
        _show_run(target, member, diagram, threshold, limit, as_json=as_json)


def _show_table(
    sort: str,
    filters: list[str],
    limit: int,
    *,
    test: bool,
    members: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    from dlrun.cli.tables import dead_line, runs_table
    from dlrun.runs import list_all, resolve_runs_dir
    from dlrun.runs.table import COLUMNS, HEADS, filter_rows, parts_of, run_row, sort_rows

    sort = HEADS.get(sort, sort)
    runs = list_all()
    if members:
        runs = [one for run in runs for one in (run, *parts_of(run))]
    # Only what is shown is read, where neither order nor choice depends on the rest.
    if sort == "id" and not filters and limit and not (as_json or as_csv):
        rows = [run_row(run, with_test=test) for run in runs[:limit]]
        cut = len(runs) > limit
    else:
        cut = False
        rows = filter_rows([run_row(run, with_test=test) for run in runs], filters)
        rows = rows if sort == "id" else sort_rows(rows, sort)  # runs come newest first
    if as_json:
        echo_json(rows)
    elif as_csv:
        echo_csv([*COLUMNS, "test"] if test else COLUMNS, rows)
    elif not runs:
        echo(f"no runs in {resolve_runs_dir()}; `dlrun train CONFIG` makes one")
    else:
        first = rows[:limit] if limit else rows
        left_out = runs_table(first, with_test=test)
        more = " (--limit 0 shows all)" if len(first) < len(rows) or cut else ""
        echo(f"{len(first):,} of {len(runs):,} runs{more}{left_out and f'; {left_out}'}")
        places = {run.id: place for place, run in enumerate(runs)}
        if how_to_go_on := dead_line(sorted(first, key=lambda row: places[row["id"]])):
            echo(how_to_go_on)


def _show_run(
    name: str,
    member: int | None,
    diagram: Path | None,
    threshold: float | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    from dlrun.cli.display import judge_late, result_lines
    from dlrun.cli.evaluation import threshold_lines
    from dlrun.cli.tables import run_lines
    from dlrun.runs import Sweep, find_any, single_run

    run = find_any(name)
    if isinstance(run, Sweep):
        from dlrun.cli.sweeps import show_sweep

        show_sweep(run, as_json=as_json, quiet=False, limit=limit)
        return
    if member is not None:
        run = single_run(run, member)
    judge_late(run)
    if diagram is not None:
        _draw(run.parameters.to_dict(), diagram, run.config.name)
    elif threshold is not None:
        echo_lines(threshold_lines(run, threshold))
    elif as_json:
        echo_json(_facts(run))
    else:
        echo_lines(run_lines(run, result_lines))


def _facts(run: Run) -> dict[str, Any]:
    """What there is to know of a run; None for what one that ended early has not written."""
    from dlrun.runs.run import DATASET, PARAMETERS
    from dlrun.runs.table import run_row

    info, is_whole = run.info, run.status == "finished"
    has = {name: is_whole or os.path.lexists(run.path / name) for name in (DATASET, PARAMETERS)}
    return {
        "row": run_row(run, with_test=True),
        "info": info,
        "metrics": run.metrics if run.has_metrics else None,
        "evaluation": run.evaluation if run.has_evaluation else None,
        "dataset": run.dataset if has[DATASET] else None,
        "parameters": run.parameters.to_dict() if has[PARAMETERS] else None,
    }


def _show_model(path: Path, overrides: list[str], diagram: Path | None, *, as_json: bool) -> None:
    from dlrun.config import is_model_only, load_config, load_model
    from dlrun.files import read_yaml
    from dlrun.parameters import count_lines
    from dlrun.prepare import data_shape

    if is_model_only(read_yaml(path)):
        loaded: Any = load_model(path, overrides)
        shape = loaded.model.input_shape
    else:
        loaded = load_config(path, overrides).config
        shape = data_shape(loaded)
    echo("loading TensorFlow …", err=True)
    from dlrun.model import count_model

    count = count_model(loaded, shape)
    if diagram is not None:
        _draw(count.to_dict(), diagram, loaded.name)
    if as_json:
        echo_json(count.to_dict())
    else:
        echo_lines(count_lines(count))


def _draw(count: dict[str, Any], path: Path, title: str) -> None:
    from dlrun.plots.diagram import draw_model

    draw_model(count, path, title=title)
    echo(f"drawn: {path}", err=True)
