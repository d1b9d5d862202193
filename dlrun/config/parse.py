"""From a file to a checked `Config`: read, override, fill in what follows, judge as a whole.

All problems are told together. The order of precedence is defaults, file, command line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlrun.config import rules
from dlrun.config.draft import Draft
from dlrun.config.findings import Finding
from dlrun.config.keys import Section, keys_of
from dlrun.config.overrides import OverrideError, Overrides, apply_override, parse_overrides
from dlrun.config.reading import At, Reader, in_order
from dlrun.config.resolve import resolve
from dlrun.config.schema import Config, ModelOnly
from dlrun.errors import ConfigError, Problem
from dlrun.files import Document, read_yaml


@dataclass(frozen=True)
class Loaded:
    """A config that can work, and what is unwise or worth knowing about it.

    Attributes:
        config: The resolved config.
        warnings: What works and is unwise.
        notes: What is good to know.
    """

    config: Config
    warnings: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def load_config(path: Path | str, overrides: Overrides = ()) -> Loaded:
    """Reads and checks a config, without TensorFlow.

    Args:
        path: The YAML file.
        overrides: Changes as on the command line, `["training.epochs=5"]`, or as a mapping,
            `{"training.epochs": 5}`.

    Raises:
        ConfigError: with every problem found, each with its place.
    """
    return parse_config(read_yaml(Path(path)), overrides)


def parse_config(document: Document, overrides: Overrides = ()) -> Loaded:
    """Checks a config that was read from YAML; otherwise as `load_config`."""
    normal, reader = _read(document, Config, overrides)
    draft = Draft(normal)
    resolve(draft)
    found = rules.judge(draft)
    _raise_problems(document, reader, found.errors)
    config = _build(Config, document, normal, reader)
    return Loaded(config, _placed(found.warnings, reader), _placed(found.notes, reader))


def load_recorded(path: Path | str) -> Config:
    """Reads the resolved config that a run folder keeps.

    It is not judged again, and names that Keras does not know are let through: what once ran is
    read anywhere, also where the user's modules or packages are not installed.

    Raises:
        ConfigError: the file cannot be read as a config.
    """
    document = read_yaml(Path(path))
    normal, reader = _read(document, Config, (), allow_own=True)
    _raise_problems(document, reader, ())
    config: Config = _build(Config, document, normal, reader)
    return config


def load_model(path: Path | str, overrides: Overrides = ()) -> ModelOnly:
    """Reads a model that stands without data: `name`, and `model` with its `input_shape`.

    A file with any other key of a config is a whole config, and is checked as one.

    Raises:
        ConfigError: as `load_config`, for these keys.
    """
    document = read_yaml(Path(path))
    if isinstance(document.data, dict) and _experiment_keys() & {*document.data}:
        parse_config(document, overrides)
        needed = {found.name for found in keys_of(ModelOnly)}
        kept = {name: value for name, value in document.data.items() if name in needed}
        document = replace(document, data=kept)
    normal, reader = _read(document, ModelOnly, overrides)
    _raise_problems(document, reader, rules.judge_model(Draft(normal)))
    model: ModelOnly = _build(ModelOnly, document, normal, reader)
    return model


def is_model_only(document: Document) -> bool:
    """Returns whether a file holds a model without an experiment, which `load_model` reads.

    It has `model`, and of a config's other keys at most `name` and `imports`.
    """
    data = document.data
    return isinstance(data, dict) and "model" in data and not _experiment_keys() & {*data}


def _experiment_keys() -> set[str]:
    return {found.name for found in keys_of(Config)} - {found.name for found in keys_of(ModelOnly)}


def _read(
    document: Document, section: type, overrides: Overrides, *, allow_own: bool = False
) -> tuple[Any, Reader]:
    """Returns the normal form, overrides applied, and the reader with its problems so far."""
    if document.data is None:
        message = "the file is empty; dlrun new lists configs to start from"
        raise ConfigError(document.source, [Problem("", message, 1, 1)])
    reader = Reader(document.places)
    normal = _read_once(document.data, section, reader, allow_own)
    changes, problems = parse_overrides(overrides, reader.all_keys)
    for change in changes:
        try:
            normal, path = apply_override(change, normal)
        except OverrideError as error:
            problems.append(Problem("", str(error), override=change.typed))
            continue
        again = Reader(reader.places, keyed=True)
        again.overridden = {**reader.overridden, path: change.typed}
        normal = _read_once(normal, section, again, allow_own)
        reader = again
    reader.problems += problems
    return normal, reader


def _read_once(data: Any, section: type, reader: Reader, allow_own: bool) -> Any:
    reader.allow_own = allow_own or (isinstance(data, dict) and bool(data.get("imports")))
    reader.all_keys = tuple(all_keys(section))
    reader.visit(At())
    return Section(of=section).read(data, At(), reader)


def all_keys(section: type) -> Iterable[str]:
    """Yields every dotted key of a section's table, those of inner sections after their own."""
    for found in keys_of(section):
        yield found.name
        if isinstance(found.check, Section):
            yield from (f"{found.name}.{inner}" for inner in all_keys(found.check.of))
        elif found.name == "optimizer":
            yield "optimizer.learning_rate"


def _raise_problems(document: Document, reader: Reader, errors: Iterable[Finding]) -> None:
    named = {problem.key for problem in reader.problems}
    more = [reader.placed(found.path, found.message) for found in errors]
    problems = [*reader.problems, *(problem for problem in more if problem.key not in named)]
    if problems:
        raise ConfigError(document.source, in_order(problems))


def _placed(findings: Iterable[Finding], reader: Reader) -> tuple[Problem, ...]:
    return tuple(in_order([reader.placed(found.path, found.message) for found in findings]))


def _build(section: type, document: Document, normal: Any, reader: Reader) -> Any:
    values = {found.name: found.check.build(normal[found.name]) for found in keys_of(section)}
    return section(
        **values, source=document.source, places=reader.places, overridden=reader.overridden
    )
