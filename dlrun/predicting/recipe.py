"""How pictures are prepared for a run's model: as its own training images look."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from dlrun.errors import InputError, RunError, did_you_mean
from dlrun.events import Message, Report, ignore
from dlrun.images.measuring import Looks, measure_looks
from dlrun.images.preparation import STEPS, Recipe
from dlrun.prepare import prepare_data
from dlrun.runs import Run


def takes_images(run: Run) -> bool:
    """Returns whether a run's model was trained on images."""
    return len(run.dataset["input_shape"]) in (2, 3)


def recipe_of(run: Run, without: Iterable[str] = (), report: Report = ignore) -> Recipe:
    """Returns how to prepare pictures for a run's model.

    Args:
        run: A single run whose model takes images.
        without: Names of steps to leave out.
        report: Told where the training images had to be loaded, since the run says nothing of
            them.

    Raises:
        RunError: the model takes rows of a table.
        InputError: there is no such step.
        DatasetError: the training images cannot be had.
    """
    if not takes_images(run):
        raise RunError(
            f"{run.path}: its model takes {run.dataset['input_shape'][0]} columns of a table, "
            "no images; give it a CSV, Parquet or .npz file"
        )
    left_out = frozenset(without)
    for name in left_out - set(STEPS):
        raise InputError(
            f"unknown step {name!r}{did_you_mean(name, STEPS)}; the steps are {', '.join(STEPS)}"
        )
    plain = run.dataset.get("looks")
    looks = _measured(run, report) if plain is None else Looks.from_dict(plain)
    shape = tuple(run.dataset["input_shape"])
    return Recipe(shape, looks, left_out)


def _measured(run: Run, report: Report) -> Looks:
    report(Message("the run says nothing of what its training images look like: measuring them"))
    data = prepare_data(run.config)
    rows = np.sort(data.splits.train[:300])
    return measure_looks(data.dataset.x[rows], data.dataset.class_names)
