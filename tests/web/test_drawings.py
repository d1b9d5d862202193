"""Rounds of drawings: balanced, kept whole, over nothing."""

from __future__ import annotations

import csv
import string
from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from dlrun.errors import InputError, StorageError
from dlrun.web import drawings
from dlrun.web.drawings import Drawings, predict_command, shuffled_labels
from tests.web.conftest import DIGITS, SEVEN


@pytest.mark.parametrize(
    ("names", "least", "most"),
    [
        (DIGITS, 2, 2),
        (DIGITS[:3], 6, 7),
        (DIGITS[:1], 20, 20),
        (tuple(string.ascii_uppercase), 0, 1),
    ],
)
def test_each_class_is_asked_for_as_often_as_others(
    names: tuple[str, ...], least: int, most: int
) -> None:
    rng = np.random.default_rng(3)
    first, second = (shuffled_labels(names, rng) for _ in range(2))
    assert len(first) == 20
    counts = Counter(first)
    assert all(least <= counts[name] <= most for name in names)
    assert first != second or len(names) == 1


def test_drawings_are_kept_with_their_labels(tmp_path: Path) -> None:
    kept = Drawings(tmp_path / "drawings", ("7", "T-shirt/top, red"))
    number, labels = kept.begin(np.random.default_rng(0))
    for _ in labels:
        path, _, _ = kept.keep(number, SEVEN)
    with (path.parent / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["label"] for row in rows] == list(labels)
    names = {row["path"] for row in rows}
    assert names == {f"7_{i:02}.png" for i in range(1, 11)} | {
        f"T-shirt-top-red_{i:02}.png" for i in range(1, 11)
    }
    assert all((path.parent / name).read_bytes() == SEVEN for name in names)
    assert {entry.name for entry in path.parent.iterdir()} == names | {"labels.csv"}


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "/", "a\nb", "", "CON:"])
def test_a_class_name_leads_to_no_other_folder(tmp_path: Path, name: str) -> None:
    kept = Drawings(tmp_path / "drawings", (name,))
    path, _, _ = kept.keep(kept.begin()[0], SEVEN)
    assert path.parent.parent == tmp_path / "drawings"
    assert path.is_file()


def test_rounds_in_one_second_get_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Frozen(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2026, 11, 26, 7, 30, 5)

    monkeypatch.setattr(drawings, "datetime", Frozen)
    (tmp_path / "20261126-073005").mkdir()
    kept = Drawings(tmp_path, DIGITS)
    folders = [kept.keep(kept.begin()[0], SEVEN)[0].parent.name for _ in range(2)]
    assert folders == ["20261126-073005-2", "20261126-073005-3"]
    assert not list((tmp_path / "20261126-073005").iterdir())


@pytest.mark.parametrize(
    ("number", "content", "said"),
    [
        (0, b"GIF89a", "image: only PNG files are kept; draw it on the page"),
        (0, SEVEN + bytes(1_000_000), "bytes, more than 1,000,000 to keep"),
        (5, SEVEN, "round 5: there is none; begin one by POST /api/rounds"),
        (-1, SEVEN, "round -1: there is none"),
    ],
)
def test_what_is_not_asked_for_is_not_kept(
    tmp_path: Path, number: int, content: bytes, said: str
) -> None:
    kept = Drawings(tmp_path / "drawings", DIGITS)
    kept.begin()
    with pytest.raises(InputError, match=said):
        kept.keep(number, content)
    assert not (tmp_path / "drawings").exists()


def test_nobody_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawings, "MAX_KEPT", 2)
    kept = Drawings(tmp_path, DIGITS)
    for _ in range(2):
        kept.keep(kept.begin()[0], SEVEN)
    with pytest.raises(InputError, match="2 drawings are kept; start dlrun serve again"):
        kept.keep(0, SEVEN)
    with pytest.raises(InputError, match="too many rounds were begun; start dlrun serve again"):
        kept.begin()


def test_a_drawing_that_cannot_be_written_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise StorageError(f"{path}: cannot be written, no space left")

    kept = Drawings(tmp_path, DIGITS)
    number, labels = kept.begin()
    with monkeypatch.context() as patched:
        patched.setattr(drawings, "write_bytes", full)
        with pytest.raises(StorageError, match="no space left"):
            kept.keep(number, SEVEN)
    assert kept.keep(number, SEVEN)[1] == labels[0]


def test_the_command_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inside = predict_command("20261126-1-a-0a1b", Path("my drawings") / "20261126-073005")
    assert inside == "dlrun predict 20261126-1-a-0a1b 'my drawings/20261126-073005'"
    outside = predict_command("a/folds/0", tmp_path.parent)
    assert outside == f"dlrun predict a/folds/0 {tmp_path.parent}"
