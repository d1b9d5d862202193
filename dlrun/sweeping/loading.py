"""From a sweep's file, or a config and a command line, to a checked definition."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlrun.config import Overrides, is_sweep, parse_config
from dlrun.config.keys import keys_of
from dlrun.config.overrides import override_texts
from dlrun.config.parse import build_section, raise_problems, read_section
from dlrun.config.schema import Config
from dlrun.errors import ConfigError, Problem
from dlrun.files import Document, KeyPath, plain, read_yaml
from dlrun.sweeping.checking import check_values
from dlrun.sweeping.definition import SweepDefinition
from dlrun.sweeping.rules import judge_sweep
from dlrun.sweeping.schema import SweepConfig
from dlrun.sweeping.tokens import EXAMPLE, Searched, Tokens, searched, sort_tokens


def load_sweep(
    path: Path | str,
    tokens: Sequence[str] = (),
    *,
    search: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    overrides: Overrides = (),
) -> SweepDefinition:
    """Reads and checks a sweep, without TensorFlow.

    Args:
        path: A sweep's YAML file, or a config that is searched as the rest says.
        tokens: As on the command line: `key=a,b` or `key={range: [1, 3]}` searches a key,
            `trials=30` is the sweep's, and any other is an override of the base.
        search: Searched keys from Python, with their values as a sweep's file has them.
        settings: The sweep's own keys from Python, dotted.
        overrides: Overrides of the base from Python.

    Raises:
        ConfigError: with every problem found at this stage: of the sweep's file, of its base, or
            of the values that are searched.
    """
    document = read_yaml(Path(path))
    typed = sort_tokens(tokens)
    typed.search.update(searched(search or {}))
    groups = (tuple(typed.overrides), overrides)
    if is_sweep(document):
        config = _read_sweep(document, typed, settings or {})
        _refuse_without_effect(config, groups)
        base_document = _read_base(config, Path(path).parent / config.base)
        base = parse_config(base_document, *groups)
    else:
        base_document = document
        if typed.problems:
            raise ConfigError(document.source, typed.problems)
        base = parse_config(base_document, *groups)
        if not typed.search:
            message = f"nothing to search; give a key several values, such as {EXAMPLE}"
            raise ConfigError(document.source, [Problem("", message)])
        data = {"name": base.config.name, "base": Path(path).name}
        config = _read_sweep(Document(document.source, data), typed, settings or {})
        _refuse_without_effect(config, groups)
    definition = SweepDefinition(config, base, base_document, groups)
    check_values(definition)
    return definition


def _read_sweep(document: Document, typed: Tokens, settings: Mapping[str, Any]) -> SweepConfig:
    data, misplaced = _without_configs_keys(document)
    stem = re.sub(r"[^A-Za-z0-9_-]+|^[_-]+", "_", Path(document.source).stem).lstrip("_-")[:100]
    data = {"name": stem or "sweep", **data}
    data = {**data, **_with_search(data, typed.search)}
    overridden: dict[KeyPath, str] = {
        ("search", key): found.typed for key, found in typed.search.items()
    }
    document = replace(document, data=data)
    normal, reader = read_section(
        document, SweepConfig, typed.settings, settings, overridden=overridden
    )
    search_is_right = not any(problem.key.startswith("search") for problem in reader.problems)
    errors = judge_sweep(normal, search_is_right=search_is_right)
    reader.problems += [*misplaced, *typed.problems]
    raise_problems(document, reader, errors)
    config: SweepConfig = build_section(SweepConfig, document, normal, reader)
    return config


def _without_configs_keys(document: Document) -> tuple[dict[str, Any], list[Problem]]:
    """Returns a sweep's content without keys that only configs have, and what to do with these."""
    own = {found.name for found in keys_of(SweepConfig)}
    wrong = [
        found.name
        for found in keys_of(Config)
        if found.name in document.data and found.name not in own
    ]
    message = "is a key of configs; write it into the base or, to search it, below search"
    problems = [Problem(name, message, *document.places.get((name,), (1, 1))) for name in wrong]
    return {key: item for key, item in document.data.items() if key not in wrong}, problems


def _with_search(data: Mapping[str, Any], added: Mapping[str, Searched]) -> dict[str, Any]:
    """Returns `search` with what the command line adds to it or replaces of it."""
    before = data.get("search") or {}
    if not added or not isinstance(before, dict):
        return {}
    values = {key: plain(found.value) for key, found in added.items()}
    return {"search": {**before, **values}}


def _read_base(config: SweepConfig, path: Path) -> Document:
    document = read_yaml(path)
    if is_sweep(document):
        message = f"{config.base!r} is a sweep itself; name a config"
        raise ConfigError(config.source, [config.problem("base", message)])
    return document


def _refuse_without_effect(config: SweepConfig, overrides: Sequence[Overrides]) -> None:
    """Refuses overrides of keys that every trial sets anew."""
    keys = {parameter.key for parameter in config.search}
    problems = []
    for typed in (text for group in overrides for text in override_texts(group)):
        key, _, value = typed.partition("=")
        if key in keys:
            message = "is searched, so that one value would change nothing; write "
            message += f"{key}={{choice: [{value}]}} to try only this one"
            problems.append(Problem(key, message, override=typed))
    if problems:
        raise ConfigError(config.source, problems)
