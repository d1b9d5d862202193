"""New sweeps that start from shipped ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dlrun.cli.app import app
from dlrun.config import shipped
from dlrun.errors import ConfigError
from dlrun.files import read_json
from dlrun.sweeping import load_sweep
from dlrun.sweeping.shipped import copy_sweep

SWEEP = """\
# Learning rates of a small net.
# dlrun sweep configs/sweeps/rates.yaml
name: rates
base: ../small.yaml   # the net
search:
  optimizer.learning_rate: [0.1, 0.01]   # base: no
"""


@pytest.fixture
def configs(base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped configs: a net, and a sweep of it."""
    folder = base.parent / "shipped"
    (folder / "sweeps").mkdir(parents=True)
    (folder / "small.yaml").write_text(f"# A small net.\n{base.read_text()}", encoding="utf-8")
    (folder / "sweeps" / "rates.yaml").write_text(SWEEP, encoding="utf-8")
    monkeypatch.setattr(shipped, "configs_dir", lambda: folder)
    return folder


@pytest.fixture
def folder(configs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own, in which commands are given."""
    path = tmp_path / "mine"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


def new(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["new", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_a_sweep_is_copied_with_its_base_beside_it(folder: Path) -> None:
    path, base, is_new = copy_sweep("sweeps/rates", "my_rates", folder)
    assert (path, base, is_new) == (folder / "my_rates.yaml", folder / "small.yaml", True)
    text = path.read_text(encoding="utf-8")
    assert (
        text
        == """\
# yaml-language-server: $schema=dlrun.sweep.schema.json
# Started from sweeps/rates.
name: my_rates
base: small.yaml
search:
  optimizer.learning_rate: [0.1, 0.01]   # base: no
"""
    )
    assert read_json(folder / "dlrun.sweep.schema.json")["title"] == "dlrun sweep"
    definition = load_sweep(path)
    assert (definition.config.name, definition.base.config.name) == ("my_rates", "small")
    head = base.read_text(encoding="utf-8").splitlines()[:2]
    assert head == ["# yaml-language-server: $schema=dlrun.schema.json", "# Started from small."]


def test_a_base_that_is_there_is_kept(folder: Path) -> None:
    copy_sweep("sweeps/rates", "first", folder)
    mine = (folder / "small.yaml").read_text(encoding="utf-8") + "note: mine\n"
    (folder / "small.yaml").write_text(mine, encoding="utf-8")
    assert copy_sweep("sweeps/rates", "second", folder)[2] is False
    assert (folder / "small.yaml").read_text(encoding="utf-8") == mine
    assert load_sweep(folder / "second.yaml").base.config.note == "mine"


def test_a_file_is_never_overwritten(folder: Path) -> None:
    (folder / "mine.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"is there already; choose another name, or delete it"):
        copy_sweep("sweeps/rates", "mine", folder)
    with pytest.raises(ConfigError, match=r"name: must be letters, digits, _ and - .*'a b'"):
        copy_sweep("sweeps/rates", "a b", folder)
    with pytest.raises(
        ConfigError, match=r"name: is the name of its base, small\.yaml; choose another name"
    ):
        copy_sweep("sweeps/rates", "small", folder)
    assert sorted(path.name for path in folder.iterdir()) == ["mine.yaml"]


def test_an_unknown_sweep_is_told_with_the_nearest(folder: Path) -> None:
    code, _, told = new("mine", "--from", "sweeps/rate")
    assert code == 2
    assert "no shipped config of this name; did you mean 'sweeps/rates'?" in told


def test_new_lists_sweeps_and_names_both_files(folder: Path) -> None:
    code, listed, _ = new()
    assert code == 0
    assert "sweeps/rates  Learning rates of a small net.\n" in listed
    code, shown, told = new("my_rates", "--from", "sweeps/rates")
    assert (code, shown) == (0, "my_rates.yaml\nsmall.yaml\n")
    assert told == "next: edit them, then dlrun sweep my_rates.yaml\n"
    (folder / "configs").mkdir()
    (folder / "configs" / "small.yaml").write_bytes((folder / "small.yaml").read_bytes())
    code, shown, told = new("other", "--from", "sweeps/rates")
    there = Path("configs")
    assert (code, shown) == (0, f"{there / 'other.yaml'}\n{there / 'small.yaml'}\n")
    assert told.splitlines() == [
        f"its base {there / 'small.yaml'} was there already and is left as it is",
        f"next: edit them, then dlrun sweep {there / 'other.yaml'}",
    ]
    checked = CliRunner().invoke(app, ["check", str(there / "other.yaml")])
    assert checked.stdout == f"{there / 'other.yaml'}: ok, 2 trials (grid)\n"
