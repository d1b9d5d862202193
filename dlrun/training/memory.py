"""Too little memory, told in words; what was kept before stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dlrun.backend import tf
from dlrun.config import Config
from dlrun.errors import OutOfMemoryError


@contextmanager
def memory_told(config: Config) -> Iterator[None]:
    """Turns what Python, NumPy and TensorFlow raise without memory into one error.

    Raises:
        OutOfMemoryError: there was too little.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise OutOfMemoryError(
            f"out of memory, {reason}; close other programs, or train anew with a "
            f"training.batch_size smaller than {config.training.batch_size}"
        ) from error
