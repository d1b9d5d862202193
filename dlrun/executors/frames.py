"""Messages through a pipe that several processes may write to: each whole, none mixed with another.

A message is pickled, with its length before it. Up to PIPE_BUF bytes the system writes at once,
whoever else writes; what a task tells is cut to that. Both ends are dlrun's own.
"""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from dlrun.events import EngineChosen, EpochEnded, Message, StepsDone
from dlrun.executors.task import Outcome, Told

_HEAD = struct.Struct("<I")

MOST_BYTES = 4096
"""PIPE_BUF of Linux, the only system where processes share a pipe here."""

_KEPT_TEXT = 2500
"""Bytes of an error that are kept of a message that is too long."""

_KEPT_LOGS = 10
"""Metrics of an epoch that are kept then: more than a display shows."""


def write_message(descriptor: int, message: Any) -> None:
    """Writes a message; one that nobody can read any more is dropped."""
    frame = _frame(message)
    if len(frame) > MOST_BYTES:
        frame = _frame(_shortened(message))
    try:
        while frame:
            frame = frame[os.write(descriptor, frame) :]
    except BrokenPipeError:
        return


def _frame(message: Any) -> bytes:
    content = pickle.dumps(message)
    return _HEAD.pack(len(content)) + content


def _shortened(message: Any) -> Any:
    """A message whose text is too long, its end kept: there stands what went wrong."""
    if isinstance(message, Outcome):
        return replace(message, error=message.error.encode()[-_KEPT_TEXT:].decode(errors="ignore"))
    if isinstance(message, Told) and isinstance(message.event, Message | EngineChosen):
        name = "text" if isinstance(message.event, Message) else "reason"
        shortened = getattr(message.event, name)[:800]
        return replace(message, event=replace(message.event, **{name: shortened}))
    if isinstance(message, Told) and isinstance(message.event, EpochEnded | StepsDone):
        logs = dict(islice(message.event.logs.items(), _KEPT_LOGS))
        return replace(message, event=replace(message.event, logs=logs))
    return message


class FrameReader:
    """Puts messages together from the bytes of a pipe, however they come."""

    def __init__(self) -> None:
        self._bytes = b""

    def feed(self, received: bytes) -> Iterator[Any]:
        """Yields the messages that are complete now."""
        self._bytes += received
        while len(self._bytes) >= _HEAD.size:
            (length,) = _HEAD.unpack_from(self._bytes)
            end = _HEAD.size + length
            if len(self._bytes) < end:
                return
            content, self._bytes = self._bytes[_HEAD.size : end], self._bytes[end:]
            yield pickle.loads(content)
