"""A run's model for others: Keras, SavedModel, ONNX, LiteRT, or the script that trains it."""

from dlrun.exporting.export import Exported, export_run
from dlrun.exporting.formats import FORMATS

__all__ = ["FORMATS", "Exported", "export_run"]
