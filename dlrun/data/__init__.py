"""Data sets: loading, splitting, scaling, describing. Arrays and facts; no Keras, no printing.

Importing this package registers the built-in data sets.
"""

from dlrun.data import arrays, embedded, image_folder, synthetic
from dlrun.data.dataset import Dataset, check_dataset
from dlrun.data.describe import describe, describe_lines
from dlrun.data.downloaded import fetch_dataset
from dlrun.data.preprocessing import Scaling, encode_labels, fit_scaling
from dlrun.data.registry import LOADERS, load_dataset, register_dataset
from dlrun.data.splits import Splits, make_splits

__all__ = [
    "LOADERS",
    "Dataset",
    "Scaling",
    "Splits",
    "arrays",
    "check_dataset",
    "describe",
    "describe_lines",
    "embedded",
    "encode_labels",
    "fetch_dataset",
    "fit_scaling",
    "image_folder",
    "load_dataset",
    "make_splits",
    "register_dataset",
    "synthetic",
]
