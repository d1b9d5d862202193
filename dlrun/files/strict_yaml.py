"""Strict YAML in, with the place of every key; plain YAML out.

YAML is read as version 1.2 reads it (`1e-3` is a number, `on` and `010` are what they look
like), a repeated key is an error, and tags that would build Python objects are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dlrun.errors import ConfigError, Problem, did_you_mean
from dlrun.files.atomic import plain

Place = tuple[int, int]
KeyPath = tuple[str | int, ...]

MAX_BYTES = 8 * 1024 * 1024
"""More than any config has; what a device goes on beyond."""

MAX_NODES = 100_000
"""More YAML nodes than any honest config has; what an alias bomb grows beyond."""

_EVENTS_A_NODE = 2
"""At most, in what YAML is read as: a list or mapping begins and ends."""


MAX_DIGITS = 400
"""More digits than any number that is computed with; Python refuses to print 4,300."""


@dataclass(frozen=True)
class Document:
    """A YAML file's content and where each of its keys stands.

    Attributes:
        source: What to call it in messages: its path as the user gave it.
        data: Plain dicts, lists, strings, numbers, booleans and None.
        places: (line, column), counted from 1, of each key path; of a list's items too.
    """

    source: str
    data: Any
    places: Mapping[KeyPath, Place] = field(default_factory=dict)


_TAG = "tag:yaml.org,2002:"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """SafeLoader with the scalars of YAML 1.2's core schema."""


_PATTERNS = {
    "bool": r"true|True|TRUE|false|False|FALSE",
    "null": r"~|null|Null|NULL|",
    "int": r"[-+]?[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
}
_WORDS = {"bool": "true or false", "null": "null", "int": "whole number", "float": "number"}
_FIRST = {"bool": "tTfF", "null": ["~", "n", "N", ""], "int": "-+0123456789"}

_Loader.yaml_implicit_resolvers = {}
for _kind, _pattern in _PATTERNS.items():
    _Loader.add_implicit_resolver(
        f"{_TAG}{_kind}", re.compile(rf"^(?:{_pattern})$"), list(_FIRST.get(_kind, "-+0123456789."))
    )


def _construct_int(loader: Any, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node).replace("_", "")
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text[2:] if base != 10 else text, base)


_Loader.add_constructor(f"{_TAG}int", _construct_int)


