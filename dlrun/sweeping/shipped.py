"""New sweeps that start from shipped ones: the sweep and its base are copied together."""

from __future__ import annotations

from pathlib import Path

from dlrun.config.shipped import copy_config, find_shipped, new_path, write_copy
from dlrun.errors import ConfigError, Problem
from dlrun.files import read_yaml
from dlrun.sweeping.editor_schema import sweep_json_schema

SCHEMA_FILE = "dlrun.sweep.schema.json"
"""What the first line of a new sweep points editors to; lies beside it."""


def copy_sweep(origin: str, name: str, folder: Path) -> tuple[Path, Path, bool]:
    """Writes a new sweep that starts from a shipped one, and its base beside it.

    Args:
        origin: The shipped sweep's name, `sweeps/…`.
        name: The new sweep's name; its file is `name.yaml`.
        folder: Where both go.

    Returns:
        The sweep's path, the base's, and whether the base is new; one that is there is kept.

    Raises:
        ConfigError: there is no such shipped sweep, the name is not one or is the base's, or
            the file exists.
        StorageError: the folder cannot be written to.
    """
    shipped = find_shipped(origin)
    base = Path(str(read_yaml(shipped.path).data["base"])).stem
    if name == base:
        message = f"is the name of its base, {base}.yaml; choose another name"
        raise ConfigError(str(folder / f"{name}.yaml"), [Problem("name", message)])
    path = new_path(name, folder)
    base_path = folder / f"{base}.yaml"
    is_new = not base_path.exists()
    if is_new:
        copy_config(base, base, folder)
    write_copy(shipped, path, SCHEMA_FILE, sweep_json_schema(), {"base": f"base: {base_path.name}"})
    return path, base_path, is_new
