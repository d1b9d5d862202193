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

import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from dlrun.backend import tf

Run = Callable[[int, int], None]
"""Runs the steps from the first, counted from 0, up to but not including the last."""

Pass = Callable[[np.ndarray], Run]
"""Takes the rows of an epoch in order, (num_rows,) int64; returns what runs its steps."""

Fallback = Callable[[str], None]
"""Told, with the reason, that XLA cannot compile the step and TensorFlow goes on without."""


def make_pass(step: Callable[[Any], Any], num_rows: int, batch_size: int) -> Pass:
    """Returns a pass in graph mode: bit for bit what `fit` or `evaluate` computes.

    Args:
        step: Takes the row numbers of a batch; trains or tests on them.
        num_rows: Rows in an epoch; decides whether the batch size is static.
        batch_size: Rows a step; the last may have fewer.
    """
    if num_rows % batch_size == 0:
        return _pass_of_batches(_loop(step, _batch_at, [None, batch_size]), batch_size)

    def batch_at(rows: Any, i: Any) -> Any:
        start = i * batch_size
        return rows[start : tf.minimum(start + batch_size, tf.shape(rows)[0])]

    run = _loop(step, batch_at, [None])

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
        step(rows)
        return rows

    def begin(order: np.ndarray) -> Run:
        def run(first: int, last: int) -> None:
            for start in range(first * batch_size, last * batch_size, batch_size):
                run_step(tf.constant(order[start : start + batch_size]))

        return run

    return begin


def make_xla_pass(
    step: Callable[[Any], Any], num_rows: int, batch_size: int, fallback: Fallback
) -> Pass:
    """Returns a pass compiled by XLA: faster, and other last digits, since sums are reordered.

    XLA wants static shapes, so the smaller last batch is a function of its own.

    Args:
        step: Takes the row numbers of a batch; trains or tests on them.
        num_rows: Rows in an epoch.
        batch_size: Rows a step; the last may have fewer.
        fallback: Told where XLA cannot compile the step.
    """
    num_whole = num_rows // batch_size
    loop = functools.partial(_loop, step, _batch_at, [None, batch_size])
    whole = _pass_of_batches(_or_without_xla(loop, fallback), batch_size)

    def make_last(*, jit_compile: bool) -> Any:
        return tf.function(step, jit_compile=jit_compile, autograph=False)

    last_step = _or_without_xla(make_last, fallback)

    def begin(order: np.ndarray) -> Run:
        run_whole = whole(order[: num_whole * batch_size])
        rest = tf.constant(order[num_whole * batch_size :])

        def run(first: int, last: int) -> None:
            if first < num_whole:
                run_whole(first, min(last, num_whole))
            if last > num_whole:
                last_step(rest)

        return run

    return begin


def _batch_at(batches: Any, i: Any) -> Any:
    return batches[i]


def _pass_of_batches(run: Callable[..., None], batch_size: int) -> Pass:
    def begin(order: np.ndarray) -> Run:
        batches = tf.constant(order.reshape(-1, batch_size))
        return lambda first, last: run(batches, tf.constant(first), tf.constant(last))

    return begin


def _loop(
    step: Callable[[Any], Any],
    batch_at: Callable[[Any, Any], Any],
    shape: list[int | None],
    *,
    jit_compile: bool = False,
) -> Callable[..., None]:
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

        return tf.while_loop(lambda i: i < last, body, [first], parallel_iterations=1)

    return run  # type: ignore[no-any-return]


def _or_without_xla(make: Callable[..., Any], fallback: Fallback) -> Callable[..., Any]:
    """Returns the function that XLA compiles; the same without XLA once that has failed.

    XLA compiles a whole call before any of it runs, so a failed call has changed nothing.
    """
    function, compiled = make(jit_compile=True), True

    def call(*args: Any) -> Any:
        nonlocal function, compiled
        try:
            return function(*args)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            if not compiled:
                raise
            function, compiled = make(jit_compile=False), False
            fallback(_reason(error))
            return function(*args)

    return call


def _reason(error: Exception) -> str:
    """The operations that XLA does not know, as its error names them, or its first line."""
    text = str(getattr(error, "message", error))
    unknown = re.findall(r"(\w+) \(No registered", text)
    return ", ".join(dict.fromkeys(unknown)) or text.partition("\n")[0] or type(error).__name__
