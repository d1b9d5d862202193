"""Tables that callbacks write are cut to the epochs that are known, and then appended to."""

from pathlib import Path

import pytest

from dlrun.backend import keras
from dlrun.errors import ModelError, StorageError
from dlrun.training.callback_tables import prepare_to_go_on


def test_a_table_is_cut_to_the_finished_epochs_and_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch;loss\n0;0.5\n1;0.4\n2;0.3\n3;0.2", encoding="utf-8")
    logger = keras.callbacks.CSVLogger(str(path), separator=";")
    prepare_to_go_on([logger], epoch=2)
    assert path.read_text(encoding="utf-8").split() == ["epoch;loss", "0;0.5", "1;0.4"]
    assert logger.append


SHARED = """epoch,loss
0,0.9
1,0.8
2,0.7
3,0.6
0,0.5,0.4
1,0.4,0.3
2,0.3,0.2
"""
"""Two trainings in one table, the second with a column more."""


@pytest.mark.parametrize(("epoch", "num_lines"), [(3, 8), (2, 7), (1, 6), (0, 8)])
def test_a_table_of_several_trainings_is_cut_in_the_last_of_them_alone(
    tmp_path: Path, epoch: int, num_lines: int
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(SHARED, encoding="utf-8")
    prepare_to_go_on([keras.callbacks.CSVLogger(str(path), append=True)], epoch)
    assert path.read_text(encoding="utf-8").split() == SHARED.split()[:num_lines]


def test_a_shared_table_without_a_beginning_is_cut_by_its_epochs(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n1,0.5\n2,0.4\n3,0.3\n", encoding="utf-8")
    prepare_to_go_on([keras.callbacks.CSVLogger(str(path), append=True)], epoch=2)
    assert path.read_text(encoding="utf-8").split() == ["epoch,loss", "1,0.5"]


def test_a_table_that_cannot_be_cut_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(SHARED, encoding="utf-8")

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(
        StorageError, match=r"log\.csv: cannot be written, no space left on device; "
    ):
        prepare_to_go_on([keras.callbacks.CSVLogger(str(path), append=True)], epoch=1)
    assert path.read_text(encoding="utf-8") == SHARED
    assert [*tmp_path.iterdir()] == [path]


def test_a_table_with_nothing_to_cut_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(SHARED, encoding="utf-8")
    before = path.stat()
    prepare_to_go_on([keras.callbacks.CSVLogger(str(path), append=True)], epoch=3)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_table_behind_a_link_is_cut_where_it_is(tmp_path: Path) -> None:
    path, link = tmp_path / "log.csv", tmp_path / "link.csv"
    path.write_text(SHARED, encoding="utf-8")
    link.symlink_to(path)
    prepare_to_go_on([keras.callbacks.CSVLogger(str(link), append=True)], epoch=1)
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8").split() == SHARED.split()[:6]


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\nx,0.5\n", encoding="utf-8")
    message = r"log\.csv: CSVLogger cannot go on with it, invalid literal .+; move it away"
    with pytest.raises(ModelError, match=message):
        prepare_to_go_on([keras.callbacks.CSVLogger(str(path))], epoch=2)
