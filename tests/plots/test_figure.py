from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

from dlrun.errors import RunError, StorageError
from dlrun.plots.figure import figure_file, sheet

SIGNATURES = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}


def draw(path: Path, text: str = "a word") -> bytes:
    with figure_file(path, (2.0, 1.0)) as figure:
        sheet(figure).text(0.5, 0.5, text)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.pdf", "a.svg"])
def test_the_suffix_decides_the_format(tmp_path: Path, name: str) -> None:
    assert draw(tmp_path / name).startswith(SIGNATURES[name[2:].lower()])


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_equal_figures_are_equal_files(tmp_path: Path, suffix: str) -> None:
    assert draw(tmp_path / f"a.{suffix}") == draw(tmp_path / f"b.{suffix}")


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.png.txt"])
def test_another_suffix_is_refused_with_the_accepted_ones(tmp_path: Path, name: str) -> None:
    suffix = Path(name).suffix
    with pytest.raises(RunError, match=rf"ends in '{suffix}'; end it in \.png, \.pdf, \.svg"):
        draw(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"a\.png: cannot be written"):
        draw(tmp_path / "missing" / "a.png")


def test_nothing_is_written_where_drawing_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), figure_file(tmp_path / "a.png", (1.0, 1.0)):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_the_users_own_settings_neither_change_nor_matter(tmp_path: Path) -> None:
    plain = draw(tmp_path / "a.png")
    with matplotlib.rc_context({"font.size": 30, "text.color": "red"}):
        before = dict(matplotlib.rcParams)
        assert draw(tmp_path / "b.png") == plain
        assert dict(matplotlib.rcParams) == before


def test_a_letter_without_a_font_is_no_warning(tmp_path: Path) -> None:
    assert draw(tmp_path / "a.png", "\U00012000 and 猫")


def test_dollars_are_dollars(tmp_path: Path) -> None:
    assert draw(tmp_path / "a.png", r"price $\frac and $ tax")


def test_pyplot_is_never_imported() -> None:
    modules = ("dlrun.plots.curves", "dlrun.plots.diagram", "dlrun.plots.data")
    code = f"import sys, {', '.join(modules)}; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
