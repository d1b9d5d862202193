from __future__ import annotations

import numpy as np
import pytest

from dlrun.data.statistics import statistics_of


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_statistics_equal_numpys(dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlrun.data.statistics._CHUNK", 7)
    values = np.random.default_rng(1).integers(3, 250, (10, 4, 5)).astype(dtype)
    found = statistics_of(values)
    wide = values.astype(np.float64)
    assert (found.min, found.max) == (wide.min(), wide.max())
    assert (found.mean, found.sd) == pytest.approx((wide.mean(), wide.std()), rel=1e-12)
