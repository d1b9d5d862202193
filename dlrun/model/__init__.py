"""From a config to a compiled Keras model, and its parameter counts."""

from dlrun.model.build import BuiltModel, build_model
from dlrun.model.monitored import metric_modes
from dlrun.model.stack import build_layers, count_model

__all__ = ["BuiltModel", "build_layers", "build_model", "count_model", "metric_modes"]
