"""How epochs run: many steps a call, compiled by XLA or not, or one step a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlrun.backend import keras
from dlrun.config import Config
from dlrun.errors import ModelError
from dlrun.model import BuiltModel
from dlrun.training.callbacks import callbacks_needing_batches


@dataclass(frozen=True)
class Engine:
    """How epochs run.

    Attributes:
        name: "compiled" (many steps a call), "compiled+xla", or "stepwise" (one).
        reason: Why, in a few words.
        jit_compile: Whether XLA compiles the train step; validation is never compiled by it,
            so that its numbers are those of `evaluate`.
        every_batch: Whether callbacks are told of every batch.
    """

    name: str
    reason: str
    jit_compile: bool = False
    every_batch: bool = False


def choose_engine(config: Config, built: BuiltModel) -> Engine:
    """Returns the engine that the config asks for, or the fastest that gives `fit`'s numbers.

    XLA is never chosen unasked: it is faster, and its last digits are not those of `fit`.

    Args:
        config: `training.engine` and `training.jit_compile` decide.
        built: The model and its callbacks.

    Raises:
        ModelError: a compiled engine is asked for and a callback must see every batch.
    """
    training = config.training
    jit_compile = training.jit_compile is True or training.engine == "compiled+xla"
    watching = ", ".join(callbacks_needing_batches(built.callbacks))
    if watching and training.engine.startswith("compiled"):
        raise ModelError(
            f"{config.place('training.engine')}: engine {training.engine!r} does not call the "
            f"batch methods of {watching}; write auto or stepwise"
        )
    if watching or training.engine == "stepwise":
        asked = "training.engine asks for it"
        reason = f"{watching} must see every batch" if watching else asked
        return Engine("stepwise", reason, jit_compile, every_batch=bool(watching))
    if jit_compile:
        key = "engine" if training.engine == "compiled+xla" else "jit_compile"
        return Engine("compiled+xla", f"training.{key} asks for it", jit_compile=True)
    if training.engine == "compiled":
        return Engine("compiled", "training.engine asks for it")
    if _has_silu(built.model):
        return Engine("stepwise", "silu has other last digits in a compiled loop than in fit")
    return Engine("compiled", "the data fit in memory")


def _has_silu(model: Any) -> bool:
    """Whether a layer's activation is x · sigmoid(x), called silu or swish.

    TensorFlow fuses its two operations into one with other last digits, in a plain function and
    not in a loop; of Keras's activations it is the only one where a loop makes a difference.
    """
    layers = [inner for layer in model.layers for inner in (layer, getattr(layer, "layer", None))]
    return any(getattr(layer, "activation", None) is keras.activations.silu for layer in layers)
