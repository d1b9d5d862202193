"""What each address answers."""

from __future__ import annotations

import base64
import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from dlrun.images.page import prepare_page
from dlrun.images.reading import read_picture
from tests.images.test_page import grid
from tests.web.conftest import (
    DIGITS,
    SEVEN,
    client_of,
    image_model,
    png_of,
    png_of_page,
    row_model,
)

SIMPLE_IMAGE = png_of([(0.5, 0.2), (0.5, 0.8)], kind="BMP")


@pytest.mark.parametrize("content", [SEVEN, SIMPLE_IMAGE])
@pytest.mark.parametrize("kind", ["image/png", "application/x-www-form-urlencoded", ""])
def test_an_image_is_predicted_whatever_its_type(
    images: TestClient, content: bytes, kind: str
) -> None:
    reply = images.post("/api/predict", content=content, headers={"Content-Type": kind})
    answer = reply.json()
    assert reply.status_code == 200
    assert answer["predicted"] == "7"
    assert list(answer["probabilities"]) == list(DIGITS)
    assert answer["probabilities"]["7"] == pytest.approx(0.91)
    assert np.shape(answer["pixels"]) == (28, 28)
    assert np.max(answer["pixels"]) == 255
    assert answer["milliseconds"] >= 0
    assert isinstance(answer["remarks"], list)


@pytest.mark.parametrize("before", ["", "data:image/png;base64,"])
def test_an_image_in_base64_is_the_same(images: TestClient, before: str) -> None:
    text = before + base64.b64encode(SEVEN).decode()
    encoded = images.post("/api/predict", json={"image": text}).json()
    plain = images.post("/api/predict", content=SEVEN).json()
    assert encoded["pixels"] == plain["pixels"]


PAGE = png_of_page(["0123", "456"])


def test_a_page_is_answered_figure_by_figure_where_that_is_asked_for(images: TestClient) -> None:
    reply = images.post("/api/predict?page=auto", content=PAGE)
    answer = reply.json()
    assert list(answer) == ["figures", "milliseconds"]
    assert len(answer["figures"]) == 7
    recipe = image_model(np.zeros(10, np.float32)).recipe
    assert recipe is not None
    found = prepare_page(read_picture(PAGE, "page"), recipe)
    for figure, prepared in zip(answer["figures"], found, strict=True):
        assert figure["pixels"] == prepared.pixels.tolist()
        assert figure["probabilities"]["7"] == pytest.approx(0.91)
    text = base64.b64encode(PAGE).decode()
    encoded = images.post("/api/predict?page=auto", json={"image": text}).json()
    assert encoded["figures"] == answer["figures"]


def test_a_page_of_print_is_refused_in_words(images: TestClient) -> None:
    stream = io.BytesIO()
    Image.fromarray(grid(40, 24, 40)).save(stream, "PNG")
    reply = images.post("/api/predict?page=auto", content=stream.getvalue())
    assert reply.status_code == 422
    assert reply.json()["error"] == (
        "image: 960 figures on one page, the most is 400; cut the picture into parts, or have it "
        "read as one figure by --no-page or ?page=false"
    )
    assert images.post("/api/predict", content=stream.getvalue()).status_code == 200


@pytest.mark.parametrize(("content", "asked"), [(PAGE, ""), (PAGE, "?page=false"), (SEVEN, "auto")])
def test_otherwise_it_is_one_figure(images: TestClient, content: bytes, asked: str) -> None:
    address = f"/api/predict{'?page=auto' if asked == 'auto' else asked}"
    answer = images.post(address, content=content).json()
    assert list(answer) == ["predicted", "probabilities", "pixels", "remarks", "milliseconds"]


def test_another_word_for_pages_is_refused(images: TestClient) -> None:
    reply = images.post("/api/predict?page=yes", content=SEVEN)
    assert reply.status_code == 400
    assert reply.json()["error"] == "page: must be auto or false, received 'yes'"


def test_two_likely_classes_are_told(tmp_path: Path) -> None:
    torn = np.array([0, 0, 0, 0, 0.48, 0, 0, 0, 0.01, 0.51], np.float32)
    answer = client_of(image_model(torn), tmp_path).post("/api/predict", content=SEVEN).json()
    assert answer["predicted"] == "9"
    assert "no clear class: 9 51% against 4 48%" in answer["remarks"]


def test_outputs_that_are_no_numbers_are_null(tmp_path: Path) -> None:
    broken = client_of(image_model(np.full(10, np.nan, np.float32)), tmp_path)
    answer = broken.post("/api/predict", content=SEVEN).json()
    assert answer["probabilities"]["0"] is None


@pytest.mark.parametrize(
    "body", [{"rows": [[5.1, 0.2]]}, {"rows": [{"width": 0.2, "length": 5.1}]}]
)
def test_a_row_is_predicted_by_place_or_by_name(rows: TestClient, body: object) -> None:
    (found,) = rows.post("/api/predict", json=body).json()["predictions"]
    assert found["predicted"] == "versicolor"
    assert found["probabilities"]["virginica"] == pytest.approx(0.1)
    assert found["remarks"] == []


def test_rows_posted_by_curl_without_a_type_are_understood(rows: TestClient) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = rows.post("/api/predict", content=b' {"rows": [[1, 2], [200, 4]]}', headers=kind)
    first, second = reply.json()["predictions"]
    assert first["remarks"] == []
    assert second["remarks"] == ["no clear class: versicolor 50% against virginica 50%"]


