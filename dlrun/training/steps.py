"""How one epoch runs: in chunks of many steps a call, or step by step for callbacks that watch."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dlrun.training.engine import Engine
from dlrun.training.passes import Run

CHUNK_SECONDS = 0.3
"""About how long a part of an epoch may run before progress is told and Ctrl-C is heard."""

Steps = Iterator[int]
"""Trains as it is iterated; yields how many steps of the epoch are done."""


@dataclass
class Pace:
    """How many steps a chunk has; starts at one, since the first call also traces."""

    steps: int = 1

    def adapt(self, seconds: float) -> None:
        """Learns from a chunk that took so long."""
        fitting = int(CHUNK_SECONDS * self.steps / max(seconds, 1e-6))
        self.steps = max(1, min(self.steps * 64, fitting))


def steps_of_epoch(engine: Engine, watching: Any, model: Any) -> Callable[[Run, range], Steps]:
    """Returns how to run an epoch: many steps a call, or one where each must be seen.

    Args:
        engine: Which of the two.
        watching: Keras's `CallbackList`, told of every batch where one must see it.
        model: Its `stop_training`, set by such a callback, ends the epoch at once, as in `fit`.
    """
    if engine.every_batch:
        return functools.partial(_watched_steps, watching, model)
    return functools.partial(steps_in_chunks, Pace())


def steps_in_chunks(pace: Pace, run: Run, steps: range) -> Steps:
    """Runs many steps a call; as many as fit into `CHUNK_SECONDS`, measured on the way."""
    done = steps.start
    while done < steps.stop:
        done, _ = run_chunk(pace, run, done, steps.stop)
        yield done


def run_chunk(pace: Pace, run: Run, done: int, stop: int) -> tuple[int, Any]:
    """Runs the steps of one call; returns how many are done then, and what it returned."""
    chunk = pace.steps
    started = time.perf_counter()
    logs = run(done, min(done + chunk, stop))
    if done + chunk <= stop:
        pace.adapt(time.perf_counter() - started)
    return min(done + chunk, stop), logs


def _watched_steps(watching: Any, model: Any, run: Run, steps: range) -> Steps:
    """One step a call, with the callbacks' batch methods around it; yields now and then."""
    told = time.perf_counter()
    for step in steps:
        watching.on_train_batch_begin(step)
        watching.on_train_batch_end(step, numbers_of(run(step, step + 1)))
        last = step + 1 == steps.stop or model.stop_training
        if last or time.perf_counter() - told > CHUNK_SECONDS:
            told = time.perf_counter()
            yield step + 1
        if last:
            return


def numbers_of(logs: Mapping[str, Any]) -> dict[str, float]:
    """Returns Keras's logs, whose values are tensors, as numbers."""
    return {name: float(value) for name, value in logs.items()}
