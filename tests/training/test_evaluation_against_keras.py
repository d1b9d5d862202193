"""Evaluation and prediction equal Keras's own at every batch size, and scaling equals NumPy's."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.backend import tf
from dlrun.training import EVALUATION_BATCH_SIZE, TensorData, make_evaluator, make_predictor

NET = [
    {"Conv2D": {"filters": 3, "kernel_size": 3, "activation": "relu"}},
    {"BatchNormalization": {}},
    {"GlobalAveragePooling2D": {}},
    {"Dropout": {"rate": 0.5}},
    {"Dense": {"units": 3, "activation": "softmax", "kernel_regularizer": "l2"}},
]


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_evaluation_and_prediction_equal_keras_at_every_batch_size(
    precision: str,
    tmp_path: Path,
    Case: Any,  # noqa: N803
) -> None:
    metrics = ["accuracy", {"AUC": {}}]
    case = Case(NET, data="images", epochs=1, precision=precision, metrics=metrics, batch_size=32)
    data, model, _ = case.train(tmp_path)
    tensors, rows = TensorData.from_prepared(data), data.splits.validation
    x, y = (array[case.num_rows :] for array in case.inputs())
    for batch_size in (1, 7, 15, 45, 64, EVALUATION_BATCH_SIZE):
        expected = model.evaluate(x, y, batch_size=batch_size, verbose=0, return_dict=True)
        assert make_evaluator(model, tensors, batch_size)(rows)() == expected
        np.testing.assert_array_equal(
            make_predictor(model, tensors, batch_size)(rows)[0],
            model.predict(x, batch_size=batch_size, verbose=0),
        )


def test_the_rows_own_weights_count_in_evaluation(tmp_path: Path, Case: Any) -> None:  # noqa: N803
    case = Case(NET, data="images", epochs=1, sample_weight=True)
    data, model, _ = case.train(tmp_path)
    tensors, rows = TensorData.from_prepared(data), data.splits.validation
    (x, y), weight = case.inputs(), case.arrays()["sample_weight"]
    expected = model.evaluate(
        x[rows], y[rows], sample_weight=weight[rows], batch_size=10, verbose=0, return_dict=True
    )
    assert make_evaluator(model, tensors, 10)(rows)() == expected


def test_images_are_scaled_after_the_gather_to_the_floats_of_numpy() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(256, 1)
    tensors = TensorData(tf.constant(values), tf.zeros((256, 1)), None, tf.constant(255.0))
    gathered = tf.function(tensors.features)(tf.range(256))
    np.testing.assert_array_equal(gathered.numpy(), values.astype(np.float32) / np.float32(255))
