"""Too little memory, told in words; what was kept before stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from dlrun.backend import tf
from dlrun.config import Config
from dlrun.errors import ModelError, OutOfMemoryError

_TENSOR = re.compile(r"OOM when allocating tensor with shape\s?\[([\d,]*)\] and type (\w+)")


@contextmanager
def memory_told(config: Config) -> Iterator[None]:
    """Turns what Python, NumPy and TensorFlow raise without memory into one error.

    Raises:
        OutOfMemoryError: there was too little.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError, ModelError) as error:
        cause = error.__cause__ if isinstance(error, ModelError) else error
        if not isinstance(cause, MemoryError | tf.errors.ResourceExhaustedError):
            raise
        raise OutOfMemoryError(
            f"out of memory, {_reason(cause)}; close other programs, or train anew with a smaller "
            f"net or a training.batch_size below {config.training.batch_size}"
        ) from error


def _reason(error: Exception) -> str:
    text = str(error).split("\n")[0].rstrip(".")
    tensor = _TENSOR.search(text)
    if tensor is not None:
        shape = " × ".join(f"{int(size):,}" for size in tensor[1].split(",") if size)
        return f"there is no room for {shape} numbers ({tensor[2]})"
    return text[:1].lower() + text[1:] or type(error).__name__
