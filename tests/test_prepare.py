from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dlrun.config import load_config
from dlrun.errors import DatasetError
from dlrun.events import Message
from dlrun.prepare import data_shape, prepare_data

WriteConfig = Callable[..., Path]

SOFTMAX_2 = "{layers: [Dense: {units: 2, activation: softmax}]}"
SIGMOID = "{layers: [Dense: {units: 1, activation: sigmoid}]}"


@pytest.mark.parametrize(
    ("lines", "encoding", "shape"),
    [
        ({}, "one_hot", (150, 3)),
        ({"loss": "sparse_categorical_crossentropy"}, "index", (150,)),
        ({"loss": "mse"}, "one_hot", (150, 3)),
        ({"dataset": "breast_cancer", "model": SIGMOID, "loss": "binary_crossentropy"},
         "column", (569, 1)),
        ({"dataset": "breast_cancer", "model": "{layers: [Dense: 1, Activation: sigmoid]}",
          "loss": "mse"}, "column", (569, 1)),
        ({"dataset": "breast_cancer", "model": SOFTMAX_2}, "one_hot", (569, 2)),
        ({"dataset": "diabetes", "model": "{layers: [Dense: 1]}", "loss": "mse"},
         "value", (442, 1)),
    ],
)  # fmt: skip
def test_labels_take_the_form_that_loss_and_last_layer_want(
    write_config: WriteConfig, lines: dict[str, str], encoding: str, shape: tuple[int, ...]
) -> None:
    data = prepare_data(load_config(write_config(**lines)).config)
    assert data.encoding == encoding
    assert data.labels.shape == shape


def test_units_that_do_not_fit_the_classes_of_ones_own_data_are_refused(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    np.savez(tmp_path / "own.npz", x=np.ones((40, 2), np.float32), y=np.arange(40) % 4)
    path = write_config(dataset=f"{{name: npz, options: {{path: {tmp_path}/own.npz}}}}")
    with pytest.raises(
        DatasetError, match=r"small\.yaml:3:\d+: the last layer has 3 units, and npz has 4 classes"
    ):
        prepare_data(load_config(path).config)


def test_scaling_is_fitted_on_training_rows_only(write_config: WriteConfig) -> None:
    data = prepare_data(load_config(write_config()).config)
    x = data.scaling.apply(data.dataset.x)
    np.testing.assert_allclose(x[data.splits.train].mean(axis=0), 0, atol=1e-5)
    assert np.abs(x[data.splits.validation].mean(axis=0)).max() > 1e-3


def test_notes_hints_and_an_oversized_batch_are_told(write_config: WriteConfig) -> None:
    told: list[object] = []
    path = write_config(training="{epochs: 1, batch_size: 5000}")
    data = prepare_data(load_config(path).config, told.append)
    (message,) = [
        m for m in told if (isinstance(m, Message) and "batch" in m.text) or "rows" in m.text
    ]
    assert message.level == "warning"
    assert message.text.endswith(
        "5,000 is more than the 90 training rows; an epoch is one step, as with full"
    )
    assert message in data.messages


def test_the_shape_of_a_built_in_set_is_known_without_loading_it(write_config: WriteConfig) -> None:
    config = load_config(write_config(dataset="mnist", model="{layers: [Dense: 10]}")).config
    assert data_shape(config) == (28, 28)


def test_the_shape_of_ones_own_data_is_read_from_it(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    np.savez(tmp_path / "own.npz", x=np.ones((30, 5), np.float32), y=np.arange(30) % 3)
    path = write_config(dataset=f"{{name: npz, options: {{path: {tmp_path}/own.npz}}}}")
    assert data_shape(load_config(path).config) == (5,)


def test_numbers_that_an_embedding_looks_up_are_not_scaled(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    words = np.random.default_rng(0).integers(0, 50, (40, 6))
    np.savez(tmp_path / "own.npz", x=words, y=np.arange(40) % 2)
    layers = "[Embedding: {input_dim: 50, output_dim: 4}, Flatten, Dense: 2]"
    path = write_config(
        dataset=f"{{name: npz, options: {{path: {tmp_path}/own.npz}}}}",
        model=f"{{layers: {layers}}}",
        loss="{sparse_categorical_crossentropy: {from_logits: true}}",
    )
    data = prepare_data(load_config(path).config)
    np.testing.assert_array_equal(data.scaling.apply(data.dataset.x), words)
