"""Models that answer at once, without TensorFlow, behind the real app."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from dlrun.evaluation.meaning import Meaning
from dlrun.images.measuring import measure_looks
from dlrun.images.preparation import Recipe
from dlrun.runs.predictor import Predictor
from dlrun.web.app import make_app
from dlrun.web.drawings import Drawings
from dlrun.web.rows import columns_of
from dlrun.web.served import Served
from tests.hands import on_paper
from tests.images.test_page import page

sys.path.append(str(Path(__file__).parent))  # browser.py lies beside these tests

DIGITS = tuple("0123456789")
FLOWERS = ("setosa", "versicolor", "virginica")
COLUMNS = ["length", "width"]


def png_of(points: list[tuple[float, float]], side: int = 196, kind: str = "PNG") -> bytes:
    """An image file with a line through points in parts of its side."""
    image = Image.new("L", (side, side), 255)
    places = [(x * side, y * side) for x, y in points]
    ImageDraw.Draw(image).line(places, fill=0, width=max(side // 14, 1), joint="curve")
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def png_of_page(lines: list[str]) -> bytes:
    """An image file with digits on it, line by line."""
    stream = io.BytesIO()
    Image.fromarray(on_paper(page(lines), "pen", np.random.default_rng(0))).save(stream, "PNG")
    return stream.getvalue()


SEVEN = png_of([(0.3, 0.2), (0.7, 0.2), (0.45, 0.8)])


def _digit_images() -> np.ndarray:
    images = np.zeros((20, 28, 28), np.uint8)
    for i, image in enumerate(images):
        image[4:24, 8 + i % 3 : 10 + i % 3] = 255
        image[4:7, 8:20] = 255
    return images


def image_model(outputs: np.ndarray, names: tuple[str, ...] = DIGITS) -> Served:
    """A model of 28 × 28 images that always gives the same outputs."""
    facts = {"input_shape": [28, 28], "name": "mnist", "title": "digits"}
    run = SimpleNamespace(
        id="20261126-010203-digits-0a1b", dataset=facts, config=SimpleNamespace(name="digits")
    )
    predictor = Predictor(facts, lambda rows: np.repeat(outputs[np.newaxis], len(rows), 0))
    meaning = Meaning(names, 0.5, (1 / len(names),) * len(names))
    recipe = Recipe((28, 28), measure_looks(_digit_images(), names))
    return Served(run, predictor, meaning, recipe)


def row_model(*, names: tuple[str, ...] = FLOWERS, kind: str = "standard") -> Served:
    """A model of two columns: as many outputs as classes, or their sum."""
    facts = {
        "input_shape": [2],
        "name": "flowers",
        "title": "",
        "feature_names": COLUMNS,
        "scaling": {"kind": kind, "offset": [5.8, 0.25], "divisor": [0.8, 0.05]},
    }
    run = SimpleNamespace(
        id="20261126-010203-flowers-0a1b", dataset=facts, config=SimpleNamespace(name="flowers")
    )

    def compute(rows: np.ndarray) -> np.ndarray:
        if not names:
            return rows.sum(axis=1, keepdims=True)
        shares = np.zeros((len(rows), len(names)), np.float32)
        shares[:, 1], shares[:, 2] = 0.9, 0.1
        shares[rows[:, 0] > 100, 1:] = 0.5
        return shares

    meaning = Meaning(names, 0.5, (1 / 3,) * len(names))
    return Served(run, Predictor(facts, compute), meaning, None, columns_of(facts))


def client_of(served: Served, root: Path, host: str = "127.0.0.1", **options: Any) -> TestClient:
    app = make_app(served, Drawings(root, served.meaning.class_names), host)
    return TestClient(app, base_url="http://127.0.0.1:8000", **options)


@pytest.fixture
def sure_of_seven() -> np.ndarray:
    return np.array([0.01] * 7 + [0.91, 0.01, 0.01], np.float32)


@pytest.fixture
def images(sure_of_seven: np.ndarray, tmp_path: Path) -> TestClient:
    return client_of(image_model(sure_of_seven), tmp_path / "drawings")


@pytest.fixture
def rows(tmp_path: Path) -> TestClient:
    return client_of(row_model(), tmp_path / "drawings")
