"""The one door to Keras: imports it on the TensorFlow backend with TensorFlow's noise kept aside.

Importing this module loads TensorFlow (about 2 s), so only modules that compute with it do.
TensorFlow writes to file descriptor 2 from C++ before any logging is set up; the descriptor
is turned to a temporary file meanwhile, and `startup_noise` keeps what came, for run.log.
"""

from __future__ import annotations

import gc
import importlib.abc
import importlib.machinery
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dlrun.errors import BackendError
from dlrun.screen import descriptor_aside, shares_descriptor, written

os.environ["KERAS_BACKEND"] = "tensorflow"
if shares_descriptor():  # else all of it goes to run.log, where no line is too much
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

_LATER_PARTS = {
    "keras.wrappers",  # imports scikit-learn, 0.6 s
    "keras._tf_keras.keras.wrappers",
    "keras.src.trainers.data_adapters.array_slicing",  # pandas, 0.3 s; used by Keras's own `fit`
    "keras.visualization",  # matplotlib, 0.3 s
    "keras._tf_keras.keras.visualization",
    "keras.src.visualization",
    "tensorflow.python.keras.models",  # SciPy, 0.1 s; the Keras of old inside TensorFlow
}
"""Parts of Keras and TensorFlow that dlrun does not use, and what they import if it is there."""


class _LaterParts(importlib.abc.MetaPathFinder):
    """Has parts of Keras and TensorFlow executed at their first use, then exactly as ever.

    A name that another release does not have changes nothing.
    """

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Finds such a module as usual, and has its loader wait."""
        if name not in _LATER_PARTS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


@contextmanager
def _quick_imports() -> Iterator[None]:
    """Imports only what is needed, and does not look for garbage, of which imports leave little.

    Where the process is the command line's own, it is never looked for among what was imported:
    a look takes 0.2 s. Elsewhere a user's objects are there too, and may become garbage.
    """
    parts, collects = _LaterParts(), gc.isenabled()
    sys.meta_path.insert(0, parts)
    gc.disable()
    try:
        yield
    finally:
        sys.meta_path.remove(parts)
        if "dlrun.cli" in sys.modules:
            gc.freeze()
        if collects:
            gc.enable()


startup_noise = ""
"""What TensorFlow wrote to the screen's error stream while it was imported."""

try:
    with descriptor_aside() as _noise:
        try:
            with _quick_imports():
                import keras
                import tensorflow as tf
        finally:
            startup_noise = written(_noise)
except Exception:
    if sys.stderr is not None:  # whatever went wrong, the noise may say why
        sys.stderr.write(startup_noise)
    raise

if keras.backend.backend() != "tensorflow":
    raise BackendError(
        f"Keras was imported before dlrun, on the backend {keras.backend.backend()!r}; "
        "import dlrun first, or set KERAS_BACKEND=tensorflow"
    )


@contextmanager
def tensorflow_log_to(write: Callable[[str], None]) -> Iterator[None]:
    """Sends what TensorFlow's Python code logs to `write` instead of the screen."""
    logger = tf.get_logger()
    handlers, logger.handlers = logger.handlers, [_Lines(write)]
    try:
        yield
    finally:
        logger.handlers = handlers


class _Lines(logging.Handler):
    """Hands each record's text to a function."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record."""
        self._write(record.getMessage())


@contextmanager
def custom_gradients_forgotten() -> Iterator[None]:
    """Has TensorFlow drop, in the end, the custom gradients that were registered meanwhile.

    Each trace of a Keras optimizer's step registers one for good (`ReplicaContext.all_reduce` by
    `custom_gradient._graph_mode_decorator`, TensorFlow 2.21), through which it holds the graph,
    the model and the data for the life of the process: 60 MB a training of MNIST. They are asked
    for while a gradient is traced, and never after.
    """
    from tensorflow.python.framework.ops import gradient_registry

    before = set(gradient_registry.list())
    try:
        yield
    finally:
        for name in set(gradient_registry.list()) - before:
            if name.startswith("CustomGradient-"):
                gradient_registry._registry.pop(name)


def use_threads(wanted: int) -> int:
    """Gives TensorFlow so many threads, unless it runs already: it takes them once a process.

    Returns:
        How many it has; 0 stands for as many as there are processors.
    """
    threading = tf.config.threading
    try:
        threading.set_intra_op_parallelism_threads(wanted)
        threading.set_inter_op_parallelism_threads(wanted)
    except RuntimeError:  # TensorFlow's context is made, by an earlier training or by the user
        pass
    return int(threading.get_intra_op_parallelism_threads())


__all__ = [
    "custom_gradients_forgotten",
    "keras",
    "startup_noise",
    "tensorflow_log_to",
    "tf",
    "use_threads",
]
