"""Nothing that is sent ends in a 500, and every limit says what it is."""

from __future__ import annotations

import asyncio
import io
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Message

from dlrun.web import asking, worker
from tests.web.conftest import SEVEN, client_of, image_model, png_of


def png_header(width: int, height: int) -> bytes:
    """A PNG file that claims to be large; its pixels are a few bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )  # fmt: skip

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels


def text_bomb() -> bytes:
    """A PNG whose comment unpacks to a hundred megabytes."""
    comment = b"a\0\0" + zlib.compress(bytes(100_000_000), 9)
    chunk = struct.pack(">I", len(comment)) + b"zTXt" + comment
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + comment))
    return SEVEN[:33] + chunk + SEVEN[33:]


def blank(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("1", (width, height), 1).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"garbage", "not an image, or in a format that cannot be read; save it as PNG or JPEG"),
        (bytes(5000), "not an image"),
        (b"\x89PNG\r\n\x1a\n", "image: "),
        (SEVEN[: len(SEVEN) // 2], "the file is cut off; copy it again"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image, or in a format that"),
        (blank(1, 1), "nothing is drawn on it"),
        (blank(300, 300), "nothing is drawn on it"),
        (png_header(20_000, 20_000), "000,000 pixels; make it smaller"),
        (blank(6000, 5000), "6,000 × 5,000 pixels, more than 25,000,000"),
        (png_header(5000, 4000), "image: "),
        (png_header(0, 10), "image: "),
        (text_bomb(), "image: "),
    ],
    ids=["words", "zeros", "signature", "cut off", "svg", "postscript", "1x1", "blank",
         "400 million", "30 million", "bomb", "no width", "text bomb"],
)  # fmt: skip
def test_what_is_no_picture_of_something_is_refused(
    images: TestClient, content: bytes, said: str
) -> None:
    reply = images.post("/api/predict", content=content)
    assert reply.status_code == 422
    assert said in reply.json()["error"]


def test_damage_anywhere_in_a_file_is_no_bug(images: TestClient) -> None:
    rng = np.random.default_rng(0)
    for kind in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"):
        content = bytearray(png_of([(0.3, 0.2), (0.6, 0.8)], 64, kind))
        for _ in range(8):
            damaged = bytearray(content)
            for place in rng.integers(0, len(content), 5):
                damaged[place] = rng.integers(0, 256)
            assert images.post("/api/predict", content=bytes(damaged)).status_code in (200, 422)


def test_a_body_is_no_longer_read_once_it_is_too_large(images: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            sent.append(1)
            yield bytes(100_000)

    sent: list[int] = []
    reply = images.post("/api/predict", content=endless())
    assert reply.status_code == 413
    assert reply.json()["error"] == "body: more than 10,000,000 bytes; send a smaller file"
    claimed = images.post("/api/predict", content=b"x", headers={"Content-Length": "99999999"})
    assert claimed.status_code == 413


@pytest.mark.parametrize("length", ["-1", "many", "1" * 400])
def test_a_length_that_is_none_is_refused(images: TestClient, length: str) -> None:
    reply = images.post("/api/predict", content=b"x", headers={"Content-Length": length})
    assert reply.status_code == 413


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "body: empty; send an image or JSON, see GET /api"),
        (b"{", "body: not JSON"),
        (b'{"rows": [[NaN, 1]]}', "NaN is no number in JSON"),
        (b'{"rows": [[1, 1' + b"0" * 6000 + b"]]}", "body: not JSON"),
        (b'{"rows": ' + b"[" * 200_000, "body: JSON nested too deeply; send flat rows"),
        (b'{"a": "\xff"}', "body: not JSON"),
        (b'{"lines": []}', 'body: the key must be "rows" or "image", received lines'),
        (b"{}", "received none"),
        (b'{"image": "AAAA"}', "image: the model takes rows of a table"),
    ],
    ids=["empty", "cut", "nan", "digits", "deep", "bytes", "key", "no key", "image"],
)
def test_what_is_no_table_is_refused(rows: TestClient, content: bytes, said: str) -> None:
    reply = rows.post("/api/predict", content=content)
    assert reply.status_code == 400
    assert said in reply.json()["error"]


def test_json_that_is_no_object_is_refused(rows: TestClient) -> None:
    reply = rows.post("/api/predict", json=[[1, 2]])
    assert reply.status_code == 400
    assert reply.json()["error"] == (
        'body: must be an object, such as {"rows": [[…]]}; see GET /api'
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"image": "not base64!"}, "image: not Base64; send the file itself as the body"),
        ({"image": 3}, "image: must be text in Base64"),
        ({"rows": [[1]]}, "rows: the model takes images; send an image file as the body"),
    ],
)
def test_a_model_of_images_takes_no_other_json(images: TestClient, body: object, said: str) -> None:
    reply = images.post("/api/predict", json=body)
    assert reply.status_code == 400
    assert reply.json()["error"] == said


def test_an_image_for_a_table_is_refused(rows: TestClient) -> None:
    reply = rows.post("/api/predict", content=SEVEN)
    assert reply.status_code == 400
    assert reply.json()["error"].startswith("image: the model takes rows of a table; send JSON")


@pytest.fixture
def slow(sure_of_seven: np.ndarray, tmp_path: Path) -> TestClient:
    served = image_model(sure_of_seven)
    compute = served.predictor.compute

    def slowly(rows: np.ndarray) -> np.ndarray:
        time.sleep(0.3)
        return compute(rows)

    object.__setattr__(served.predictor, "compute", slowly)
    return client_of(served, tmp_path)


def test_an_answer_that_takes_too_long_is_given_up(
    slow: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "ANSWER_SECONDS", 0.05)
    reply = slow.post("/api/predict", content=SEVEN)
    assert reply.status_code == 503
    assert reply.json()["error"].startswith("no answer within 0.05 s; send something smaller")


def test_a_long_line_is_turned_away(slow: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAX_WAITING", 0)
    reply = slow.post("/api/predict", content=SEVEN)
    assert reply.status_code == 503
    assert reply.json()["error"] == "busy: 0 requests wait; try again later"


def test_a_body_that_comes_too_slowly_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing_comes() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(asking, "UPLOAD_SECONDS", 0.01)
    request = Request({"type": "http", "headers": []}, nothing_comes)
    with pytest.raises(HTTPException, match=r"body: not sent within 0\.01 s; send less") as refused:
        asyncio.run(asking.read_body(request))
    assert refused.value.status_code == 408


def test_a_body_that_is_broken_off_is_refused() -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(HTTPException, match="body: broken off; send it again"):
        asyncio.run(asking.read_body(Request({"type": "http", "headers": []}, gone)))
