"""Whether two runs of a config are identical on one machine, and if not, why not; no Keras here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any


def not_repeatable(gpus: Sequence[str]) -> list[str]:
    """Returns why two runs of one config may differ on this machine; normally nothing.

    On a processor TensorFlow adds in an order that the thread count decides, which is part of
    the config: dense, convolutional and recurrent nets, batch normalization, dropout, layers
    that vary images, embeddings, bfloat16, XLA and both engines gave the same bits in every
    repetition, also where threads outnumbered processors. What a user's own code draws from
    elsewhere than the seed cannot be seen from here, and is not guessed.

    Args:
        gpus: Names of the GPUs that TensorFlow has.
    """
    ordered = os.environ.get("TF_DETERMINISTIC_OPS", "").lower() in ("1", "true")
    if not gpus or ordered:
        return []
    names = ", ".join(gpus)
    return [f"{names}: a GPU adds in no fixed order; TF_DETERMINISTIC_OPS=1 asks for one"]


def callbacks_from_python(callbacks: Iterable[Any], earlier: Iterable[str] = ()) -> list[str]:
    """Returns the class names of callbacks that no config holds; dlrun's own are not counted.

    Args:
        callbacks: Those handed in beside the config's.
        earlier: Names of those that the epochs before had, of a run that goes on.
    """
    kinds = [type(callback) for callback in callbacks]
    own = [kind.__name__ for kind in kinds if kind.__module__.split(".")[0] != "dlrun"]
    return list(dict.fromkeys([*earlier, *own]))
