"""Configs: from YAML to a checked, resolved `Config`, and back.

`schema` holds the table of keys; nothing here imports TensorFlow or loads data.
"""

from __future__ import annotations

from dlrun.config.component import Component
from dlrun.config.editor_schema import json_schema
from dlrun.config.overrides import Overrides, overridden_key, override_texts
from dlrun.config.parse import (
    Loaded,
    is_model_only,
    is_sweep,
    load_config,
    load_model,
    load_recorded,
    parse_config,
)
from dlrun.config.resolve import resolve_split
from dlrun.config.schema import (
    Config,
    DatasetConfig,
    ModelConfig,
    ModelOnly,
    SplitConfig,
    TrainingConfig,
)
from dlrun.config.stack import PlacedLayer, Repeat, flatten_layers
from dlrun.config.with_data import resolve_with_data

__all__ = [
    "Component",
    "Config",
    "DatasetConfig",
    "Loaded",
    "ModelConfig",
    "ModelOnly",
    "Overrides",
    "PlacedLayer",
    "Repeat",
    "SplitConfig",
    "TrainingConfig",
    "flatten_layers",
    "is_model_only",
    "is_sweep",
    "json_schema",
    "load_config",
    "load_model",
    "load_recorded",
    "overridden_key",
    "override_texts",
    "parse_config",
    "resolve_split",
    "resolve_with_data",
]
