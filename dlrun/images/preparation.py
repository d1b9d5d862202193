"""From a picture of anything to pixels as a model was trained on them, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from dlrun.errors import InputError
from dlrun.images import glyph
from dlrun.images.ink import Ink, find_ink
from dlrun.images.measuring import Looks
from dlrun.images.reading import Picture, shrink

Array = np.ndarray

STEPS = ("polarity", "light", "ink", "figure", "strokes", "centre")
"""The steps that can be left out, in order: dark paper is found, shadows are removed, ink is made
quite black, the figure is cut out and fitted, thin and thick strokes are evened, and it is put
in the middle."""

LARGEST = 400
"""Pixels to which the longer side of a picture of one figure is shrunk: finer is grain."""

LEAST_CONTRAST = 0.03
"""Of ink against paper, below which nothing is drawn."""


@dataclass(frozen=True)
class Recipe:
    """How pictures are prepared for one model.

    Attributes:
        shape: Of one sample, (height, width) or (height, width, channels).
        looks: Of the training images.
        without: Names of `STEPS` that are left out.
    """

    shape: tuple[int, ...]
    looks: Looks
    without: frozenset[str] = frozenset()

    @property
    def canvas(self) -> tuple[int, int]:
        """Height and width of a sample."""
        return self.shape[0], self.shape[1]

    def does(self, step: str) -> bool:
        """Whether a step is taken."""
        return step not in self.without


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture as the model is given it.

    Attributes:
        name: Of the picture.
        pixels: Of the recipe's shape and type.
        source: The picture, (height, width, 3) uint8, shrunk.
        steps: Name and (height, width) picture of each step, 0 to 1, for showing.
        remarks: What the picture is like that may mislead the model.
    """

    name: str
    pixels: Array
    source: Array
    steps: tuple[tuple[str, Array], ...] = ()
    remarks: tuple[str, ...] = field(default=())


def prepare_picture(picture: Picture, recipe: Recipe) -> Prepared:
    """Prepares a picture of one thing as the model's training images were.

    Args:
        picture: As it was read.
        recipe: Of the model.

    Raises:
        InputError: nothing is drawn on it.
    """
    if recipe.looks.kind == "picture":
        return _plain(picture, recipe)
    # Turned to bright paper before it is shrunk, so that a negative gives the same to the bit.
    ink = find_ink(
        picture.pixels,
        even_light=recipe.does("light"),
        separate=recipe.does("ink") and recipe.looks.kind == "drawing",
        polarity=recipe.does("polarity"),
        side=LARGEST,
    )
    if ink.contrast < LEAST_CONTRAST:
        raise InputError(f"{picture.name}: nothing is drawn on it, only paper")
    return _from_ink(picture, ink, recipe)


def prepare_ink(name: str, source: Array, ink: Ink, recipe: Recipe) -> Prepared:
    """Prepares a figure whose ink is known, such as one of many on a page.

    Args:
        name: Of the figure.
        source: What to show as the input.
        ink: Of the figure alone.
        recipe: Of the model.
    """
    return _from_ink(Picture(name, source), ink, recipe)


def _from_ink(picture: Picture, ink: Ink, recipe: Recipe) -> Prepared:
    looks, amount = recipe.looks, ink.amount
    shown = [("ink", amount)]

    def taken(name: str, change: Callable[[Array], Array]) -> None:
        nonlocal amount
        amount = change(amount)
        shown.append((name, amount))

    if recipe.does("figure"):
        alone = glyph.largest_figure if looks.kind == "drawing" else np.asarray
        taken("figure", lambda found: glyph.crop(alone(found)))
    width = glyph.stroke_width(amount, looks.box) if looks.stroke_median else 0.0
    thin, thick = _limits(looks)
    if recipe.does("strokes") and width and not thin <= width <= thick:
        target = looks.stroke_median * 1.08 if width < thin else looks.stroke_high
        taken("strokes", lambda found: glyph.restroke(found, looks.box, target))
    box = looks.box if recipe.does("figure") else min(recipe.canvas)
    if max(amount.shape) != box:
        taken("fitted", lambda found: glyph.fit(found, box))
    if recipe.does("centre"):
        by_mass = looks.centred == "mass"
        taken("centred", lambda found: glyph.centre(found, recipe.canvas, by_mass=by_mass))
    else:
        taken("placed", lambda found: glyph.centre(found, recipe.canvas, by_mass=False))
    if recipe.does("ink") and looks.kind == "drawing" and amount.max() > 0:
        amount = amount / amount.max()
    pixels = _as_samples(amount, recipe)
    remarks = (*picture.remarks, *_remarks(ink, amount, looks))
    return Prepared(picture.name, pixels, shrink(picture.pixels, LARGEST), tuple(shown), remarks)


def _limits(looks: Looks) -> tuple[float, float]:
    """Thickness of strokes outside of which they are evened."""
    return 0.8 * looks.stroke_low, 1.1 * looks.stroke_high


def _as_samples(amount: Array, recipe: Recipe) -> Array:
    looks = recipe.looks
    values = looks.ground + amount * (looks.full - looks.ground)
    if len(recipe.shape) == 3:
        values = np.repeat(values[..., np.newaxis], recipe.shape[2], axis=2)
    if recipe.looks.is_integer:
        return np.rint(values).astype(np.uint8)
    return values.astype(np.float32)


def _remarks(ink: Ink, amount: Array, looks: Looks) -> list[str]:
    """What may mislead the model, each with its numbers."""
    found = []
    share = float(amount.mean())
    if share < 0.7 * looks.ink_low:
        found.append(f"little ink: {share:.3f} of the picture, {looks.ink_mean:.3f} in training")
    if share > 1.3 * looks.ink_high:
        found.append(f"much ink: {share:.3f} of the picture, {looks.ink_mean:.3f} in training")
    if looks.kind == "drawing" and ink.contrast < 0.12:
        found.append(f"faint: ink is {ink.contrast:.0%} darker than paper")
    if looks.kind == "drawing" and ink.noise > 0.25 * ink.contrast:
        found.append("paper and ink are hard to tell apart")
    return found


def _plain(picture: Picture, recipe: Recipe) -> Prepared:
    """The whole picture, its middle in the training images' proportions."""
    height, width = recipe.canvas
    image = Image.fromarray(picture.pixels)
    scale = max(height / image.height, width / image.width)
    cut_height, cut_width = height / scale, width / scale
    left, top = (image.width - cut_width) / 2, (image.height - cut_height) / 2
    box = (left, top, left + cut_width, top + cut_height)
    way = Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BICUBIC
    fitted = np.asarray(image.resize((width, height), way, box=box)).astype(np.float32)
    channels = recipe.shape[2] if len(recipe.shape) == 3 else 1
    if channels != 3:
        gray = fitted.mean(axis=2)
        fitted = gray if len(recipe.shape) == 2 else np.repeat(gray[..., None], channels, axis=2)
    if recipe.looks.is_integer:
        pixels = np.clip(np.rint(fitted), 0, 255).astype(np.uint8)
    else:
        pixels = (fitted / 255 * recipe.looks.full).astype(np.float32)
    shown = pixels.reshape(height, width, -1).mean(axis=2) / recipe.looks.full
    source = shrink(picture.pixels, LARGEST)
    return Prepared(picture.name, pixels, source, (("fitted", shown),), picture.remarks)
