"""Where answers are computed: a few threads, a line of bounded length, a limit on time."""

from __future__ import annotations

import asyncio
import functools
import queue
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from starlette.exceptions import HTTPException

Answer = TypeVar("Answer")

THREADS = 2
"""One reads an image while the model computes for the other; more only wait for each other."""

MAX_WAITING = 256
"""Requests that may wait: some seconds of drawings."""

ANSWER_SECONDS = 20
"""In which a request is answered, waiting included."""


@dataclass(frozen=True, eq=False)
class _Task:
    """What is to be computed, and who waits for it."""

    compute: Callable[[], Any]
    answer: Future[Any] = field(default_factory=Future)


@dataclass(eq=False)
class Worker:
    """Computes answers aside, so that the server goes on hearing others.

    Python waits at its end for the threads of its own pools, however long they compute; not for
    these.
    """

    _tasks: queue.SimpleQueue[_Task | None] = field(default_factory=queue.SimpleQueue)
    _unfinished: set[_Task] = field(default_factory=set)
    _waiting: int = 0

    def __post_init__(self) -> None:
        shared = self._tasks, self._unfinished  # and not the worker: they end when it is gone
        for i in range(THREADS):
            threading.Thread(target=_run, args=shared, name=f"dlrun-web-{i}", daemon=True).start()
            weakref.finalize(self, self._tasks.put, None)

    @property
    def is_computing(self) -> bool:
        """Whether a thread computes an answer, even one that nobody waits for any more."""
        return bool(self._unfinished)

    async def __call__(self, compute: Callable[..., Answer], *arguments: Any) -> Answer:
        """Returns what a function gives.

        Raises:
            HTTPException: 503, too many wait, or it took too long.
        """
        if self._waiting >= MAX_WAITING:
            raise HTTPException(503, f"busy: {self._waiting} requests wait; try again later")
        self._waiting += 1
        task = _Task(functools.partial(compute, *arguments))
        self._tasks.put(task)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return cast(Answer, await asyncio.wrap_future(task.answer))
        except TimeoutError:
            said = f"no answer within {ANSWER_SECONDS} s; send something smaller, or try later"
            raise HTTPException(503, said) from None
        finally:
            self._waiting -= 1


def _run(tasks: queue.SimpleQueue[_Task | None], unfinished: set[_Task]) -> None:
    while task := tasks.get():
        if task.answer.set_running_or_notify_cancel():  # else it was given up while it waited
            unfinished.add(task)
            _settle(task)
            unfinished.discard(task)
        del task  # else its image is kept until the next one


def _settle(task: _Task) -> None:
    try:
        task.answer.set_result(task.compute())
    except BaseException as error:  # whatever it is, who asked is told and the thread goes on
        task.answer.set_exception(error)
