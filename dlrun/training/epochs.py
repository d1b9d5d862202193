"""How one epoch runs: in chunks of many steps a call, or step by step for callbacks that watch."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.events import Message, Report
from dlrun.training.callbacks import callbacks_needing_batches, callbacks_watching_validation
from dlrun.training.passes import Pass

CHUNK_SECONDS = 0.3
"""About how long a part of an epoch may run before progress is told and Ctrl-C is heard."""

Steps = Iterator[int]
"""Trains as it is iterated; yields how many steps of the epoch are done."""


def choose_epoch(callbacks: Sequence[Any], watching: Any, report: Report) -> Callable[..., Steps]:
    """Returns how to run an epoch: many steps a call, or one where a callback must see each."""
    for name in callbacks_watching_validation(callbacks):
        text = f"{name}: its on_test_batch_* methods are not called, validation is one pass"
        report(Message(text, level="warning"))
    names = callbacks_needing_batches(callbacks)
    if not names:
        return functools.partial(_epoch_in_chunks, _Pace())
    report(Message(f"training step by step, since {', '.join(names)} must see every batch"))
    return functools.partial(_epoch_in_steps, watching)


@dataclass
class _Pace:
    """How many steps a chunk has; starts at one, since the first call also traces."""

    steps: int = 1

    def adapt(self, seconds: float) -> None:
        fitting = int(CHUNK_SECONDS * self.steps / max(seconds, 1e-6))
        self.steps = max(1, min(self.steps * 64, fitting))


def _epoch_in_chunks(
    pace: _Pace, train_pass: Pass, order: np.ndarray, batch_size: int, _logs: Any
) -> Steps:
    """Many steps a call; as many as fit into `CHUNK_SECONDS`, measured on the way."""
    steps = math.ceil(len(order) / batch_size)
    done = 0
    while done < steps:
        chunk = pace.steps
        started = time.perf_counter()
        train_pass(order[done * batch_size : (done + chunk) * batch_size])
        if done + chunk <= steps:
            pace.adapt(time.perf_counter() - started)
        done = min(done + chunk, steps)
        yield done


def _epoch_in_steps(
    watching: Any,
    train_pass: Pass,
    order: np.ndarray,
    batch_size: int,
    logs: Callable[[], Mapping[str, float]],
) -> Steps:
    """One step a call, with the callbacks' batch methods around it."""
    for step, start in enumerate(range(0, len(order), batch_size)):
        watching.on_train_batch_begin(step)
        train_pass(order[start : start + batch_size])
        watching.on_train_batch_end(step, logs())
        yield step + 1
