"""Reads Keras's installed source by `ast`, so that its names are known without importing it.

Importing Keras takes seconds; reading the few classes that a config names takes milliseconds.
Only the text of a class's header and of its `__init__` is parsed, not the whole file. This
module finds definitions and signatures; what they mean for a config is up to `components`.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from dlrun.errors import DlrunError

UNKNOWN = object()
"""Stands for a default value that is not a literal."""


@dataclass(frozen=True)
class Signature:
    """The arguments of a class or function, those of its base classes included.

    Attributes:
        arguments: Names in order, without `self`.
        required: Those without a default.
        defaults: The default of each other argument, `UNKNOWN` where it is not a literal.
        doc: First sentence of the docstring.
        is_open: Whether any other keyword is taken, too, because a base class was not found.
    """

    arguments: tuple[str, ...]
    required: tuple[str, ...]
    defaults: dict[str, Any] = field(default_factory=dict)
    doc: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class _ClassParts:
    """A class as far as it is read: base classes as written, docstring, `__init__`."""

    bases: tuple[str, ...]
    doc: str
    init: ast.FunctionDef | None


@cache
def keras_dir() -> Path:
    """Returns the folder of the installed Keras.

    Raises:
        DlrunError: Keras is not installed.
    """
    spec = importlib.util.find_spec("keras")
    if spec is None or not spec.submodule_search_locations:
        raise DlrunError("keras is not installed; install dlrun again: pip install dlrun")
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def module_text(module: str) -> str | None:
    """Returns the source of a module such as `keras.src.layers.core.dense`, or None."""
    parts = module.split(".")[1:]
    path = keras_dir().joinpath(*parts)
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate.read_text(encoding="utf-8")
    return None


@cache
def imported_names(module: str) -> dict[str, tuple[str, str]]:
    """Returns what a module imports at its head: local name → (module, name there)."""
    text = module_text(module) or ""
    body = re.split(r"^(?=class |def |@|[A-Z_]+ = )", text, maxsplit=1, flags=re.MULTILINE)[0]
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(ast.parse(body))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


@cache
def alias_table(module: str, table: str = "ALL_OBJECTS_DICT") -> dict[str, str]:
    """Returns the aliases in a module's table of objects: {"mse": "mean_squared_error", …}."""
    text = module_text(module) or ""
    pairs: dict[str, str] = {}
    for node in ast.walk(ast.parse(text)) if table in text else ():
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"{table}.update":
            pairs.update(_literal_pairs(node.args[0]))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            target = node.targets[0]
            if ast.unparse(target.value) == table and isinstance(target.slice, ast.Constant):
                pairs[str(target.slice.value)] = ast.unparse(node.value)
    return pairs


def _literal_pairs(node: ast.expr) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Dict):
        for name, value in zip(node.keys, node.values, strict=True):
            if isinstance(name, ast.Constant) and isinstance(value, ast.Name):
                yield str(name.value), value.id


def class_signature(module: str, name: str) -> Signature | None:
    """Returns what a class is built with; None where it cannot be found."""
    parts = _class_parts(module, name)
    if parts is None:
        elsewhere = imported_names(module).get(name)
        return class_signature(*elsewhere) if elsewhere is not None else None
    if parts.init is None:
        base = _base_signature(module, parts)
        return replace(base or Signature((), ()), doc=parts.doc)
    own = replace(_function_signature(parts.init), doc=parts.doc)
    if parts.init.args.kwarg is None:
        return own
    return _with_forwarded(module, parts, parts.init, own)


def function_signature(module: str, name: str) -> Signature | None:
    """Returns a function's arguments after the first, which is the data; None if not found."""
    text = module_text(module) or ""
    found = re.search(rf"^def {name}\(.*?(?=^(?:def |@|class )|\Z)", text, re.M | re.S)
    if found is None:
        return None
    node = ast.parse(found.group()).body[0]
    assert isinstance(node, ast.FunctionDef)
    return replace(_function_signature(node), doc=_first_sentence(ast.get_docstring(node) or ""))


def _with_forwarded(
    module: str, parts: _ClassParts, init: ast.FunctionDef, own: Signature
) -> Signature:
    """Adds the base class's arguments where `**kwargs` is handed on to it."""
    handed_on = _handed_on(init)
    if handed_on is None:
        return own
    base = _base_signature(module, parts)
    if base is None:
        return replace(own, is_open=True)
    num_positional, keywords = handed_on
    taken = {*own.arguments, *keywords, *base.arguments[:num_positional]}
    more = [name for name in base.arguments if name not in taken]
    return Signature(
        (*own.arguments, *more),
        (*own.required, *(name for name in base.required if name in more)),
        {**{name: base.defaults[name] for name in more if name in base.defaults}, **own.defaults},
        own.doc,
        base.is_open,
    )


def _handed_on(init: ast.FunctionDef) -> tuple[int, set[str]] | None:
    """Returns what `super().__init__(…, **kwargs)` gives itself: how many by position, and names.

    None where `**kwargs` goes to no base class.
    """
    for node in ast.walk(init):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".__init__"):
            names = {word.arg for word in node.keywords if word.arg is not None}
            if any(word.arg is None for word in node.keywords):
                return len([a for a in node.args if ast.unparse(a) != "self"]), names
    return None


def _base_signature(module: str, parts: _ClassParts) -> Signature | None:
    for base in parts.bases:
        first, _, second = base.partition(".")
        where, name = imported_names(module).get(first, (module, first))
        if second:  # `base_optimizer.BaseOptimizer`, a module's class
            where, name = f"{where}.{name}", second
        found = class_signature(where, name)
        if found is not None and found.arguments:
            return found
    return None


@cache
def _class_parts(module: str, name: str) -> _ClassParts | None:
    text = module_text(module) or ""
    head = re.search(rf"^class {name}(?:\((.*?)\))?:\n", text, re.M | re.S)
    if head is None:
        return None
    end = re.compile(r"^(?:class |def |@)", re.M).search(text, head.end())
    body = text[head.end() : end.start() if end else len(text)]
    doc = re.match(r'\s*r?"""(.*?)"""', body, re.S)
    rest = body[doc.end() :] if doc else body
    init = re.search(r"^    def __init__\(.*?(?=^    (?:def |@)|\Z)", rest, re.M | re.S)
    function = _parse_method(init.group()) if init else None
    bases = tuple(base.strip() for base in (head.group(1) or "").split(",") if base.strip())
    return _ClassParts(bases, _first_sentence(doc.group(1)) if doc else "", function)


def _parse_method(text: str) -> ast.FunctionDef:
    wrapper = ast.parse("class _:\n" + text).body[0]  # strings in it may reach to the margin
    assert isinstance(wrapper, ast.ClassDef)
    method = wrapper.body[0]
    assert isinstance(method, ast.FunctionDef)
    return method


def _function_signature(node: ast.FunctionDef) -> Signature:
    """Returns the arguments after the first, `self` or the data."""
    positional = [*node.args.posonlyargs, *node.args.args]
    padding: list[ast.expr | None] = [None] * (len(positional) - len(node.args.defaults))
    pairs = [*zip(positional, [*padding, *node.args.defaults], strict=True)][1:]
    pairs += zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return Signature(
        tuple(argument.arg for argument, _ in pairs),
        tuple(argument.arg for argument, default in pairs if default is None),
        {argument.arg: _literal(default) for argument, default in pairs if default is not None},
    )


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return UNKNOWN


def _first_sentence(doc: str) -> str:
    paragraph = " ".join(doc.strip().split("\n\n")[0].split())
    return re.split(r"(?<=\.) ", paragraph)[0]
