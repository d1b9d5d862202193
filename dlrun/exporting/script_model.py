"""The part of a script that has the model: its layers, and what it is compiled with."""

from __future__ import annotations

from collections.abc import Sequence

from dlrun.config import Config, flatten_layers
from dlrun.exporting.expressions import (
    WIDTH,
    Call,
    Expression,
    FindOwn,
    component_source,
    listed,
    literal,
    render,
)
from dlrun.parameters import ModelCount


def model_source(
    config: Config, input_shape: Sequence[int], count: ModelCount, own: FindOwn
) -> list[str]:
    """Returns the lines that build and compile the model.

    Args:
        config: Of the run.
        input_shape: Of a sample as the data set has it.
        count: The layers that there are, among them those that dlrun put in.
        own: Asked for components that Keras does not have.
    """
    shape = literal_shape(input_shape)
    layers: list[Expression] = [f"keras.Input(shape={shape})"]
    placed = iter(flatten_layers(config.model))
    for row in count.layers:
        if row.added and row.kind == "Flatten":
            layers.append("keras.layers.Flatten()")
        elif row.added:
            shape = literal_shape(row.output_shape)
            layers.append(f"keras.layers.Reshape(target_shape={shape})")
        else:
            layers.append(component_source("layer", next(placed).component, own))
    stack = [f"        {render(layer, 8, 1)}," for layer in layers]
    return ["model = keras.Sequential(", "    [", *stack, "    ]", ")", *_compile(config, own)]


def literal_shape(shape: Sequence[int | None]) -> str:
    """Returns a shape as source, `(28, 28)` or `(784,)`."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _compile(config: Config, own: FindOwn) -> list[str]:
    metrics = [
        literal(metric) if isinstance(metric, str) else component_source("metric", metric, own)
        for metric in config.metrics
    ]
    call = Call(
        "model.compile",
        [
            ("optimizer", component_source("optimizer", config.optimizer, own)),
            ("loss", component_source("loss", config.loss, own)),
            ("metrics", listed(metrics)),
            ("jit_compile", "False"),
        ],
    )
    text = render(call, taken=WIDTH)  # an argument a line
    reason = "jit_compile=False,  # XLA has other last digits"
    return [text.replace("jit_compile=False,", reason)]


def callbacks_source(config: Config, monitor_mode: str, own: FindOwn) -> list[Expression]:
    """Returns the run's callbacks, and one that puts the best epoch's weights back.

    Args:
        config: Of the run.
        monitor_mode: "min" or "max", of `training.monitor`.
        own: Asked for components that Keras does not have.
    """
    found = [component_source("callback", one, own) for one in config.training.callbacks]
    if keeps_best(config):
        keeper = [
            ("monitor", literal(config.training.monitor)),
            ("mode", literal(monitor_mode)),
            ("patience", "epochs"),
            ("restore_best_weights", "True"),
        ]
        found.append(Call("keras.callbacks.EarlyStopping", keeper))
    return found


def keeps_best(config: Config) -> bool:
    """Whether the run's model has the weights of its best epoch."""
    return config.training.keep == "best" and not config.optimizer.arguments.get("use_ema")
