"""Words and numbers on figures: what a metric is called, how a value is written."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence

from dlrun.columns import metric_of

_WORDS = {
    "crossentropy": "cross-entropy",
    "auc": "AUC",
    "kl": "KL",
    "iou": "IoU",
    "f1": "F1",
    "r2": "R²",
    "poisson": "Poisson",
    "huber": "Huber",
    "ctc": "CTC",
    "acc": "accuracy",
    "mse": "mean squared error",
    "mae": "mean absolute error",
    "lr": "learning rate",
}


def metric_label(metric: str, loss_name: str | None = None) -> str:
    """Returns a metric in words, as an axis says it.

    Args:
        metric: A column of a history; `val_` or `train_eval_` in front of it is left out.
        loss_name: What the loss is, such as `CategoricalCrossentropy`; in any spelling.

    >>> metric_label("loss", loss_name="CategoricalCrossentropy")
    'loss (categorical cross-entropy)'
    """
    name = metric_of(metric)
    if name == "loss" and loss_name:
        return f"loss ({_in_words(loss_name)})"
    return _in_words(name)


def _in_words(name: str) -> str:
    # CategoricalCrossentropy → Categorical_Crossentropy, KLDivergence → KL_Divergence
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    words = [word for word in re.split(r"[_\s]+", apart) if word]
    text = " ".join(_WORDS.get(word.lower(), word.lower()) for word in words)
    return text.replace("top k ", "top-k ").replace("log cosh", "log-cosh")


def format_value(value: float) -> str:
    """Returns a loss or metric with about four digits: 0.9712, 12.35, 1.2e9."""
    size = abs(value)
    if not math.isfinite(value):
        return "not a number"
    if value == 0:
        return "0"
    if size < 0.001 or size >= 1e5:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.4f}" if size < 10 else f"{value:.4g}"


def format_tick(value: float) -> str:
    """Returns a number as short as an axis needs it: 0.01, 20k, 1.5M, 1e9."""
    size = abs(value)
    if size >= 1e9 or 0 < size < 1e-4:
        return format_power(value)
    if size >= 1e6:
        return f"{value / 1e6:g}M"
    if size >= 1e4:
        return f"{value / 1e3:g}k"
    return f"{value:.6g}"


def format_power(value: float) -> str:
    """Returns a very large or very small number: 2.5e9."""
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def format_shape(shape: Sequence[int | None]) -> str:
    """Returns a shape as it is said: `28 × 28 × 32`; without the batch, `?` where unknown."""
    return " × ".join("?" if size is None else str(size) for size in shape) or "1"


def shorten(text: str, width: int) -> str:
    """Returns `text` with its middle left out where it has more than `width` characters."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def wrap(text: str, inches: float, points: float, max_lines: int = 2) -> str:
    """Returns bold `text` in at most `max_lines` lines about `inches` wide, at `points` in size."""
    width = max(12, int(inches * 72 / (0.58 * points)))
    lines = textwrap.wrap(text, width, max_lines=max_lines, placeholder=" …")
    return "\n".join(lines)
