"""A model tried out on its data without a run folder: whether Keras builds it, and its pace."""

from __future__ import annotations

import time
from dataclasses import replace

from dlrun.model import build_model
from dlrun.prepare import PreparedData
from dlrun.results import EPOCH, HIGHER_IS_BETTER, START
from dlrun.threads import settle_threads
from dlrun.training import TensorData, choose_engine, time_epoch


def try_out(data: PreparedData, *, measures: bool) -> dict[str, float]:
    """Builds the model of a config, and trains a few steps of it where that is asked for.

    Args:
        data: Prepared.
        measures: Whether some steps are trained.

    Returns:
        `higher_is_better`, 1 or 0, of what the config monitors; with `measures` also
        `start_seconds` (building, tracing) and `epoch_seconds`, as far as a few steps tell.

    Raises:
        ModelError: Keras refuses the model.
    """
    started = time.perf_counter()
    data = settle_threads(data)
    built = build_model(data)
    engine = choose_engine(data.config, built)
    found = {HIGHER_IS_BETTER: float(built.higher_is_better)}
    if not measures:
        return found
    built = replace(built, callbacks=())
    pace = time_epoch(built, data, TensorData.from_prepared(data), engine)
    start = time.perf_counter() - started - pace.measured_seconds
    return found | {START: start, EPOCH: pace.epoch_seconds}
