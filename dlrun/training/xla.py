"""A train pass compiled by XLA, and the way back where it cannot compile a layer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from dlrun.backend import tf
from dlrun.training.passes import Pass, Run, make_pass, make_static_pass

Fallback = Callable[[str], None]
"""Told, with the reason, that XLA cannot compile the step and TensorFlow goes on without."""


def make_xla_pass(
    step: Callable[[Any], Any], num_rows: int, batch_size: int, fallback: Fallback
) -> Pass:
    """Returns a pass compiled by XLA: faster, and other last digits, since sums are reordered.

    XLA wants static shapes, so the smaller last batch is a function of its own. It compiles a
    whole call before any of it runs, so a call that cannot be compiled has changed nothing.

    Args:
        step: Takes the row numbers of a batch; trains or tests on them.
        num_rows: Rows in an epoch.
        batch_size: Rows a step; the last may have fewer.
        fallback: Told once where XLA cannot compile the step; `make_pass` goes on then.
    """
    num_whole = num_rows // batch_size
    whole = _first_refusal_told(make_static_pass(step, batch_size, jit_compile=True))
    rest = _first_refusal_told(_pass_of_one(tf.function(step, jit_compile=True, autograph=False)))
    plain: Pass | None = None

    def begin(order: np.ndarray) -> Run:
        run_whole = whole(order[: num_whole * batch_size])
        run_rest = rest(order[num_whole * batch_size :])

        def run(first: int, last: int) -> None:
            nonlocal plain
            try:
                if plain is None and first < num_whole:
                    run_whole(first, min(last, num_whole))
                    first = min(last, num_whole)
                if plain is None and first < last:
                    run_rest(first, last)
                    first = last
            except _NotCompiledError as error:
                plain = make_pass(step, num_rows, batch_size)
                fallback(str(error))
            if plain is not None and first < last:
                plain(order)(first, last)

        return run

    return begin


class _NotCompiledError(Exception):
    """XLA cannot compile a function."""


def _first_refusal_told(compiled: Pass) -> Pass:
    """Raises `_NotCompiledError` where a pass fails in TensorFlow before it has ever worked."""
    worked = False

    def begin(order: np.ndarray) -> Run:
        run = compiled(order)

        def run_told(first: int, last: int) -> None:
            nonlocal worked
            try:
                run(first, last)
            except tf.errors.OpError as error:
                if worked:
                    raise
                raise _NotCompiledError(_reason(error)) from error
            worked = True

        return run_told

    return begin


def _pass_of_one(run: Callable[[Any], Any]) -> Pass:
    def begin(order: np.ndarray) -> Run:
        rows = tf.constant(order)
        return lambda _first, _last: run(rows)

    return begin


def _reason(error: Exception) -> str:
    """The operations that XLA does not know, as its error names them, or its first line."""
    text = str(getattr(error, "message", error))
    unknown = re.findall(r"(\w+) \(No registered", text)
    return ", ".join(dict.fromkeys(unknown)) or text.partition("\n")[0] or type(error).__name__
