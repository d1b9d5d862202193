"""Whatever happened to a file of data, the answer is the data or a DatasetError.

Random damage to users' .npz files, to cached images and to the credit table, the same every time.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlrun.config.schema import DatasetConfig
from dlrun.data import Dataset, check_dataset, load_dataset
from dlrun.data.arrays import npz
from dlrun.data.cache import cache_dir
from dlrun.data.credit import FEATURES, TARGET, canonical_csv
from dlrun.data.idx import parse_idx
from dlrun.data.payloads import Payload, UnavailableError
from dlrun.data.source_table import IDX_FILES, SOURCES
from dlrun.errors import DatasetError


def all_of_it(num_examples: int) -> Any:
    """The same examples on every machine."""
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(
        max_examples=num_examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=slow,
    )


def damaged(draw: Any, whole: bytes) -> bytes:
    """Returns the bytes after one change: cut, flipped, overwritten, doubled, something else."""
    at = draw(st.integers(0, max(len(whole) - 1, 0)))
    match draw(st.sampled_from(["cut", "flip", "flip", "fill", "insert", "double", "other"])):
        case "cut":
            return whole[:at]
        case "flip":
            changed = bytearray(whole)
            for _ in range(min(draw(st.integers(1, 6)), len(whole))):
                changed[draw(st.integers(0, len(whole) - 1))] ^= 1 << draw(st.integers(0, 7))
            return bytes(changed)
        case "fill":
            return whole[:at] + bytes([draw(st.sampled_from([0, 10, 48, 255]))]) * 40 + whole[at:]
        case "insert":
            return whole[:at] + draw(st.binary(max_size=12)) + whole[at:]
        case "double":
            return whole + whole
        case _:
            return bytes(
                draw(st.sampled_from([b"", b"\0" * 99, b"PK\x03\x04", b"\x1f\x8b", b"text"]))
            )


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array)
    return stream.getvalue()


def npz_of(members: Mapping[str, bytes], kind: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


X, Y = np.arange(24, dtype=np.float32).reshape(12, 2), np.arange(12) % 3
WHOLE = {
    "x": X, "y": Y, "x_test": X[:3], "y_test": Y[:3], "sample_weight": np.ones(12, np.float32),
    "sample_weight_test": np.ones(3), "class_names": np.array(["a", "b", "c"]),
    "feature_names": np.array(["left", "right"]),
}  # fmt: skip
ODD = [
    np.zeros(0), np.zeros((0, 2), np.float32), np.zeros((12, 0)), np.float64(3), np.array("text"),
    np.zeros(12, bool), np.zeros(12, "S3"), np.array(["x"] * 12), np.zeros(12, complex),
    np.zeros(12, "datetime64[s]"), np.zeros(12, "timedelta64[s]"), np.zeros(12, [("a", int)]),
    np.full(12, np.nan), np.full(12, np.inf), np.full((12, 2), 1e300), np.full(12, -(2**63)),
    np.full(12, 2**64 - 1, np.uint64), np.full(12, 1e30), np.full(12, 255, np.uint8),
    np.zeros((12, 2, 2, 2)), np.eye(12), np.arange(12.0), np.arange(12) * 10**15,
    np.zeros(12, ">i4"), np.zeros(12, np.float16), np.zeros(12, "V5"), np.arange(12)[::-1],
    np.zeros((1,) * 20),
    np.full(12, 1e19), -np.arange(12.0), np.zeros(12, np.longdouble),
]  # fmt: skip
HEADS = [
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999, 9), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (2**63,), }",
    b"{'descr': '|O', 'fortran_order': False, 'shape': (12,), }",
    b"{'descr': [('a', '<f4')], 'fortran_order': True, 'shape': (12,), }",
    b"{'descr': '<f999', 'fortran_order': False, 'shape': (12,), }",
    b"{'descr': '<f4'}", b"__import__('os')", b"[" * 3000, b"{'descr': '<f4', 'shape': (12L,)}",
]  # fmt: skip


def with_head(head: bytes, content: bytes) -> bytes:
    """An array's bytes with another head, as long as it says."""
    body = content[content.index(b"\n") + 1 :]
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head) + 1) + head + b"\n" + body


