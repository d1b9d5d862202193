"""Hashes of data, split, order and weights: what changes each, and what does not."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.config import load_config
from dlrun.prepare import PreparedData, prepare_data
from dlrun.pruning import Threshold
from dlrun.training import (
    batch_order,
    callbacks_from_python,
    data_hashes,
    not_repeatable,
    weights_hash,
)
from dlrun.training.pruned import EndBehind

WriteConfig = Callable[..., Path]
CHANGES: dict[str, tuple[list[str], set[str]]] = {
    "nothing": ([], set()),
    "the layers": (["model.layers.0.units=9", "training.epochs=7", "note=x"], set()),
    "the batch size": (["training.batch_size=20"], {"batch_order"}),
    "the seed": (["seed=1"], {"split", "batch_order"}),
    "the parts": (["dataset.split.train=0.5", "dataset.split.test=0.3"], {"split", "batch_order"}),
    "the data": (["dataset.name=wine"], {"data", "split", "batch_order"}),
}


def prepare(path: Path, *overrides: str) -> PreparedData:
    return prepare_data(load_config(path, list(overrides)).config)


@pytest.mark.parametrize(("overrides", "changed"), CHANGES.values(), ids=CHANGES)
def test_a_hash_changes_with_what_it_is_of(
    write_config: WriteConfig, overrides: list[str], changed: set[str]
) -> None:
    path = write_config()
    before, after = data_hashes(prepare(path)), data_hashes(prepare(path, *overrides))
    assert {name for name in before if before[name] != after[name]} == changed


def test_the_hashes_are_those_of_plain_sha256(write_config: WriteConfig) -> None:
    data = prepare(write_config(), "training.batch_size=full")
    hashes = data_hashes(data)
    assert hashes["data"] == data.dataset.content_hash[:12]
    rows = data.splits.train[batch_order(0, 0, 90)]
    content = b"90 (90,);" + rows.astype("<i8").tobytes()
    assert hashes["batch_order"] == hashlib.sha256(content).hexdigest()[:12]
    parts = {part: getattr(data.splits, part) for part in ("train", "validation", "test")}
    content = b"".join(f"{p} ({len(r)},);".encode() + r.tobytes() for p, r in parts.items())
    assert hashes["split"] == hashlib.sha256(content).hexdigest()[:12]


def test_a_changed_value_of_one_row_changes_the_hash_of_the_data(write_config: WriteConfig) -> None:
    data = prepare(write_config())
    x = data.dataset.x.copy()
    x[149, 3] = np.nextafter(x[149, 3], np.float32(9))
    other = replace(data, dataset=replace(data.dataset, x=x))
    assert data_hashes(data)["data"] != data_hashes(other)["data"]


@pytest.fixture
def model() -> keras.Model:
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    return keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(2)])


def test_a_loaded_model_has_the_hash_of_the_saved_one(model: keras.Model, tmp_path: Path) -> None:
    model(np.ones((2, 3), np.float32), training=True)  # dropout has drawn; Keras does not save that
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert weights_hash(loaded) == weights_hash(model)
    weights = [array.copy() for array in model.get_weights()]
    content = b"".join(f"float32 {w.shape};".encode() + w.tobytes() for w in weights)
    assert weights_hash(model) == hashlib.sha256(content).hexdigest()[:12]


@pytest.mark.parametrize("index", range(8))
def test_the_last_bit_of_any_weight_changes_the_hash(model: keras.Model, index: int) -> None:
    before = weights_hash(model)
    weight = model.weights[index]
    array = weight.numpy().copy()
    array.flat[-1] = np.nextafter(array.flat[-1], np.float32(9))
    weight.assign(array)
    assert weights_hash(model) != before


def test_shapes_and_dtypes_count_and_bfloat16_can_be_hashed() -> None:
    hashes = set()
    for dtype, units, width in (
        ("bfloat16", 2, 3), ("float16", 2, 3), ("float32", 2, 3), ("float32", 3, 2),
    ):  # fmt: skip
        layer = keras.layers.Dense(units, use_bias=False, dtype=dtype, kernel_initializer="zeros")
        layer.build((None, width))
        hashes.add(weights_hash(layer))
    assert len(hashes) == 4


def test_a_gpu_alone_is_not_repeatable_and_can_be_made_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_DETERMINISTIC_OPS", raising=False)
    assert not_repeatable([]) == []
    (reason,) = not_repeatable(["GPU:0", "GPU:1"])
    assert reason.startswith("GPU:0, GPU:1: a GPU adds in no fixed order")
    monkeypatch.setenv("TF_DETERMINISTIC_OPS", "1")
    assert not_repeatable(["GPU:0"]) == []


def test_callbacks_of_a_sweep_are_not_from_python_and_those_of_epochs_before_are() -> None:
    class Half:
        pass

    threshold = Threshold("val_loss", higher_is_better=False, values=(0.5,))
    given = [EndBehind(threshold), Half(), Half()]
    assert callbacks_from_python([EndBehind(threshold)]) == []
    assert callbacks_from_python(given, ["Noise", "Half"]) == ["Noise", "Half"]
    assert callbacks_from_python(given) == ["Half"]
