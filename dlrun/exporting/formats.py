"""The formats there are: what their files are called, and what writing and checking them needs."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

from dlrun.errors import ExportError, did_you_mean


@dataclass(frozen=True)
class Format:
    """One way to hand a model on.

    Attributes:
        name: As after `--to`.
        suffix: What follows the config's name in the name of the file or folder.
        runtime: What its check runs it in.
        packages: Packages beside dlrun's own, by the module to import.
        extra: Of dlrun, which brings them.
    """

    name: str
    suffix: str
    runtime: str
    packages: Mapping[str, str]
    extra: str = ""


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format("keras", ".keras", "keras.models.load_model", {}),
        Format("savedmodel", "_savedmodel", "tf.saved_model.load", {}),
        Format(
            "onnx",
            ".onnx",
            "ONNX Runtime",
            {"tf2onnx": "tf2onnx", "onnx": "onnx", "onnxruntime": "onnxruntime"},
            "onnx",
        ),
        Format("tflite", ".tflite", "LiteRT", {"ai_edge_litert": "ai-edge-litert"}, "tflite"),
        Format("python", ".py", "Python", {}),
    )
}
"""By name."""


def find_format(name: str) -> Format:
    """Returns the format of that name, once the packages that it needs are there.

    Raises:
        ExportError: there is no such format, or a package is missing.
    """
    if name not in FORMATS:
        raise ExportError(
            f"--to {name}: unknown format{did_you_mean(name, FORMATS)}; "
            f"there are {', '.join(FORMATS)}"
        )
    found = FORMATS[name]
    missing = [
        package
        for module, package in found.packages.items()
        if importlib.util.find_spec(module) is None
    ]
    if missing:
        is_or_are = "is" if len(missing) == 1 else "are"
        raise ExportError(
            f"--to {name}: {' and '.join(missing)} {is_or_are} not installed; "
            f"pip install 'dlrun[{found.extra}]'"
        )
    return found
