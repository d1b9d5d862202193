"""Small data sets made by formula, for teaching: in the plane one can see what a net learns.

Equal options give equal arrays, in every release: tests pin the numbers.
"""

from __future__ import annotations

import math

import numpy as np

from dlrun.catalog.datasets import CARDS, Task
from dlrun.data.dataset import Array, Dataset
from dlrun.data.registry import register_dataset
from dlrun.errors import DatasetError


@register_dataset("two_moons")
def two_moons(num_samples: int = 1000, noise: float = 0.2, seed: int = 0) -> Dataset:
    """Makes two interleaving half circles of radius 1; class 0 is the upper one.

    Args:
        num_samples: Rows; the upper moon gets the smaller half of an odd number.
        noise: Standard deviation of the normal noise added to both coordinates.
        seed: Of the noise.
    """
    rng = _checked_rng("two_moons", num_samples, noise, seed)
    num_upper = num_samples // 2
    upper = np.linspace(0, math.pi, num_upper)
    lower = np.linspace(0, math.pi, num_samples - num_upper)
    points = np.concatenate(
        [
            np.stack([np.cos(upper), np.sin(upper)], axis=1),
            np.stack([1 - np.cos(lower), 0.5 - np.sin(lower)], axis=1),
        ]
    )
    labels = np.repeat([0, 1], [num_upper, num_samples - num_upper])
    return _plane("two_moons", points + noise * rng.standard_normal(points.shape), labels)


@register_dataset("xor")
def xor(num_samples: int = 1000, noise: float = 0.15, seed: int = 0) -> Dataset:
    """Makes clouds around (0,0), (0,1), (1,0), (1,1); the class is the exclusive or.

    Args:
        num_samples: Rows, dealt to the corners in turn.
        noise: Standard deviation of the clouds; 0 gives the truth table itself.
        seed: Of the noise.
    """
    rng = _checked_rng("xor", num_samples, noise, seed)
    corner = np.arange(num_samples) % 4
    bits = np.stack([corner // 2, corner % 2], axis=1)
    points = bits + noise * rng.standard_normal(bits.shape)
    return _plane("xor", points, bits[:, 0] ^ bits[:, 1])


@register_dataset("spirals")
def spirals(
    num_samples: int = 1000,
    noise: float = 0.02,
    num_classes: int = 2,
    turns: float = 1.5,
    seed: int = 0,
) -> Dataset:
    """Makes spiral arms that wind out of the centre to radius 1, one arm a class.

    Args:
        num_samples: Rows, dealt to the arms in turn.
        noise: Standard deviation of the normal noise added to both coordinates.
        num_classes: How many arms, 2 or more.
        turns: How often each arm winds around the centre; more is harder.
        seed: Of the noise.
    """
    rng = _checked_rng("spirals", num_samples, noise, seed)
    _check_number("spirals", "turns", turns)
    if isinstance(num_classes, bool) or not isinstance(num_classes, int) or num_classes < 2:
        raise _wrong_option("spirals", "num_classes", num_classes, "a whole number from 2")
    if num_samples < num_classes:
        raise _wrong_option("spirals", "num_samples", num_samples, f"at least {num_classes}")
    labels = np.arange(num_samples) % num_classes
    radius = (np.arange(num_samples) // num_classes + 1) / math.ceil(num_samples / num_classes)
    angle = 2 * math.pi * (turns * radius + labels / num_classes)
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    names = tuple(str(label) for label in range(num_classes))
    task: Task = "binary" if num_classes == 2 else "multiclass"
    points += noise * rng.standard_normal(points.shape)
    return _plane("spirals", points, labels, task=task, class_names=names)


@register_dataset("linear")
def linear(
    num_samples: int = 200,
    noise: float = 0.5,
    slope: float = 2.0,
    intercept: float = 1.0,
    seed: int = 0,
) -> Dataset:
    """Makes y = slope · x + intercept + noise, x uniform in [-3, 3).

    Args:
        num_samples: Rows.
        noise: Standard deviation of the normal noise added to y.
        slope: What a single neuron's weight must come to.
        intercept: What its bias must come to.
        seed: Of x and the noise.
    """
    rng = _checked_rng("linear", num_samples, noise, seed)
    _check_number("linear", "slope", slope)
    _check_number("linear", "intercept", intercept)
    x = rng.uniform(-3, 3, size=(num_samples, 1))
    y = slope * x[:, 0] + intercept + noise * rng.standard_normal(num_samples)
    return _regression("linear", x, y, ("x",))


@register_dataset("seven_features")
def seven_features(num_samples: int = 1000, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Makes seven features uniform in [-1, 1) and one number to predict from them.

    y = 2·x1 - x2 + x3² + x4·x5 + sin(π·x6) + noise; x7 does not matter.

    Args:
        num_samples: Rows.
        noise: Standard deviation of the normal noise added to y.
        seed: Of x and the noise.
    """
    rng = _checked_rng("seven_features", num_samples, noise, seed)
    x = rng.uniform(-1, 1, size=(num_samples, 7))
    x1, x2, x3, x4, x5, x6, _ = x.T
    y = 2 * x1 - x2 + x3**2 + x4 * x5 + np.sin(math.pi * x6)
    y += noise * rng.standard_normal(num_samples)
    return _regression("seven_features", x, y, tuple(f"x{i}" for i in range(1, 8)))


def _plane(
    name: str,
    points: Array,
    labels: Array,
    task: Task = "binary",
    class_names: tuple[str, ...] = (),
) -> Dataset:
    card = CARDS[name]
    return Dataset(
        name=name,
        task=task,
        x=points.astype(np.float32),
        y=labels.astype(np.int64),
        class_names=class_names or card.class_names,
        feature_names=("x1", "x2"),
        title=card.title,
        source=card.source,
        licence=card.licence,
    )


def _regression(name: str, x: Array, y: Array, feature_names: tuple[str, ...]) -> Dataset:
    card = CARDS[name]
    return Dataset(
        name=name,
        task="regression",
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        feature_names=feature_names,
        title=card.title,
        source=card.source,
        licence=card.licence,
    )


def _checked_rng(name: str, num_samples: int, noise: float, seed: int) -> np.random.Generator:
    """Checks the options every set has, and returns the generator of its random numbers."""
    if isinstance(num_samples, bool) or not isinstance(num_samples, int) or num_samples < 2:
        raise _wrong_option(name, "num_samples", num_samples, "a whole number from 2")
    _check_number(name, "noise", noise)
    if noise < 0:
        raise _wrong_option(name, "noise", noise, "0 or more")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise _wrong_option(name, "seed", seed, "a whole number from 0")
    return np.random.default_rng(seed)


def _check_number(name: str, option: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong_option(name, option, value, "a number")


def _wrong_option(name: str, option: str, value: object, wanted: str) -> DatasetError:
    return DatasetError(f"{name}: {option} is {value!r}; it must be {wanted}")
