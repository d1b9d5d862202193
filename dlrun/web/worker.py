"""Where answers are computed: a few threads, a line of bounded length, a limit on time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.exceptions import HTTPException

Answer = TypeVar("Answer")

THREADS = 2
"""One reads an image while the model computes for the other; more only wait for each other."""

MAX_WAITING = 256
"""Requests that may wait: some seconds of drawings."""

ANSWER_SECONDS = 20
"""In which a request is answered, waiting included."""


@dataclass(eq=False)
class Worker:
    """Computes answers aside, so that the server goes on hearing others."""

    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="dlrun-web")
    )
    _waiting: int = 0

    async def __call__(self, compute: Callable[..., Answer], *arguments: Any) -> Answer:
        """Returns what a function gives.

        Raises:
            HTTPException: 503, too many wait, or it took too long.
        """
        if self._waiting >= MAX_WAITING:
            raise HTTPException(503, f"busy: {self._waiting} requests wait; try again later")
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await loop.run_in_executor(self._threads, compute, *arguments)
        except TimeoutError:
            said = f"no answer within {ANSWER_SECONDS} s; send something smaller, or try later"
            raise HTTPException(503, said) from None
        finally:
            self._waiting -= 1
