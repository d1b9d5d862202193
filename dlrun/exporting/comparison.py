"""Whether an export gives what the run gave: the largest difference, and classes that changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dlrun.errors import CheckError
from dlrun.evaluation.meaning import Meaning, predicted_classes

TOLERANCE = 1e-4
"""Largest difference, as a share of the largest number compared, that runtimes may cause."""

_HALF = {"float16": 2.0**-8, "bfloat16": 2.0**-5}
"""The same where outputs have so few digits: four units of the last one."""

LOOSE = 1e-2
"""The same of a script where it is known that last digits differ, which training lets grow."""


@dataclass(frozen=True)
class Agreement:
    """How far what was exported gives what the run gave.

    Attributes:
        compared: What, in a few words, such as `100 validation rows`.
        largest_difference: Between numbers, absolute; of metrics, that of the one off most.
        scale: The largest number among those compared, absolute; 1 at least for scores; of
            metrics, the value of that one.
        num_other_classes: Rows taken for another class; None where there are no classes.
        tolerance: How large the difference may be, as a share of the scale.
    """

    compared: str
    largest_difference: float
    scale: float
    num_other_classes: int | None = None
    tolerance: float = TOLERANCE

    @property
    def is_good(self) -> bool:
        """Whether the difference is one that runtimes cause, and no class changed."""
        is_small = self.largest_difference <= self.tolerance * self.scale  # NaN is not
        return is_small and not self.num_other_classes

    def __str__(self) -> str:
        number = self.largest_difference
        text = f"{self.compared}: "
        text += "the same to the last digit" if number == 0 else f"off by {number:.2g} at most"
        if self.num_other_classes is None:
            return text
        changed = self.num_other_classes
        return f"{text}, {f'{changed} of another class' if changed else 'the same classes'}"


def compare_outputs(ours: np.ndarray, theirs: np.ndarray, meaning: Meaning, part: str) -> Agreement:
    """Compares outputs row by row.

    Args:
        ours: (n, *output), of the run's model.
        theirs: Of the exported one, of the same rows.
        meaning: Of the outputs.
        part: Where the rows are from.
    """
    compared, tolerance = f"{len(ours)} {part} rows", _HALF.get(str(ours.dtype), TOLERANCE)
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    if ours.shape != theirs.shape:
        return Agreement(f"{compared} (shape {theirs.shape}, not {ours.shape})", float("inf"), 1.0)
    difference = float(np.abs(ours - theirs).max())
    scale = float(np.abs(ours).max())
    if not meaning.class_names:
        return Agreement(compared, difference, scale, tolerance=tolerance)
    classes = [predicted_classes(outputs, meaning.threshold) for outputs in (ours, theirs)]
    num_others = int(np.sum(classes[0] != classes[1]))
    return Agreement(compared, difference, max(1.0, scale), num_others, tolerance)


def compare_epoch(
    recorded: Mapping[str, float | None],
    repeated: Mapping[str, float],
    tolerance: float = TOLERANCE,
) -> Agreement:
    """Compares an epoch's values, of the metrics that both have, each with its own size.

    Args:
        recorded: The run's.
        repeated: The exported script's.
        tolerance: How large a difference may be, as a share of the run's value.
    """
    pairs = {
        name: (value, repeated[name])
        for name, value in recorded.items()
        if value is not None and name in repeated
    }
    compared = f"epoch 1 of the script, {', '.join(pairs) or 'no metric in common'}"
    found = [(abs(ours - theirs), abs(ours) or 1.0) for ours, theirs in pairs.values()]
    worst = max(found, key=lambda one: one[0] / one[1], default=(float("inf"), 1.0))
    return Agreement(compared, *worst, tolerance=tolerance)


def refuse_difference(place: object, found: Agreement) -> None:
    """Raises where an export gives something else than the run.

    Args:
        place: Of what was written.
        found: How it compares.

    Raises:
        CheckError: beyond what runtimes cause.
    """
    if not found.is_good:
        raise CheckError(
            f"{place}: gives something else than the run, {found}; it is kept to look into, do "
            "not rely on it; another version of the packages, or another format, may do better"
        )


def runtime_error(place: object, runtime: str, error: Exception, precision: str) -> CheckError:
    """Returns the error for what was written and cannot be run.

    Args:
        place: Of what was written.
        runtime: That refused it.
        error: What it raised.
        precision: Keras's dtype policy, in which the run was trained.
    """
    return CheckError(
        f"{place}: was written, and {runtime} cannot run it: {first_line(error)}; it is kept to "
        f"look into; {other_format(precision)}"
    )


def other_format(precision: str) -> str:
    """Returns what to do where a format does not hold a model."""
    text = "--to keras and --to savedmodel hold every model"
    if precision == "float32":
        return text
    return f"it was trained in {precision}: {text}, others want float32"


def first_line(error: Exception) -> str:
    """Returns the beginning of what a converter or a runtime says."""
    line = str(error).strip().partition("\n")[0].strip()
    return line[:200] or type(error).__name__
