"""Compiled passes over rows: many train steps or test steps in one call.

`model.fit` goes back to Python after every step, and small nets spend nine tenths of their
time there. Here one `tf.function` loops over Keras's own `train_step`, on data that stays in
memory as tensors. Without XLA the numbers equal those of `fit` to the last bit, on two
conditions:

- `fit` sees a static batch size only where it divides the number of rows, and TensorFlow
  turns a division by a static size into a multiplication. So the batch size here is static
  in exactly those cases, and unknown for every step otherwise.
- TensorFlow moves constants, as in `(x - y) + 1`, only in functions that return something
  (ConstantFolding::PrepareConstantPushDown in grappler's constant_folding.cc). `fit`'s does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.backend import tf

Run = Callable[[int, int], Any]
"""Runs the steps from the first, counted from 0, up to but not including the last.

Of a step pass it returns the last step's logs, of a pass with `Ends` their result, both tensors
by name; of others nothing of use.
"""

Pass = Callable[[np.ndarray], Run]
"""Takes the rows of an epoch in order, (num_rows,) int64; returns what runs its steps."""


@dataclass(frozen=True)
class Ends:
    """What is compiled into a pass before its first step and after the last of each call.

    Attributes:
        begin: Called before step 0.
        result: Returns tensors by name, which become what `Run` returns.
    """

    begin: Callable[[], None]
    result: Callable[[], Any]


def make_pass(
    step: Callable[[Any], Any], num_rows: int, batch_size: int, ends: Ends | None = None
) -> Pass:
    """Returns a pass in graph mode: bit for bit what `fit` or `evaluate` computes.

    Without a static batch size it takes any number of rows.

    Args:
        step: Takes the row numbers of a batch; trains or tests on them.
        num_rows: Rows in an epoch; decides whether the batch size is static.
        batch_size: Rows a step; the last may have fewer.
        ends: What else one call does.
    """
    if num_rows % batch_size == 0:
        return make_static_pass(step, batch_size, ends=ends)

    def batch_at(rows: Any, i: Any) -> Any:
        start = i * batch_size
        return rows[start : tf.minimum(start + batch_size, tf.shape(rows)[0])]

    run = _make_loop(step, batch_at, [None], ends=ends)

    def begin(order: np.ndarray) -> Run:
        rows = tf.constant(order)
        return lambda first, last: run(rows, tf.constant(first), tf.constant(last))

    return begin


def make_step_pass(step: Callable[[Any], Any], num_rows: int, batch_size: int) -> Pass:
    """Returns a pass that goes back to Python after every step, as `fit` does.

    Args:
        step: Takes the row numbers of a batch; trains or tests on them.
        num_rows: Rows in an epoch; decides whether the batch size is static.
        batch_size: Rows a step; the last may have fewer.
    """
    size = batch_size if num_rows % batch_size == 0 else None

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([size], tf.int64)], autograph=False
    )
    def run_step(rows: Any) -> Any:
        return rows, step(rows)

    def begin(order: np.ndarray) -> Run:
        def run(first: int, last: int) -> Any:
            logs = None
            for start in range(first * batch_size, last * batch_size, batch_size):
                logs = run_step(tf.constant(order[start : start + batch_size]))[1]
            return logs

        return run

    return begin


def make_static_pass(
    step: Callable[[Any], Any],
    batch_size: int,
    *,
    jit_compile: bool = False,
    ends: Ends | None = None,
) -> Pass:
    """Returns a pass over batches that are all of one size, which is static then.

    Args:
        step: Takes the row numbers of a batch; trains or tests on them.
        batch_size: Rows a step.
        jit_compile: Whether XLA compiles it.
        ends: What else one call does.
    """
    run_steps = _make_loop(
        step,
        lambda batches, i: batches[i],
        [None, batch_size],
        jit_compile=jit_compile,
        ends=ends,
    )

    def begin(order: np.ndarray) -> Run:
        batches = tf.constant(order.reshape(-1, batch_size))
        return lambda first, last: run_steps(batches, tf.constant(first), tf.constant(last))

    return begin


def _make_loop(
    step: Callable[[Any], Any],
    batch_at: Callable[[Any, Any], Any],
    shape: list[int | None],
    *,
    jit_compile: bool = False,
    ends: Ends | None = None,
) -> Callable[..., Any]:
    """One function over many steps; first and last are tensors, so that it is traced once."""
    number = tf.TensorSpec([], tf.int32)

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec(shape, tf.int64), number, number],
        jit_compile=jit_compile,
        autograph=False,
    )
    def run(rows: Any, first: Any, last: Any) -> Any:
        def body(i: Any) -> Any:
            step(batch_at(rows, i))
            return i + 1

        if ends is not None:
            _before_step_0(ends.begin, first)
        done = tf.while_loop(lambda i: i < last, body, [first], parallel_iterations=1)
        return done if ends is None else ends.result()

    return run  # type: ignore[no-any-return]


def _before_step_0(begin: Callable[[], None], first: Any) -> None:
    def run() -> Any:
        begin()
        return first

    tf.cond(tf.equal(first, 0), run, lambda: first)
