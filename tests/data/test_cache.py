from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from dlrun.data.cache import cache_dir, keep_in_cache, read_cached
from dlrun.data.payloads import Payload, UnavailableError

PAYLOAD = Payload("file", hashlib.sha256(b"content").hexdigest())


def test_the_cache_is_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DLRUN_DATA_DIR")
    assert cache_dir() == Path.home() / ".cache" / "dlrun"


def test_the_environment_moves_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DLRUN_DATA_DIR", str(tmp_path))
    assert cache_dir() == tmp_path


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "toy"
    assert keep_in_cache(folder, PAYLOAD, b"content") is None
    assert read_cached(folder, PAYLOAD) == b"content"
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_a_packed_file_put_there_by_hand_is_read(tmp_path: Path) -> None:
    (tmp_path / "file.gz").write_bytes(gzip.compress(b"content", mtime=0))
    assert read_cached(tmp_path, PAYLOAD) == b"content"


def test_a_missing_damaged_or_unreadable_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"^file is not there$"):
        read_cached(tmp_path, PAYLOAD)
    (tmp_path / "file").write_bytes(b"conten")
    with pytest.raises(UnavailableError, match=r"^file is damaged or not the genuine file"):
        read_cached(tmp_path, PAYLOAD)
    (tmp_path / "file").unlink()
    (tmp_path / "file").mkdir()
    with pytest.raises(UnavailableError, match=r"^file cannot be read, "):
        read_cached(tmp_path, PAYLOAD)


def test_a_cache_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "toy").write_text("a file, not a folder")
    assert keep_in_cache(tmp_path / "toy", PAYLOAD, b"content")


def test_a_genuine_file_that_cannot_be_replaced_is_as_good(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_bytes(b"content")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    assert keep_in_cache(tmp_path, PAYLOAD, b"content") is None
    (tmp_path / "file").write_bytes(b"broken")
    assert keep_in_cache(tmp_path, PAYLOAD, b"content") == "Permission denied"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
