"""Writes the arrays that the plain scripts read: the rows that the shipped configs train on.

python arrays.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from dlrun.config import load_config
from dlrun.errors import DlrunError
from dlrun.prepare import prepare_data

CONFIGS = Path(__file__).parent.parent.parent / "configs"


def write_arrays(config: Path, path: Path) -> None:
    """Saves x_train, y_train, x_test, y_test, unscaled, in the parts that `config` makes."""
    data = prepare_data(load_config(config).config)
    x, y, splits = data.dataset.x, data.dataset.y, data.splits
    np.savez(
        path,
        x_train=x[splits.train],
        y_train=y[splits.train],
        x_test=x[splits.validation],
        y_test=y[splits.validation],
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    try:
        write_arrays(CONFIGS / "mnist_softmax.yaml", folder / "mnist.npz")
        write_arrays(CONFIGS / "credit_logistic.yaml", folder / "credit.npz")
    except DlrunError as error:
        sys.exit(str(error))
