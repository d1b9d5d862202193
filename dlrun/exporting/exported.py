"""`Exported`: what an export has come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dlrun.exporting.comparison import Agreement
from dlrun.runs import Run


@dataclass(frozen=True)
class Exported:
    """What was written, and how it compares with the run.

    Attributes:
        run: That was exported.
        format: "keras", "savedmodel", "onnx", "tflite" or "python".
        path: Of the file or folder.
        files: The small files beside it.
        input: What the model takes; of a script, where its data are from.
        class_names: In the order of the outputs; empty where numbers are predicted.
        agreement: With the run.
        remarks: What the format cannot hold, and other things to know, a sentence each.
    """

    run: Run
    format: str
    path: Path
    files: tuple[Path, ...]
    input: str
    class_names: tuple[str, ...]
    agreement: Agreement
    remarks: tuple[str, ...] = ()

    @property
    def largest_difference(self) -> float:
        """Between the run's numbers and those of what was written, absolute."""
        return self.agreement.largest_difference
