"""The files of the page, read once: nothing else of the disk can be asked for."""

from __future__ import annotations

from importlib import resources

KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""Types of content by suffix; Starlette adds the charset to text."""


def read_pages(home: str) -> dict[str, tuple[bytes, str]]:
    """Returns content and type of every file by its address.

    Args:
        home: Which one is shown at `/`.
    """
    folder = resources.files("dlrun.web") / "static"
    found = {}
    for file in folder.iterdir():
        kind = KINDS.get(file.name[file.name.rfind(".") :])
        if kind is not None:
            address = "/" if file.name == home else f"/static/{file.name}"
            found[address] = (file.read_bytes(), kind)
    return found
