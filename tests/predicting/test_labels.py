"""What images are known to show."""

from pathlib import Path

import pytest

from dlrun.errors import InputError
from dlrun.predicting.inputs import Input, find_inputs
from dlrun.predicting.labels import labels_of

DIGITS = tuple("0123456789")


def files(folder: Path, *names: str) -> list[Input]:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    return find_inputs([str(folder)], None, images=True)


def known(inputs: list[Input], given: str | None = None) -> dict[str, str]:
    labels = labels_of(inputs, given, DIGITS)
    return {path.name: label for path, label in labels.by_path.items()}


def test_names_say_what_images_show(tmp_path: Path) -> None:
    found = known(files(tmp_path, "3.png", "3_a.png", "7-late.jpg", "holiday.png"))
    assert found == {"3.png": "3", "3_a.png": "3", "7-late.jpg": "7"}


def test_names_that_only_count_say_nothing(tmp_path: Path) -> None:
    assert known(files(tmp_path, *(f"{i}.png" for i in range(12)))) == {}


def test_folders_say_what_images_show(tmp_path: Path) -> None:
    found = known(files(tmp_path, "4/a.png", "5/IMG_1.png", "other/b.png"))
    assert found == {"a.png": "4", "IMG_1.png": "5"}


def test_a_table_of_labels_goes_before_names(tmp_path: Path) -> None:
    inputs = files(tmp_path, "0.png", "1.png")
    (tmp_path / "labels.csv").write_text("path,label\n0.png,8\n1.png,9\n")
    assert known(inputs) == {"0.png": "8", "1.png": "9"}
    other = tmp_path / "other.csv"
    other.write_text("path,label\n0.png,5\n")
    assert known(inputs, str(other)) == {"0.png": "5", "1.png": "9"}


def test_a_table_of_labels_lies_beside_what_was_named_or_below(tmp_path: Path) -> None:
    round_ = tmp_path / "drawings" / "20261126-101112"
    round_.mkdir(parents=True)
    image = round_ / "a.png"
    image.write_bytes(b"x")
    (round_ / "labels.csv").write_text("path,label\na.png,7\n")
    for name in (image, round_, round_.parent, f"{round_}/*.png"):
        inputs = find_inputs([str(name)], None, images=True)
        assert labels_of(inputs, None, DIGITS).by_path == {image: "7"}


def test_labels_are_typed_in_reading_order(tmp_path: Path) -> None:
    inputs = files(tmp_path, "page.png")
    assert labels_of(inputs, "0123", DIGITS).in_order == ("0", "1", "2", "3")
    assert labels_of(inputs, "cat, dog", ("cat", "dog")).in_order == ("cat", "dog")


def test_a_label_that_is_no_class_is_an_error(tmp_path: Path) -> None:
    inputs = files(tmp_path, "a.png")
    with pytest.raises(InputError, match=r"^--labels: 'x' is no file and no class; the classes"):
        labels_of(inputs, "01x", DIGITS)
    table = tmp_path / "labels.csv"
    table.write_text("path,label\na.png,ten\n")
    with pytest.raises(InputError, match=r"labels\.csv:2: 'ten' is no class; the classes are 0, 1"):
        labels_of(inputs, None, DIGITS)
    table.write_text("path,label\na.png,\n")
    with pytest.raises(InputError, match=r"labels\.csv:2: a row needs a path and a label; write b"):
        labels_of(inputs, None, DIGITS)
    table.write_bytes(b"\xff\xfe\x00path")
    with pytest.raises(InputError, match=r"labels\.csv: cannot be read as a CSV file, "):
        labels_of(inputs, None, DIGITS)
