"""Class weights against scikit-learn's and Keras's own, and what cannot be weighed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from dlrun.backend import keras
from dlrun.config import Config, load_config
from dlrun.data import Dataset, Splits, encode_labels
from dlrun.data.weights import balanced_weights, class_weights, make_train_weight, row_weights
from dlrun.errors import ConfigError, DatasetError
from dlrun.events import ignore

MakeDataset = Callable[..., Dataset]
MakeConfig = Callable[[str], Config]


def split_of(dataset: Dataset, num_train: int) -> Splits:
    rows = np.arange(dataset.num_rows)
    return Splits(rows[:num_train], rows[num_train:], rows[:0])


@pytest.fixture
def weighing(write_config: Callable[..., Path]) -> MakeConfig:
    """Makes a config of one's own data with these class weights."""

    def make(text: str) -> Config:
        path = write_config(
            dataset="{name: npz, options: {path: a.npz}}",
            training=f"{{epochs: 1, class_weight: {text}}}",
        )
        return load_config(path).config

    return make


@pytest.mark.parametrize("counts", [[1, 1], [7, 93], [23364, 6636], [5, 1, 90, 4], [3] * 10])
def test_balanced_weights_are_those_of_scikit_learn(counts: list[int]) -> None:
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    expected = compute_class_weight("balanced", classes=np.arange(len(counts)), y=y)
    found = balanced_weights(y, len(counts))
    np.testing.assert_array_equal(found, expected)
    assert found[y].mean() == pytest.approx(1)


@pytest.mark.parametrize("encoding", ["index", "one_hot", "column"])
@pytest.mark.parametrize("given", [{0: 0.1}, {1: 2.26, 0: 0.642}, {0: 1 / 3, 1: 7}])
def test_row_weights_are_those_that_fit_makes_of_class_weights(
    encoding: str, given: dict[int, float]
) -> None:
    y = np.random.default_rng(1).integers(0, 2, 50)
    adapter = keras.src.trainers.data_adapters.array_data_adapter.ArrayDataAdapter(
        np.zeros((50, 1), np.float32),
        encode_labels(y, "binary", 2, encoding),
        class_weight=given,
        batch_size=50,
    )
    ((_, _, expected),) = adapter.get_numpy_iterator()
    found = row_weights(y, np.array([given.get(label, 1) for label in range(2)], np.float64))
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype == np.float32


def test_a_class_that_is_not_named_weighs_1(
    weighing: MakeConfig, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset([2, 3, 4])
    found = class_weights(weighing("{c1: 0.25}"), dataset, np.arange(9))
    assert found is not None
    assert found.tolist() == [1, 0.25, 1]


def test_balanced_counts_training_rows_alone(
    weighing: MakeConfig, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset([2, 8])
    found = class_weights(weighing("balanced"), dataset, np.array([0, 2, 3, 4]))
    assert found is not None
    assert found.tolist() == [2, 4 / 6]


def test_without_weights_there_are_none(weighing: MakeConfig, make_dataset: MakeDataset) -> None:
    dataset = make_dataset([2, 2])
    assert class_weights(weighing("none"), dataset, np.arange(4)) is None
    assert make_train_weight(weighing("none"), dataset, split_of(dataset, 2), ignore) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{c9: 2}", r"6:38  training\.class_weight\.c9: unknown class 'c9'; there are c0, c1, c2"),
        ("{5: 2}", r"unknown class 5; there are c0, c1, c2 \(or 0 to 2\)"),
        ("{0: 2, c0: 1}", "training.class_weight.c0: is the same class as 0"),
        ("{0: 0, 1: 0, 2: 0}", "training.class_weight: every class weighs 0, so that nothing"),
        ("balanced", "balanced has no weight for class 'c2', which has no training rows; give it"),
    ],
)
def test_weights_that_do_not_fit_the_classes_are_refused(
    weighing: MakeConfig, make_dataset: MakeDataset, text: str, told: str
) -> None:
    config = weighing(text)
    with pytest.raises(ConfigError, match=told):
        class_weights(config, make_dataset([2, 2, 2]), np.arange(4))


def test_numbers_to_predict_cannot_be_weighed_by_class(weighing: MakeConfig) -> None:
    x = np.ones((4, 1), np.float32)
    dataset = Dataset("npz", "regression", x, x[:, 0])
    with pytest.raises(ConfigError, match="npz has numbers to predict, and no classes to weigh"):
        class_weights(weighing("balanced"), dataset, np.arange(4))


def test_the_datas_own_weights_exclude_class_weights(
    weighing: MakeConfig, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset([2, 2], sample_weight=np.ones(4, np.float32))
    with pytest.raises(ConfigError, match="toy brings a weight a row, and Keras takes one of the"):
        class_weights(weighing("balanced"), dataset, np.arange(4))


def test_a_part_whose_rows_all_weigh_0_is_refused(
    weighing: MakeConfig, make_dataset: MakeDataset
) -> None:
    config, weight = weighing("none"), np.array([0, 1, 0, 0], np.float32)
    dataset = make_dataset([2, 2], sample_weight=weight)
    with pytest.raises(DatasetError, match="toy: all 2 validation rows weigh 0, so that none of"):
        make_train_weight(config, dataset, split_of(dataset, 2), ignore)
    found = make_train_weight(config, dataset, split_of(dataset, 4), ignore)
    assert found is dataset.sample_weight


def test_training_rows_all_of_a_class_that_weighs_0_are_refused(
    weighing: MakeConfig, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset([2, 2])
    with pytest.raises(DatasetError, match="toy: all 2 train rows weigh 0"):
        make_train_weight(weighing("{c0: 0}"), dataset, split_of(dataset, 2), ignore)


def test_of_many_classes_the_first_are_told(
    weighing: MakeConfig, make_dataset: MakeDataset
) -> None:
    dataset, told = make_dataset([1] * 25), []
    config = weighing("{c0: 12345, c1: 0.0123456}")
    make_train_weight(config, dataset, split_of(dataset, 25), told.append)
    (message,) = told
    assert message.text.startswith("class weights: c0 12,345, c1 0.0123, c2 1, c3 1,")
    assert message.text.endswith("c19 1, … (25 classes)")