def damage_npz(draw: Any) -> bytes:
    arrays = dict(WHOLE)
    for name in draw(st.sets(st.sampled_from(sorted(arrays)), max_size=2)):
        del arrays[name]
    for _ in range(draw(st.integers(0, 2))):
        arrays[draw(st.sampled_from(sorted(WHOLE)))] = draw(st.sampled_from(ODD))
    members = {name: npy(array) for name, array in arrays.items()}
    if members and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(members)))
        if draw(st.booleans()):
            members[name] = with_head(draw(st.sampled_from(HEADS)), members[name])
        else:
            members[name] = damaged(draw, members[name])
    kind = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    content = npz_of(members, kind)
    return damaged(draw, content) if draw(st.booleans()) else content


@pytest.mark.parametrize("task", [None, "multiclass", "binary", "regression"])
def test_a_damaged_npz_file_gives_data_or_says_what_is_wrong(tmp_path: Path, task: Any) -> None:
    path = tmp_path / "my.npz"
    outcomes = {"data": 0, "told": 0}

    @all_of_it(100)
    @given(data=st.data())
    def read(data: Any) -> None:
        path.write_bytes(damage_npz(data.draw))
        try:
            check_dataset(npz(str(path), task))
            outcomes["data"] += 1
        except DatasetError as error:
            outcomes["told"] += 1
            assert str(path) in str(error) or str(error).startswith("npz: ")  # noqa: PT017

    read()
    assert outcomes["told"], outcomes
    assert outcomes["data"] or task == "binary", outcomes  # three classes are no binary task


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an .npz file, or a damaged one"),
        (npz_of({"x": npy(X), "y": npy(Y)[:-5]}), "is not an .npz file, or a damaged one"),
        (npz_of({"x": with_head(HEADS[0], npy(X)), "y": npy(Y)}), "a damaged one"),
        (npz_of({"x": with_head(HEADS[3], npy(X)), "y": npy(Y)}), "holds Python objects"),
        (npz_of({"x": npy(X), "y": npy(np.full(12, 1e30))}), "y holds numbers beyond 9,007"),
        (npz_of({"x": npy(X[:0]), "y": npy(np.zeros(0))}), "y has no rows; give it one a"),
        (npz_of({"x": npy(X), "y": b"hello"}), "y is no array of NumPy's; save one by"),
        (npz_of({"x": npy(X), "y": npy(np.zeros(12, complex))}), "y has dtype complex128; it must"),
    ],
)
def test_a_damaged_npz_file_is_told_in_words(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "my.npz"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        npz(str(path), "multiclass")


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


IMAGES = (
    np.arange(3 * 28 * 28).reshape(3, 28, 28) % 256, np.array([7, 0, 9]),
    np.full((2, 28, 28), 5), np.array([1, 2]),
)  # fmt: skip
FILES = dict(zip(IDX_FILES, map(idx, IMAGES), strict=True))


def put_in_cache(
    monkeypatch: pytest.MonkeyPatch, name: str, genuine: Mapping[str, bytes], kept: Any
) -> Dataset:
    """Loads a data set whose cache holds something else than the genuine files; nothing helps."""
    payloads = tuple(
        Payload(file_name, hashlib.sha256(content).hexdigest(), SOURCES[name].payloads[i].convert)
        for i, (file_name, content) in enumerate(genuine.items())
    )
    monkeypatch.setitem(SOURCES, name, replace(SOURCES[name], payloads=payloads, ways=()))
    folder = cache_dir() / name
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for file_name, content in kept.items():
        (folder / file_name).write_bytes(content)
    dataset = load_dataset(DatasetConfig(name))
    check_dataset(dataset)
    return dataset


@all_of_it(150)
@given(data=st.data())
def test_damaged_images_in_the_cache_are_never_used(
    monkeypatch: pytest.MonkeyPatch, data: Any
) -> None:
    name = data.draw(st.sampled_from(IDX_FILES))
    content = damaged(data.draw, FILES[name])
    packed = data.draw(st.sampled_from(["as it is", "packed", "packed, then damaged"]))
    kept = dict(FILES)
    del kept[name]
    if packed == "as it is":
        kept[name] = content
    else:
        whole = gzip.compress(FILES[name] if "then" in packed else content, mtime=0)
        kept[f"{name}.gz"] = damaged(data.draw, whole) if "then" in packed else whole
    try:
        found = put_in_cache(monkeypatch, "mnist", FILES, kept)
    except DatasetError as error:
        assert "mnist: cannot be had; tried" in str(error)  # noqa: PT017
    else:
        assert np.array_equal(found.x, np.concatenate([IMAGES[0], IMAGES[2]]))


@all_of_it(150)
@given(data=st.data())
def test_images_whose_checksum_was_changed_too_give_data_or_words(
    monkeypatch: pytest.MonkeyPatch, data: Any
) -> None:
    name = data.draw(st.sampled_from(IDX_FILES))
    changed = FILES | {name: damaged(data.draw, FILES[name])}
    with contextlib.suppress(DatasetError):
        put_in_cache(monkeypatch, "mnist", changed, changed)


@pytest.mark.parametrize("axes", [0, 1, 3, 32, 64, 65, 255])
def test_heads_of_images_with_any_number_of_axes_are_read_or_told(axes: int) -> None:
    head = bytes([0, 0, 8, axes])
    for size in (0, 1, 2**32 - 1):
        with contextlib.suppress(DatasetError):
            parse_idx(head + struct.pack(">I", size) * axes + b"\0", "file")


ROWS = np.array([[20000, *range(22), 1], [90000, *range(5, 27), 0], [500000, *range(-11, 11), 0]])


def table(names: tuple[str, ...] = (*FEATURES, TARGET), end: str = "\n") -> bytes:
    lines = [",".join(names), *(",".join(map(str, row)) for row in ROWS.tolist())]
    return (end.join(lines) + end).encode()


TABLES = [
    table(),
    table((*FEATURES, "default")),
    table((*(f"X{i}" for i in range(1, 24)), "Y"), "\r\n"),
    table().replace(b"20000", b"2e4").replace(b"LIMIT", b"\xef\xbb\xbfLIMIT", 1),
]
CELLS = [
    b"nan",
    b"inf",
    b"1e300",
    b"-1e19",
    b"9" * 400,
    b"x",
    b"",
    b"1.5",
    b'"',
    b"\0",
    b"\xff",
    b"#",
]


@all_of_it(300)
@given(data=st.data())
def test_a_damaged_table_of_credits_is_itself_or_told(data: Any) -> None:
    content = data.draw(st.sampled_from(TABLES))
    if data.draw(st.booleans()):
        old = data.draw(st.sampled_from([b"20000", b"90000", b"LIMIT_BAL", b"PAY_2", b"7", b"\n"]))
        content = content.replace(old, data.draw(st.sampled_from(CELLS)), 1)
    else:
        content = damaged(data.draw, content)
    with contextlib.suppress(UnavailableError):
        canonical_csv(content)


@all_of_it(100)
@given(data=st.data())
def test_a_damaged_table_in_the_cache_is_never_used(
    monkeypatch: pytest.MonkeyPatch, data: Any
) -> None:
    (name,) = (payload.file_name for payload in SOURCES["credit_default"].payloads)
    genuine = {name: TABLES[0]}
    kept = {name: damaged(data.draw, data.draw(st.sampled_from(TABLES)))}
    try:
        found = put_in_cache(monkeypatch, "credit_default", genuine, kept)
    except DatasetError as error:
        assert "credit_default: cannot be had; tried" in str(error)  # noqa: PT017
    else:
        assert np.array_equal(found.x, ROWS[:, :-1])


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_at_all_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "my.npz")
    with pytest.raises(DatasetError, match=r"my\.npz: (is a folder|no such file)"):
        npz(str(tmp_path / "my.npz"))
    folder = cache_dir() / "mnist"
    folder.mkdir(parents=True)
    make(folder / IDX_FILES[0])
    monkeypatch.setitem(SOURCES, "mnist", replace(SOURCES["mnist"], ways=()))
    with pytest.raises(DatasetError, match="mnist: cannot be had; tried"):
        load_dataset(DatasetConfig("mnist"))
