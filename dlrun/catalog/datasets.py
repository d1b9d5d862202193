"""Cards of the built-in data sets: what is known of each without loading it.

A card lets a config be checked against its data (classes, shapes, official test rows) at once.
This module must not read data or import NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Task = Literal["multiclass", "binary", "regression"]


@dataclass(frozen=True)
class DatasetCard:
    """A built-in data set's facts.

    Attributes:
        name: What a config calls it.
        title: One line for `dlrun data list`.
        task: What is predicted; None where the options decide.
        num_rows: All rows, the official test rows included; None where the options decide.
        num_official_test: How many of them are the official test rows; 0 without.
        input_shape: Shape of one sample; None where the options decide.
        num_classes: None for regression, and where the options decide.
        class_names: Names of the classes in the order of their labels; empty for regression.
        options: Its options and their defaults; a default of `...` marks a required one.
        source: Where the data comes from, with a reference.
        licence: On what terms it may be used.
        download: Whether it must be fetched once.
    """

    name: str
    title: str
    task: Task | None
    num_rows: int | None
    num_official_test: int
    input_shape: tuple[int, ...] | None
    num_classes: int | None
    class_names: tuple[str, ...]
    source: str
    licence: str
    options: Mapping[str, Any] = field(default_factory=dict)
    download: bool = False


_DIGITS = tuple("0123456789")

_FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_MADE = "made by dlrun"

_ALL = (
    DatasetCard(
        name="mnist",
        title="handwritten digits, 28×28 grey images",
        task="multiclass",
        num_rows=70_000,
        num_official_test=10_000,
        input_shape=(28, 28),
        num_classes=10,
        class_names=_DIGITS,
        source="Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits (1998)",
        licence="CC BY-SA 3.0",
        download=True,
    ),
    DatasetCard(
        name="fashion_mnist",
        title="articles of clothing, 28×28 grey images",
        task="multiclass",
        num_rows=70_000,
        num_official_test=10_000,
        input_shape=(28, 28),
        num_classes=10,
        class_names=_FASHION,
        source="H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, arXiv:1708.07747 (2017)",
        licence="MIT",
        download=True,
    ),
    DatasetCard(
        name="credit_default",
        title="default of credit card clients in Taiwan, 23 features",
        task="binary",
        num_rows=30_000,
        num_official_test=0,
        input_shape=(23,),
        num_classes=2,
        class_names=("no default", "default"),
        source="I-Cheng Yeh, UCI Machine Learning Repository (2009), DOI 10.24432/C55S3H",
        licence="CC BY 4.0",
        download=True,
    ),
    DatasetCard(
        name="digits",
        title="handwritten digits, 8×8 grey images of 0 to 16",
        task="multiclass",
        num_rows=1797,
        num_official_test=0,
        input_shape=(8, 8),
        num_classes=10,
        class_names=_DIGITS,
        source="E. Alpaydin, C. Kaynak, UCI (1998), the copy in scikit-learn",
        licence="CC BY 4.0",
    ),
    DatasetCard(
        name="breast_cancer",
        title="breast tumours, malignant or benign, 30 features",
        task="binary",
        num_rows=569,
        num_official_test=0,
        input_shape=(30,),
        num_classes=2,
        class_names=("malignant", "benign"),
        source="W. Wolberg, O. Mangasarian, N. Street, UCI (1995), the copy in scikit-learn",
        licence="CC BY 4.0",
    ),
    DatasetCard(
        name="iris",
        title="three species of iris, 4 lengths in cm",
        task="multiclass",
        num_rows=150,
        num_official_test=0,
        input_shape=(4,),
        num_classes=3,
        class_names=("setosa", "versicolor", "virginica"),
        source="R. A. Fisher (1936), UCI, the copy in scikit-learn",
        licence="CC BY 4.0",
    ),
    DatasetCard(
        name="wine",
        title="wines of three growers, 13 chemical measures",
        task="multiclass",
        num_rows=178,
        num_official_test=0,
        input_shape=(13,),
        num_classes=3,
        class_names=("class_0", "class_1", "class_2"),
        source="S. Aeberhard, M. Forina, UCI (1991), the copy in scikit-learn",
        licence="CC BY 4.0",
    ),
    DatasetCard(
        name="diabetes",
        title="how diabetes went on after one year, 10 features",
        task="regression",
        num_rows=442,
        num_official_test=0,
        input_shape=(10,),
        num_classes=None,
        class_names=(),
        source="B. Efron et al.: Least Angle Regression (2004), the copy in scikit-learn",
        licence="not stated by its authors",
    ),
    DatasetCard(
        name="two_moons",
        title="two interleaving half circles in the plane",
        task="binary",
        num_rows=None,
        num_official_test=0,
        input_shape=(2,),
        num_classes=2,
        class_names=("upper", "lower"),
        source=_MADE,
        licence="MIT",
        options={"num_samples": 1000, "noise": 0.2, "seed": 0},
    ),
    DatasetCard(
        name="xor",
        title="four clouds at the corners of a square, opposite ones alike",
        task="binary",
        num_rows=None,
        num_official_test=0,
        input_shape=(2,),
        num_classes=2,
        class_names=("equal", "different"),
        source=_MADE,
        licence="MIT",
        options={"num_samples": 1000, "noise": 0.15, "seed": 0},
    ),
    DatasetCard(
        name="spirals",
        title="spiral arms around a common centre, a class each",
        task=None,
        num_rows=None,
        num_official_test=0,
        input_shape=(2,),
        num_classes=None,
        class_names=(),
        source=_MADE,
        licence="MIT",
        options={"num_samples": 1000, "noise": 0.02, "num_classes": 2, "turns": 1.5, "seed": 0},
    ),
    DatasetCard(
        name="linear",
        title="a straight line with noise: y = slope · x + intercept",
        task="regression",
        num_rows=None,
        num_official_test=0,
        input_shape=(1,),
        num_classes=None,
        class_names=(),
        source=_MADE,
        licence="MIT",
        options={"num_samples": 200, "noise": 0.5, "slope": 2.0, "intercept": 1.0, "seed": 0},
    ),
    DatasetCard(
        name="seven_features",
        title="7 features, one number to predict by a known formula",
        task="regression",
        num_rows=None,
        num_official_test=0,
        input_shape=(7,),
        num_classes=None,
        class_names=(),
        source=_MADE,
        licence="MIT",
        options={"num_samples": 1000, "noise": 0.1, "seed": 0},
    ),
    DatasetCard(
        name="npz",
        title="your own arrays x and y (and x_test, y_test) in a NumPy .npz file",
        task=None,
        num_rows=None,
        num_official_test=0,
        input_shape=None,
        num_classes=None,
        class_names=(),
        source="the file",
        licence="the file's own",
        options={"path": ..., "task": None},
    ),
    DatasetCard(
        name="images",
        title="your own folder of images; labels by folder, by name (3_a.png) or in labels.csv",
        task=None,
        num_rows=None,
        num_official_test=0,
        input_shape=None,
        num_classes=None,
        class_names=(),
        source="the folder",
        licence="the images' own",
        options={"path": ..., "prepare": "whole", "size": 28, "channels": 1},
    ),
)

FROM_FILES = ("npz", "images")
"""Data sets of the user's own files: only loading tells their task and their classes."""

CARDS: dict[str, DatasetCard] = {card.name: card for card in _ALL}


def card_with_options(name: str, options: Mapping[str, Any]) -> DatasetCard | None:
    """Returns the card with what the options decide filled in, or None for an unknown name.

    An option of a wrong type leaves its fact open; checking options is the loader's work.
    """
    card = CARDS.get(name)
    if card is None:
        return None
    given = {**card.options, **options}
    num_samples = given.get("num_samples")
    if isinstance(num_samples, int) and not isinstance(num_samples, bool):
        card = replace(card, num_rows=num_samples)
    num_classes = given.get("num_classes")
    if isinstance(num_classes, int) and not isinstance(num_classes, bool):
        card = replace(
            card,
            num_classes=num_classes,
            class_names=tuple(str(label) for label in range(num_classes)),
            task="binary" if num_classes == 2 else "multiclass",
        )
    if name == "npz" and given["task"] in ("multiclass", "binary", "regression"):
        card = replace(card, task=given["task"])
    return card
