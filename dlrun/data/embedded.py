"""The data sets that come inside scikit-learn's wheel: real, small, no download.

Their files are read directly: importing scikit-learn would take longer than training on them.
"""

from __future__ import annotations

import gzip
import importlib.util
import io
from pathlib import Path

import numpy as np

from dlrun.catalog.datasets import CARDS
from dlrun.data.dataset import Array, Dataset
from dlrun.data.registry import register_dataset
from dlrun.errors import DatasetError

_IRIS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")

_WINE = (
    "alcohol",
    "malic_acid",
    "ash",
    "alcalinity_of_ash",
    "magnesium",
    "total_phenols",
    "flavanoids",
    "nonflavanoid_phenols",
    "proanthocyanins",
    "color_intensity",
    "hue",
    "od280/od315_of_diluted_wines",
    "proline",
)

_TUMOUR = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)

_DIABETES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


@register_dataset("digits")
def digits() -> Dataset:
    """Loads 1,797 handwritten digits, 8×8 pixels of 0 to 16, as float32."""
    table = _read_table("digits.csv.gz", header=False)
    return _dataset("digits", table[:, :-1].reshape(-1, 8, 8), table[:, -1])


@register_dataset("iris")
def iris() -> Dataset:
    """Loads 150 flowers of three species, 4 lengths in cm."""
    table = _read_table("iris.csv", header=True)
    return _dataset("iris", table[:, :-1], table[:, -1], _IRIS)


@register_dataset("wine")
def wine() -> Dataset:
    """Loads 178 wines of three growers, 13 chemical measures of different scales."""
    table = _read_table("wine_data.csv", header=True)
    return _dataset("wine", table[:, :-1], table[:, -1], _WINE)


@register_dataset("breast_cancer")
def breast_cancer() -> Dataset:
    """Loads 569 tumours, malignant (0) or benign (1), 30 measures of their cells."""
    table = _read_table("breast_cancer.csv", header=True)
    names = [f"mean {measure}" for measure in _TUMOUR]
    names += [f"{measure} error" for measure in _TUMOUR]
    names += [f"worst {measure}" for measure in _TUMOUR]
    return _dataset("breast_cancer", table[:, :-1], table[:, -1], tuple(names))


@register_dataset("diabetes")
def diabetes() -> Dataset:
    """Loads 442 patients, 10 measures as taken, and how the disease went on, 25 to 346."""
    x = _read_table("diabetes_data_raw.csv.gz", header=False, delimiter=None)
    y = _read_table("diabetes_target.csv.gz", header=False, delimiter=None)
    return _dataset("diabetes", x, y[:, 0], _DIABETES)


def _read_table(file_name: str, *, header: bool, delimiter: str | None = ",") -> Array:
    """Reads one of scikit-learn's files as (rows, columns) float64."""
    path = _data_dir() / file_name
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot be read, {error.strerror}; "
            "reinstall scikit-learn, which brings this file"
        ) from None
    if file_name.endswith(".gz"):
        raw = gzip.decompress(raw)
    return np.loadtxt(io.BytesIO(raw), delimiter=delimiter, skiprows=int(header), ndmin=2)


def _data_dir() -> Path:
    spec = importlib.util.find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise DatasetError(
            "scikit-learn is not installed, and this data set comes inside it; "
            "pip install scikit-learn"
        )
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data"


def _dataset(name: str, x: Array, y: Array, feature_names: tuple[str, ...] = ()) -> Dataset:
    card = CARDS[name]
    assert card.task is not None  # only the made-up sets and npz leave it open
    return Dataset(
        name=name,
        task=card.task,
        x=x.astype(np.float32),
        y=y.astype(np.float32 if card.task == "regression" else np.int64),
        class_names=card.class_names,
        feature_names=feature_names,
        title=card.title,
        source=card.source,
        licence=card.licence,
    )
