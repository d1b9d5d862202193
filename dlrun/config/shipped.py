"""The configs that come with dlrun: in a checkout's `configs`, or inside the installed package.

Sweeps lie in a folder of their own within; what is in them is `dlrun.sweeping`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlrun.config.editor_schema import json_schema
from dlrun.config.schema import NAME
from dlrun.config.words import wrong_value
from dlrun.errors import ConfigError, Problem, did_you_mean
from dlrun.files import write_json, write_text

EDITOR_LINE = "yaml-language-server: $schema="
SCHEMA_FILE = "dlrun.schema.json"
"""What the first line of a new config points editors to; lies beside the config."""

SWEEPS = "sweeps"
"""The folder of the shipped sweeps, beside the configs; begins their names."""

_PACKAGE_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class ShippedConfig:
    """A config to start from.

    Attributes:
        name: The file's path below the folder, without `.yaml`.
        path: Where it lies.
        headline: The first line of its header comment: what it shows.
    """

    name: str
    path: Path
    headline: str


def shipped_configs() -> tuple[ShippedConfig, ...]:
    """Returns the shipped configs by name; none where neither folder exists.

    In a checkout the user's own lie beside them; those that `copy_config` made are left out.
    """
    return _shipped_in(configs_dir())


def shipped_sweeps() -> tuple[ShippedConfig, ...]:
    """Returns the shipped sweeps by name, such as `sweeps/mnist_rates`."""
    return _shipped_in(configs_dir() / SWEEPS, f"{SWEEPS}/")


def _shipped_in(folder: Path, prefix: str = "") -> tuple[ShippedConfig, ...]:
    paths = sorted(folder.glob("*.yaml"))
    found = (ShippedConfig(prefix + path.stem, path, _headline(path)) for path in paths)
    return tuple(config for config in found if not config.headline.startswith(EDITOR_LINE))


def find_shipped(name: str) -> ShippedConfig:
    """Returns a shipped config or sweep.

    Raises:
        ConfigError: there is none of this name.
    """
    there = {found.name: found for found in (*shipped_configs(), *shipped_sweeps())}
    if name in there:
        return there[name]
    hint = did_you_mean(name, there) or _in_sweeps(name, there)
    hint = hint or f"; there are {', '.join(there)}"
    raise ConfigError(name, [Problem("", f"no shipped config of this name{hint}")])


def _in_sweeps(name: str, there: Mapping[str, ShippedConfig]) -> str:
    return did_you_mean(f"{SWEEPS}/{name}", [key for key in there if key.startswith(SWEEPS)])


def copy_config(origin: str, name: str, folder: Path) -> Path:
    """Writes a new config that starts from a shipped one, and the schema file for editors.

    Args:
        origin: The shipped config's name.
        name: The new config's name; its file is `name.yaml`.
        folder: Where it goes.

    Returns:
        The new file's path.

    Raises:
        ConfigError: there is no such shipped config, the name is not one, or the file exists.
        StorageError: the folder cannot be written to.
    """
    shipped = find_shipped(origin)
    path = new_path(name, folder)
    write_copy(shipped, path, SCHEMA_FILE, json_schema())
    return path


def new_path(name: str, folder: Path) -> Path:
    """Returns the path of a config that is to be made.

    Raises:
        ConfigError: the name is not one, or the file exists.
    """
    path = folder / f"{name}.yaml"
    if not NAME.accepts(name):
        raise ConfigError(str(path), [Problem("name", wrong_value(NAME.wanted, name))])
    if path.exists():
        message = "is there already; choose another name, or delete it first"
        raise ConfigError(str(path), [Problem("", message)])
    return path


def write_copy(
    shipped: ShippedConfig,
    path: Path,
    schema_file: str,
    schema: Mapping[str, Any],
    lines: Mapping[str, str] | None = None,
) -> None:
    """Writes a copy of a shipped file that bears its new name, and the schema beside it.

    Args:
        shipped: What is copied, its header comment left out.
        path: Of the copy.
        schema_file: Name of the schema's file.
        schema: For editors.
        lines: More top-level keys to be changed, with their new lines.

    Raises:
        StorageError: the folder cannot be written to.
    """
    new = {"name": f"name: {path.stem}", **(lines or {})}
    body = shipped.path.read_text(encoding="utf-8").splitlines()
    while body and (body[0].startswith("#") or not body[0].strip()):
        del body[0]
    body = [new.get(line.partition(":")[0], line) for line in body]
    header = [f"# {EDITOR_LINE}{schema_file}", f"# Started from {shipped.name}."]
    write_json(path.parent / schema_file, schema)
    write_text(path, "\n".join([*header, *body]) + "\n")


def configs_dir() -> Path:
    """Returns the folder of the shipped configs."""
    inside = _PACKAGE_DIR / "configs"
    return inside if inside.is_dir() else _PACKAGE_DIR.parent / "configs"


def _headline(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ").rstrip() if first.startswith("#") else ""
