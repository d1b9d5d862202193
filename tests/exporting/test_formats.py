"""Formats by name, and what each needs."""

import importlib.util

import pytest

from dlrun.errors import ExportError
from dlrun.exporting.formats import find_format


def test_a_mistyped_format_is_told_with_the_nearest() -> None:
    with pytest.raises(
        ExportError, match=r"unknown format; did you mean 'onnx'\?; there are keras"
    ):
        find_format("onx")


@pytest.mark.parametrize(
    ("name", "gone", "message"),
    [
        ("onnx", {"tf2onnx"}, r"tf2onnx is not installed; pip install 'dlrun\[onnx\]'"),
        ("onnx", {"tf2onnx", "onnx", "onnxruntime"},
         r"tf2onnx and onnx and onnxruntime are not installed; pip install 'dlrun\[onnx\]'"),
        ("tflite", {"ai_edge_litert"},
         r"--to tflite: ai-edge-litert is not installed; pip install 'dlrun\[tflite\]'"),
    ],
)  # fmt: skip
def test_a_missing_package_is_told_with_the_command_that_brings_it(
    name: str, gone: set[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None if module in gone else 1)
    with pytest.raises(ExportError, match=message):
        find_format(name)


def test_keras_and_scripts_need_nothing_more() -> None:
    assert not find_format("keras").packages
    assert not find_format("python").packages
