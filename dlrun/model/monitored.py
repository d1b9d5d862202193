"""The metrics that a compiled model reports, and whether more or less of one is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.columns import TRAIN_EVAL, VALIDATION, metric_of
from dlrun.config import Config
from dlrun.errors import ModelError, did_you_mean
from dlrun.monitor import GROWING_METRICS, NEUTRAL_METRICS


def metric_is_higher_better(config: Config, model: Any, callbacks: Sequence[Any]) -> bool:
    """Checks every monitored name against the compiled model; returns the direction of ours.

    Args:
        config: `training.monitor` is resolved.
        model: Compiled, its metrics built.
        callbacks: The config's, made; those with a `monitor` are checked too.

    Raises:
        ModelError: a monitored metric does not exist, or it is not known which way it is better.
    """
    metrics = _metrics_by_name(model)
    _check_single_numbers(model, config)
    names = ["loss", *(name for name in model.get_metrics_result() if name != "loss")]
    known = list(names)
    if config.dataset.split.has_validation:
        known += [VALIDATION + name for name in names]
    if config.training.train_eval != "off":
        known += [TRAIN_EVAL + name for name in names]
    for index, callback in enumerate(callbacks):
        monitor = getattr(callback, "monitor", None)
        _check_known(monitor, known, config, ("training", "callbacks", index))
        if str(monitor).startswith(TRAIN_EVAL) and getattr(callback, "mode", None) == "auto":
            # Keras finds out the direction of what it named itself, and of nothing else.
            callback.mode = "max" if _direction(metrics, str(monitor), config) else "min"
    monitor = config.training.monitor
    _check_known(monitor, known, config, ("training", "monitor"))
    return _direction(metrics, monitor, config)


def _check_single_numbers(model: Any, config: Config) -> None:
    for name, value in model.get_metrics_result().items():
        if len(value.shape):
            raise ModelError(
                f"{config.place(('metrics',))}: {name!r} gives {value.shape[0]} numbers, one a "
                "class; give it an average, such as average: macro"
            )


def _check_known(monitor: Any, known: Sequence[str], config: Config, path: Any) -> None:
    rates = ("learning_rate", "lr")
    if monitor is None or monitor in known or monitor in rates:
        return
    raise ModelError(
        f"{config.place(path)}: no metric {monitor!r}{did_you_mean(monitor, known)}; "
        f"there are {', '.join(known)}"
    )


def _metrics_by_name(model: Any) -> dict[str, Any]:
    found = {}
    for metric in model.metrics:
        for inner in getattr(metric, "metrics", None) or [metric]:
            found[inner.name] = inner
    return found


def metric_modes(model: Any) -> dict[str, str]:
    """Returns "max" or "min" by metric, `loss` first; none where it is not known which is better.

    Args:
        model: Compiled, its metrics built.
    """
    metrics = _metrics_by_name(model)
    names = ["loss", *(name for name in model.get_metrics_result() if name != "loss")]
    known = {name: _known_direction(metrics, name) for name in names}
    return {name: "max" if grows else "min" for name, grows in known.items() if grows is not None}


def _direction(metrics: Mapping[str, Any], monitor: str, config: Config) -> bool:
    found = _known_direction(metrics, metric_of(monitor))
    if found is None:
        kind = type(metrics.get(metric_of(monitor))).__name__
        raise ModelError(
            f"{config.place(('training', 'monitor'))}: whether more or less of {monitor!r} is "
            f"better is not known; give {kind} an attribute higher_is_better = True or False"
        )
    return found


def _known_direction(metrics: Mapping[str, Any], name: str) -> bool | None:
    if name == "loss":
        return False
    metric = metrics.get(name)
    own = getattr(metric, "higher_is_better", None)
    if isinstance(own, bool):
        return own
    function = getattr(getattr(metric, "_fn", None), "__module__", "") or ""
    for base in type(metric).__mro__:
        if base.__name__ in GROWING_METRICS:
            return True
        if base.__module__.startswith("keras.src.metrics") and base.__name__ not in NEUTRAL_METRICS:
            return False
    return False if function.startswith("keras.") else None
