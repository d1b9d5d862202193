"""Training: the compiled epoch, the loop over epochs, passes for validation and prediction."""

from dlrun.training.batches import batch_order
from dlrun.training.best import BestWeights, choose_best
from dlrun.training.callback_changes import callback_changes
from dlrun.training.callbacks import callbacks_told
from dlrun.training.engine import Engine, choose_engine
from dlrun.training.evaluation import (
    EVALUATION_BATCH_SIZE,
    Evaluator,
    make_evaluator,
    make_predictor,
)
from dlrun.training.fit import Fitted, fit_model
from dlrun.training.hashes import data_hashes, weights_hash
from dlrun.training.keeping import Keeping, checkpoint_writer
from dlrun.training.memory import memory_told
from dlrun.training.repeatability import callbacks_from_python, not_repeatable
from dlrun.training.state import check_state
from dlrun.training.tensors import TensorData
from dlrun.training.timing import EpochTime, time_epoch
from dlrun.training.train_eval import describe_train_eval, train_eval_rows

__all__ = [
    "EVALUATION_BATCH_SIZE",
    "BestWeights",
    "Engine",
    "EpochTime",
    "Evaluator",
    "Fitted",
    "Keeping",
    "TensorData",
    "batch_order",
    "callback_changes",
    "callbacks_from_python",
    "callbacks_told",
    "check_state",
    "checkpoint_writer",
    "choose_best",
    "choose_engine",
    "data_hashes",
    "describe_train_eval",
    "fit_model",
    "make_evaluator",
    "make_predictor",
    "memory_told",
    "not_repeatable",
    "time_epoch",
    "train_eval_rows",
    "weights_hash",
]
