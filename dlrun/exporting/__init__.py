"""A run's model for others: Keras, SavedModel, ONNX, LiteRT, or the script that trains it."""

from dlrun.exporting.export import export_run
from dlrun.exporting.exported import Exported
from dlrun.exporting.formats import FORMATS

__all__ = ["FORMATS", "Exported", "export_run"]
