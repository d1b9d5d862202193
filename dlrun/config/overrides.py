"""Changes to a config from the command line or from Python, on its normal form.

    training.epochs=5             a key of the table, or an argument of what stands there
    model.layers.0.units=64       a list's item by its position; -1 is the last
    optimizer=adam                afterwards optimizer.learning_rate=0.1 is Adam's
    +training.callbacks=...       adds: a key, or an item at the end of a list
    ~training.callbacks.0         deletes

Values are read as YAML. Each change is made on the normal form of what the one before left.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.config import words
from dlrun.config.component import is_normal
from dlrun.errors import ConfigError, Problem, nearest_name
from dlrun.files import KeyPath, parse_yaml_value, plain

Overrides = Sequence[str] | Mapping[str, Any]


@dataclass(frozen=True)
class Override:
    """One change.

    Attributes:
        typed: As the user gave it, for messages.
        sign: "" sets, "+" adds, "~" deletes.
        path: The key path.
        value: What it becomes, plain data.
    """

    typed: str
    sign: str
    path: KeyPath
    value: Any


class OverrideError(Exception):
    """A change that cannot be made, in words."""


def override_texts(overrides: Overrides) -> list[str]:
    """Returns overrides as they are typed on a command line, `key=value` with values in YAML."""
    if isinstance(overrides, str):
        return [overrides]
    if isinstance(overrides, Mapping):
        return [f"{key}={_typed(value)}" for key, value in overrides.items()]
    return list(overrides)


def overridden_key(text: str) -> str:
    """Returns the dotted key that an override changes, as it is typed."""
    return text.split("=")[0].lstrip("+~")


def parse_overrides(
    overrides: Overrides, known_keys: Sequence[str]
) -> tuple[list[Override], list[Problem]]:
    """Reads overrides; those that are not written rightly are returned as problems."""
    if isinstance(overrides, str):
        overrides = [overrides]
    if isinstance(overrides, Mapping):
        typed = (f"{key}={_typed(value)}" for key, value in overrides.items())
        pairs = zip(typed, overrides.items(), strict=True)
        return [_override(text, key, plain(value)) for text, (key, value) in pairs], []
    found: list[Override] = []
    problems: list[Problem] = []
    for token in join_dashed(overrides):
        try:
            found.append(_parse(token, known_keys))
        except OverrideError as error:
            problems.append(Problem("", str(error), override=token))
    return found, problems


def apply_override(override: Override, normal: Any) -> tuple[Any, KeyPath]:
    """Makes one change to a normal form.

    Returns:
        The changed copy, not yet normalised again, and the key path of what was changed, with
        list positions counted from 0.

    Raises:
        OverrideError: a list has no such item, or something to delete is not there.
    """
    path = _counted(normal, override.path)
    changed = _changed(normal, path, override, ())
    added_to = _find(normal, path) if override.sign == "+" else None
    return changed, (*path, len(added_to)) if isinstance(added_to, list) else path


def _counted(value: Any, path: KeyPath) -> KeyPath:
    """Returns a key path with positions from the end, such as -1, counted from the start."""
    result: list[str | int] = []
    for part in path:
        here = _find(value, tuple(result))
        from_end = isinstance(here, list) and isinstance(part, int) and -len(here) <= part < 0
        result.append(part + len(here) if from_end and isinstance(part, int) else part)
    return tuple(result)


def _find(value: Any, path: KeyPath) -> Any:
    for position, part in enumerate(path):
        value = _entered(value, path[:position])
        if isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            value = value[part]
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def _entered(value: Any, path: KeyPath) -> Any:
    """Returns a component's arguments, which a key names directly; anything else as it is."""
    if is_normal(value) and path and path[-1] != "options":
        return next(iter(value.values()))
    return value


def _typed(value: Any) -> str:
    """Returns a value from Python as it would be typed."""
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)


