"""What is known of the values of Keras's arguments: by their names, else by their defaults.

Keras's signatures have no types, so a value is checked where the name says what it is
(`units` is a count everywhere) or the default does (`use_bias=True` is a flag). Whatever is
left is for Keras to judge when the model is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlrun.catalog import ComponentCard
from dlrun.config.checks import Check, Either, Flag, ListOf, Number, Text, Whole, either, word
from dlrun.config.words import wrong_value

_COUNT = Whole("a whole number, 1 or more", low=1)
_SIZE = Either(
    "a whole number, 1 or more, or a list of them",
    (_COUNT, ListOf(item=_COUNT, min_items=1)),
)
_RATE = Number(
    "a number from 0 to below 1",
    lambda value: 0 <= value < 1,
    {"minimum": 0, "exclusiveMaximum": 1},
)
_POSITIVE = Number("a number above 0", lambda value: value > 0, {"exclusiveMinimum": 0})
_NOT_NEGATIVE = Number("a number, 0 or more", lambda value: value >= 0, {"minimum": 0})
_NUMBERS = either(Number(), ListOf("a list of numbers"))

_BY_NAME: Mapping[str, Check] = {
    **dict.fromkeys(("units", "filters", "input_dim", "output_dim", "num_heads"), _COUNT),
    **dict.fromkeys(("key_dim", "value_dim", "depth_multiplier", "groups", "n"), _COUNT),
    **dict.fromkeys(("decay_steps", "first_decay_steps", "num_thresholds", "max_tokens"), _COUNT),
    **dict.fromkeys(("kernel_size", "pool_size", "strides", "dilation_rate", "size"), _SIZE),
    **dict.fromkeys(("rate", "dropout", "recurrent_dropout", "label_smoothing"), _RATE),
    **dict.fromkeys(("learning_rate", "initial_learning_rate", "warmup_target"), _POSITIVE),
    "momentum": Number("a number from 0 to 1", lambda value: 0 <= value <= 1),
    "stddev": _NOT_NEGATIVE,
    **dict.fromkeys(("beta_1", "beta_2", "rho", "ema_momentum"), _RATE),
    **dict.fromkeys(("clipnorm", "clipvalue", "global_clipnorm"), _POSITIVE),
    **dict.fromkeys(("l1", "l2", "weight_decay"), _NOT_NEGATIVE),
    "patience": Whole("a whole number, 0 or more"),
    "name": Text(),
    "monitor": Text(),
}

_BY_KIND: Mapping[tuple[str, str], Check] = {
    ("layer", "name"): Text("text without /", "[^/]+"),
    ("callback", "mode"): word("auto", "min", "max"),
}


def argument_check(card: ComponentCard, name: str) -> Check:
    """Returns the check of a plain argument; one that accepts everything where nothing is known."""
    default = card.defaults.get(name)
    if (card.kind, name) in _BY_KIND:
        return _BY_KIND[card.kind, name]
    if name == "initial_learning_rate" and "warmup_target" in card.arguments:
        return _NOT_NEGATIVE
    if name in _BY_NAME:
        return _BY_NAME[name]
    if isinstance(default, bool):
        return Flag()
    if isinstance(default, int | float):
        return _NUMBERS
    return Check()


def check_argument(
    card: ComponentCard, name: str, value: Any, given: Mapping[str, Any]
) -> str | None:
    """Returns what is wrong with an argument's value, or None; `given` are all of them."""
    if value is None and name not in card.required and card.defaults.get(name, None) is None:
        return None
    check = argument_check(card, name)
    if name == "initial_learning_rate" and given.get("warmup_target") is None:
        check = _POSITIVE  # from 0 a schedule can only warm up
    return None if check.accepts(value) else wrong_value(check.wanted, value)
