"""Answers as JSON: strict, NumPy as lists, errors with one key."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from dlrun.files import plain


def json_reply(value: Any, status: int = 200) -> Response:
    """Returns an answer in JSON; NaN and infinities become null."""
    text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")


def error_reply(message: str, status: int) -> Response:
    """Returns `{"error": …}`."""
    return json_reply({"error": message}, status)
