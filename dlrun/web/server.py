"""Listens: takes the port before anything is loaded, serves until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from dlrun.errors import ServeError
from dlrun.stopping import SIGNALS

LAST_SECONDS = 0.8
"""For requests that are under way when the server is to stop."""

_REASONS = {
    errno.EADDRINUSE: "in use already; choose another by --port, or --port 0 for any that is free",
    errno.EACCES: "not permitted; choose one above 1023 by --port",
    errno.EADDRNOTAVAIL: "no address of this machine; choose another by --host",
}


def take_port(host: str, port: int) -> socket.socket:
    """Returns a socket that listens; who connects now is answered once the server runs.

    Args:
        host: Name or address to listen on.
        port: 0 for any that is free.

    Raises:
        ServeError: it is taken, or cannot be had.
    """
    place = f"{host} port {port}"
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        raise ServeError(f"{place}: no such host; choose another by --host") from None
    sock = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # else a port that was just left is refused for a minute
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(256)
    except OSError as error:
        sock.close()
        reason = _REASONS.get(error.errno or 0, (error.strerror or str(error)).lower())
        raise ServeError(f"{place}: {reason}") from None
    return sock


def address_of(sock: socket.socket, host: str) -> str:
    """Returns what to type into a browser on this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{name}]' if ':' in name else name}:{sock.getsockname()[1]}/"


def run_server(app: ASGIApp, sock: socket.socket) -> None:
    """Answers until Ctrl-C or SIGTERM, then returns within a second.

    Args:
        app: What answers.
        sock: Of `take_port`.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        limit_concurrency=1000,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=2,  # where breaking off does not help
    )
    asyncio.run(_Server(config).serve([sock]))


class _Server(uvicorn.Server):
    """Takes a signal as the wish to end, and does not raise it again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        def stop(signum: int, frame: Any) -> None:
            self.handle_exit(signum, frame)

        # What is ignored, as Ctrl-C is by a job in the background, stays ignored.
        heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, stop) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answers what it can, and breaks off the rest so that it is told, as uvicorn would not."""
        asyncio.get_running_loop().call_later(LAST_SECONDS, self._break_off)
        await super().shutdown(sockets)

    def _break_off(self) -> None:
        for task in self.server_state.tasks:
            task.cancel()
