"""What is predicted, and what came out: one sample is an image, a figure on a page, or a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from os.path import commonpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.predicting.answers import Answer

if TYPE_CHECKING:
    from dlrun.images.preparation import Prepared
    from dlrun.runs import Run


@dataclass(frozen=True)
class Sample:
    """One sample and what the model says of it.

    Attributes:
        name: Path, with the figure's number on a page or the row's in a table.
        answer: None where it could not be predicted.
        label: What it is, where that is known: a class name or a number.
        remarks: What may have misled the model.
        error: Why it could not be predicted.
    """

    name: str
    answer: Answer | None = None
    label: str | float | None = None
    remarks: tuple[str, ...] = ()
    error: str | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether another class is known than was predicted."""
        return (
            self.answer is not None
            and isinstance(self.label, str)
            and self.answer.predicted != self.label
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data for JSON."""
        found: dict[str, Any] = {"input": self.name, "label": self.label}
        if self.answer is not None:
            found["predicted"] = self.answer.predicted
            if self.answer.top:
                found["top"] = [
                    {"class": name, "probability": share} for name, share in self.answer.top
                ]
        return {**found, "remarks": list(self.remarks), "error": self.error}


def short_names(samples: Sequence[Sample]) -> list[str]:
    """Returns the samples' names without the folders that all of them are in."""
    names = [sample.name for sample in samples]
    parents = {str(Path(name).parent) for name in names}
    try:
        common = commonpath(parents)
    except ValueError:  # none, or on several drives
        return names
    return [name[len(common) :].lstrip("/\\") if common else name for name in names]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Everything that one call predicted.

    Attributes:
        run: Whose model.
        folder: Where it is kept.
        samples: In order; of tables the first ones alone.
        num_samples: How many there were, those that failed included.
        num_failed: How many could not be predicted.
        report: As `evaluation.json` has it, of samples whose label is known; None without any.
        prepared: Images as the model was given them, by their place in `samples`.
    """

    run: Run
    folder: Path
    samples: tuple[Sample, ...]
    num_samples: int
    num_failed: int
    report: dict[str, Any] | None = None
    prepared: dict[int, Prepared] = field(default_factory=dict, repr=False)
