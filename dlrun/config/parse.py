"""From a file to a checked `Config`: read, override, fill in what follows, judge as a whole.

All problems are told together. The order of precedence is defaults, file, command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
from dlrun.files import Document, KeyPath, read_yaml


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


def parse_config(document: Document, *overrides: Overrides) -> Loaded:
    """Checks a config that was read from YAML, each group of overrides made after the one before.

    Raises:
        ConfigError: as `load_config`.
    """
    _refuse_sweep(document)
    normal, reader = read_section(document, Config, *overrides)
    draft = Draft(normal)
    resolve(draft)
    found = rules.judge(draft)
    raise_problems(document, reader, found.errors)
    config = build_section(Config, document, normal, reader)
    return Loaded(config, _placed(found.warnings, reader), _placed(found.notes, reader))


def unresolved_form(document: Document, *overrides: Overrides) -> dict[str, Any]:
    """Returns a config's normal form with overrides made and every `auto` left as it is.

    Overrides of it mean what they mean of the file; of the resolved form they need not, since
    what followed from a data set, say, is fixed there.

    Raises:
        ConfigError: a key or an override is wrong; the config is not judged as a whole.
    """
    normal, reader = read_section(document, Config, *overrides)
    raise_problems(document, reader, ())
    form: dict[str, Any] = normal
    return form


def load_recorded(path: Path | str) -> Config:
    """Reads the resolved config that a run folder keeps.

    It is not judged again, and names that Keras does not know are let through: what once ran is
    read anywhere, also where the user's modules or packages are not installed.

    Raises:
        ConfigError: the file cannot be read as a config.
    """
    document = read_yaml(Path(path))
    normal, reader = read_section(document, Config, allow_own=True)
    raise_problems(document, reader, ())
    config: Config = build_section(Config, document, normal, reader)
    return config


def load_model(path: Path | str, overrides: Overrides = ()) -> ModelOnly:
    """Reads a model that stands without data: `name`, and `model` with its `input_shape`.

    A file with any other key of a config is a whole config, and is checked as one.

    Raises:
        ConfigError: as `load_config`, for these keys.
    """
    document = read_yaml(Path(path))
    _refuse_sweep(document)
    if isinstance(document.data, dict) and _experiment_keys() & {*document.data}:
        parse_config(document, overrides)
        needed = {found.name for found in keys_of(ModelOnly)}
        kept = {name: value for name, value in document.data.items() if name in needed}
        document = replace(document, data=kept)
    normal, reader = read_section(document, ModelOnly, overrides)
    raise_problems(document, reader, rules.judge_model(Draft(normal)))
    model: ModelOnly = build_section(ModelOnly, document, normal, reader)
    return model


def is_model_only(document: Document) -> bool:
    """Returns whether a file holds a model without an experiment, which `load_model` reads.

    It has `model`, and of a config's other keys at most `name` and `imports`.
    """
    data = document.data
    return isinstance(data, dict) and "model" in data and not _experiment_keys() & {*data}


def is_sweep(document: Document) -> bool:
    """Returns whether a file holds a sweep: it has `search` or `base`, which no config has."""
    return isinstance(document.data, dict) and bool({"search", "base"} & {*document.data})


def _refuse_sweep(document: Document) -> None:
    """Says of a sweep's file one thing, not each of its keys that no config has."""
    if is_sweep(document):
        key = next(name for name in document.data if name in ("search", "base"))
        message = f"it is a sweep, and a config is needed; dlrun sweep {document.source} trains it"
        place = document.places.get((key,), (1, 1))
        raise ConfigError(document.source, [Problem("", message, *place)])


def _experiment_keys() -> set[str]:
    return {found.name for found in keys_of(Config)} - {found.name for found in keys_of(ModelOnly)}


def read_section(
    document: Document,
    section: type,
    *overrides: Overrides,
    allow_own: bool = False,
    overridden: Mapping[KeyPath, str] | None = None,
) -> tuple[Any, Reader]:
    """Reads a file as the keys of a dataclass made of `keys.key`, and makes overrides.

    Args:
        document: The file.
        section: The dataclass.
        overrides: Groups of changes, each made after the one before.
        allow_own: Whether names that Keras does not know are let through.
        overridden: What was put into the document from a command line, by key path.

    Returns:
        The normal form, and the reader with the problems so far.

    Raises:
        ConfigError: the file is empty.
    """
    if document.data is None:
        message = "the file is empty; dlrun new lists configs to start from"
        raise ConfigError(document.source, [Problem("", message, 1, 1)])
    reader = Reader(document.places)
    reader.overridden = dict(overridden or {})
    normal = _read_once(document.data, section, reader, allow_own)
    parsed = [parse_overrides(group, reader.all_keys) for group in overrides]
    problems = [problem for _, wrong in parsed for problem in wrong]
    for change in (change for changes, _ in parsed for change in changes):
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


def raise_problems(document: Document, reader: Reader, errors: Iterable[Finding]) -> None:
    """Raises what the reader found wrong, and errors of keys that it found right, if any.

    Raises:
        ConfigError: with every problem, from the top of the file to its end.
    """
    named = {problem.key for problem in reader.problems}
    more = [reader.placed(found.path, found.message) for found in errors]
    problems = [*reader.problems, *(problem for problem in more if problem.key not in named)]
    if problems:
        raise ConfigError(document.source, in_order(problems))


def _placed(findings: Iterable[Finding], reader: Reader) -> tuple[Problem, ...]:
    return tuple(in_order([reader.placed(found.path, found.message) for found in findings]))


def build_section(section: type, document: Document, normal: Any, reader: Reader) -> Any:
    """Returns the dataclass, a `FromFile`, of a normal form without problems."""
    values = {found.name: found.check.build(normal[found.name]) for found in keys_of(section)}
    return section(
        **values, source=document.source, places=reader.places, overridden=reader.overridden
    )
