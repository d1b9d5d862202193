from __future__ import annotations

import importlib

import numpy as np
import pytest

from dlrun.config.schema import DatasetConfig
from dlrun.data import embedded, load_dataset
from dlrun.errors import DatasetError

NAMES = ("digits", "breast_cancer", "iris", "wine", "diabetes")


@pytest.mark.parametrize("name", NAMES)
def test_the_arrays_are_those_scikit_learn_loads(name: str) -> None:
    load = getattr(importlib.import_module("sklearn.datasets"), f"load_{name}")
    reference = load(scaled=False) if name == "diabetes" else load()
    found = load_dataset(DatasetConfig(name))
    data = reference.images if name == "digits" else reference.data
    assert np.array_equal(found.x, data.astype(np.float32))
    assert np.array_equal(found.y, reference.target)
    if name != "digits":
        assert list(found.feature_names) == list(reference.feature_names)
    if found.class_names:
        assert list(found.class_names) == [str(label) for label in reference.target_names]


def test_a_file_that_scikit_learn_no_longer_brings_is_named(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(embedded, "_data_dir", lambda: tmp_path)
    with pytest.raises(
        DatasetError, match=r"iris\.csv: cannot be read, No such file .*; reinstall"
    ):
        embedded.iris()


def test_a_missing_scikit_learn_is_named(monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DatasetError, match="scikit-learn is not installed, and this data set"):
        embedded.iris()
