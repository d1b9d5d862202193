"""The user's own modules: whether they can be found, and importing them.

The folder in which dlrun is started counts, as it does for a script that is run there; a run's
or sweep's folder never does, nor what else lies in the folder of runs, so that a run from someone
else brings no code along.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from dlrun.errors import ConfigError, Problem

_RUN_FILES = ("run.json", "sweep.json")
"""What makes a folder a run's or sweep's; `dlrun.runs`, which owns the names, stands above."""


def missing_module(name: str) -> str | None:
    """Returns what keeps a module from being imported, in words; None where it is found."""
    wrong = _wrong_name(name)
    if wrong is not None:
        return wrong
    folder = _run_folder_of_module(name)
    if folder is not None:
        return (
            f"{name!r} lies in {_kind(folder)} folder {str(folder)!r}, whose code is never run; "
            "move the module out of it, to where dlrun runs"
        )
    first = name.split(".")[0]
    if first in sys.modules or first in sys.builtin_module_names:
        return None
    if PathFinder.find_spec(first, _search_path()) is None:
        return f"no module {name!r}; it must lie in {os.getcwd()!r} or be installed"
    return None


def import_modules(names: Sequence[str], source: str = "imports") -> None:
    """Imports the user's modules, which register what they define.

    Args:
        names: Of modules.
        source: The config that names them, for messages.

    Raises:
        ConfigError: a module is missing, lies in a run folder, or raises an error while it is
            imported.
    """
    if names and os.getcwd() not in sys.path and run_folder_around(Path.cwd()) is None:
        sys.path.insert(0, os.getcwd())
    for index, name in enumerate(names):
        wrong = missing_module(name)
        if wrong is not None:
            raise ConfigError(source, [Problem(f"imports.{index}", wrong)])
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever the user's module raises
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{frame.filename}:{frame.lineno}"
            message = f"cannot import {name!r}, {type(error).__name__}: {error} ({where})"
            raise ConfigError(source, [Problem(f"imports.{index}", message)]) from error


def run_folder_around(path: Path) -> Path | None:
    """Returns the folder of a run, a sweep or the runs that a path is or lies in; None for none.

    Also where links hide it. The folder of runs counts for what is below it, unless dlrun is
    started in it: then one's own modules lie beside the runs.
    """
    try:
        places = dict.fromkeys([path.absolute(), path.resolve()])
        runs, here = _runs_folder(), Path.cwd().resolve()
    except (OSError, RuntimeError):  # links that lead in a circle
        return None
    for place in places:
        for folder in (place, *place.parents):
            if any(os.path.lexists(folder / name) for name in _RUN_FILES):
                return folder
    is_below = any(runs in place.parents for place in places) and runs not in (here, *here.parents)
    return runs if is_below else None


def _runs_folder() -> Path:
    """As `dlrun.runs` finds it, behind links."""
    return Path(os.environ.get("DLRUN_RUNS_DIR") or "runs").expanduser().resolve()


def _kind(folder: Path) -> str:
    return "the run" if any(os.path.lexists(folder / name) for name in _RUN_FILES) else "the runs"


def _wrong_name(name: str) -> str | None:
    if name.endswith(".py"):
        return f"must be a module's name, received {name!r}; write {name[:-3]!r}"
    if not all(part.isidentifier() for part in name.split(".")):
        return f"must be a module's name such as 'my_layers', received {name!r}"
    return None


def module_file(name: str) -> Path | None:
    """Returns the file that a module is imported from, without importing it; None for none."""
    specs = [] if _wrong_name(name) else list(_specs(name))
    if len(specs) < len(name.split(".")) or not specs[-1].has_location:
        return None
    return Path(specs[-1].origin) if specs[-1].origin else None


def _run_folder_of_module(name: str) -> Path | None:
    """The run folder that a module or a package around it would be imported from, or was."""
    for spec in _specs(name):
        for place in _places(spec):
            folder = run_folder_around(Path(place))
            if folder is not None:
                return folder
    return None


def _specs(name: str) -> Iterator[ModuleSpec]:
    """What is found of each package around a module, and of itself, as far as there is anything.

    Found part by part, without importing anything: folders that hold run folders are packages
    to Python, too.
    """
    search: Sequence[str] = _search_path()
    parts = name.split(".")
    for number in range(1, len(parts) + 1):
        module = sys.modules.get(".".join(parts[:number]))
        # By the part alone: of a dotted name, Python would ask for the package as imported.
        spec = getattr(module, "__spec__", None) or PathFinder.find_spec(parts[number - 1], search)
        if spec is None:
            return
        yield spec
        search = list(spec.submodule_search_locations or ())


def _places(spec: ModuleSpec) -> Iterable[str]:
    if spec.has_location and spec.origin:
        yield spec.origin
    yield from spec.submodule_search_locations or ()


def _search_path() -> list[str]:
    here = os.getcwd()
    return sys.path if here in sys.path else [here, *sys.path]
