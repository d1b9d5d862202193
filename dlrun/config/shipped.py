"""The configs that come with dlrun: in a checkout's `configs`, or inside the installed package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dlrun.config.editor_schema import json_schema
from dlrun.config.schema import NAME
from dlrun.config.words import wrong_value
from dlrun.errors import ConfigError, Problem, did_you_mean
from dlrun.files import write_json, write_text

EDITOR_LINE = "yaml-language-server: $schema="
SCHEMA_FILE = "dlrun.schema.json"
"""What the first line of a new config points editors to; lies beside the config."""

_PACKAGE_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class ShippedConfig:
    """A config to start from.

    Attributes:
        name: The file's name without `.yaml`.
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
    paths = sorted(configs_dir().glob("*.yaml"))
    found = (ShippedConfig(path.stem, path, _headline(path)) for path in paths)
    return tuple(config for config in found if not config.headline.startswith(EDITOR_LINE))


def read(name: str) -> str:
    """Returns the text of a shipped config.

    Raises:
        ConfigError: there is none of this name.
    """
    for config in shipped_configs():
        if config.name == name:
            return config.path.read_text(encoding="utf-8")
    names = [config.name for config in shipped_configs()]
    hint = did_you_mean(name, names) or f"; there are {', '.join(names)}"
    raise ConfigError(name, [Problem("", f"no shipped config of this name{hint}")])


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
    text = read(origin)
    path = folder / f"{name}.yaml"
    if not NAME.accepts(name):
        raise ConfigError(str(path), [Problem("name", wrong_value(NAME.wanted, name))])
    if path.exists():
        message = "is there already; choose another name, or delete it first"
        raise ConfigError(str(path), [Problem("", message)])
    lines = text.splitlines()
    while lines and (lines[0].startswith("#") or not lines[0].strip()):
        del lines[0]
    body = [f"name: {name}" if line.startswith("name:") else line for line in lines]
    header = [f"# {EDITOR_LINE}{SCHEMA_FILE}", f"# Started from {origin}."]
    write_json(folder / SCHEMA_FILE, json_schema())
    write_text(path, "\n".join([*header, *body]) + "\n")
    return path


def configs_dir() -> Path:
    """Returns the folder of the shipped configs."""
    inside = _PACKAGE_DIR / "configs"
    return inside if inside.is_dir() else _PACKAGE_DIR.parent / "configs"


def _headline(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ").rstrip() if first.startswith("#") else ""
