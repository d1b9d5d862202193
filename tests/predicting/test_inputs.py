"""What was named: files, folders, patterns, standard input."""

from pathlib import Path

import pytest

from dlrun.predicting.inputs import find_inputs


def names(*given: object, stdin: bytes | None = None, images: bool = True) -> list[str]:
    return [found.name for found in find_inputs([str(one) for one in given], stdin, images=images)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("10.png", "9.JPG", "1.heic", "notes.md", "table.csv", ".hidden.png"):
        (tmp_path / name).touch()
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "2.png").touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "3.png").touch()
    return tmp_path


def test_a_folder_gives_its_images_as_people_count(folder: Path) -> None:
    found = [Path(name).relative_to(folder).as_posix() for name in names(folder)]
    assert found == ["1.heic", "9.JPG", "10.png", "inner/2.png"]


def test_for_a_model_of_tables_a_folder_gives_its_tables(folder: Path) -> None:
    assert names(folder, images=False) == [str(folder / "table.csv")]


def test_a_pattern_gives_what_it_matches(folder: Path) -> None:
    assert names(folder / "*.png") == [str(folder / "10.png")]
    assert names(folder / "**" / "*.png") == [
        str(folder / "10.png"),
        str(folder / "inner" / "2.png"),
    ]


def test_what_is_not_there_is_an_error_of_its_own(folder: Path) -> None:
    (folder / "empty").mkdir()
    given = [str(folder / name) for name in ("none.png", "*.gif", "empty")]
    found = find_inputs([*given, "-"], b"", images=True)
    assert [one.error for one in found] == [
        "no such file",
        "no file matches",
        "a folder with no image in it",
        "nothing came in",
    ]
    (table,) = find_inputs([str(folder / "empty")], None, images=False)
    assert table.error == "a folder with no table (.csv, .parquet or .npz) in it"


def test_standard_input_is_known_by_what_it_holds() -> None:
    (image,) = find_inputs(["-"], b"\x89PNG\r\n", images=True)
    (table,) = find_inputs(["-"], b"a,b\n1,2\n", images=False)
    assert (image.is_table, table.is_table, image.name) == (False, True, "stdin")
