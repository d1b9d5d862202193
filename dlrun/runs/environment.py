"""What a run ran on: Python, packages, hardware, variables, and the code that it imports."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from dlrun.config.imports import module_file, run_folder_around

PACKAGES = ("dlrun", "keras", "tensorflow", "tensorflow-cpu", "numpy", "scikit-learn")

VARIABLES = (
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_DETERMINISTIC_OPS",
    "TF_CUDNN_DETERMINISTIC",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
)
"""Environment variables by which TensorFlow computes the last digits otherwise."""

COMPUTING_PACKAGES = ("keras", "tensorflow", "tensorflow-cpu", "numpy")
"""Packages that decide the numbers."""

Change = tuple[str, str, str]
"""What has changed, and what it was and is, in words."""


def describe_environment(imports: Sequence[str] = ()) -> dict[str, Any]:
    """Returns the facts of `environment.json` that are known without TensorFlow.

    Args:
        imports: Names of the user's own modules.
    """
    python = {"python": platform.python_version(), "platform": platform.platform()}
    return python | machine_facts(imports) | {"git": _git_state()}


def machine_facts(imports: Sequence[str] = ()) -> dict[str, Any]:
    """Returns those of the facts that decide last digits, which checkpoints keep, too."""
    return {
        "packages": _package_versions(),
        "cpu": {"name": _cpu_name(), "count": count_cpus()},
        "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "imports": {name: _source_hash(name) for name in imports},
    }


def changed_variables(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """Yields the environment variables that differ; none where one of the two does not say.

    Args:
        then: Facts of `environment.json`.
        now: Others.
    """
    before, after = then.get("variables"), now.get("variables")
    if before is None or after is None:
        return
    for name in sorted({*before, *after}):
        old, new = (facts.get(name) or "not set" for facts in (before, after))
        if old != new:
            yield name, old, new


def changed_packages(
    then: Mapping[str, Any], now: Mapping[str, Any], names: Iterable[str] = COMPUTING_PACKAGES
) -> Iterator[Change]:
    """Yields packages with other versions, as `changed_variables` does; one may not be there."""
    before, after = (facts.get("packages") or {} for facts in (then, now))
    for name in names:
        old, new = (facts.get(name, "not there") for facts in (before, after))
        if old != new:
            yield name, old, new


def processor_of(facts: Mapping[str, Any]) -> str | None:
    """Returns the name of the processor; None where the facts do not say."""
    return (facts.get("cpu") or {}).get("name")


def changed_imports(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """Yields the user's own modules whose source differs, as `changed_variables` does."""
    before, after = then.get("imports") or {}, now.get("imports") or {}
    for name in before:
        old, new = before[name], after.get(name, before[name])
        if old is not None and old != new:
            yield f"the source of {name}", old, new or "not there"


def _source_hash(module: str) -> str | None:
    """The beginning of the SHA-256 of a module's file; None where there is none to read."""
    path = module_file(module)
    try:
        return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError:
        return None


def _package_versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def count_cpus() -> int:
    """Returns the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # those this process may use, not those of the machine
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_name() -> str:
    if sys.platform == "linux":
        try:
            with open("/proc/cpuinfo", encoding="utf-8") as stream:
                for line in stream:
                    if line.startswith("model name"):
                        return line.partition(":")[2].strip()
        except OSError:
            pass
    return platform.processor() or platform.machine()


def _git_state() -> dict[str, Any] | None:
    """The commit of the folder that dlrun runs in; None outside a repository or without git."""
    commit, top = _git("rev-parse", "HEAD"), _git("rev-parse", "--show-toplevel")
    if commit is None or top is None or run_folder_around(Path(top)) is not None:
        return None  # `git status` runs what a repository's own settings say
    return {"commit": commit, "dirty": bool(_git("status", "--porcelain", "--untracked-files=no"))}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
