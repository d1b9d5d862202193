"""The one door to Keras: imports it on the TensorFlow backend with TensorFlow's noise kept aside.

Importing this module loads TensorFlow (about 3 s), so only modules that compute with it do.
TensorFlow writes to file descriptor 2 from C++ before any logging is set up; the descriptor
is turned to a temporary file meanwhile, and `startup_noise` keeps what came, for run.log.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

_captured: list[str] = []


@contextmanager
def _stderr_aside() -> Iterator[None]:
    """Turns file descriptor 2 away, and collects what was written to it."""
    sys.stderr.flush()
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
            sys.stderr.flush()
            os.dup2(screen, 2)
            os.close(screen)
            noise.seek(0)
            _captured.append(noise.read().decode("utf-8", errors="replace"))


with _stderr_aside():
    import keras
    import tensorflow as tf

startup_noise = "".join(_captured)
"""What TensorFlow wrote to the screen's error stream while it was imported."""

__all__ = ["keras", "startup_noise", "tf"]
