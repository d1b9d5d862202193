"""The user's own folder of images as a data set."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dlrun
from dlrun.config import DatasetConfig
from dlrun.data import Dataset, load_dataset
from dlrun.errors import DatasetError
from tests.hands import draw_strokes, on_paper


def save(
    folder: Path, name: str, value: int | np.ndarray, size: tuple[int, int] = (20, 30)
) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    pixels = np.full((20, 30, 3), value, np.uint8) if isinstance(value, int) else value
    Image.fromarray(pixels).save(path)


def load(folder: Path, **options: object) -> Dataset:
    return load_dataset(DatasetConfig(name="images", options={"path": str(folder), **options}))


def test_labels_are_the_folders_that_images_are_in(tmp_path: Path) -> None:
    save(tmp_path, "cats/a.png", 10)
    save(tmp_path, "cats/b.jpg", 20)
    save(tmp_path, "dogs/a.png", 200)
    data = load(tmp_path, size=8)
    assert (data.x.shape, data.x.dtype, data.task) == ((3, 8, 8), np.uint8, "binary")
    assert data.class_names == ("cats", "dogs")
    assert data.y.tolist() == [0, 0, 1]
    assert data.x[2].min() == 200


def test_labels_are_the_starts_of_names_and_colour_is_kept(tmp_path: Path) -> None:
    for name in ("10_a.png", "2_a.png", "2_b.png"):
        save(tmp_path, name, 50)
    data = load(tmp_path, channels=3, size=4)
    assert data.x.shape == (3, 4, 4, 3)
    assert data.class_names == ("2", "10")
    assert data.y.tolist() == [1, 0, 0]


def test_a_table_of_labels_goes_before_names(tmp_path: Path) -> None:
    save(tmp_path, "1.png", 10)
    save(tmp_path, "2.png", 10)
    (tmp_path / "labels.csv").write_text("path,label\n1.png,owl\n2.png,cat\n")
    assert load(tmp_path).class_names == ("cat", "owl")
    (tmp_path / "labels.csv").write_text("path,label\n1.png,owl\n")
    with pytest.raises(DatasetError, match=r"2\.png: .*labels\.csv does not name it; add it or"):
        load(tmp_path)
    (tmp_path / "labels.csv").write_text("path,label\n1.png,\n")
    with pytest.raises(DatasetError, match=r"labels\.csv:2: a row needs a path and a label"):
        load(tmp_path)


def test_drawn_digits_are_prepared_as_mnist_was(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for digit in "0123456789":
        save(tmp_path, f"{digit}_a.png", on_paper(draw_strokes(digit), "photo", rng))
    data = load(tmp_path, prepare="digits")
    assert data.x.shape == (10, 28, 28)
    assert data.y.tolist() == list(range(10))
    assert (data.x.min(), data.x.max()) == (0, 255)
    save(tmp_path, "x_a.png", on_paper(draw_strokes("3"), "photo", rng))
    with pytest.raises(DatasetError, match=r"x_a\.png: is labelled 'x', which is no digit; rename"):
        load(tmp_path, prepare="digits")


WRONG = [
    ({"path": 3}, r"images: path is 3; it must name a folder"),
    (
        {"prepare": "digit"},
        r"images: prepare is 'digit'; did you mean 'digits'\?; it must be one of",
    ),
    ({"size": 0}, r"images: size is 0; it must be 1 to 1,024 pixels"),
    ({"channels": 2}, r"images: channels is 2; it must be 1 \(gray\) or 3 \(colour\)"),
    ({}, r": holds no images; PNG, JPEG and HEIC are read, and others"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_wrong_options_are_errors_in_words(
    options: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match=message):
        load_dataset(DatasetConfig(name="images", options={"path": str(tmp_path), **options}))


def test_folders_that_cannot_be_used_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none: no such folder$"):
        load(tmp_path / "none")
    save(tmp_path, "cats/a.png", 10)
    with pytest.raises(DatasetError, match=r"all images show 'cats'; two classes are needed$"):
        load(tmp_path)
    (tmp_path / "cats" / "b.png").write_text("hello")
    with pytest.raises(DatasetError, match=r"b\.png: not an image, .*; mend it or move it out of"):
        load(tmp_path)


def test_others_are_predicted_as_those_of_the_folder_were_prepared(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for i in range(12):
        dark, bright = rng.integers(0, 90, (2, 24, 24, 3))
        save(tmp_path, f"dark/{i}.png", dark.astype(np.uint8))
        save(tmp_path, f"bright/{i}.png", (160 + bright).astype(np.uint8))
    config = tmp_path / "own.yaml"
    config.write_text(
        f"name: own\ndataset: {{name: images, options: {{path: '{tmp_path}', size: 8}}}}\n"
        "model: {layers: [Dense: {units: 1, activation: sigmoid}]}\n"
        "loss: binary_crossentropy\noptimizer: {SGD: {learning_rate: 0.1}}\n"
        "training: {epochs: 20, batch_size: 4}\n"
    )
    run = dlrun.train(config)
    assert run.dataset["looks"]["kind"] == "picture"
    found = dlrun.predict(run, tmp_path / "dark" / "3.png")
    (picture,) = found.prepared.values()
    data = load(tmp_path, size=8)
    assert any(np.array_equal(picture.pixels, image) for image in data.x)
    assert [sample.answer.predicted for sample in found.samples] == ["dark"]
