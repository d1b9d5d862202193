"""Names that a program has registered itself, so that a config may use them."""

from __future__ import annotations

OWN_DATASETS: set[str] = set()
"""Data sets registered in this process, beside the built-in ones; `data.registry` adds to it."""
