"""A run's kept model, ready to answer: what it takes, and what it says of an image or of rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlrun.evaluation.meaning import Meaning, meaning_of
from dlrun.events import Report, ignore
from dlrun.images.page import prepare_page
from dlrun.images.preparation import Prepared, Recipe, prepare_picture
from dlrun.images.reading import read_picture
from dlrun.predicting.answers import Answer, answers_of, class_shares
from dlrun.predicting.recipe import recipe_of, takes_images
from dlrun.runs import Run
from dlrun.runs.predictor import Predictor, load_predictor
from dlrun.web.rows import Column, columns_of

MAX_PIXELS = 25_000_000
"""Of an image; more take seconds each, and a photograph of one figure needs none of them."""


@dataclass(frozen=True, eq=False)
class Served:
    """A model that answers; may be asked from several threads.

    Attributes:
        run: Whose kept model it is.
        predictor: From rows to outputs.
        meaning: Of the outputs.
        recipe: How pictures are prepared; None of a model that takes rows of a table.
        columns: Of that table; empty of a model that takes images.
    """

    run: Run
    predictor: Predictor
    meaning: Meaning
    recipe: Recipe | None
    columns: tuple[Column, ...] = ()
    _one_at_a_time: Any = field(default_factory=threading.Lock, repr=False)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Returns the model's outputs for rows as the data set has them."""
        with self._one_at_a_time:  # TensorFlow's own threads share the work of one call
            return self.predictor(x)


def load_served(run: Run, report: Report = ignore) -> Served:
    """Loads a run's model and has it answer once, so that no visitor waits for that.

    Args:
        run: A single run.
        report: Told where the training images had to be measured.

    Raises:
        RunError: the run has no readable model.
        DatasetError: the training images cannot be had, of a run that says nothing of them.
    """
    recipe = recipe_of(run, report=report) if takes_images(run) else None
    columns = () if recipe is not None else columns_of(run.dataset)
    meaning = meaning_of(run.dataset, run.config)
    served = Served(run, load_predictor(run), meaning, recipe, columns)
    served.outputs(np.zeros((1, *run.dataset["input_shape"]), np.float32))
    return served


def describe(served: Served) -> dict[str, Any]:
    """Returns what the model takes and says, as plain data."""
    facts, recipe = served.run.dataset, served.recipe
    found: dict[str, Any] = {
        "run": served.run.id,
        "name": served.run.config.name,
        "data": facts.get("title") or facts["name"],
        "takes": "rows" if recipe is None else "image",
        "input_shape": list(facts["input_shape"]),
        "predicts": "class" if served.meaning.class_names else "number",
        "class_names": list(served.meaning.class_names),
    }
    if recipe is None:
        return {**found, "columns": [column.to_dict() for column in served.columns]}
    return {**found, "pixel_max": recipe.looks.pixel_max}


def predict_image(served: Served, content: bytes) -> dict[str, Any]:
    """Returns what the model says of an image file of one figure, as plain data.

    Args:
        served: A model that takes images.
        content: Of the file, in any format that Pillow reads.

    Raises:
        InputError: it cannot be read, is too large, or shows nothing.
    """
    started = time.perf_counter()
    assert served.recipe is not None
    picture = read_picture(content, "image", MAX_PIXELS)
    (told,) = _say(served, [prepare_picture(picture, served.recipe)])
    return {**told, "milliseconds": _since(started)}


def predict_page(served: Served, content: bytes) -> dict[str, Any]:
    """Returns what the model says of each figure of an image file, where it shows several.

    Otherwise, and by a model of pictures that are no drawings, as `predict_image`.
    """
    started = time.perf_counter()
    assert served.recipe is not None
    picture = read_picture(content, "image", MAX_PIXELS)
    is_drawn = served.recipe.looks.kind == "drawing"
    figures = prepare_page(picture, served.recipe) if is_drawn else []
    if len(figures) > 1:
        return {"figures": _say(served, figures), "milliseconds": _since(started)}
    (told,) = _say(served, [prepare_picture(picture, served.recipe)])
    return {**told, "milliseconds": _since(started)}


def _say(served: Served, figures: Sequence[Prepared]) -> list[dict[str, Any]]:
    """What the model says of figures, what it was given of each, and what may mislead it."""
    outputs = served.outputs(np.stack([figure.pixels for figure in figures]))
    answers = answers_of(outputs, served.meaning)
    return [
        {**told, "pixels": figure.pixels, "remarks": [*figure.remarks, *_unclear(answer)]}
        for told, figure, answer in zip(
            _told(answers, outputs, served.meaning), figures, answers, strict=True
        )
    ]


def predict_rows(served: Served, x: np.ndarray) -> dict[str, Any]:
    """Returns what the model says of rows, as plain data.

    Args:
        served: A model that takes rows.
        x: (n, columns) float32, not scaled.
    """
    started = time.perf_counter()
    outputs = served.outputs(x)
    answers = answers_of(outputs, served.meaning)
    pairs = zip(answers, _told(answers, outputs, served.meaning), strict=True)
    predictions = [{**told, "remarks": _unclear(answer)} for answer, told in pairs]
    return {"predictions": predictions, "milliseconds": _since(started)}


def _told(answers: list[Answer], outputs: np.ndarray, meaning: Meaning) -> list[dict[str, Any]]:
    if not meaning.class_names:
        values = outputs.reshape(len(outputs), -1)
        return [{"predicted": row[0] if row.size == 1 else row} for row in values]
    shares = class_shares(outputs, meaning)
    named = [dict(zip(meaning.class_names, row, strict=True)) for row in shares]
    pairs = zip(answers, named, strict=True)
    return [{"predicted": answer.predicted, "probabilities": found} for answer, found in pairs]


def _unclear(answer: Answer) -> list[str]:
    if answer.is_clear:
        return []
    likely = [f"{name} {share:.0%}" for name, share in answer.top[:2]]
    return [f"no clear class: {' against '.join(likely)}"]


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)
