"""The README is true: its commands, options, keys, files, targets and modules exist."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from dlrun.cli.app import app
from dlrun.config import Config
from dlrun.config.keys import Section, keys_of
from dlrun.config.shipped import shipped_configs, shipped_sweeps
from dlrun.runs import run as layout
from dlrun.runs import sweep as sweep_layout
from dlrun.sweeping.schema import SweepConfig

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def dlrun_calls() -> list[str]:
    """Everything in backticks or a console block that begins with dlrun."""
    found = re.findall(r"`(dlrun [^`\n]+)`", README)
    found += [m.split("dlrun", 1)[1] for m in re.findall(r"^\$ (dlrun .+)$", README, re.M)]
    assert len(found) > 15
    return sorted(set(found))


def options_of(parameter: object) -> list[str]:
    return [*parameter.opts, *parameter.secondary_opts]


@pytest.mark.parametrize("call", dlrun_calls())
def test_every_command_in_the_readme_exists(call: str) -> None:
    words = shlex.split(call.removeprefix("dlrun").replace("…", "").replace("[", "").strip())
    command = get_command(app)
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    assert not hasattr(command, "commands") or words[0].startswith("-"), call
    known = {option for parameter in command.params for option in options_of(parameter)} | {
        "--help"
    }
    assert {word for word in words if word.startswith("--")} <= known


def test_every_command_is_in_the_readme() -> None:
    for name in get_command(app).commands:
        assert f"`dlrun {name}" in README


def test_every_option_named_beside_a_command_exists() -> None:
    rows = re.findall(r"^\| `dlrun (\w+)[^|]*\| (.+) \|$", README, re.M)
    assert len(rows) >= 10
    for name, text in rows:
        command = get_command(app).commands[name]
        known = {
            option
            for parameter in getattr(command, "params", [])
            for option in options_of(parameter)
        }
        assert set(re.findall(r"`(--[a-z-]+)", text)) <= known, name


def config_keys(section: type, prefix: str = "") -> list[str]:
    names = []
    for key in keys_of(section):
        nested = isinstance(key.check, Section)
        names += (
            config_keys(key.check.of, f"{prefix}{key.name}.") if nested else [prefix + key.name]
        )
    return names


def test_the_table_of_keys_is_that_of_the_code() -> None:
    part = README.split("## The config")[1].split("\n## ")[0]
    table = re.findall(r"^\| `([a-z_.]+)` \| .+ \| .+ \|$", part, re.M)
    assert [key for key in table if "." in key or key in config_keys(Config)] == [
        *config_keys(Config)
    ]


def test_the_table_of_a_sweeps_keys_is_that_of_the_code() -> None:
    part = README.split("## Sweeps")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \| .+ \|", part, re.M)
    named = [key for row in rows for key in re.findall(r"`([a-z_]+)`", row)]
    assert sorted(named) == sorted(key.name for key in keys_of(SweepConfig))


def test_every_file_of_a_sweeps_folder_is_explained() -> None:
    for name in ("SWEEP", "DEFINITION", "BASE", "BEST"):
        assert f"`{getattr(sweep_layout, name)}`" in README


def test_every_file_of_a_run_folder_is_explained() -> None:
    for name in ("CONFIG", "RUN", "ENVIRONMENT", "DATASET", "SPLITS", "HISTORY_CSV",
                 "HISTORY_JSON", "PARAMETERS", "SUMMARY", "METRICS", "PREDICTIONS", "MODEL",
                 "PLOTS", "LOG", "EVALUATION", "CHECKPOINTS"):  # fmt: skip
        assert f"`{getattr(layout, name)}" in README


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.M))
    named = set(re.findall(r"`make (?:-j2 )?([a-z-]+)", README)) | set(
        re.findall(r"^make ([a-z-]+)", README, re.M)
    )
    assert named
    assert named <= targets


def test_every_shipped_config_has_a_row_and_every_named_one_exists() -> None:
    shipped = {config.name for config in shipped_configs()}
    assert set(re.findall(r"^\| `(\w+)` \| \d", README, re.M)) == shipped
    assert set(re.findall(r"configs[/\\](\w+)\.yaml", README)) <= shipped


def test_every_shipped_sweep_has_a_row() -> None:
    rows = re.findall(r"^\| `(sweeps/\w+)` \| \d+ s \|", README, re.M)
    assert sorted(rows) == [sweep.name for sweep in shipped_sweeps()]


def test_the_tree_names_every_module() -> None:
    tree = README.split("## How it is built")[1].split("```")[1]
    named = re.findall(r"^(\w+(?:\.py|/))", tree, re.M)
    there = {
        path.name + ("/" if path.is_dir() else "")
        for path in (ROOT / "dlrun").iterdir()
        if (path.is_dir() or path.suffix == ".py") and not path.name.startswith("__")
    }
    assert set(named) == there


def test_every_picture_is_there_and_drawn_by_a_target() -> None:
    shown = re.findall(r"!\[[^\]]+\]\((\.readme/[^)]+)\)", README)
    assert len(shown) == 7
    assert {str(path.relative_to(ROOT)) for path in (ROOT / ".readme").iterdir()} == set(shown)
    assert all(name in MAKEFILE for name in shown)
