"""How many threads TensorFlow gets: what is faster for the net, settled before its first operation.

The count decides speed and, at large batches and in convolutions, the last digits; so it is
part of the resolved config, and a run repeated from it repeats the count. TensorFlow takes it
once a process.

A small step is faster on one thread: handing work over costs more than it saves. Measured on
two cores, seconds an epoch on one and on two threads, by multiply-adds a step: 5.6 million (the
deep net on MNIST, batches of 64) 0.42 and 0.59; 13 million 0.67 and 0.79; 43 million (two layers
of 512) 2.4 and 2.1; 5,300 million (all 60,000 images a step) 0.34 and 0.19. XLA at 0.5 million
0.09 and 0.10, at 5.6 million 0.37 and 0.26.
"""

from __future__ import annotations

import math
from dataclasses import replace

from dlrun.config import Config, flatten_layers
from dlrun.errors import BackendError
from dlrun.events import Message, Report, ignore
from dlrun.prepare import PreparedData
from dlrun.runs.environment import count_cpus

_SMALL_STEP = 40e6
_SMALL_STEP_XLA = 2e6
"""Multiply-adds a step below which one thread is faster."""

# Layers whose cost beside a Dense is small; of others (Conv2D, LSTM) the size is not known here.
_LIGHT = {
    "Activation",
    "BatchNormalization",
    "Dropout",
    "ELU",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "LayerNormalization",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Softmax",
}


def settle_threads(data: PreparedData, report: Report = ignore) -> PreparedData:
    """Sets TensorFlow's threads as the config has it; returns the data with the count in it.

    Args:
        data: Its config's `training.threads` may be "auto".
        report: Told where TensorFlow runs already, on another count than is best for this net.

    Raises:
        BackendError: the config names a count, and TensorFlow runs on another in this process.
    """
    from dlrun.backend import use_threads  # TensorFlow, which best_threads does without

    config = data.config
    wanted = config.training.threads
    best = best_threads(config, data.dataset.input_shape, len(data.splits.train))
    count = use_threads(best if wanted == "auto" else int(wanted)) or count_cpus()
    if wanted != "auto" and count != wanted:
        raise BackendError(
            f"{config.place('training.threads')}: {_threads(int(wanted))}, and TensorFlow runs on "
            f"{count} in this process since its first use; start a new process, or write {count}"
        )
    message = Message(_told(count, best, asked=wanted != "auto"))
    report(message)
    training = replace(config.training, threads=count)
    config = replace(config, training=training)
    return replace(data, config=config, messages=(*data.messages, message))


def _told(count: int, best: int, *, asked: bool) -> str:
    if asked:
        return f"threads: {count} (set by training.threads)"
    if count != best:
        return f"threads: {count}, as TensorFlow runs already; {best} would suit this net better"
    if count_cpus() == 1:
        return "threads: 1 (there is one processor)"
    kind = "small" if best == 1 else "large"
    return f"threads: {count} of {count_cpus()} (faster for a step this {kind})"


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count != 1 else ''}"


def best_threads(config: Config, input_shape: tuple[int, ...], num_rows: int) -> int:
    """Returns how many threads are faster for a net: one, or as many as there are processors.

    Args:
        config: Layers, batch size and engine count.
        input_shape: Shape of one sample.
        num_rows: Training rows.
    """
    training = config.training
    rows = min(training.rows_of_step(num_rows), num_rows)
    small = _SMALL_STEP_XLA if training.wants_xla else _SMALL_STEP
    return 1 if _multiply_adds(config, input_shape) * rows < small else count_cpus()


def _multiply_adds(config: Config, input_shape: tuple[int, ...]) -> float:
    """Of one sample forward through a dense net: its weights; infinite where not known."""
    width, total = math.prod(input_shape), 0
    for layer in flatten_layers(config.model):
        component = layer.component
        units = component.arguments.get("units")
        if component.name == "Dense" and isinstance(units, int):
            total += width * units
            width = units
        elif component.name not in _LIGHT:
            return math.inf
    return total
