"""Scaling by Keras's layers gives the very numbers of scaling by NumPy."""

import numpy as np
import pytest

from dlrun.data import Scaling, fit_scaling
from dlrun.exporting.serving import scaling_layer


def test_bytes_divided_by_255_are_exact() -> None:
    x = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    scaling = fit_scaling("unit", x)
    found = np.asarray(scaling_layer(scaling, is_bytes=True)(x))
    np.testing.assert_array_equal(found, scaling.apply(x))


@pytest.mark.parametrize("kind", ["standard", "minmax", "unit"])
def test_tables_are_exact(kind: str) -> None:
    rng = np.random.default_rng(0)
    x = (rng.normal(3, 5, (500, 7)) * 10.0 ** np.arange(-3, 4)).astype(np.float32)
    x[:, 3] = 2.5  # a feature that never changes
    scaling = fit_scaling(kind, x[:300])
    found = np.asarray(scaling_layer(scaling, is_bytes=False)(x))
    np.testing.assert_array_equal(found, scaling.apply(x))


def test_nothing_to_scale_is_no_layer_and_bytes_become_floats() -> None:
    none = Scaling("none", 0.0, 1.0)
    assert scaling_layer(none, is_bytes=False) is None
    found = np.asarray(scaling_layer(none, is_bytes=True)(np.array([[3, 255]], np.uint8)))
    assert found.dtype == np.float32
    assert found.tolist() == [[3, 255]]


def test_divisors_too_small_for_normalization_are_scaled_all_the_same() -> None:
    scaling = Scaling("standard", np.float32([1e-9, 2]), np.float32([3e-9, 4]))
    x = np.float32([[4e-9, 10]])
    found = np.asarray(scaling_layer(scaling, is_bytes=False)(x))
    np.testing.assert_allclose(found, scaling.apply(x), rtol=1e-6)
