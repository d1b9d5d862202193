from __future__ import annotations

import errno
import math
import os
import re
from pathlib import Path

import numpy as np
import pytest

from dlrun.errors import ConfigError, StorageError
from dlrun.files import (
    parse_yaml,
    parse_yaml_value,
    plain,
    read_json,
    read_yaml,
    storage_error,
    strict_yaml,
    to_yaml,
    write_bytes,
    write_json,
    write_text,
)


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "c.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("010", 10),
        ("0o17", 15),
        ("0x1f", 31),
        ("1_000", 1000),
        ("on", "on"),
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("~", None),
        ("null", None),
        ("12:30", "12:30"),
        ("2026-11-22", "2026-11-22"),
        ("'1'", "1"),
    ],
)
def test_scalars_are_read_as_yaml_1_2_reads_them(text: str, value: object):
    read = parse_yaml_value(text)
    assert read == value
    assert type(read) is type(value)


def test_keys_and_items_know_their_places():
    document = parse_yaml("a:\n  b: [x, y]\n  c: {d: 1}\n", "c.yaml")
    assert document.data == {"a": {"b": ["x", "y"], "c": {"d": 1}}}
    assert document.places[("a",)] == (1, 1)
    assert document.places[("a", "b", 1)] == (2, 10)
    assert document.places[("a", "c", "d")] == (3, 7)


def test_a_repeated_key_is_refused():
    assert "2:1  'a' is given twice, first in line 1; remove one" in refused("a: 1\na: 2\n")


def test_a_repeated_inner_key_is_refused():
    assert "3:3  a: 'b' is given twice, first in line 2" in refused("a:\n  b: 1\n  b: 2\n")


def test_tags_that_build_python_objects_are_refused():
    assert "1:4  a: the tag '!!python/object/apply:os.system' is not allowed" in refused(
        "a: !!python/object/apply:os.system [ls]\n"
    )


def test_a_tab_is_named():
    assert "2:1  a tab; YAML is indented by spaces" in refused("a:\n\tb: 1\n")


def test_broken_yaml_has_its_place():
    assert re.search(r"2:1  not YAML: did not find expected", refused("a: [1\n"))


def test_an_alias_bomb_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    assert "aliases expand to more than 100,000 nodes" in refused("\n".join(lines))


def test_a_file_of_too_many_values_is_refused_before_they_are_built(monkeypatch):
    monkeypatch.setattr(strict_yaml, "_Walk", None)
    assert "more than 100,000 values; name a YAML file" in refused("- a\n" * 200_001)


def test_an_alias_of_itself_is_refused():
    assert "nested too deeply" in refused("a: &a [*a]\n")


def test_a_key_that_is_a_list_is_refused():
    assert "1:3  a key must be a word or a number" in refused("? [a, b]\n: 1\n")


def test_a_number_may_be_a_key():
    assert parse_yaml("{0: 1.5, 1: 2.5}", "c.yaml").data == {0: 1.5, 1: 2.5}


def test_an_empty_file_holds_nothing():
    assert parse_yaml("# nothing\n", "c.yaml").data is None


def test_a_missing_file_is_told_with_the_nearest(tmp_path: Path):
    (tmp_path / "mnist_deep.yaml").write_text("a: 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"no such file; did you mean '.*mnist_deep.yaml'"):
        read_yaml(tmp_path / "mnist_dep.yaml")


def test_a_missing_folder_is_told(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"no such file; the folder '.*nowhere' does not exist"):
        read_yaml(tmp_path / "nowhere" / "a.yaml")


def test_a_folder_is_no_config(tmp_path: Path):
    with pytest.raises(ConfigError, match="is a folder; name a YAML file in it"):
        read_yaml(tmp_path)


def test_a_file_that_is_not_utf_8_is_told_with_the_byte(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"name: a\nnote: \xe9t\xe9\n")
    with pytest.raises(ConfigError, match="2:7  not UTF-8: byte 0xe9; save the file as UTF-8"):
        read_yaml(path)


def test_a_byte_order_mark_is_ignored(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: a\n")
    assert read_yaml(path).data == {"name": "a"}


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1e-5, "b": 0.1, "c": 1e20, "d": -3},
        {"a": "1e-3", "b": "true", "c": "010", "d": "", "e": "null", "f": "on"},
        {"a": [1, [2, 3]], "b": {"c": None, "d": True}, "e": "été", "f": []},
    ],
)
def test_what_is_written_as_yaml_is_read_back_equal(value: object):
    assert parse_yaml(to_yaml(value), "c.yaml").data == value


def test_json_has_null_for_nan_and_plain_numbers_for_numpy(tmp_path: Path):
    path = tmp_path / "a.json"
    write_json(path, {"loss": [1.0, math.nan], "n": np.int64(3), "shape": (28, 28)})
    assert read_json(path) == {"loss": [1.0, None], "n": 3, "shape": [28, 28]}
    assert plain(np.array([0.5])) == [0.5]


def test_text_has_unix_line_ends(tmp_path: Path):
    write_text(tmp_path / "a.txt", "a\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == b"a\nb\n"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageError, match=r"a.txt: cannot be written, no space left on device"):
        write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]


def test_a_missing_folder_cannot_be_written_to(tmp_path: Path):
    with pytest.raises(StorageError, match="cannot be written, its folder is gone"):
        write_bytes(tmp_path / "nowhere" / "a.bin", b"")


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "no space left on device; free some space or choose another folder"),
        (errno.EDQUOT, "disk quota exceeded; free some space or choose another folder"),
        (errno.EACCES, "permission denied; mend the permissions or choose another folder"),
        (errno.EPERM, "operation not permitted; mend the permissions or choose another folder"),
        (errno.EROFS, "read-only file system; mend the permissions or choose another folder"),
        (errno.ENOENT, "no such file or directory; leave the folder in place while dlrun works"),
        (errno.EIO, "input/output error; choose another folder"),
    ],
)
def test_what_cannot_be_written_says_why_and_what_to_do(
    tmp_path: Path, number: int, message: str
) -> None:
    path = tmp_path / "a.json"
    error = storage_error(path, OSError(number, os.strerror(number)))
    assert str(error) == f"{path}: cannot be written, {message}"


def test_a_folder_that_is_gone_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot be written, its folder is gone; leave"):
        write_json(tmp_path / "gone" / "a.json", {})
