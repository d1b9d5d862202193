"""Short hashes of what a run starts from and comes to, so that two runs are compared at a glance.

The first of them that differs tells where two runs part: data, split, batch order, initial
weights, final weights, each decided by those before it. Holds no Keras and changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from dlrun.data.splits import PARTS
from dlrun.prepare import PreparedData
from dlrun.training.batches import batch_order

_NUM_DIGITS = 12
"""Of 64: too many for two runs to share a hash by chance, and few enough to read in a row."""


def data_hashes(data: PreparedData) -> dict[str, str]:
    """Returns the hashes that are known before there is a model.

    Takes 1 ms at 60,000 rows, as the content hash of the data set is there already.

    Returns:
        `data`: the beginning of the data set's content hash, as `dataset.json` has it whole;
        `split`: of the row numbers of each part; `batch_order`: of the batch size and the rows
        of the first epoch in the order in which they are trained on.
    """
    train = data.splits.train
    rows_of_step = data.config.training.rows_of_step(len(train))
    first_epoch = train[batch_order(data.config.seed, 0, len(train))]
    return {
        "data": data.dataset.content_hash[:_NUM_DIGITS],
        "split": _hash_arrays((part, getattr(data.splits, part)) for part in PARTS),
        "batch_order": _hash_arrays([(str(rows_of_step), first_epoch)]),
    }


def weights_hash(model: Any) -> str:
    """Returns the hash of a model's weights: dtypes, shapes and bytes, in Keras's order.

    What `model.keras` holds when it is loaded again gives the same: the states of dropout's
    random numbers, which Keras does not save, are left out, and so are names.
    """
    return _hash_arrays((str(weight.dtype), weight.numpy()) for weight in model.weights)


def _hash_arrays(arrays: Iterable[tuple[str, np.ndarray]]) -> str:
    digest = hashlib.sha256()
    for label, array in arrays:
        # TensorFlow runs on little-endian machines alone; row numbers are int64 on all of them.
        digest.update(f"{label} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:_NUM_DIGITS]
