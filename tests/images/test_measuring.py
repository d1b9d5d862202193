"""What training images look like, measured."""

import numpy as np
import pytest

from dlrun.images import glyph
from dlrun.images.measuring import Looks, measure_looks
from tests.hands import draw_strokes


def small_digits(count: int = 40) -> np.ndarray:
    rng = np.random.default_rng(0)
    images = []
    for i in range(count):
        ink = draw_strokes(str(i % 10), width=0.08, shake=0.3, rng=rng).astype(np.float32)
        placed = glyph.centre(glyph.fit(glyph.crop(ink), 20), (28, 28))
        images.append(np.rint(placed * 255).astype(np.uint8))
    return np.stack(images)


def test_drawings_are_known_by_their_classes_and_their_empty_paper() -> None:
    looks = measure_looks(small_digits(), tuple("0123456789"))
    assert (looks.kind, looks.box, looks.centred, looks.ground) == ("drawing", 20, "mass", 0)
    assert looks.stroke_low <= looks.stroke_median <= looks.stroke_high
    assert looks.stroke_median == pytest.approx(2.6, abs=0.6)
    assert looks.ink_low < looks.ink_mean < looks.ink_high


def test_clothes_are_objects_and_photographs_pictures() -> None:
    rng = np.random.default_rng(0)
    clothes = np.zeros((20, 28, 28), np.uint8)
    clothes[:, 2:26, 4:24] = rng.integers(60, 255, (20, 24, 20))
    assert measure_looks(clothes, ("shirt", "coat")).kind == "object"
    photographs = rng.integers(0, 255, (20, 32, 32, 3)).astype(np.uint8)
    looks = measure_looks(photographs, ("cat", "dog"))
    assert (looks.kind, looks.box) == ("picture", 32)


def test_looks_survive_the_way_into_a_file_and_back() -> None:
    looks = measure_looks(small_digits(), tuple("0123456789"))
    assert Looks.from_dict(looks.to_dict()) == looks
