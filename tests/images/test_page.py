"""Many figures on a page: found, in reading order, without rulings and specks."""

import numpy as np
import pytest

from dlrun.images.ink import find_ink
from dlrun.images.measuring import measure_looks
from dlrun.images.page import find_figures, prepare_page, reading_order
from dlrun.images.preparation import Recipe
from dlrun.images.reading import Picture
from tests.hands import draw_strokes, on_paper
from tests.images.test_measuring import small_digits

RECIPE = Recipe((28, 28), measure_looks(small_digits(), tuple("0123456789")))


def page(text: list[str], *, slope: float = 0.0, lines: bool = False, seed: int = 0) -> np.ndarray:
    """Ink of a page, one string a line of writing."""
    rng = np.random.default_rng(seed)
    cell = 110
    ink = np.zeros((cell * len(text) + 60, cell * max(map(len, text)) + 60))
    for row, line in enumerate(text):
        for column, digit in enumerate(line):
            one = draw_strokes(digit, size=120, width=0.04, rotation=rng.uniform(-6, 6), rng=rng)
            top = 20 + row * cell + int(slope * column + rng.uniform(0, 12))
            left = 20 + column * cell + int(rng.uniform(0, 12))
            part = ink[top : top + 120, left : left + 120]
            part[...] = np.maximum(part, one[: part.shape[0], : part.shape[1]])
    if lines:
        ink[::40] = np.maximum(ink[::40], 0.25)
    return ink


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("paper", ["paint", "pen", "photo", "board"])
def test_every_digit_of_a_page_is_found_once(paper: str, lines: bool) -> None:
    ink = page(["01234", "56789", "53704"], lines=lines)
    pixels = on_paper(ink, paper, np.random.default_rng(0))
    figures = prepare_page(Picture("page.png", pixels), RECIPE)
    assert len(figures) == 15
    assert [figure.name for figure in figures[:2]] == ["page.png #1", "page.png #2"]
    assert all(figure.pixels.shape == (28, 28) for figure in figures)


def test_figures_are_in_reading_order_though_the_lines_slope() -> None:
    ink = page(["012345", "678901"], slope=9)
    _, figures = find_figures(find_ink(on_paper(ink, "paint", np.random.default_rng(0))).amount)
    lines = reading_order([figure.box for figure in figures])
    assert [len(line) for line in lines] == [6, 6]
    for line in lines:
        lefts = [figures[i].box[2] for i in line]
        assert lefts == sorted(lefts)


def test_one_digit_is_no_page_unless_it_is_said_to_be() -> None:
    for digit in "0123456789":
        pixels = on_paper(draw_strokes(digit, "angular"), "pen", np.random.default_rng(0))
        assert prepare_page(Picture("one.png", pixels), RECIPE) == []
        assert len(prepare_page(Picture("one.png", pixels), RECIPE, always=True)) == 1


def test_an_empty_page_has_no_figures() -> None:
    assert prepare_page(Picture("empty.png", np.full((90, 90, 3), 250, np.uint8)), RECIPE) == []
    assert reading_order([]) == []
