"""Ink: what is paper, what is drawn, whatever the light and whichever of the two is darker."""

import numpy as np
import pytest

from dlrun.images.ink import find_ink, paper_is_dark
from tests.hands import PAPERS, draw_strokes, drawings, on_paper


@pytest.mark.parametrize("paper", PAPERS)
def test_dark_paper_is_told_from_bright_paper(paper: str) -> None:
    rng = np.random.default_rng(1)
    for digit in "0148":
        pixels = on_paper(draw_strokes(digit, width=0.05), paper, rng)
        assert paper_is_dark(pixels) == (paper == "board")
        assert paper_is_dark(255 - pixels) != paper_is_dark(pixels)


def test_a_picture_and_its_negative_have_the_same_ink_to_the_bit() -> None:
    for drawing in list(drawings(seed=2))[::7]:
        found = find_ink(drawing.pixels, side=200)
        negative = find_ink(255 - drawing.pixels, side=200)
        assert np.array_equal(found.amount, negative.amount)
        assert found.paper_is_dark != negative.paper_is_dark


@pytest.mark.parametrize("paper", PAPERS)
def test_the_ink_found_is_the_ink_drawn(paper: str) -> None:
    drawn = draw_strokes("3", width=0.05)
    found = find_ink(on_paper(drawn, paper, np.random.default_rng(3))).amount
    assert found.dtype == np.float32
    assert found[drawn > 0.99].mean() > 0.85
    assert found[drawn < 0.01].mean() < 0.02


def test_clean_ink_is_left_as_it_is() -> None:
    gray = np.rint(255 * draw_strokes("8", size=28, width=0.09)).astype(np.uint8)
    found = find_ink(np.repeat(gray[..., None], 3, axis=2))
    np.testing.assert_allclose(found.amount, gray / 255, atol=0.02)
    assert found.noise == 0


def test_the_edge_of_a_shadow_is_no_ink() -> None:
    empty = on_paper(np.zeros((200, 200)), "photo", np.random.default_rng(0))
    assert find_ink(empty, polarity=False).contrast < 0.2
    drawn = on_paper(draw_strokes("1"), "photo", np.random.default_rng(0))
    assert find_ink(drawn).contrast > 0.4


def test_without_even_light_a_shadow_is_taken_for_ink() -> None:
    pixels = on_paper(draw_strokes("5"), "photo", np.random.default_rng(5))
    even, uneven = find_ink(pixels).amount, find_ink(pixels, even_light=False).amount
    assert uneven.mean() > 2 * even.mean()


def test_without_polarity_paper_is_taken_for_bright() -> None:
    pixels = on_paper(draw_strokes("5"), "board", np.random.default_rng(5))
    assert not find_ink(pixels, polarity=False).paper_is_dark


def test_colour_counts_where_brightness_does_not_differ() -> None:
    drawn = draw_strokes("2", width=0.06)[..., None]
    pixels = np.rint(np.array([150.0] * 3) * (1 - drawn) + np.array([255.0, 98, 98]) * drawn)
    found = find_ink(pixels.astype(np.uint8))
    assert found.amount[drawn[..., 0] > 0.99].mean() > 0.85


def test_an_empty_picture_has_no_ink() -> None:
    for value in (0, 127, 255):
        assert find_ink(np.full((50, 40, 3), value, np.uint8)).contrast == 0
