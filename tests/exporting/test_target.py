"""Where exports go: whole or not at all, and never over something that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

import dlrun
from dlrun.errors import ExportError, StorageError
from dlrun.exporting.formats import FORMATS
from dlrun.exporting.target import choose_target, refuse_existing, written_beside
from dlrun.runs import Run


def test_the_runs_own_folder_is_where_exports_go(moons: Run) -> None:
    folder = moons.path / "exports"
    assert choose_target(moons, FORMATS["onnx"], None) == folder / "moons.onnx"
    assert choose_target(moons, FORMATS["savedmodel"], None) == folder / "moons_savedmodel"
    assert choose_target(moons, FORMATS["python"], None) == folder / "moons.py"


def test_a_folder_that_is_there_takes_the_file(moons: Run, exports: Path) -> None:
    assert choose_target(moons, FORMATS["keras"], exports) == exports / "moons.keras"


def test_another_ending_is_told(moons: Run) -> None:
    with pytest.raises(ExportError, match=r"net.h5: .* end in .keras; write --output net.keras"):
        choose_target(moons, FORMATS["keras"], Path("net.h5"))


@pytest.mark.parametrize("name", ["numbers", "keras", "sklearn"])
def test_a_script_never_takes_the_name_of_a_module(moons: Run, name: str) -> None:
    message = f"{name}.py: would hide the module '{name}' .*, such as --output {name}_keras.py"
    with pytest.raises(ExportError, match=message):
        choose_target(moons, FORMATS["python"], Path(f"{name}.py"))


def test_what_is_there_is_kept(moons: Run, exports: Path) -> None:
    (exports / "moons.keras").write_text("mine")
    with pytest.raises(
        ExportError, match=r"moons.keras: is there already, and is kept; name anoth"
    ):
        dlrun.export(moons, "keras", exports)
    (exports / "moons.onnx.json").write_text("mine")
    refuse_existing([exports / "moons.onnx"])
    assert (exports / "moons.keras").read_text() == "mine"


def test_a_small_file_beside_is_kept_too(moons: Run, exports: Path) -> None:
    (exports / "moons.keras.json").write_text("mine")
    with pytest.raises(ExportError, match=r"moons.keras.json: is there already"):
        dlrun.export(moons, "keras", exports)
    assert [path.name for path in exports.iterdir()] == ["moons.keras.json"]


def test_what_fails_half_way_leaves_nothing(exports: Path) -> None:
    def fail() -> None:
        with written_beside([exports / "a", exports / "b"]) as folder:
            (folder / "a").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(exports.iterdir()) == []


def test_somebody_quicker_keeps_the_place(exports: Path) -> None:
    def race() -> None:
        with written_beside([exports / "a"]) as folder:
            (folder / "a").write_text("mine")
            (exports / "a").write_text("theirs")

    with pytest.raises(ExportError, match="is there already"):
        race()
    assert (exports / "a").read_text() == "theirs"


def test_a_folder_that_cannot_be_made_is_told(exports: Path) -> None:
    (exports / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        written_beside([exports / "file" / "a"]).__enter__()