def join_dashed(tokens: Iterable[str]) -> list[str]:
    """Joins `--lr 0.1` to one token, so that it is told as one mistake."""
    result: list[str] = []
    for token in tokens:
        if result and result[-1].startswith("--") and not {"=", " "} & set(result[-1]):
            is_value = "=" not in token and not token.startswith(("-", "~", "+"))
            if is_value or words.is_number(token):
                result[-1] = f"{result[-1]} {token}"
                continue
        result.append(token)
    return result


def _parse(token: str, known_keys: Sequence[str]) -> Override:
    if token.startswith("-"):
        key, _, value = token.lstrip("-").replace(" ", "=", 1).partition("=")
        right = f"{suggested_key(key.replace('-', '_'), known_keys) or key}={value or '…'}"
        raise OverrideError(f"keys have no dashes; write {right}")
    key, equals, text = token.partition("=")
    if key.startswith("~"):
        return _override(token, key, None)
    if not equals:
        likely = suggested_key(key, known_keys) or key
        raise OverrideError(f"must be key=value; write {likely}=…")
    try:
        value = parse_yaml_value(text)
    except ConfigError as error:
        raise OverrideError(f"the value {error.problems[0].message}") from None
    return _override(token, key, value)


def _override(typed: str, key: str, value: Any) -> Override:
    sign = key[0] if key[:1] in ("+", "~") else ""
    parts = key[len(sign) :].split(".")
    path = tuple(int(part) if part.lstrip("-").isdecimal() else part for part in parts)
    return Override(typed, sign, path, value)


def suggested_key(name: str, known_keys: Sequence[str]) -> str | None:
    """Returns the key that a bare `epochs` or `lr` stands for, or None.

    Args:
        name: What was written, without dashes.
        known_keys: All dotted keys there are.
    """
    if name in known_keys:
        return name
    last = {key.rpartition(".")[2]: key for key in reversed(known_keys)}
    name = words.ALSO_CALLED.get(name, name)
    nearest = nearest_name(name.rpartition(".")[2], last)
    return last[nearest] if nearest is not None else None


def _changed(value: Any, path: KeyPath, override: Override, done: KeyPath) -> Any:
    if _entered(value, done) is not value:
        ((name, arguments),) = value.items()
        return {name: _changed_mapping(arguments, path, override, done)}
    if isinstance(value, list):
        return _changed_list(value, path, override, done)
    return _changed_mapping(value, path, override, done)


def _changed_mapping(value: Any, path: KeyPath, override: Override, done: KeyPath) -> Any:
    head, rest = path[0], path[1:]
    here = (*done, head)
    if not isinstance(value, dict):
        shown = words.shown(value)
        raise OverrideError(f"{_key(done)} is {shown}, which has no {head!r} in it")
    if rest:
        return {**value, head: _changed(value.get(head, {}), rest, override, here)}
    if override.sign == "~":
        if head not in value:
            raise OverrideError(f"{_key(here)} is not there to delete")
        return {key: item for key, item in value.items() if key != head}
    if override.sign == "+" and isinstance(value.get(head), list):
        return {**value, head: [*value[head], override.value]}
    return {**value, head: override.value}


def _changed_list(value: list[Any], path: KeyPath, override: Override, done: KeyPath) -> list[Any]:
    head, rest = path[0], path[1:]
    adds = override.sign == "+" and not rest
    limit = len(value) + 1 if adds else len(value)
    if not isinstance(head, int) or not 0 <= head < limit:
        items = f"{len(value)} items, counted from 0" if value else "no items"
        raise OverrideError(f"{_key(done)} has {items}, and no {head!r}")
    if rest:
        inner = _changed(value[head], rest, override, (*done, head))
        return [*value[:head], inner, *value[head + 1 :]]
    if override.sign == "~":
        return [*value[:head], *value[head + 1 :]]
    after = value[head:] if adds else value[head + 1 :]
    return [*value[:head], override.value, *after]


def _key(path: KeyPath) -> str:
    return ".".join(str(part) for part in path)
