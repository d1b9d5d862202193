"""What a request holds: an image or JSON, read within limits on size, time and depth."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from typing import Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MAX_BYTES = 10_000_000
"""Of a request."""

UPLOAD_SECONDS = 20
"""In which all of a request must have come."""


async def read_body(request: Request, max_bytes: int = MAX_BYTES) -> bytes:
    """Returns what was sent; stops reading at the limit.

    Raises:
        HTTPException: 413 too large, 408 too slow, 400 broken off.
    """
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > max_bytes:
        _refuse_size(max_bytes)
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            content = bytearray()
            async for chunk in request.stream():
                content += chunk
                if len(content) > max_bytes:
                    _refuse_size(max_bytes)
            return bytes(content)
    except TimeoutError:
        raise HTTPException(408, f"body: not sent within {UPLOAD_SECONDS} s; send less") from None
    except ClientDisconnect:
        raise HTTPException(400, "body: broken off; send it again") from None


def _refuse_size(max_bytes: int) -> NoReturn:
    raise HTTPException(413, f"body: more than {max_bytes:,} bytes; send a smaller file")


def is_json(request: Request, content: bytes) -> bool:
    """Returns whether a body is JSON: by its type, or as no image begins with a brace."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or content.lstrip()[:1] == b"{"


def is_page_asked(request: Request) -> bool:
    """Returns whether an image may be a page of many figures, by `?page=auto`.

    Raises:
        HTTPException: 400, another value.
    """
    asked = request.query_params.get("page", "false")
    if asked not in ("auto", "false"):
        raise HTTPException(400, f"page: must be auto or false, received {asked[:40]!r}")
    return asked == "auto"


def read_object(content: bytes) -> dict[str, Any]:
    """Returns a JSON object.

    Raises:
        HTTPException: 400, not JSON, or no object.
    """
    try:
        found = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except RecursionError:
        raise HTTPException(400, "body: JSON nested too deeply; send flat rows") from None
    except ValueError as error:  # of encoding, syntax, or a number of thousands of digits
        said = str(error)[:120]
        raise HTTPException(400, f"body: not JSON, {said}; see GET /api") from None
    if not isinstance(found, dict):
        raise HTTPException(400, 'body: must be an object, such as {"rows": [[…]]}; see GET /api')
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def decode_image(text: Any) -> bytes:
    """Returns an image from Base64, with or without `data:image/png;base64,` before it.

    Raises:
        HTTPException: 400, not Base64.
    """
    if not isinstance(text, str):
        raise HTTPException(400, "image: must be text in Base64")
    _, comma, after = text.partition(",") if text.startswith("data:") else ("", "", "")
    try:
        return base64.b64decode(after if comma else text, validate=True)
    except (binascii.Error, ValueError):
        raise HTTPException(400, "image: not Base64; send the file itself as the body") from None
