"""The user's own cache, so that what is fetched for the tests stays for their runs."""

from __future__ import annotations

import os

import pytest

DATA_DIR = os.environ.get("DLRUN_DATA_DIR")  # before a fixture gives every test its own


@pytest.fixture
def real_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own cache: what is fetched there stays for their runs."""
    if DATA_DIR is None:
        monkeypatch.delenv("DLRUN_DATA_DIR")
    else:
        monkeypatch.setenv("DLRUN_DATA_DIR", DATA_DIR)
