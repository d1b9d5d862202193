"""`dlrun check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlrun.cli.arguments import UsageError, check_options
from dlrun.cli.output import echo, echo_lines
from dlrun.errors import ConfigError

if TYPE_CHECKING:
    from dlrun.config import Loaded
    from dlrun.errors import Problem


def check(
    context: typer.Context,
    configs: Annotated[
        list[str], typer.Argument(metavar="CONFIG|SWEEP...", help="YAML files, and overrides.")
    ],
) -> None:
    """Check configs and sweeps without training or TensorFlow; exit code 2 if one cannot work."""
    check_options(context, configs)
    names = [text for text in configs if text.endswith((".yaml", ".yml")) or Path(text).exists()]
    overrides = [text for text in configs if text not in names]
    if not names:
        raise UsageError(f"no config among {' '.join(configs)!r}; name a YAML file")
    failed = False
    for name in names:
        try:
            remarks, result = _check_one(Path(name), overrides)
        except ConfigError as error:
            failed = True
            echo_lines(str(error).split("\n"), err=True)
            continue
        echo_lines(remarks, err=True)
        echo(f"{name}: {result}")
    if failed:
        raise typer.Exit(2)


def _check_one(path: Path, overrides: list[str]) -> tuple[list[str], str]:
    """Returns what is unwise or worth knowing in a file, and that it can work."""
    from dlrun.config import is_model_only, is_sweep, load_config, load_model
    from dlrun.files import read_yaml

    document = read_yaml(path)
    if is_sweep(document):
        return _check_sweep(path, overrides)
    if is_model_only(document):
        load_model(path, overrides)
        return [], "ok"
    return _remarks(str(path), load_config(path, overrides)), "ok"


def _check_sweep(path: Path, tokens: list[str]) -> tuple[list[str], str]:
    from dlrun.sweeping import check_plan, load_sweep

    definition = load_sweep(path, tokens)
    plan = check_plan(definition)
    remarks = _remarks(definition.document.source, definition.base)
    remarks += [_warning(str(path), problem) for problem in plan.warnings]
    noun, strategy = "trial" if plan.num_trials == 1 else "trials", definition.config.strategy
    how = "" if plan.is_whole else ", each value checked and not each trial"
    return remarks, f"ok, {plan.num_trials:,} {noun} ({strategy}){how}"


def _remarks(name: str, loaded: Loaded) -> list[str]:
    warnings = [_warning(name, problem) for problem in loaded.warnings]
    return [*warnings, *(f"{name}: {note.message}" for note in loaded.notes)]


def _warning(name: str, problem: Problem) -> str:
    return f"{name}: warning: {str(problem).strip()}"
