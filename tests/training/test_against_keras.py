"""What dlrun trains equals what `model.fit(shuffle=False)` trains on rows in dlrun's order.

To the last bit: weights, the optimizer's variables, each metric of each epoch, validation.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.columns import metric_of
from dlrun.config import load_config
from dlrun.model import build_model
from dlrun.prepare import prepare_data
from dlrun.training import TensorData, fit_model

DENSE = {"Dense": {"units": 8, "activation": "relu"}}
LINEAR = {"Dense": {"units": 8}}
NORM = {"BatchNormalization": {}}
THREE = {"Dense": {"units": 3, "activation": "softmax"}}
ONE = {"Dense": {"units": 1, "activation": "sigmoid"}}
NUMBER = {"Dense": {"units": 1}}
CONV = {"Conv2D": {"filters": 3, "kernel_size": 3, "activation": "relu"}}
DECAY = {"ExponentialDecay": {"initial_learning_rate": 0.5, "decay_steps": 3, "decay_rate": 0.7}}
COSINE = {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 9, "alpha": 0.01}}

OPTIMIZERS = {
    "SGD with momentum and clipnorm": {"SGD": {"momentum": 0.9, "clipnorm": 0.05}},
    "SGD with Nesterov's momentum": {"SGD": {"momentum": 0.9, "nesterov": True}},
    "SGD with a schedule": {"SGD": {"learning_rate": DECAY}},
    "Adam": {"Adam": {"learning_rate": 0.01}},
    "Adam with amsgrad and clipvalue": {"Adam": {"amsgrad": True, "clipvalue": 0.01}},
    "Adam with weight decay": {"Adam": {"weight_decay": 0.02}},
    "AdamW with a schedule": {"AdamW": {"learning_rate": COSINE}},
    "RMSprop, centered": {"RMSprop": {"centered": True}},
    "RMSprop with momentum": {"RMSprop": {"momentum": 0.9}},
    "SGD with global_clipnorm": {"SGD": {"learning_rate": 0.1, "global_clipnorm": 0.1}},
    "gradients summed over 3 steps": {"Adam": {"gradient_accumulation_steps": 3}},
}

LAYERS = {
    "Dropout": [DENSE, {"Dropout": {"rate": 0.3}}, THREE],
    "GaussianNoise and LeakyReLU": [
        {"GaussianNoise": {"stddev": 0.5}},
        LINEAR,
        {"LeakyReLU": {"negative_slope": 0.01}},
        THREE,
    ],
    "BatchNormalization": [LINEAR, NORM, {"ReLU": {}}, THREE],
    "L1, L2, L1L2 and a regularizer of the activity": [
        {"Dense": {"units": 8, "kernel_regularizer": "l1", "bias_regularizer": "l2"}},
        {"Dense": {"units": 8, "kernel_regularizer": {"L1L2": {"l1": 0.01, "l2": 0.02}}}},
        {"Dense": {"units": 3, "activation": "softmax", "activity_regularizer": "l2"}},
    ],
}

METRICS = {
    "two AUCs": [{"AUC": {}}, {"AUC": {"name": "pr", "curve": "PR"}}],
    "Precision, Recall and F1Score": [
        {"Precision": {}},
        {"Recall": {"thresholds": 0.4}},
        {"F1Score": {"average": "macro"}},
    ],
    "a metric that is the loss too": ["accuracy", {"CategoricalCrossentropy": {}}],
}

BATCHES = {
    "3017 rows by 64": (3017, 64),
    "3000 rows by 60, which divides them": (3000, 60),
    "3000 rows by 64": (3000, 64),
    "9 rows by 8": (9, 8),
    "17 rows by 8": (17, 8),
    "9 rows by 1": (9, 1),
    "90 rows at once": (90, "full"),
    "20 rows by 32, more than there are": (20, 32),
}

ERRORS = [{"MeanAbsoluteError": {}}, {"RootMeanSquaredError": {}}]
REGRESSION: dict[str, Any] = {"data": "numbers", "layers": [DENSE, NUMBER], "metrics": ERRORS}
BINARY = {"data": "two classes", "layers": [DENSE, ONE], "loss": "binary_crossentropy"}

OTHERS: dict[str, dict[str, Any]] = {
    "mean squared error": REGRESSION | {"loss": "mean_squared_error"},
    "mean absolute error": REGRESSION | {"loss": "mean_absolute_error"},
    "Huber's loss": REGRESSION | {"loss": "huber"},
    "binary cross-entropy": BINARY,
    "classes by number": {"loss": "sparse_categorical_crossentropy"},
    "weights of classes": {"class_weight": {0: 0.5, 1: 1.0, 2: 3.0}},
    "weights of two classes": BINARY | {"class_weight": {0: 1, 1: 7}, "metrics": [{"AUC": {}}]},
    "weights of rows": {"sample_weight": True},
    "weights of rows in a regression": REGRESSION | {"loss": "huber", "sample_weight": True},
    "images through Conv2D and MaxPooling2D": {
        "data": "images",
        "layers": [CONV, {"MaxPooling2D": {}}, {"Flatten": {}}, THREE],
    },
    "images through Conv2D and BatchNormalization": {
        "data": "images",
        "layers": [CONV, NORM, {"GlobalAveragePooling2D": {}}, THREE],
    },
    "images flattened": {"data": "images", "layers": [{"Flatten": {}}, DENSE, THREE]},
    "words through an Embedding": {
        "data": "words",
        "layers": [
            {"Embedding": {"input_dim": 10, "output_dim": 4}},
            {"GlobalAveragePooling1D": {}},
            THREE,
        ],
    },
    "mixed_float16": {"precision": "mixed_float16", "layers": [LINEAR, NORM, THREE]},
    "mixed_bfloat16": {"precision": "mixed_bfloat16", "layers": [LINEAR, NORM, THREE]},
    "float64": {"precision": "float64", "layers": [LINEAR, NORM, THREE]},
    "silu, one step a call": {"layers": [{"Dense": {"units": 8, "activation": "silu"}}, THREE]},
    "weights averaged over an epoch": {
        "optimizer": {"SGD": {"use_ema": True, "ema_overwrite_frequency": 4}},
        "epochs": 1,
    },
    "1024 rows held out": {"num_held_out": 1024, "layers": [LINEAR, NORM, THREE]},
    "1500 rows held out": {"num_held_out": 1500, "layers": [LINEAR, NORM, THREE]},
}

ALONE = {"num_held_out": 0}
TABLE: dict[str, dict[str, Any]] = (
    {name: {"optimizer": optimizer} | ALONE for name, optimizer in OPTIMIZERS.items()}
    | {name: {"layers": layers} for name, layers in LAYERS.items()}
    | {name: {"metrics": metrics} for name, metrics in METRICS.items()}
    | {
        f"BatchNormalization, {name}": {
            "layers": [LINEAR, NORM, THREE],
            "num_rows": num_rows,
            "batch_size": batch_size,
        }
        | ALONE
        for name, (num_rows, batch_size) in BATCHES.items()
    }
    | OTHERS
)

LIKE_OTHERS = (
    "Adam with weight decay",
    "RMSprop with momentum",
    "SGD with global_clipnorm",
    "two AUCs",
    "BatchNormalization, 17 rows by 8",
    "BatchNormalization, 3000 rows by 64",
    "mean absolute error",
    "weights of two classes",
    "1500 rows held out",
    "1024 rows held out",
    "Adam with amsgrad and clipvalue",
    "BatchNormalization, 3017 rows by 64",
    "images flattened",
)
"""Near one beside them: `make test-slow` runs them."""


def assert_equal_models(ours: Any, theirs: Any) -> None:
    """Weights, and all that the optimizer keeps."""
    for mine, other in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_array_equal(np.array(mine), np.array(other), err_msg=mine.path)
    for mine, other in zip(ours.optimizer.variables, theirs.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.array(mine), np.array(other), err_msg=mine.path)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name, marks=pytest.mark.slow if name in LIKE_OTHERS else ())
        for name, case in TABLE.items()
    ],
)
def test_training_equals_keras_fit(case: dict[str, Any], tmp_path: Path, Case: Any) -> None:  # noqa: N803
    case = Case(**{"layers": [DENSE, THREE]} | case)
    _, ours, fitted = case.train(tmp_path)
    theirs, histories = case.fit_keras()
    assert_equal_models(ours, theirs)
    for mine, keras_logs in zip(fitted.history, histories, strict=True):
        assert {name: mine[name] for name in keras_logs} == keras_logs
        added = {"learning_rate", "epoch_seconds"}
        assert {name for name in set(mine) - set(keras_logs) if metric_of(name) == name} == added


def test_two_epochs_equal_one_call_of_fit(tmp_path: Path, Case: Any) -> None:  # noqa: N803
    """What `fit` does at its end, such as averaging weights, is done once, at the end."""
    case = Case([DENSE, THREE], optimizer={"SGD": {"use_ema": True}}, num_held_out=0)
    x, y = case.inputs()

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for epoch in range(2):
            for rows in np.split(case.order(epoch), range(16, 90, 16)):
                yield x[rows], y[rows]

    _, ours, fitted = case.train(tmp_path)
    theirs = case.keras_model()
    history = theirs.fit(batches(), epochs=2, steps_per_epoch=6, shuffle=False, verbose=0).history
    assert_equal_models(ours, theirs)
    assert [logs["loss"] for logs in fitted.history] == history["loss"]


def test_one_epoch_equals_a_script_typed_by_hand(write_config: Callable[..., Path]) -> None:
    """Nothing of dlrun's but the rows of the split and the seed is on the other side."""
    data = prepare_data(load_config(write_config(), {"training.epochs": 1, "seed": 5}).config)
    ours = build_model(data)
    fitted = fit_model(ours, data, TensorData.from_prepared(data))
    keras.utils.set_random_seed(5)
    theirs = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.SGD(learning_rate=0.1)
    theirs.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    raw, rows = data.dataset.x, data.splits.train
    mean, sd = raw[rows].mean(axis=0, dtype=np.float64), raw[rows].std(axis=0, dtype=np.float64)
    x = (raw - mean.astype(np.float32)) / sd.astype(np.float32)
    y = np.eye(3, dtype=np.float32)[data.dataset.y]
    order = rows[np.random.default_rng([5, 0]).permutation(len(rows))]
    history = theirs.fit(x[order], y[order], batch_size=16, shuffle=False, verbose=0).history
    assert_equal_models(ours.model, theirs)
    assert fitted.history[0]["loss"] == history["loss"][0]
    assert fitted.history[0]["accuracy"] == history["accuracy"][0]
