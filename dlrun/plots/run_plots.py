"""The pictures of run folders: a run's own plots, and several runs in one figure a metric."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlrun.errors import RunError, did_you_mean
from dlrun.files import make_folder
from dlrun.plots.curves import Curve, History, curve_rows, draw_curves, metric_names
from dlrun.plots.diagram import draw_model
from dlrun.plots.evaluation_plots import draw_evaluation
from dlrun.plots.figure import DPI
from dlrun.plots.history import member_rows
from dlrun.runs import Run
from dlrun.runs.labels import label_of
from dlrun.runs.links import refuse_links


@dataclass(frozen=True)
class PlotStyle:
    """How curves are drawn.

    Attributes:
        x_axis: "epoch", "updates" or "seconds".
        log_scale: Whether the values' axis is logarithmic.
        size: Width and height in inches; None for what fits.
        dpi: Pixels an inch, for PNG.
        file_format: "png", "pdf" or "svg".
    """

    x_axis: str = "epoch"
    log_scale: bool = False
    size: tuple[float, float] | None = None
    dpi: int = DPI
    file_format: str = "png"


def draw_run(run: Run) -> list[Path]:
    """Draws a run's curves, its model and, if it has one, its evaluation into its `plots`."""
    paths = draw_runs([run], PlotStyle())
    diagram = run.plots_dir / "model.png"
    draw_model(run.parameters.to_dict(), diagram, title=run.config.name)
    evaluated = draw_evaluation(run) if run.has_evaluation else []
    return [*paths, diagram, *evaluated]


def draw_members(run: Run) -> list[Path]:
    """Draws what a run's members come to together into its `plots` folder."""
    paths = draw_runs([run], PlotStyle())
    return [*paths, *(draw_evaluation(run) if run.has_evaluation else [])]


def draw_runs(
    runs: Sequence[Run],
    style: PlotStyle,
    *,
    metrics: Sequence[str] = (),
    output: Path | None = None,
) -> list[Path]:
    """Draws one figure a metric, all runs in it; returns the files.

    Args:
        runs: At least one; each needs a finished epoch.
        style: How to draw.
        metrics: Names without `val_`; none for all that the runs have in common.
        output: A folder, or with a suffix the file of the one metric; default is the run's
            own `plots` folder, for several runs the folder they lie in.

    Raises:
        RunError: a run has no history, or the runs have no such metric in common.
    """
    histories = [_histories(run) for run in runs]
    chosen = metrics or _common_metrics(histories)
    for name in metrics:
        _check_metric(name, _common_metrics(histories), several=len(runs) > 1)
    paths = []
    for metric in chosen:
        path = _path(runs, style, metric, output, alone=len(chosen) == 1)
        draw_curves(
            _curves(runs, histories, metric, style.x_axis),
            path,
            metric=metric,
            x_axis=style.x_axis,
            title=_title(runs),
            loss_name=_common_loss(runs),
            log_scale=style.log_scale,
            size=style.size,
            dpi=style.dpi,
        )
        paths.append(path)
    return paths


def _histories(run: Run) -> list[History]:
    """The history of a run, of one with members those that have a finished epoch."""
    if not run.has_members:
        return [run.read_history()]
    found = [member.read_history() for member in run.members if member.has_metrics]
    if not found:
        raise RunError(f"{run.path}: no member has finished an epoch; there is nothing to draw")
    return list(found)


def _common_metrics(histories: Sequence[Sequence[History]]) -> list[str]:
    every = [history for of_run in histories for history in of_run]
    return [n for n in metric_names(every[0]) if all(n in metric_names(other) for other in every)]


def _check_metric(name: str, common: Sequence[str], *, several: bool) -> None:
    if name not in common:
        raise RunError(
            f"no metric {name!r}{did_you_mean(name, common)}; "
            f"{'these runs share' if several else 'there are'} {', '.join(common)}"
        )


def _curves(
    runs: Sequence[Run], histories: Sequence[Sequence[History]], metric: str, x_axis: str
) -> list[Curve]:
    curves: list[Curve] = []
    for index, (run, of_run) in enumerate(zip(runs, histories, strict=True)):
        label = label_of(run, runs) if len(runs) > 1 else ""
        steps = steps_per_epoch(run)
        if run.has_members:
            curves += member_rows(
                of_run, metric, x_axis=x_axis, steps_per_epoch=steps, run=index, label=label
            )
        else:
            curves += curve_rows(
                of_run[0],
                metric,
                x_axis=x_axis,
                steps_per_epoch=steps,
                best_epoch=run.metrics.get("best_epoch"),
                run=index,
                label=label,
            )
    return curves


def steps_per_epoch(run: Run) -> int:
    """Returns how many updates of the weights one epoch of a run has."""
    num_rows: int = run.dataset["parts"]["train"]["num_rows"]
    batch_size = run.config.training.batch_size
    return 1 if batch_size == "full" else math.ceil(num_rows / batch_size)


def _path(
    runs: Sequence[Run], style: PlotStyle, metric: str, output: Path | None, *, alone: bool
) -> Path:
    if output is not None and output.suffix:
        if not alone:
            raise RunError(f"{output}: one file, and several metrics to draw; choose by --metric")
        make_folder(output.parent)
        return output
    if output is None:
        refuse_links(runs[0])
    folder = output or (runs[0].plots_dir if len(runs) == 1 else runs[0].path.parent)
    make_folder(folder)
    stem = re.sub(r"[^0-9A-Za-z_.-]", "_", metric)
    if len(runs) > 1:
        stem = f"compare_{stem}"
    if style.x_axis != "epoch":
        stem += f"_by_{style.x_axis}"
    return folder / f"{stem}.{style.file_format}"


def _title(runs: Sequence[Run]) -> str:
    datasets = dict.fromkeys(run.dataset["name"] for run in runs)
    if len(runs) == 1:
        name = f"{runs[0].config.name} on {next(iter(datasets))}"
        return f"{name}, {runs[0].config.describe_members()}" if runs[0].has_members else name
    return f"{len(runs)} runs on {' and '.join(datasets)}"


def _common_loss(runs: Sequence[Run]) -> str | None:
    names = {run.config.loss.name for run in runs}
    return names.pop() if len(names) == 1 else None
