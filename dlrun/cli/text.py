"""Text from files as a terminal may show it: nothing in it moves the cursor or hides a line."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from dlrun.files import plain

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode's categories of control and format characters, lone surrogates, line separators."""

_JOINERS = "\u200c\u200d"
"""Format characters that belong to words and emoji."""

_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What `json.dumps` leaves as it is, and terminals obey or streams refuse."""


def shown(text: object) -> str:
    r"""Returns a text on one line, its control characters written out as `\x1b`.

    Args:
        text: From a file, a file name, or an error that quotes one.
    """
    kept = re.sub(r"\s*[\t\n\v\f\r]\s*", " ", str(text))
    if kept.isprintable():
        return kept
    return "".join(character if _is_seen(character) else _escape(character) for character in kept)


def _is_seen(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _UNSEEN


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def json_text(value: Any) -> str:
    """Returns strict JSON that any terminal and any stream can take; NaN is null."""
    text = json.dumps(plain(value), indent=1, ensure_ascii=False)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
