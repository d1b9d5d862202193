"""Training: the compiled epoch, the loop over epochs, passes for validation and prediction."""

from dlrun.training.batches import batch_order
from dlrun.training.best import BestWeights, choose_best
from dlrun.training.fit import Fitted, fit_model
from dlrun.training.passes import EVALUATION_BATCH_SIZE, TensorData, evaluate_rows, predict_rows

__all__ = [
    "EVALUATION_BATCH_SIZE",
    "BestWeights",
    "Fitted",
    "TensorData",
    "batch_order",
    "choose_best",
    "evaluate_rows",
    "fit_model",
    "predict_rows",
]
