"""Exported models loaded again, each as somebody without dlrun would load it, and run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.backend import keras, tf


def run_exported(form: str, path: Path, x: np.ndarray) -> np.ndarray:
    """Returns what an exported model gives, (n, *output).

    Args:
        form: Name of its format, any but python.
        path: Of the file or folder.
        x: (n, *features), rows as the data set has them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that look at one another
        return _RUNTIMES[form](path, x)


def _run_keras(path: Path, x: np.ndarray) -> np.ndarray:
    return np.asarray(keras.models.load_model(path)(x, training=False))


def _run_savedmodel(path: Path, x: np.ndarray) -> np.ndarray:
    loaded = tf.saved_model.load(str(path))
    signature = loaded.signatures["serving_default"]
    (name,) = signature.structured_input_signature[1]
    (outputs,) = signature(**{name: tf.constant(x)}).values()
    return np.asarray(outputs)


def _run_onnx(path: Path, x: np.ndarray) -> np.ndarray:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    (outputs,) = session.run(None, {taken.name: x})
    return np.asarray(outputs)


def _run_tflite(path: Path, x: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    interpreter: Any = Interpreter(model_path=str(path))
    (taken,) = interpreter.get_input_details()
    one_by_one = taken["shape_signature"][0] == 1
    if not one_by_one:
        interpreter.resize_tensor_input(taken["index"], x.shape)
    interpreter.allocate_tensors()
    (given,), found = interpreter.get_output_details(), []
    for rows in np.split(x, len(x)) if one_by_one else [x]:
        interpreter.set_tensor(taken["index"], rows)
        interpreter.invoke()
        found.append(interpreter.get_tensor(given["index"]))
    return np.concatenate(found)


_RUNTIMES: Mapping[str, Callable[[Path, np.ndarray], np.ndarray]] = {
    "keras": _run_keras,
    "savedmodel": _run_savedmodel,
    "onnx": _run_onnx,
    "tflite": _run_tflite,
}
