"""One figure: which strokes belong to it, its size, its thickness, its place."""

import numpy as np
import pytest
from scipy import ndimage

from dlrun.images import glyph
from tests.hands import draw_strokes


def test_a_crop_holds_all_visible_ink_and_no_more() -> None:
    ink = np.zeros((30, 40), np.float32)
    ink[5:12, 20:23] = 1
    ink[29, 39] = 0.05  # not to be seen
    assert glyph.crop(ink).shape == (7, 3)
    assert glyph.crop(np.zeros((4, 5), np.float32)).shape == (4, 5)


def test_the_bar_of_a_five_belongs_to_it_and_a_speck_does_not() -> None:
    ink = np.zeros((100, 100), np.float32)
    ink[40:80, 40:45] = 1  # the figure
    ink[36:39, 46:60] = 1  # its bar, which does not touch
    ink[2:4, 95:97] = 1  # a speck
    ink[:, 0:2] = 1  # the edge of the table
    found = glyph.largest_figure(ink)
    assert np.array_equal(found > 0, (ink > 0) & (np.indices(ink.shape)[1] > 5) & (ink > 0)
                          & (np.indices(ink.shape)[0] > 10))  # fmt: skip


def test_a_digit_that_touches_the_border_is_kept_whole() -> None:
    ink = np.zeros((60, 60), np.float32)
    ink[0:50, 20:26] = 1
    assert np.array_equal(glyph.largest_figure(ink), ink)


@pytest.mark.parametrize("width", [2.0, 3.0, 4.0])
def test_the_thickness_of_a_bar_is_measured(width: float) -> None:
    ink = np.zeros((200, 200), np.float32)
    ink[:, 60 : 60 + int(10 * width)] = 1  # 200 pixels stand for 20
    ink = np.pad(ink[:, : 60 + int(10 * width)], ((0, 0), (0, 40)))
    assert glyph.stroke_width(ink, 20) == pytest.approx(width, rel=0.15)


@pytest.mark.parametrize("digit", "0123456789")
@pytest.mark.parametrize("pen", [0.01, 0.03, 0.1])
def test_strokes_get_the_thickness_asked_for(digit: str, pen: float) -> None:
    figure = glyph.crop(draw_strokes(digit, width=pen, size=300).astype(np.float32))
    evened = glyph.restroke(figure, 20, 2.5)
    assert max(evened.shape) == 20
    assert glyph.stroke_width(evened, 20) == pytest.approx(2.5, abs=0.75)


def test_thickening_does_not_close_the_holes_of_an_eight() -> None:
    figure = glyph.crop(draw_strokes("8", width=0.012, size=300).astype(np.float32)[:, ::2])
    evened = glyph.restroke(figure, 20, 4.0)
    holes = ndimage.label(np.pad(evened, 1) < 0.5)[1] - 1
    assert holes == 2


def test_fitting_keeps_the_aspect() -> None:
    assert glyph.fit(np.ones((100, 40), np.float32), 20).shape == (20, 8)
    assert glyph.fit(np.ones((3, 10), np.float32), 20).shape == (6, 20)
    whole = np.random.default_rng(0).random((20, 11)).astype(np.float32)
    assert glyph.fit(whole, 20) is whole


def test_the_centre_of_mass_is_in_the_middle_as_in_mnist() -> None:
    figure = np.zeros((20, 10), np.float32)
    figure[:, :3] = 1
    placed = glyph.centre(figure, (28, 28))
    middle = ndimage.center_of_mass(placed)
    assert np.abs(np.array(middle) - 14).max() <= 0.5
    assert placed.sum() == figure.sum()


def test_a_figure_is_never_moved_over_the_edge() -> None:
    figure = np.zeros((20, 20), np.float32)
    figure[0, 0] = 1
    placed = glyph.centre(figure, (28, 28))
    assert placed[8, 8] == 1
    boxed = glyph.centre(figure, (28, 28), by_mass=False)
    assert boxed[4, 4] == 1