def read_yaml(path: Path) -> Document:
    """Reads a YAML file.

    Raises:
        ConfigError: the file is missing, a folder, not UTF-8, broken, repeats a key, uses a
            tag or grows without bounds; with line and column where there is one.
    """
    source = str(path)
    try:
        with path.open("rb") as stream:  # of a pipe, too: dlrun train <(made_up)
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _whole_file(source, f"no such file{_neighbours(path)}") from None
    except IsADirectoryError:
        raise _whole_file(source, "is a folder; name a YAML file in it") from None
    except OSError as error:
        if path.is_dir():  # Windows answers a folder with "permission denied"
            raise _whole_file(source, "is a folder; name a YAML file in it") from None
        raise _whole_file(source, f"cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise _whole_file(source, f"more than {MAX_BYTES:,} bytes; name a YAML file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        message = f"not UTF-8: byte 0x{raw[error.start]:02x}; save the file as UTF-8"
        raise ConfigError(source, [Problem("", message, line, column)]) from None
    return parse_yaml(text, source)


def parse_yaml(text: str, source: str) -> Document:
    """Parses YAML text; `source` names it in messages. Raises as `read_yaml` does."""
    try:
        _refuse_many(text, source)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            walk = _Walk(source, loader)
            data = walk.build(node, ()) if node is not None else None
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise ConfigError(source, [_yaml_problem(error, text)]) from None
    except RecursionError:
        message = "nested too deeply; a config needs a handful of levels"
        raise ConfigError(source, [Problem("", message, 1, 1)]) from None
    if walk.problems:
        raise ConfigError(source, walk.problems)
    return Document(source, data, walk.places)


def _refuse_many(text: str, source: str) -> None:
    """Counts before anything is built: a node takes eighty times the bytes of its text."""
    if len(text) < MAX_NODES:
        return
    for count, _ in enumerate(yaml.parse(text, _Loader)):
        if count > _EVENTS_A_NODE * MAX_NODES:
            raise _whole_file(source, f"more than {MAX_NODES:,} values; name a YAML file")


def parse_yaml_value(text: str) -> Any:
    """Parses the value of a command-line override, as the same text in a file would be read.

    Raises:
        ConfigError: the text is not YAML; its source is the text itself.
    """
    return parse_yaml(text, repr(text)).data


class _Walk:
    """Builds plain data from YAML nodes, and notes where everything stands."""

    def __init__(self, source: str, loader: Any) -> None:
        self.source = source
        self.loader = loader
        self.places: dict[KeyPath, Place] = {}
        self.problems: list[Problem] = []
        self.num_nodes = 0

    def build(self, node: yaml.Node, path: KeyPath) -> Any:
        self.num_nodes += 1
        if self.num_nodes > MAX_NODES:
            message = f"aliases expand to more than {MAX_NODES:,} nodes; write the values out"
            raise ConfigError(self.source, [Problem("", message, *_place(node))])
        self.places.setdefault(path, _place(node))
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.build(child, (*path, i)) for i, child in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in _CORE_SCALARS:
            wrong = _wrong_scalar(node)
            if wrong is not None:
                return self._problem(path, wrong, node)
            return self.loader.construct_object(node)
        shown = node.tag.replace(_TAG, "!!")
        return self._problem(path, f"the tag {shown!r} is not allowed; write a plain value", node)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.build(key_node, (*path, "?")) if _is_scalar(key_node) else None
            self.places.pop((*path, "?"), None)
            if not isinstance(key, str | int | float | bool):
                self._problem(path, "a key must be a word or a number", key_node)
                continue
            # Keys are words; only class labels (`class_weight: {0: 1.0}`) are numbers.
            child = (*path, key if isinstance(key, int) else str(key))
            if key in result:
                line = self.places[child][0]
                message = f"{key!r} is given twice, first in line {line}; remove one"
                self._problem(path, message, key_node)
                continue
            self.places[child] = _place(key_node)
            result[key] = self.build(value_node, child)
        return result

    def _problem(self, path: KeyPath, message: str, node: yaml.Node) -> None:
        self.problems.append(Problem(dotted(path), message, *_place(node)))


def dotted(path: KeyPath) -> str:
    """Returns a key path as the user writes it: `model.layers.0.units`."""
    return ".".join(str(part) for part in path)


def _is_scalar(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode)


_CORE_SCALARS = {f"{_TAG}{kind}": kind for kind in ("str", *_PATTERNS)}


def _wrong_scalar(node: yaml.ScalarNode) -> str | None:
    """Returns what is wrong with a scalar's text, which only a tag before it can bring about."""
    kind = _CORE_SCALARS[node.tag]
    if kind in _PATTERNS and re.fullmatch(_PATTERNS[kind], node.value) is None:
        return f"{node.value[:60]!r} is no {_WORDS[kind]}; write it without the tag '!!{kind}'"
    if kind == "int" and len(node.value) > MAX_DIGITS:
        return f"a number of {len(node.value):,} digits; the most is {MAX_DIGITS}"
    return None


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _yaml_problem(error: yaml.YAMLError, text: str) -> Problem:
    unprintable = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if isinstance(error, yaml.reader.ReaderError) and unprintable is not None:
        line, column = _line_and_column(text, unprintable.start())
        message = f"the character {unprintable.group()!r} is not allowed; remove it"
        return Problem("", message, line, column)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    lines = text.splitlines()
    said = getattr(error, "problem", None) or str(error).split("\n")[0]
    if line <= len(lines) and "\t" in lines[line - 1][: max(column, 1)]:
        column = lines[line - 1].index("\t") + 1
        return Problem("", "a tab; YAML is indented by spaces", line, column)
    return Problem("", f"not YAML: {said}", line, column)


def _line_and_column(text: str, position: int) -> Place:
    before = text[:position].splitlines() or [""]
    is_new = position > 0 and text[position - 1] in "\r\n"
    return (len(before) + 1, 1) if is_new else (len(before), len(before[-1]) + 1)


def _whole_file(source: str, message: str) -> ConfigError:
    return ConfigError(source, [Problem("", message)])


def _neighbours(path: Path) -> str:
    if not path.parent.is_dir():
        return f"; the folder {str(path.parent)!r} does not exist"
    names = [str(path.with_name(p.name)) for p in path.parent.iterdir() if p.suffix == ".yaml"]
    return did_you_mean(str(path), names)


def to_yaml(value: Any) -> str:
    """Returns plain data as YAML, keys in their order, short lists and leaves on one line."""
    dumped: str = yaml.dump(
        plain(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return dumped


class _Dumper(yaml.SafeDumper):
    """SafeDumper that quotes whatever `_Loader` would otherwise read as a number or a word."""


_Dumper.yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


def _represent_float(dumper: yaml.SafeDumper, value: float) -> yaml.Node:
    text = repr(value)
    if "e" in text and "." not in text:  # PyYAML would read 1e-05 as a string
        text = text.replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


_Dumper.add_representer(float, _represent_float)
