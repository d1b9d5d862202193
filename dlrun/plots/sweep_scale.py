"""The objective in pictures of a sweep: its words, its range, its colours. Draws nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Colormap, ListedColormap

from dlrun.columns import VALIDATION
from dlrun.evaluation.sweep_rows import SweepRows, TrialRow, state_words, value_text, worst_usual
from dlrun.plots import labels
from dlrun.plots.figure import INK

BEST = "#d55e00"
"""The best trial, in every picture; `PALETTE` has it too."""


BEST_SIGN: dict[str, Any] = {
    "marker": "D",
    "color": BEST,
    "markersize": 6.5,
    "markeredgecolor": INK,
}


@dataclass(frozen=True)
class Scale:
    """Where the objective's axis begins and ends.

    Attributes:
        low: In the objective's own numbers.
        high: As `low`.
        is_log: Whether it is logarithmic.
        num_outside: How many values lie beyond its worse end.
        higher_is_better: Which end is the better one.
    """

    low: float
    high: float
    is_log: bool
    num_outside: int
    higher_is_better: bool

    @property
    def worst(self) -> float:
        """The end where the worst values lie."""
        return self.low if self.higher_is_better else self.high

    def is_outside(self, value: float) -> bool:
        """Whether a value is too bad to be drawn where it is."""
        return not self.low <= value <= self.high

    def place(self, value: float) -> float:
        """Returns where a value stands, from 0 at `low` to 1 at `high`."""
        low, high, x = (self._scaled(number) for number in (self.low, self.high, value))
        return min(max((x - low) / (high - low), 0.0), 1.0) if high > low else 0.5

    def shade(self, value: float) -> float:
        """Returns how dark a value is drawn: from 0 for the worst to 1 for the best."""
        place = self.place(value)
        return place if self.higher_is_better else 1 - place

    def _scaled(self, value: float) -> float:
        return math.log(max(value, 1e-300)) if self.is_log else value


def find_scale(rows: SweepRows, values: Sequence[float]) -> Scale:
    """Returns a scale that a few very bad values do not squash.

    Args:
        rows: Tells which way is better, and whether the scale is logarithmic.
        values: What is to be drawn; finite.
    """
    is_log = bool(values) and min(values) > 0 and rows.spans_decades
    scaled = [math.log(value) for value in values] if is_log else values
    limit = worst_usual(scaled, higher_is_better=rows.higher_is_better)
    inside = [
        value
        for value, place in zip(values, scaled, strict=True)
        if limit is None or (place >= limit if rows.higher_is_better else place <= limit)
    ]
    low, high = min(inside, default=0.0), max(inside, default=1.0)
    return Scale(low, high, is_log, len(values) - len(inside), rows.higher_is_better)


def shades() -> Colormap:
    """Returns colours from pale to dark that grow evenly darker, in grey and for the colour-blind.

    Cividis, by J. Nuñez, C. Anderton and R. Renslow, PLOS ONE 13 (2018).
    """
    return ListedColormap(colormaps["cividis_r"](np.linspace(0.06, 1.0, 256)))


def steps(count: int) -> np.ndarray:
    """Returns colours for numbers in their order, (count, 4); the more hues, the easier told."""
    found: np.ndarray = colormaps["viridis_r"](np.linspace(0.1, 1.0, count))
    return found


def objective_label(rows: SweepRows) -> str:
    """Returns the objective in words: `validation accuracy`."""
    words = labels.metric_label(rows.metric)
    return f"validation {words}" if rows.metric.startswith(VALIDATION) else words


def title_of(rows: SweepRows) -> str:
    """Returns what stands over a picture: the sweep, and what came of its trials."""
    return f"{labels.shorten(rows.name, 44)}: {state_words(rows)}"


def best_text(rows: SweepRows) -> str:
    """Returns `best: trial 12, 0.9712`, for a legend."""
    trial = rows.best_trial
    return f"best: trial {trial.number}, {labels.format_value(trial.score)}" if trial else ""


def clipped_note(rows: SweepRows, num_outside: int, num_pruned: int = 0) -> str:
    """Returns how many trials lie outside the picture, for the note below it; empty for none."""
    counts = [(num_outside, "finished"), (num_pruned, "pruned")]
    told = " and ".join(f"{count} {words}" for count, words in counts if count)
    if not told:
        return ""
    edge = "lower" if rows.higher_is_better else "upper"
    trials = "trial is" if num_outside + num_pruned == 1 else "trials are"
    return f"{told} {trials} worse than the picture reaches: arrows at its {edge} edge"


def short_text(value: Any, width: int) -> str:
    """Returns a value as a tick says it, in at most `width` characters; numbers in four digits."""
    if isinstance(value, float):
        value = float(f"{value:.4g}")
    text = value_text(value)
    name, bracket, _ = text.partition("(")
    if len(text) > width and bracket and len(name) + 3 <= width:
        return f"{name}(…)"
    return labels.shorten(text, width)


def short_texts(values: Sequence[Any], width: int) -> list[str]:
    """Returns values as ticks say them, shortened where they differ and not only in their middle.

    >>> short_texts(["same start a same end", "same start b same end"], 8)
    ['…tart a…', '…tart b…']
    """
    found = [short_text(value, width) for value in values]
    full = [short_text(value, 999) for value in values]
    if len(set(found)) == len(set(full)):
        return found
    head = _num_shared(full)
    tail = _num_shared([text[head:][::-1] for text in full])
    return [_core(text, head, len(text) - tail, width) for text in full]


def _num_shared(texts: Sequence[str]) -> int:
    """How many characters all texts begin with."""
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False))
    return len(list(columns))


def _core(text: str, start: int, end: int, width: int) -> str:
    """Returns the part from start to end, with as much before it as there is room for."""
    after = "…" if end < len(text) else ""
    first = max(min(start, end + len(after) + 1 - width), 0)
    return labels.shorten(f"{'…' * (first > 0)}{text[first:end]}{after}", width)


def has_value(trial: TrialRow) -> bool:
    """Whether a trial has a number, be it final (finished) or that of a pruned one."""
    return trial.value is not None and math.isfinite(trial.value)
