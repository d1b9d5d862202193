"""The one door to Keras: imports it on the TensorFlow backend with TensorFlow's noise kept aside.

Importing this module loads TensorFlow (about 3 s), so only modules that compute with it do.
TensorFlow writes to file descriptor 2 from C++ before any logging is set up; the descriptor
is turned to a temporary file meanwhile, and `startup_noise` keeps what came, for run.log.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dlrun.errors import BackendError

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

_captured: list[str] = []


@contextmanager
def _stderr_aside() -> Iterator[None]:
    """Turns file descriptor 2 away, and collects what was written to it."""
    try:
        screen = os.dup(2)
    except OSError:  # no descriptor 2 at all (pythonw, some services): nothing to keep clean
        yield
        return
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(screen, 2)
            os.close(screen)
            noise.seek(0)
            _captured.append(noise.read().decode("utf-8", errors="replace"))


try:
    with _stderr_aside():
        import keras
        import tensorflow as tf
except BaseException:
    if sys.stderr is not None:  # whatever went wrong, the noise may say why
        sys.stderr.write("".join(_captured))
    raise

if keras.backend.backend() != "tensorflow":
    raise BackendError(
        f"Keras was imported before dlrun, on the backend {keras.backend.backend()!r}; "
        "import dlrun first, or set KERAS_BACKEND=tensorflow"
    )

startup_noise = "".join(_captured)
"""What TensorFlow wrote to the screen's error stream while it was imported."""


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


__all__ = ["keras", "startup_noise", "tensorflow_log_to", "tf", "use_threads"]
