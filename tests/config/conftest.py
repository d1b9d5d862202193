from __future__ import annotations

from collections.abc import Callable

import pytest

from dlrun.config import Loaded, parse_config
from dlrun.files import parse_yaml

BASE = """\
name: net
dataset: digits
model:
  activation: relu
  layers:
    - Dense: 16
    - Dense: {units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: sgd
training: {epochs: 3}
"""

Load = Callable[..., Loaded]


@pytest.fixture
def load() -> Load:
    """Parses the small config above with parts of its text replaced."""

    def parse(changes: dict[str, str] | None = None, overrides: object = ()) -> Loaded:
        text = BASE
        for old, new in (changes or {}).items():
            assert old in text, old
            text = text.replace(old, new, 1)
        return parse_config(parse_yaml(text, "c.yaml"), overrides)  # type: ignore[arg-type]

    return parse
