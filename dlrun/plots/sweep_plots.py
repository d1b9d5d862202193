"""All pictures of a sweep that make sense for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dlrun.evaluation.importance import measure_importance
from dlrun.evaluation.sweep_rows import SweepRows
from dlrun.files import make_folder
from dlrun.plots.sweep_curves import draw_learning_curves, trial_curves
from dlrun.plots.sweep_heat_map import draw_heat_map, why_no_heat_map
from dlrun.plots.sweep_importance import draw_importance
from dlrun.plots.sweep_parallel import draw_parallel
from dlrun.plots.sweep_parameters import draw_parameters
from dlrun.plots.sweep_scale import title_of


def draw_sweep(rows: SweepRows, folder: Path, suffix: str = "png") -> tuple[list[Path], list[str]]:
    """Draws a sweep's pictures into a folder, which it makes if need be.

    Args:
        rows: The sweep.
        folder: For `parameters.png`, `heat_map.png`, `learning_curves.png`,
            `parallel_coordinates.png` and `importance.png`.
        suffix: "png", "pdf" or "svg".

    Returns:
        The files that were drawn; and for each other one its name and why it was not.

    Raises:
        RunError: another suffix.
        StorageError: a file cannot be written.
    """
    make_folder(folder)
    paths, left_out = [], []
    importance, no_importance = measure_importance(rows)

    def importance_picture(path: Path) -> None:
        if importance is not None:
            draw_importance(importance, path, title=title_of(rows))

    no_result = "" if rows.results else "no trial has a result"
    no_axis = "" if rows.axes else "no hyperparameter was searched"
    few = "it takes two hyperparameters, and one was searched" if len(rows.axes) == 1 else no_axis
    pictures: dict[str, tuple[str, Callable[[Path], None]]] = {
        "parameters": (no_result or no_axis, lambda path: draw_parameters(rows, path)),
        "heat_map": (no_result or why_no_heat_map(rows), lambda path: draw_heat_map(rows, path)),
        "learning_curves": (
            "" if trial_curves(rows) else "no trial has finished an epoch",
            lambda path: draw_learning_curves(rows, path),
        ),
        "parallel_coordinates": (no_result or few, lambda path: draw_parallel(rows, path)),
        "importance": (no_result or no_importance, importance_picture),
    }
    for name, (reason, draw) in pictures.items():
        path = folder / f"{name}.{suffix}"
        if reason:
            left_out.append(f"{path.name}: {reason}")
        else:
            draw(path)
            paths.append(path)
    return paths, left_out
