"""`dlrun data list | fetch | show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dlrun.cli.arguments import JsonOption
from dlrun.cli.guard import guarded
from dlrun.cli.output import echo, echo_json, echo_lines

data_app = typer.Typer(help="List, fetch and study data sets.", no_args_is_help=True)


def list_datasets(
    as_json: JsonOption = False,
) -> None:
    """List the data sets there are."""
    from dataclasses import asdict

    from dlrun.catalog.datasets import CARDS

    if as_json:
        echo_json({name: _with_required(asdict(card)) for name, card in CARDS.items()})
        return
    width = max(len(name) for name in CARDS)
    for name, card in CARDS.items():
        rows = "" if card.num_rows is None else f"{card.num_rows:,} rows"
        fetch = "download" if card.download else ""
        echo(f"{name:<{width}}  {rows:>12}  {fetch:<8}  {card.title}")


def _with_required(card: dict[str, Any]) -> dict[str, Any]:
    """A card whose required options say so: JSON has no `...`."""
    options = card["options"].items()
    return card | {"options": {n: "required" if v is ... else v for n, v in options}}


def fetch(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Data sets to fetch.")],
) -> None:
    """Fetch data sets into the cache (~/.cache/dlrun, or DLRUN_DATA_DIR)."""
    from dlrun.cli.display import showing
    from dlrun.data import fetch_dataset

    with showing(quiet=False) as report:
        for name in names:
            path = fetch_dataset(name, report)
            echo(f"{name}: {'needs no download' if path is None else path}")


def show(
    target: Annotated[
        str, typer.Argument(metavar="NAME|CONFIG", help="A data set, or a config that names one.")
    ],
    plot: Annotated[
        Path | None, typer.Option(help="Where to draw it. Default: runs/data/<name>.png.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is in a data set: shapes, classes, ranges, first rows, and a picture."""
    from dlrun.cli.display import showing
    from dlrun.config import DatasetConfig, load_config
    from dlrun.data import load_dataset
    from dlrun.data.describe import describe, describe_lines
    from dlrun.files import make_folder
    from dlrun.plots.dataset_plots import draw_dataset
    from dlrun.prepare import prepare_data
    from dlrun.runs import resolve_runs_dir

    with showing(quiet=as_json) as report:
        if target.endswith((".yaml", ".yml")):
            data = prepare_data(load_config(Path(target)).config, report)
            dataset, facts = data.dataset, describe(data.dataset, data.splits, data.scaling)
        else:
            dataset = load_dataset(DatasetConfig(target), report)
            facts = describe(dataset)
    if as_json:
        echo_json(facts)
    else:
        echo_lines(describe_lines(facts))
    path = plot or resolve_runs_dir() / "data" / f"{dataset.name}.png"
    make_folder(path.parent)
    draw_dataset(dataset, path)
    echo(f"drawn: {path}", err=True)


data_app.command("list")(guarded(list_datasets))
data_app.command("fetch")(guarded(fetch))
data_app.command("show")(guarded(show))
