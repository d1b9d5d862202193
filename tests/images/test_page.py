"""Many figures on a page: found, in reading order, without rulings and specks."""

import itertools

import numpy as np
import pytest

from dlrun.errors import InputError
from dlrun.images import page as pages
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


def grid(columns: int, rows: int, cell: int) -> np.ndarray:
    """Pixels of a page of printed figures, each a bar with a dot close above it."""
    bright = np.full((rows * cell + 40, columns * cell + 40, 3), 255, np.uint8)
    for top in range(20, 20 + rows * cell, cell):
        for left in range(20, 20 + columns * cell, cell):
            bright[top + cell // 4 : top + cell * 3 // 4, left : left + cell // 3] = 0
            bright[top + cell // 4 - 2 : top + cell // 4 - 1, left : left + cell // 3] = 0
    return bright


def test_a_page_of_print_is_refused_in_words() -> None:
    picture = Picture("book.png", grid(40, 24, 40))
    said = r"^book\.png: 960 figures on one page, the most is 400; cut the picture into parts, or"
    for always in (False, True):
        with pytest.raises(InputError, match=said):
            prepare_page(picture, RECIPE, always=always)


def test_the_most_figures_are_still_prepared() -> None:
    assert len(prepare_page(Picture("full.png", grid(25, 16, 40)), RECIPE)) == 400


def test_thousands_of_strokes_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_together", None)
    with pytest.raises(InputError, match=r"screen\.png: [0-9,]+ figures on one page"):
        prepare_page(Picture("screen.png", grid(100, 100, 12)), RECIPE)


def test_one_digit_on_a_noisy_photograph_is_no_page() -> None:
    rng = np.random.default_rng(0)
    clean = on_paper(draw_strokes("5", "angular"), "photo", rng)
    noisy = np.clip(clean + rng.normal(0, 90, (*clean.shape[:2], 1)), 0, 255).astype(np.uint8)
    specked = clean.copy()
    specked[rng.integers(0, 200, 3000), rng.integers(0, 200, 3000)] = 40
    for pixels in (noisy, specked):
        assert prepare_page(Picture("five.png", pixels), RECIPE) == []


def touch(one: pages.Box, other: pages.Box, reach: float) -> bool:
    """What makes two strokes one figure, box by box."""
    down = min(one[1], other[1]) - max(one[0], other[0])
    across = min(one[3], other[3]) - max(one[2], other[2])
    narrower = min(one[3] - one[2], other[3] - other[2])
    lower = min(one[1] - one[0], other[1] - other[0])
    if down > -reach and across > 0.4 * narrower:
        return True
    return across > -reach / 3 and down > 0.6 * lower and (across > 0 or lower < 4 * reach)


def around(boxes: list[pages.Box]) -> pages.Box:
    tops, bottoms, lefts, rights = zip(*boxes, strict=True)
    return min(tops), max(bottoms), min(lefts), max(rights)


def merged_one_by_one(boxes: list[pages.Box], reach: float) -> list[list[int]]:
    """Groups by merging the first pair that touches until none does."""
    groups = [[i] for i in range(len(boxes))]
    while True:
        whole = [around([boxes[i] for i in group]) for group in groups]
        pairs = itertools.combinations(range(len(groups)), 2)
        pair = next((p for p in pairs if touch(whole[p[0]], whole[p[1]], reach)), None)
        if pair is None:
            return groups
        groups[pair[0]] += groups.pop(pair[1])


def test_groups_are_those_of_merging_pair_after_pair() -> None:
    rng = np.random.default_rng(0)
    for side in (20, 40, 80, 160, 320) * 20:
        starts, sizes = rng.integers(0, side, (25, 2)), rng.integers(1, 24, (25, 2))
        boxes = [
            (int(top), int(top + height), int(left), int(left + width))
            for (top, left), (height, width) in zip(starts, sizes, strict=True)
        ]
        reach = float(rng.uniform(0.3, 5))
        assert pages._together(boxes, reach) == merged_one_by_one(boxes, reach)


def test_each_stroke_is_compared_about_once_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    touches = pages._touch
    monkeypatch.setattr(pages, "_touch", lambda *them: compared.append(1) or touches(*them))
    boxes = [(10 * i, 10 * i + 9, 40 * j, 40 * j + 9) for j in range(10) for i in range(50)]
    assert len(pages._together(boxes, 3.0)) == 10
    assert len(compared) <= 2 * len(boxes)


def test_beside_is_found_among_many_figures_of_one_height() -> None:
    column = [pages.Figure((20 * i, 20 * i + 10, i, i + 30), ()) for i in range(25)]
    assert not pages._is_page(column)
    assert pages._is_page([*column, pages.Figure((0, 10, 30, 40), ())])
