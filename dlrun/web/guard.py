"""Who may ask: requests of other sites are refused, and every answer carries what browsers obey.

A page of another site can send requests to 127.0.0.1 from its visitor's browser. It cannot forge
`Origin`; and where it has its own name resolve to 127.0.0.1, `Host` tells.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dlrun.web.replies import error_reply

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Of every answer."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})


@dataclass(frozen=True)
class Guard:
    """Stands before the app.

    Attributes:
        app: What is guarded.
        host: On which it listens; it is allowed as a `Host` besides those of this machine.
    """

    app: ASGIApp
    host: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or has the app do so; if the server stops meanwhile, says that."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = refused(Headers(scope=scope), scope["method"], self.host)
        if refusal is not None:
            await error_reply(refusal, 403)(scope, receive, send_with_headers)
            return
        try:
            await self.app(scope, receive, send_with_headers)
        except asyncio.CancelledError:  # else uvicorn shows it as a bug, and the browser nothing
            said = "the server was stopped; ask again once it runs"
            await error_reply(said, 503)(scope, receive, send_with_headers)


def refused(headers: Headers, method: str, host: str) -> str | None:
    """Returns why a request is refused, or None.

    Args:
        headers: Of the request.
        method: Such as "POST".
        host: On which the server listens.
    """
    named = headers.get("host", "")
    if not is_allowed(hostname(named), host):
        return (
            f"host: this server does not answer as {named[:80]!r}; "
            "use the address that dlrun serve printed"
        )
    origin = headers.get("origin")
    if method not in ("GET", "HEAD") and origin not in (None, f"http://{named}"):
        return f"origin: pages of {str(origin)[:80]!r} may not ask; open the page of this server"
    return None


def hostname(netloc: str) -> str:
    """Returns the name in `Host`, without its port, in lower case; empty where it is none."""
    try:
        parts = urlsplit(f"//{netloc}")
        return (parts.hostname or "") if parts.netloc == netloc and "@" not in netloc else ""
    except ValueError:
        return ""


def is_allowed(name: str, host: str) -> bool:
    """Returns whether the server answers by a name.

    Listening on every address, it also answers by any address and by the machine's own name:
    whoever lures a browser here by another site's name has neither.
    """
    if name in _LOOPBACK or name == host.lower():
        return True
    return host in _EVERY_ADDRESS and (_is_address(name) or name == socket.gethostname().lower())


def is_loopback(host: str) -> bool:
    """Returns whether only this machine can reach an address."""
    if host.lower() in _LOOPBACK:
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
