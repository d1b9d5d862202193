"""Image files of every kind, and whatever else may be handed in."""

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlrun.errors import InputError
from dlrun.images.reading import read_picture, shrink
from tests.hands import draw_strokes, on_paper

COLOUR = np.zeros((40, 30, 3), np.uint8)
COLOUR[5:20, 5:15] = (250, 120, 10)


def as_bytes(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP", "PPM"])
def test_common_formats_are_read_as_they_are(kind: str, tmp_path: Path) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    path = tmp_path / "picture"
    path.write_bytes(as_bytes(Image.fromarray(COLOUR), kind, **options))
    assert np.array_equal(read_picture(path).pixels, COLOUR)


def test_photographs_of_phones_are_read() -> None:
    drawn = on_paper(draw_strokes("4", size=160, width=0.05), "photo", np.random.default_rng(0))
    found = read_picture(Path(__file__).parent / "4.heic").pixels  # written by libheif from `drawn`
    assert found.shape == drawn.shape
    assert np.abs(found.astype(int) - drawn).mean() < 6
    with pytest.raises(InputError, match=r"^photo\.heic: "):
        read_picture(b"\x00\x00\x00\x18ftypheic" + bytes(40), "photo.heic")


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "1", "LA", "RGBA", "YCbCr"])
def test_colour_spaces_become_red_green_and_blue(mode: str) -> None:
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    found = read_picture(as_bytes(Image.fromarray(COLOUR).convert(mode), kind)).pixels
    assert (found.shape, found.dtype) == ((40, 30, 3), np.uint8)
    assert found[10, 10].max() > found[30, 25].max()


def test_sixteen_bits_become_eight() -> None:
    deep = (np.arange(256, dtype=np.uint16).reshape(16, 16)) * 257
    found = read_picture(as_bytes(Image.fromarray(deep))).pixels
    assert np.array_equal(found[..., 0], np.arange(256).reshape(16, 16))


def test_a_camera_held_sideways_is_turned_back() -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    turned = Image.fromarray(np.rot90(COLOUR)).copy()
    found = read_picture(as_bytes(turned, "PNG", exif=exif)).pixels
    assert np.array_equal(found, COLOUR)


def test_clear_paper_lies_behind_dark_ink_bright_and_behind_bright_ink_dark() -> None:
    alpha = np.zeros((40, 30), np.uint8)
    alpha[5:20, 5:15] = 255
    for ink, paper in ((0, 255), (255, 0)):
        rgba = np.dstack([np.full((40, 30, 3), ink, np.uint8), alpha])
        found = read_picture(as_bytes(Image.fromarray(rgba))).pixels
        assert found[0, 0, 0] == paper
        assert found[10, 10, 0] == ink


def test_of_moving_pictures_the_first_is_taken_and_that_is_said() -> None:
    frames = [Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)]
    found = read_picture(as_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert found.remarks == ("the first of 2 frames",)
    assert found.pixels[30, 25].max() < 10


WRONG = {
    "text": (b"hello", "not an image, or in a format that cannot be read; save it as PNG or JPEG"),
    "empty": (b"", "not an image, or in a format that cannot be read; save it as PNG or JPEG"),
    "postscript": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "not an image, or in a format that cannot be read; save it as PNG or JPEG",
    ),
    "cut": (as_bytes(Image.fromarray(COLOUR))[:60], "the file is cut off; copy it again"),
    "large": (
        as_bytes(Image.new("1", (20_000, 20_000))),
        "more than 120,000,000 pixels; make it smaller",
    ),
    "wide": (
        as_bytes(Image.new("1", (150_000, 1000))),
        "150,000 × 1,000 pixels, more than 120,000,000; make it smaller",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_image_is_an_error_in_words(name: str) -> None:
    content, message = WRONG[name]
    with pytest.raises(InputError) as caught:
        read_picture(content, f"{name}.png")
    assert str(caught.value) == f"{name}.png: {message}"


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.png: no such file$"):
        read_picture(tmp_path / "nothing.png")


def test_damage_anywhere_in_a_file_is_an_error_or_a_picture() -> None:
    rng = np.random.default_rng(0)
    whole = as_bytes(Image.fromarray(COLOUR))
    for _ in range(200):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), 3):
            content[place] = rng.integers(256)
        with contextlib.suppress(InputError):
            assert read_picture(bytes(content)).pixels.ndim == 3


def test_shrinking_keeps_the_mean() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 200, 3)).astype(np.uint8)
    small = shrink(pixels, 100)
    assert small.shape == (100, 67, 3)
    assert small.mean() == pytest.approx(pixels.mean(), abs=1)
    assert shrink(pixels, 300) is pixels
