"""The user's own modules: whether they can be found, and importing them.

The folder in which dlrun is started counts, as it does for a script that is run there.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.machinery import PathFinder

from dlrun.errors import ConfigError, Problem


def missing_module(name: str) -> str | None:
    """Returns what keeps a module from being imported, in words; None where it is found."""
    if name.endswith(".py"):
        return f"must be a module's name, received {name!r}; write {name[:-3]!r}"
    first = name.split(".")[0]
    if not all(part.isidentifier() for part in name.split(".")):
        return f"must be a module's name such as 'my_layers', received {name!r}"
    if first in sys.modules or first in sys.builtin_module_names:
        return None
    if PathFinder.find_spec(first, [os.getcwd(), *sys.path]) is None:
        return f"no module {name!r}; it must lie in {os.getcwd()!r} or be installed"
    return None


def import_modules(names: Sequence[str], source: str = "imports") -> None:
    """Imports the user's modules, which register what they define.

    Args:
        names: Of modules.
        source: The config that names them, for messages.

    Raises:
        ConfigError: a module is missing, or raises an error while it is imported.
    """
    if names and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    for index, name in enumerate(names):
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever the user's module raises
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{frame.filename}:{frame.lineno}"
            message = f"cannot import {name!r}, {type(error).__name__}: {error} ({where})"
            raise ConfigError(source, [Problem(f"imports.{index}", message)]) from error
