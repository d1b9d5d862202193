"""Pictures of anything, prepared as the training images were."""

import numpy as np
import pytest
from scipy import ndimage

from dlrun.errors import InputError
from dlrun.images.measuring import Looks, measure_looks
from dlrun.images.preparation import STEPS, Recipe, prepare_picture
from dlrun.images.reading import Picture
from tests.hands import PAPERS, draw_strokes, drawings, on_paper
from tests.images.test_measuring import small_digits

TRAINING = small_digits()
RECIPE = Recipe((28, 28), measure_looks(TRAINING, tuple("0123456789")))


def three(gray: np.ndarray) -> np.ndarray:
    return np.repeat(gray[..., None], 3, axis=2)


@pytest.mark.parametrize("paper", PAPERS)
def test_drawings_come_out_as_training_images_are(paper: str) -> None:
    rng = np.random.default_rng(4)
    for digit in "0123456789":
        pixels = on_paper(draw_strokes(digit, size=240, width=0.03), paper, rng)
        found = prepare_picture(Picture(digit, pixels), RECIPE).pixels
        assert (found.shape, found.dtype, found.min(), found.max()) == ((28, 28), np.uint8, 0, 255)
        rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
        middle = np.array(ndimage.center_of_mass(found.astype(float)))
        assert np.abs(middle - 14).max() < 1.5


def test_training_images_come_out_nearly_as_they_went_in() -> None:
    for image in TRAINING[:20]:
        found = prepare_picture(Picture("x", three(image)), RECIPE).pixels
        assert np.mean(np.abs(found.astype(int) - image)) < 6


def test_a_negative_gives_the_same_pixels() -> None:
    for drawing in list(drawings(seed=9))[::11]:
        one = prepare_picture(Picture("x", drawing.pixels), RECIPE)
        other = prepare_picture(Picture("x", 255 - drawing.pixels), RECIPE)
        assert np.array_equal(one.pixels, other.pixels)


def test_hair_thin_strokes_are_thickened_and_thick_ones_thinned() -> None:
    shares = []
    for pen in (0.006, 0.04, 0.12):
        pixels = on_paper(draw_strokes("3", size=300, width=pen), "paint", np.random.default_rng(0))
        shares.append(prepare_picture(Picture("x", pixels), RECIPE).pixels.mean())
    assert shares[0] == pytest.approx(shares[1], rel=0.3)
    assert shares[2] == pytest.approx(shares[1], rel=0.5)


@pytest.mark.parametrize("step", STEPS)
def test_every_step_can_be_left_out(step: str) -> None:
    ink = draw_strokes("5", size=200, width=0.012, place=(0.4, 0.55))
    pixels = 255 - on_paper(ink, "photo", np.random.default_rng(2))
    with_all = prepare_picture(Picture("x", pixels), RECIPE).pixels
    recipe = Recipe(RECIPE.shape, RECIPE.looks, without=frozenset({step}))
    found = prepare_picture(Picture("x", pixels), recipe).pixels
    assert found.shape == with_all.shape
    assert not np.array_equal(found, with_all)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_empty_picture_is_an_error(value: int) -> None:
    with pytest.raises(InputError, match=r"^blank\.png: nothing is drawn on it, only paper$"):
        prepare_picture(Picture("blank.png", np.full((60, 60, 3), value, np.uint8)), RECIPE)


def test_what_is_unlike_the_training_images_is_remarked() -> None:
    dot = np.full((200, 200, 3), 255, np.uint8)
    dot[80:160, 60:160] = 0
    remarks = prepare_picture(Picture("x", dot), RECIPE).remarks
    assert any(remark.startswith("much ink: 0.") for remark in remarks)
    faint = on_paper(0.1 * draw_strokes("3", width=0.05), "paint", np.random.default_rng(0))
    remarks = prepare_picture(Picture("x", faint), RECIPE).remarks
    assert any(remark.startswith("faint: ink is 10% darker") for remark in remarks)


def test_objects_keep_their_shades_and_are_centred_by_their_box() -> None:
    rng = np.random.default_rng(0)
    clothes = np.zeros((20, 28, 28), np.uint8)
    clothes[:, :, 4:24] = rng.integers(60, 255, (20, 28, 20))
    recipe = Recipe((28, 28), measure_looks(clothes, ("shirt", "coat")))
    photo = np.full((300, 300, 3), 255, np.uint8)
    photo[40:240, 100:240] = 128
    found = prepare_picture(Picture("x", photo), recipe).pixels
    assert found.shape == (28, 28)
    assert np.ptp(np.flatnonzero(found.any(axis=1))) + 1 == 28
    assert 100 < found[14, 14] < 160


def test_pictures_are_fitted_whole_in_colour_or_gray() -> None:
    looks = Looks("picture", True, 0, 255, 0, 32, "box", 0, 0, 0, 0, 0, 1)
    photo = np.zeros((60, 90, 3), np.uint8)
    photo[:, 15:75] = (200, 100, 0)
    found = prepare_picture(Picture("x", photo), Recipe((32, 32, 3), looks)).pixels
    assert found.shape == (32, 32, 3)
    assert np.abs(found[:, 4:-4].astype(int) - (200, 100, 0)).max() <= 1
    gray = prepare_picture(Picture("x", photo), Recipe((32, 32), looks)).pixels
    assert gray.shape == (32, 32)
    assert gray[16, 16] == 100


def test_the_steps_are_shown_in_their_order() -> None:
    pixels = on_paper(draw_strokes("4", width=0.01), "paint", np.random.default_rng(0))
    found = prepare_picture(Picture("x", pixels), RECIPE)
    assert [name for name, _ in found.steps] == ["ink", "figure", "strokes", "centred"]
    assert all(0 <= picture.min() <= picture.max() <= 1 for _, picture in found.steps)
