from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dlrun.config import load_config
from dlrun.errors import ConfigError, DatasetError
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


WEIGHED = {
    "dataset": "{name: breast_cancer, split: {train: 0.6, validation: 0.2, test: 0.2}}",
    "model": SIGMOID,
    "loss": "binary_crossentropy",
}


def test_class_weights_are_used_told_and_recorded(write_config: WriteConfig) -> None:
    told: list[object] = []
    path = write_config(**WEIGHED, training="{epochs: 1, class_weight: {benign: 0.5, 0: 2}}")
    data = prepare_data(load_config(path).config, told.append)
    assert data.sample_weight is None
    assert data.train_weight is not None
    assert data.train_weight.dtype == np.float32
    np.testing.assert_array_equal(data.train_weight, np.where(data.dataset.y == 1, 0.5, 2))
    assert Message("class weights: malignant 2, benign 0.5") in data.messages
    assert Message("class weights: malignant 2, benign 0.5") in told
    facts = data.facts()
    assert (facts["weighted"], facts["class_weight"]) == (False, {"malignant": 2, "benign": 0.5})


def test_balanced_weights_are_of_the_training_rows(write_config: WriteConfig) -> None:
    path = write_config(**WEIGHED, training="{epochs: 1, class_weight: balanced}")
    data = prepare_data(load_config(path).config)
    assert data.train_weight is not None
    y, weight = data.dataset.y[data.splits.train], data.train_weight[data.splits.train]
    assert weight[y == 0].sum() == pytest.approx(weight[y == 1].sum(), rel=1e-6)
    assert weight.mean() == pytest.approx(1, rel=1e-6)
    assert data.config.training.class_weight == "balanced"


def test_the_datas_own_weights_train_and_validate(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    weight = np.linspace(0.5, 3, 60)
    np.savez(tmp_path / "own.npz", x=np.eye(60), y=np.arange(60) % 3, sample_weight=weight)
    own = f"{{name: npz, options: {{path: {tmp_path}/own.npz}}}}"
    data = prepare_data(load_config(write_config(dataset=own)).config)
    np.testing.assert_array_equal(data.sample_weight, weight.astype(np.float32))
    assert data.train_weight is data.sample_weight
    assert data.facts()["weighted"] is True
    path = write_config(dataset=own, training="{epochs: 1, class_weight: balanced}")
    with pytest.raises(ConfigError, match="npz brings a weight a row, and Keras takes one of"):
        prepare_data(load_config(path).config)


def test_without_weights_there_are_none(write_config: WriteConfig) -> None:
    data = prepare_data(load_config(write_config()).config)
    assert (data.sample_weight, data.train_weight) == (None, None)
    facts = data.facts()
    assert (facts["weighted"], facts["class_weight"]) == (False, None)


def test_classes_of_ones_own_data_are_known_once_they_are_loaded(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    y = np.array(["cat", "dog", "eel"])[np.arange(60) % 3]
    np.savez(tmp_path / "own.npz", x=np.eye(60), y=y)
    path = write_config(
        dataset=f"{{name: npz, options: {{path: {tmp_path}/own.npz}}}}",
        training="{epochs: 1, class_weight: {dgo: 2}}",
    )
    told = r"6:38  training\.class_weight\.dgo: unknown class 'dgo'; did you mean 'dog'\?"
    with pytest.raises(ConfigError, match=told):
        prepare_data(load_config(path).config)
