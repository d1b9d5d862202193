"""Training: the compiled epoch, the loop over epochs, passes for validation and prediction."""

from dlrun.training.batches import batch_order
from dlrun.training.best import BestWeights, choose_best
from dlrun.training.engine import Engine, choose_engine
from dlrun.training.evaluation import EVALUATION_BATCH_SIZE, evaluate_rows, predict_rows
from dlrun.training.fit import Fitted, fit_model
from dlrun.training.tensors import TensorData

__all__ = [
    "EVALUATION_BATCH_SIZE",
    "BestWeights",
    "Engine",
    "Fitted",
    "TensorData",
    "batch_order",
    "choose_best",
    "choose_engine",
    "evaluate_rows",
    "fit_model",
    "predict_rows",
]
