from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dlrun.sweeping import SweepDefinition, load_sweep

BASE = """\
name: small
dataset: {name: iris, split: {train: 0.6, validation: 0.2, test: 0.2}}
model:
  activation: relu
  layers:
    - Dense: 8
    - {repeat: 1, layers: [Dense: 4]}
    - Dense: {units: 3, activation: softmax}
loss: categorical_crossentropy
optimizer: sgd
training: {epochs: 3, batch_size: 16}
"""

Load = Callable[..., SweepDefinition]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A small config, as the base of sweeps."""
    path = tmp_path / "base.yaml"
    path.write_text(BASE, encoding="utf-8")
    return path


@pytest.fixture
def load(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a sweep's text, `base` in its first line, from the file s.yaml."""
    monkeypatch.chdir(tmp_path)

    def loaded(text: str, tokens: tuple[str, ...] = (), **more: object) -> SweepDefinition:
        Path("s.yaml").write_text(f"base: base.yaml\n{text}\n", encoding="utf-8")
        return load_sweep("s.yaml", tokens, **more)  # type: ignore[arg-type]

    return loaded