def test_numbers_are_predicted_as_numbers(tmp_path: Path) -> None:
    client = client_of(row_model(names=()), tmp_path)
    reply = client.post("/api/predict", json={"rows": [[1.5, 2]]}).json()
    assert reply["predictions"] == [{"predicted": 3.5, "remarks": []}]


def test_the_model_is_described(images: TestClient, rows: TestClient) -> None:
    drawn = images.get("/api/model").json()
    assert drawn["takes"] == "image"
    assert drawn["input_shape"] == [28, 28]
    assert drawn["class_names"] == list(DIGITS)
    assert drawn["pixel_max"] == 255
    table = rows.get("/api/model").json()
    assert table["takes"] == "rows"
    assert table["columns"][1] == {
        "name": "width",
        "typical": 0.25,
        "hint": "mean 0.2500, sd 0.0500",
    }
    assert table["predicts"] == "class"


def test_the_documentation_gives_calls_that_work(images: TestClient, rows: TestClient) -> None:
    said = images.get("/api")
    assert said.headers["content-type"].startswith("text/plain")
    assert "curl --data-binary @seven.png http://127.0.0.1:8000/api/predict" in said.text
    calls = re.findall(r"curl -d '(.+)' http://127.0.0.1:8000(\S+)", rows.get("/api").text)
    assert len(calls) == 2
    for body, path in calls:
        assert rows.post(path, content=body).status_code == 200


def test_pages_are_those_of_the_model_and_stay_on_this_server(
    images: TestClient, rows: TestClient
) -> None:
    for client, title in ((images, "draw and see"), (rows, "fill in and see")):
        page = client.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert title in page.text
        addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(addresses) > 1
        for address in addresses:
            assert address.startswith("/"), address
            assert client.get(address).status_code == 200
        assert "<script>" not in page.text
        assert "style=" not in page.text


def test_modules_of_the_page_import_only_each_other(images: TestClient) -> None:
    source = images.get("/static/draw.js").text
    names = re.findall(r'from "\./(\w+\.js)"', source)
    assert names
    for name in names:
        assert images.get(f"/static/{name}").status_code == 200
    assert "http" not in source.replace("https://www.w3.org", "")


def test_every_answer_carries_what_browsers_obey(images: TestClient) -> None:
    replies = [images.get("/"), images.get("/api"), images.get("/nothing")]
    replies.append(images.post("/api/predict", content=b"garbage"))
    replies.append(images.get("/", headers={"Host": "evil.example"}))
    for reply in replies:
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/nothing", 404, "/nothing: no such page; see GET /api"),
        ("GET", "/static/../served.py", 404, "no such page"),
        ("GET", "/static/%2e%2e/served.py", 404, "no such page"),
        ("GET", "/api/predict", 405, "/api/predict: not by GET; see GET /api"),
        ("DELETE", "/api/model", 405, "not by DELETE"),
    ],
)
def test_other_addresses_are_refused(
    images: TestClient, method: str, path: str, status: int, said: str
) -> None:
    reply = images.request(method, path)
    assert reply.status_code == status
    assert said in reply.json()["error"]


def test_a_round_keeps_drawings_and_counts_them(images: TestClient, tmp_path: Path) -> None:
    begun = images.post("/api/rounds")
    number, labels = begun.json()["round"], begun.json()["labels"]
    assert begun.status_code == 201
    assert sorted(labels) == sorted(DIGITS * 2)
    for count, label in enumerate(labels, 1):
        kept = images.post(f"/api/rounds/{number}/drawings", content=SEVEN)
        answer = kept.json()
        assert kept.status_code == 201
        assert (answer["label"], answer["is_right"]) == (label, label == "7")
        assert answer["is_complete"] == (count == 20)
    (folder,) = (tmp_path / "drawings").iterdir()
    assert len(list(folder.glob("*.png"))) == 20
    assert answer["command"] == f"dlrun predict 20261126-010203-digits-0a1b {folder}"
    more = images.post(f"/api/rounds/{number}/drawings", content=SEVEN)
    assert more.status_code == 422
    assert more.json()["error"].startswith("round 0: complete; begin another")


def test_a_drawing_that_shows_nothing_is_not_kept(images: TestClient, tmp_path: Path) -> None:
    images.post("/api/rounds")
    blank = png_of([(2, 2), (3, 3)])
    reply = images.post("/api/rounds/0/drawings", content=blank)
    assert reply.status_code == 422
    assert "nothing is drawn" in reply.json()["error"]
    assert not (tmp_path / "drawings").exists()


def test_a_table_has_no_rounds(rows: TestClient) -> None:
    assert rows.post("/api/rounds").status_code == 404


def test_a_folder_that_cannot_be_written_is_told(sure_of_seven: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    client = client_of(image_model(sure_of_seven), tmp_path / "file")
    client.post("/api/rounds")
    reply = client.post("/api/rounds/0/drawings", content=SEVEN)
    assert reply.status_code == 507
    assert "cannot be written" in reply.json()["error"]


def test_a_bug_is_told_without_its_insides(sure_of_seven: np.ndarray, tmp_path: Path) -> None:
    served = image_model(sure_of_seven[:3])  # as many outputs as no class list has
    client = client_of(served, tmp_path, raise_server_exceptions=False)
    reply = client.post("/api/predict", content=SEVEN)
    assert reply.status_code == 500
    assert reply.json()["error"].startswith("a bug in dlrun")


def test_many_clients_at_once_are_all_answered(images: TestClient) -> None:
    with ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda _: images.post("/api/predict", content=SEVEN), range(64)))
    assert {reply.status_code for reply in replies} == {200}
