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
        name: "compiled" (many steps a call), "compiled+xla", or "stepwise" (one). XLA compiles
            the train step alone, so that validation gives the numbers of `evaluate`.
        reason: Why, in a few words.
        every_batch: Whether callbacks are told of every batch.
    """

    name: str
    reason: str
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
    watching = ", ".join(callbacks_needing_batches(built.callbacks))
    if watching and training.engine.startswith("compiled"):
        raise ModelError(
            f"{config.place('training.engine')}: engine {training.engine!r} does not call the "
            f"batch methods of {watching}; write auto or stepwise"
        )
    if watching:
        without = "; it is not compiled by XLA" if training.wants_xla else ""
        return Engine("stepwise", f"{watching} must see every batch{without}", every_batch=True)
    if training.engine == "stepwise":
        return Engine("stepwise", "training.engine asks for it")
    if training.wants_xla:
        key = "engine" if training.engine == "compiled+xla" else "jit_compile"
        return Engine("compiled+xla", f"training.{key} asks for it")
    differs = "silu has other last digits in a compiled loop than in fit"
    if training.engine == "compiled":
        reason = "training.engine asks for it"
        return Engine("compiled", f"{reason}; {differs}" if _has_silu(built.model) else reason)
    if _has_silu(built.model):
        return Engine("stepwise", differs)
    return Engine("compiled", "the data fit in memory")


def _has_silu(model: Any) -> bool:
    """Whether a layer's activation is x · sigmoid(x), called silu or swish.

    TensorFlow fuses its two operations into one with other last digits, in a plain function and
    not in a loop; of Keras's activations it is the only one where a loop makes a difference.
    """
    layers = [inner for layer in model.layers for inner in (layer, getattr(layer, "layer", None))]
    return any(getattr(layer, "activation", None) is keras.activations.silu for layer in layers)
