"""Drawings by three hands, and MNIST's own images sent as files, read by nets of MNIST."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dlrun
from dlrun.config import DatasetConfig
from dlrun.data import load_dataset
from tests.hands import drawings

CONFIGS = Path(__file__).parents[2] / "configs"

pytestmark = pytest.mark.real_data


@pytest.mark.parametrize(("name", "least"), [("mnist_deep", 0.90), ("mnist_drawings", 0.95)])
def test_drawings_and_mnists_own_images_are_read(
    name: str, least: float, real_cache: None, tmp_path: Path
) -> None:
    run = dlrun.train(CONFIGS / f"{name}.yaml")
    for i, drawing in enumerate(drawings(seed=1, each=2)):
        path = tmp_path / "drawn" / f"{drawing.label}_{drawing.hand}_{drawing.paper}_{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(drawing.pixels).save(path)
    found = dlrun.predict(run, tmp_path / "drawn")
    assert found.report is not None
    accuracy = found.report["metrics"]["accuracy"]
    assert accuracy["value"] >= least, accuracy

    data = load_dataset(DatasetConfig(name="mnist"))
    rows = np.arange(60_000, 70_000, 5)
    outputs = run.predict(data.x[rows])
    as_they_are = float(np.mean(outputs.argmax(axis=1) == data.y[rows]))
    (tmp_path / "mnist").mkdir()
    for row in rows:
        Image.fromarray(data.x[row]).save(tmp_path / "mnist" / f"{data.y[row]}_{row}.png")
    found = dlrun.predict(run, tmp_path / "mnist")
    assert found.report is not None
    as_files = found.report["metrics"]["accuracy"]["value"]
    assert as_files >= as_they_are - 0.005, (as_files, as_they_are)
