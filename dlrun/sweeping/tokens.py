"""A sweep on the command line: `key=a,b,c`, and what each token changes.

trials=30                                   a key of the sweep
optimizer.learning_rate=0.1,0.01            searched: several values
training.epochs={range: [1, 3]}             searched: a distribution
training.epochs=5                           the base, as any override
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlrun.config.keys import keys_of
from dlrun.config.overrides import join_dashed, override_texts, parse_overrides
from dlrun.config.parse import all_keys
from dlrun.config.schema import Config
from dlrun.errors import ConfigError, Problem, nearest_name
from dlrun.files import parse_yaml_value
from dlrun.sweeping.domains import looks_like_domain
from dlrun.sweeping.schema import SweepConfig

EXAMPLE = "optimizer.learning_rate=0.1,0.01"

_TEXTS = ("name", "note")
_BY_PATH = {
    "base": "the base is the path that is given, or stands in the sweep's file",
    "search": f"write each searched key by itself, such as {EXAMPLE}",
}


@dataclass(frozen=True)
class Searched:
    """A key that the command line searches.

    Attributes:
        typed: As the user gave it, for messages.
        value: Its values as a sweep's file has them: a list, or a distribution.
    """

    typed: str
    value: Any


@dataclass(frozen=True)
class Tokens:
    """What a command line says of a sweep.

    Attributes:
        search: By config key.
        settings: Overrides of the sweep's own keys.
        overrides: Overrides of the base.
        problems: Tokens that are not written rightly.
    """

    search: dict[str, Searched] = field(default_factory=dict)
    settings: list[str] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def sort_tokens(tokens: Sequence[str]) -> Tokens:
    """Says of each token what it changes: the search, the sweep's own keys, or the base."""
    result = Tokens()
    for token in join_dashed([tokens] if isinstance(tokens, str) else tokens):
        key, equals, text = token.partition("=")
        if token[:1] in ("+", "~"):
            result.overrides.append(token)
        elif token.startswith("-") or not equals:
            known = [*own_keys(), *all_keys(Config)]
            result.problems.extend(parse_overrides([token], known)[1])
        elif key in _BY_PATH:
            result.problems.append(Problem(key, _BY_PATH[key], override=token))
        elif _is_own(key):
            result.settings.append(token)
        else:
            _sort_by_value(token, key, text, result)
    return result


def searched(search: Mapping[str, Any]) -> dict[str, Searched]:
    """Returns the searched keys of Python, as the command line would have them."""
    texts = override_texts(search)
    pairs = zip(texts, search.items(), strict=True)
    return {key: Searched(text, value) for text, (key, value) in pairs}


def own_keys() -> list[str]:
    """Returns the sweep's keys that a token can change, dotted: those that no config has."""
    kept = {found.name for found in keys_of(Config)} - {"repeat"} | {*_BY_PATH}
    return [key for key in all_keys(SweepConfig) if key.partition(".")[0] not in kept]


def split_values(text: str) -> list[str]:
    """Splits at the commas outside of brackets, braces and quotes."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        before = parts[-1].rstrip()
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and (not before or (depth and before[-1] in "[{,:")):
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append("")
            continue
        parts[-1] += character
    return [part.strip() for part in parts]


def _is_own(key: str) -> bool:
    """Whether a key is the sweep's, or is nobody's and most like one of the sweep's."""
    head = key.partition(".")[0]
    own, configs = _names(own_keys()), _names(all_keys(Config))
    if head in own:
        return True
    return head not in configs and nearest_name(head, [*configs, *own]) in own


def _names(keys: Iterable[str]) -> set[str]:
    """Returns the first and the last part of each dotted key."""
    return {part for key in keys for part in (key.partition(".")[0], key.rpartition(".")[2])}


def _sort_by_value(token: str, key: str, text: str, result: Tokens) -> None:
    parts = split_values(text) if key not in _TEXTS else [text]
    if len(parts) == 1:
        value = _parsed(text)
        if looks_like_domain(value):
            result.search[key] = Searched(token, value)
        else:
            result.overrides.append(token)
    elif "" in parts:
        message = "an empty value beside a comma; write a value there, or remove the comma"
        result.problems.append(Problem(key, message, override=token))
    else:
        problems = list(_not_yaml(token, key, parts))
        result.problems.extend(problems)
        if not problems:
            result.search[key] = Searched(token, [parse_yaml_value(part) for part in parts])


def _parsed(text: str) -> Any:
    try:
        return parse_yaml_value(text)
    except ConfigError:
        return None  # what is wrong with it is told as of any override


def _not_yaml(token: str, key: str, parts: Iterable[str]) -> Iterable[Problem]:
    for part in parts:
        try:
            parse_yaml_value(part)
        except ConfigError as error:
            message = f"the value {part!r}: {error.problems[0].message}"
            yield Problem(key, message, override=token)
