"""From a config to a compiled Keras model with fresh weights, all of it built and checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dlrun.backend import keras
from dlrun.config import Component, Config, flatten_layers
from dlrun.config.imports import import_modules
from dlrun.config.stack import output_layer
from dlrun.errors import ModelError
from dlrun.files import KeyPath
from dlrun.model.instantiate import first_sentence, instantiate
from dlrun.model.monitored import metric_is_higher_better
from dlrun.model.stack import build_layers
from dlrun.parameters import ModelCount
from dlrun.prepare import PreparedData


@dataclass(frozen=True)
class BuiltModel:
    """A compiled Keras model with fresh weights, and what belongs to it.

    Attributes:
        model: `keras.Sequential`, compiled; loss, metrics and optimizer have their variables.
        count: Its parameters.
        callbacks: The config's, made.
        higher_is_better: Direction of `training.monitor`.
    """

    model: Any
    count: ModelCount
    callbacks: tuple[Any, ...]
    higher_is_better: bool


def build_model(data: PreparedData) -> BuiltModel:
    """Builds and compiles the config's model; equal seeds give equal initial weights.

    Sets Keras's, NumPy's and Python's global random seeds, as Keras's own reproducibility
    guide does: initializers and Dropout draw from them.

    Raises:
        ModelError: Keras refused a layer, the loss, a metric, the optimizer or a callback, or a
            monitored metric does not exist.
    """
    config = data.config
    import_modules(config.imports, config.source)
    with _fresh_keras(config.seed, config.training.precision):
        model, count = build_layers(
            config.model, data.dataset.input_shape, config.name, config.place
        )
        model.compile(
            optimizer=_make(config, "optimizer", config.optimizer, ("optimizer",)),
            loss=_make(config, "loss", config.loss, ("loss",)),
            metrics=_make_metrics(config),
            jit_compile=False,  # training compiles its own loop, by XLA where that is asked for
        )
    _check_output(data, model)
    _build_state(data, model)
    callbacks = tuple(
        _make(config, "callback", component, ("training", "callbacks", i))
        for i, component in enumerate(config.training.callbacks)
    )
    return BuiltModel(model, count, callbacks, metric_is_higher_better(config, model, callbacks))


@contextmanager
def _fresh_keras(seed: int, precision: str) -> Iterator[None]:
    """Keras with nothing left of earlier models, and this dtype policy, which layers keep."""
    before = keras.config.dtype_policy()  # first, since clear_session forgets it
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _make_metrics(config: Config) -> list[Any]:
    return [
        metric if isinstance(metric, str) else _make(config, "metric", metric, ("metrics", i))
        for i, metric in enumerate(config.metrics)
    ]


def _make(config: Config, kind: str, component: Component, path: KeyPath) -> Any:
    return instantiate(kind, component, lambda: config.place(path))


def _check_output(data: PreparedData, model: Any) -> None:
    """Compares the model's output with the labels, so that no loss broadcasts one silently."""
    config, dataset = data.config, data.dataset
    output = tuple(model.output_shape[1:])
    one_a_class = data.encoding == "index"
    wanted = (dataset.num_classes,) if one_a_class else tuple(data.labels.shape[1:])
    if output == wanted:
        return
    last = output_layer(flatten_layers(config.model))
    raise ModelError(
        f"{config.place(last.path)}: the model's output has shape {output}, and "
        f"{dataset.name} with {config.loss.name} needs {wanted}"
        + ("; put Flatten before the first Dense" if len(output) > len(wanted) else "")
    )


def _build_state(data: PreparedData, model: Any) -> None:
    """Makes the variables of loss, metrics and optimizer, as the first step of `fit` would."""
    rows = data.splits.train[:2]
    x = keras.ops.convert_to_tensor(data.scaling.apply(data.dataset.x[rows]))
    y = keras.ops.convert_to_tensor(data.labels[rows])
    config = data.config
    try:
        outputs = model(x, training=False)
    except Exception as error:  # values that a layer cannot take, such as a word beyond input_dim
        raise ModelError(
            f"{config.place(('model', 'layers'))}: the layers cannot take the first rows of "
            f"{data.dataset.name}: {first_sentence(error)}"
        ) from error
    try:
        model.compute_loss(x=x, y=y, y_pred=outputs)
        model.compute_metrics(x, y, outputs, None)
        model.optimizer.build(model.trainable_variables)
    except Exception as error:  # a loss or metric that cannot take these outputs
        raise ModelError(
            f"{config.place(('loss',))}: {config.loss.name} or a metric cannot compare labels of "
            f"shape {tuple(y.shape[1:])} with outputs of shape {tuple(model.output_shape[1:])}: "
            f"{first_sentence(error)}"
        ) from error
    model.reset_metrics()
