"""How epochs run: many steps a call, compiled by XLA or not, or one step a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.config import Config
from dlrun.errors import ModelError
from dlrun.training.callbacks import callbacks_needing_batches


@dataclass(frozen=True)
class Engine:
    """How epochs run.

    Attributes:
        name: "compiled" (many steps a call), "compiled+xla", or "stepwise" (one).
        reason: Why, in a few words.
        jit_compile: Whether XLA compiles the train step; validation is never compiled by it,
            so that its numbers are those of `evaluate`.
    """

    name: str
    reason: str
    jit_compile: bool


def choose_engine(config: Config, callbacks: Sequence[Any]) -> Engine:
    """Returns the engine that the config asks for, or the fastest that the callbacks allow.

    XLA is never chosen unasked: it is faster, and its last digits are not those of `fit`.

    Args:
        config: `training.engine` and `training.jit_compile` decide.
        callbacks: Keras's callbacks, made.

    Raises:
        ModelError: a compiled engine is asked for and a callback must see every batch.
    """
    training = config.training
    jit_compile = training.jit_compile is True or training.engine == "compiled+xla"
    watching = ", ".join(callbacks_needing_batches(callbacks))
    if watching and training.engine.startswith("compiled"):
        raise ModelError(
            f"{config.place('training.engine')}: engine {training.engine!r} does not call the "
            f"batch methods of {watching}; write auto or stepwise"
        )
    if training.engine == "stepwise":
        return Engine("stepwise", "training.engine asks for it", jit_compile)
    if watching:
        return Engine("stepwise", f"{watching} must see every batch", jit_compile)
    if jit_compile:
        key = "engine" if training.engine == "compiled+xla" else "jit_compile"
        return Engine("compiled+xla", f"training.{key} asks for it", jit_compile=True)
    asked = training.engine == "compiled"
    reason = "training.engine asks for it" if asked else "the data fit in memory"
    return Engine("compiled", reason, jit_compile=False)
