"""The picture of a data set: a grid of its images by class, or its features' histograms."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlrun.data import Dataset
from dlrun.plots.data import draw_feature_histograms, draw_image_grid

IMAGES_A_CLASS = 10


def draw_dataset(dataset: Dataset, path: Path) -> None:
    """Draws the first images of every class, or a table's features.

    Raises:
        RunError: the path's suffix is not .png, .pdf or .svg.
        StorageError: the file cannot be written.
    """
    title = f"{dataset.name}: {dataset.title}"
    if not dataset.is_image:
        features = dataset.feature_names or [f"x{i + 1}" for i in range(dataset.x.shape[1])]
        draw_feature_histograms(
            dataset.x, features, dataset.y, dataset.class_names, path, title=title
        )
        return
    if dataset.task == "regression":
        rows = np.arange(min(dataset.num_rows, 5 * IMAGES_A_CLASS))
        labels = [f"{dataset.y[row]}" for row in rows]
    else:
        by_class = [
            np.flatnonzero(dataset.y == label)[:IMAGES_A_CLASS]
            for label in range(len(dataset.class_names))
        ]
        rows = np.concatenate(by_class)
        labels = [dataset.class_names[label] for label in dataset.y[rows]]
    draw_image_grid(dataset.x[rows], labels, path, title=title, num_columns=IMAGES_A_CLASS)
