"""Scaling by Keras's layers gives the very numbers of scaling by NumPy."""

from typing import Any

import numpy as np
import pytest

from dlrun.backend import keras
from dlrun.data import Scaling, fit_scaling
from dlrun.exporting.serving import scaling_layers


def scaled(scaling: Scaling, x: np.ndarray, **how: Any) -> np.ndarray:
    layers = scaling_layers(scaling, is_bytes=x.dtype == np.uint8, **how)
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=str(x.dtype)), *layers])
    return np.asarray(model(x))


def test_bytes_divided_by_255_are_exact() -> None:
    x = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    scaling = fit_scaling("unit", x)
    np.testing.assert_array_equal(scaled(scaling, x), scaling.apply(x))
    np.testing.assert_allclose(scaled(scaling, x, in_graph=True), scaling.apply(x), rtol=2e-7)


@pytest.mark.parametrize("kind", ["standard", "minmax", "unit"])
def test_tables_are_exact_and_nearly_so_by_constants(kind: str) -> None:
    rng = np.random.default_rng(0)
    x = (rng.normal(3, 5, (500, 7)) * 10.0 ** np.arange(-3, 4)).astype(np.float32)
    x[:, 3] = 2.5  # a feature that never changes
    x[:, 4] = rng.integers(1990, 2026, 500)  # large beside its spread
    scaling = fit_scaling(kind, x[:300])
    np.testing.assert_array_equal(scaled(scaling, x), scaling.apply(x))
    np.testing.assert_allclose(scaled(scaling, x, in_graph=True), scaling.apply(x), rtol=3e-7)


def test_nothing_to_scale_is_no_layer_and_bytes_become_floats() -> None:
    none = Scaling("none", 0.0, 1.0)
    assert scaling_layers(none, is_bytes=False) == []
    found = scaled(none, np.array([[3, 255]], np.uint8))
    assert found.dtype == np.float32
    assert found.tolist() == [[3, 255]]


def test_divisors_too_small_for_normalization_are_scaled_all_the_same() -> None:
    scaling = Scaling("standard", np.float32([1e-9, 2]), np.float32([3e-9, 4]))
    x = np.float32([[4e-9, 10]])
    np.testing.assert_allclose(scaled(scaling, x), scaling.apply(x), rtol=1e-6)
