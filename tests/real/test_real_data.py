"""The real data sets, fetched by whatever way this machine has; run by `make test-data`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dlrun.catalog.datasets import CARDS
from dlrun.config.schema import DatasetConfig
from dlrun.data import Dataset, fetch_dataset, load_dataset
from dlrun.data.duplicates import find_copies
from dlrun.data.source_table import SOURCES
from dlrun.data.sources import Source, fetch_payloads
from dlrun.errors import DatasetError

pytestmark = pytest.mark.real_data


def load(name: str) -> Dataset:
    return load_dataset(DatasetConfig(name))


@pytest.mark.usefixtures("real_cache")
@pytest.mark.parametrize("name", list(SOURCES))
def test_the_cache_holds_the_genuine_files(name: str) -> None:
    folder = fetch_dataset(name)
    assert folder is not None
    for payload in SOURCES[name].payloads:
        found = hashlib.sha256((folder / payload.file_name).read_bytes()).hexdigest()
        assert found == payload.sha256


@pytest.mark.usefixtures("real_cache")
@pytest.mark.parametrize("name", list(SOURCES))
def test_the_card_says_what_the_data_shows(name: str) -> None:
    card, found = CARDS[name], load(name)
    assert (card.num_rows, card.num_official_test) == (found.num_rows, found.num_official_test)
    assert (card.input_shape, card.num_classes) == (found.input_shape, found.num_classes)
    assert (card.task, card.class_names) == (found.task, found.class_names)


@pytest.mark.usefixtures("real_cache")
@pytest.mark.parametrize(
    ("name", "counts", "mean", "sd"),
    [
        (
            "mnist",
            [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
            0.1307,
            0.3081,
        ),
        ("fashion_mnist", [6000] * 10, 0.2860, 0.3530),
    ],
)
def test_images_have_the_published_counts_and_pixels(name, counts, mean, sd) -> None:
    found = load(name)
    train = found.x[: found.num_train_rows]
    assert train.shape == (60_000, 28, 28)
    assert np.bincount(found.y[: found.num_train_rows]).tolist() == counts
    assert train.mean(dtype=np.float64) / 255 == pytest.approx(mean, abs=5e-5)
    assert train.std(dtype=np.float64) / 255 == pytest.approx(sd, abs=5e-5)


@pytest.mark.usefixtures("real_cache")
def test_credit_has_30000_clients_without_their_id() -> None:
    found = load("credit_default")
    assert found.x.shape == (30_000, 23)
    assert np.bincount(found.y).tolist() == [23_364, 6_636]
    assert found.x[0, :5].tolist() == [20_000, 2, 2, 1, 24]
    assert not any(np.array_equal(column, np.arange(1, 30_001)) for column in found.x.T)
    both = np.column_stack([found.x, found.y])
    assert 30_000 - len(np.unique(both, axis=0)) == 35


WAYS = [(source, i) for source in SOURCES.values() for i in range(len(source.ways))]


@pytest.mark.parametrize(
    ("source", "i"), WAYS, ids=[f"{source.name}-{source.ways[i].label}" for source, i in WAYS]
)
def test_every_way_that_answers_leads_to_the_genuine_files(
    source: Source, i: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each way alone, into an empty cache; one that is closed on this machine is skipped."""
    monkeypatch.setenv("DLRUN_DATA_DIR", str(tmp_path))
    alone = replace(source, ways=(source.ways[i],))
    try:
        fetched = fetch_payloads(alone, lambda _: None)
    except DatasetError as error:
        if "not the genuine file" in str(error):
            raise
        pytest.skip(str(error).splitlines()[2].strip())
    assert fetched.way == source.ways[i].label
    assert len(fetched.contents) == len(source.payloads)


@pytest.mark.parametrize(
    ("name", "rows", "features"),
    [("mnist", 0, 0), ("fashion_mnist", 0, 0), ("credit_default", 35, 56)],
)
def test_copies_of_rows_are_those_that_are_known(name: str, rows: int, features: int) -> None:
    found = find_copies(load_dataset(DatasetConfig(name))).count_all()
    assert found == {"rows": rows, "features": features}
