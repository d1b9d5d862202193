"""One next thing to try, as an override of the run's config that can be pasted."""

from __future__ import annotations

import json
from typing import Any

from dlrun.config import Config, PlacedLayer, flatten_layers
from dlrun.config.component import is_normal, plain_component
from dlrun.evaluation.diagnosis_rules import Remedy
from dlrun.files import dotted

MANY_PARAMETERS = 10
"""Parameters by training row beyond which a smaller net is tried before a penalty."""


def advise(remedy: Remedy | None, config: Config, num_parameters: int, num_rows: int) -> str:
    """Returns `key=value` for a remedy; empty where there is nothing to change.

    Args:
        remedy: What kind of change.
        config: Of the run.
        num_parameters: Of its net.
        num_rows: Training rows.
    """
    match remedy:
        case "longer":
            return f"training.epochs={2 * config.training.epochs}"
        case "slower":
            return _rate(config, 0.1)
        case "begin":
            return _begin(config)
        case "larger":
            return _larger(config)
        case "regularize":
            return _regularize(config, num_parameters > MANY_PARAMETERS * num_rows)
        case "more validation":
            return "dataset.split={kfold: 5}" if config.dataset.split.kfold is None else ""
        case None:
            return ""


def _rate(config: Config, factor: float) -> str:
    """A multiple of the learning rate, or of the one that a schedule warms up to or begins with."""
    arguments = plain_component(config.optimizer)[config.optimizer.name]
    rate = arguments.get("learning_rate", 0.01 if config.optimizer.name == "SGD" else 0.001)
    if isinstance(rate, int | float):
        return f"optimizer.learning_rate={rate * factor:.3g}"
    ((_, schedule),) = rate.items()
    for name in ("warmup_target", "initial_learning_rate"):
        if isinstance(schedule.get(name), int | float):
            return f"optimizer.learning_rate.{name}={schedule[name] * factor:.3g}"
    return ""  # a schedule of several rates


def _begin(config: Config) -> str:
    """What deep nets of sigmoids need, others a larger rate."""
    activation = config.model.activation
    if activation is not None and activation.name in ("sigmoid", "tanh", "softsign"):
        return "model.activation=relu"
    return _rate(config, 10)


def _hidden(config: Config) -> list[PlacedLayer]:
    """The Dense layers before the last."""
    dense = [layer for layer in flatten_layers(config.model) if layer.component.name == "Dense"]
    return [
        layer for layer in dense[:-1] if isinstance(layer.component.arguments.get("units"), int)
    ]


def _larger(config: Config) -> str:
    """The widest hidden layer doubled; where there is none, one more layer before the last."""
    hidden = _hidden(config)
    if hidden:
        widest = max(hidden, key=lambda layer: int(layer.component.arguments["units"]))
        return f"{dotted(widest.path)}.units={2 * int(widest.component.arguments['units'])}"
    layers: list[Any] = config.to_dict()["model"]["layers"]
    new = {"Dense": {"units": 32, "activation": "relu"}}
    return f"model.layers={_flow([*layers[:-1], new, *layers[-1:]])}"


def _flow(value: Any) -> str:
    """YAML on one line; a component without arguments is its name."""
    if isinstance(value, dict) and is_normal(value) and not any(value.values()):
        return str(next(iter(value)))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return value if isinstance(value, str) and value.isidentifier() else json.dumps(value)


def _regularize(config: Config, has_many_parameters: bool) -> str:
    hidden = _hidden(config)
    if not hidden:
        return ""
    widest = max(hidden, key=lambda layer: int(layer.component.arguments["units"]))
    units = int(widest.component.arguments["units"])
    if has_many_parameters and units >= 8:
        return f"{dotted(widest.path)}.units={units // 4}"
    if "kernel_regularizer" in widest.component.arguments:
        return ""
    return f"+{dotted(widest.path)}.kernel_regularizer={{L2: {{l2: 0.001}}}}"
