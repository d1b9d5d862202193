"""From a config to a compiled Keras model, and its parameter counts."""

from dlrun.model.build import (
    BuiltModel,
    build_callbacks,
    build_layers,
    build_model,
    count_model,
)

__all__ = ["BuiltModel", "build_callbacks", "build_layers", "build_model", "count_model"]
