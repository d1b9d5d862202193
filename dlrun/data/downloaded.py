"""The data sets that are fetched once: MNIST, Fashion-MNIST, UCI default of credit card clients."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlrun import events
from dlrun.catalog.datasets import CARDS
from dlrun.data.credit import FEATURES, parse_canonical
from dlrun.data.dataset import Array, Dataset
from dlrun.data.idx import parse_idx
from dlrun.data.registry import LOADERS, register_dataset
from dlrun.data.source_table import IDX_FILES, SOURCES
from dlrun.data.sources import fetch_payloads
from dlrun.errors import DatasetError, StorageError, did_you_mean


@register_dataset("mnist")
def mnist(report: events.Report = events.ignore) -> Dataset:
    """Loads 60,000 + 10,000 handwritten digits, (28, 28) uint8, 0 paper to 255 ink."""
    return _idx_dataset("mnist", report)


@register_dataset("fashion_mnist")
def fashion_mnist(report: events.Report = events.ignore) -> Dataset:
    """Loads 60,000 + 10,000 articles of clothing, (28, 28) uint8, as hard as MNIST is easy."""
    return _idx_dataset("fashion_mnist", report)


@register_dataset("credit_default")
def credit_default(report: events.Report = events.ignore) -> Dataset:
    """Loads 30,000 credit card clients, 23 features as float32; class 1 (22 %) did not pay."""
    card = CARDS["credit_default"]
    fetched = fetch_payloads(SOURCES["credit_default"], report)
    (content,) = fetched.contents.values()
    x, y = parse_canonical(content)
    return Dataset(
        name=card.name,
        task="binary",
        x=x,
        y=y,
        class_names=card.class_names,
        feature_names=FEATURES,
        title=card.title,
        source=fetched.way,
        licence=card.licence,
        notes=("dropped the ID column: a row's number says nothing about the client",),
    )


def _idx_dataset(name: str, report: events.Report) -> Dataset:
    card = CARDS[name]
    fetched = fetch_payloads(SOURCES[name], report)
    arrays = [parse_idx(fetched.contents[file_name], file_name) for file_name in IDX_FILES]
    x_train, y_train, x_test, y_test = arrays
    _check_shapes(name, arrays)
    return Dataset(
        name=name,
        task="multiclass",
        x=np.concatenate([x_train, x_test]),
        y=np.concatenate([y_train, y_test]).astype(np.int64),
        num_official_test=len(x_test),
        class_names=card.class_names,
        title=card.title,
        source=fetched.way,
        licence=card.licence,
    )


def _check_shapes(name: str, arrays: list[Array]) -> None:
    """The checksums have the files right; this finds a table of sources that is not."""
    shapes = [array.shape for array in arrays]
    if [len(shape) for shape in shapes] != [3, 1, 3, 1] or shapes[0][1:] != shapes[2][1:]:
        raise DatasetError(f"{name}: files of shapes {shapes} do not make images and labels")


def fetch_dataset(name: str, report: events.Report = events.ignore) -> Path | None:
    """Makes sure that a data set is in the cache, for later and for others.

    Returns:
        Its folder in the cache; None for a set that needs no download.

    Raises:
        DatasetError: an unknown name, or no way to the data works.
        StorageError: it was had, but the cache cannot be written.
    """
    source = SOURCES.get(name)
    if source is None:
        if name in LOADERS:
            return None
        raise DatasetError(
            f"unknown data set {name!r}{did_you_mean(name, LOADERS)}; "
            f"to be fetched are {', '.join(SOURCES)}"
        )
    fetched = fetch_payloads(source, report)
    if not fetched.kept:
        raise StorageError(
            f"{fetched.folder}: cannot be written, {fetched.problem}; "
            "give another folder by DLRUN_DATA_DIR"
        )
    return fetched.folder
