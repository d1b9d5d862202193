from __future__ import annotations

import hashlib
import struct
from dataclasses import replace

import numpy as np
import pytest

from dlrun.config.schema import DatasetConfig
from dlrun.data import credit, fetch_dataset, load_dataset
from dlrun.data.cache import cache_dir
from dlrun.data.payloads import Payload
from dlrun.data.source_table import IDX_FILES, SOURCES
from dlrun.errors import DatasetError, StorageError


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


def put_in_cache(monkeypatch: pytest.MonkeyPatch, name: str, contents: dict[str, bytes]) -> None:
    """Makes these bytes the genuine ones, and puts them into the cache."""
    payloads = tuple(
        Payload(file_name, hashlib.sha256(content).hexdigest())
        for file_name, content in contents.items()
    )
    source = replace(SOURCES[name], payloads=payloads, ways=())
    monkeypatch.setitem(SOURCES, name, source)
    folder = cache_dir() / name
    folder.mkdir(parents=True)
    for file_name, content in contents.items():
        (folder / file_name).write_bytes(content)


ARRAYS = (
    np.arange(3 * 28 * 28).reshape(3, 28, 28) % 256,
    np.array([7, 0, 9]),
    np.full((2, 28, 28), 5),
    np.array([1, 2]),
)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_images_come_with_the_official_test_rows_last(name, monkeypatch, listener) -> None:
    put_in_cache(monkeypatch, name, dict(zip(IDX_FILES, map(idx, ARRAYS), strict=True)))
    found = load_dataset(DatasetConfig(name), listener)
    assert (found.x.dtype, found.x.shape, found.num_official_test) == (np.uint8, (5, 28, 28), 2)
    assert np.array_equal(found.x[:3], ARRAYS[0])
    assert found.y.tolist() == [7, 0, 9, 1, 2]
    assert found.source == f"cache, {cache_dir() / name}"
    assert listener.texts() == [f"{name}: from the cache, {cache_dir() / name}"]


def test_files_that_are_no_images_and_labels_are_refused(monkeypatch) -> None:
    arrays = (ARRAYS[0], ARRAYS[0], *ARRAYS[2:])
    put_in_cache(monkeypatch, "mnist", dict(zip(IDX_FILES, map(idx, arrays), strict=True)))
    with pytest.raises(DatasetError, match=r"mnist: files of shapes \[\(3, 28, 28\), \(3, 28"):
        load_dataset(DatasetConfig("mnist"))


def test_credit_has_23_features_and_says_that_the_id_is_gone(monkeypatch) -> None:
    row = ",".join(map(str, range(23)))
    header = ",".join([*credit.FEATURES, credit.TARGET])
    text = f"{header}\n{row},1\n{row},0\n"
    put_in_cache(monkeypatch, "credit_default", {"credit_default.csv": text.encode()})
    found = load_dataset(DatasetConfig("credit_default"))
    assert found.x.tolist() == [list(range(23))] * 2
    assert (found.y.tolist(), found.class_names) == ([1, 0], ("no default", "default"))
    assert found.feature_names[:2] == ("LIMIT_BAL", "SEX")
    assert "ID" not in found.feature_names
    assert "dropped the ID column" in found.notes[0]


def test_fetching_returns_the_folder(monkeypatch, source) -> None:
    monkeypatch.setitem(SOURCES, "mnist", source)
    folder = fetch_dataset("mnist")
    assert folder == cache_dir() / "toy"
    assert sorted(path.name for path in folder.iterdir()) == ["a.bin", "b.bin"]


def test_what_needs_no_download_needs_no_fetching() -> None:
    assert fetch_dataset("iris") is None


def test_fetching_an_unknown_name_is_refused() -> None:
    message = "unknown data set 'minst'; did you mean 'mnist'.; to be fetched are mnist, fashion"
    with pytest.raises(DatasetError, match=message):
        fetch_dataset("minst")


def test_fetching_into_a_cache_that_cannot_be_written_is_an_error(monkeypatch, source) -> None:
    monkeypatch.setitem(SOURCES, "mnist", source)
    cache_dir().parent.mkdir(exist_ok=True)
    cache_dir().write_text("a file where the folder should be")
    with pytest.raises(
        StorageError, match=r"toy: cannot be written, .+; give another folder by DLRUN_"
    ):
        fetch_dataset("mnist")


def test_every_set_that_is_to_be_downloaded_has_a_complete_source() -> None:
    assert len(SOURCES) == 3
    for source in SOURCES.values():
        names = {payload.file_name for payload in source.payloads}
        assert set(source.by_hand) == names
        assert all(url.startswith("https://") for url in source.by_hand.values())
        assert all(len(payload.sha256) == 64 for payload in source.payloads)
        for way in source.ways:
            for places in (getattr(way, "urls", None), getattr(way, "members", None)):
                assert places is None or set(places) == names
