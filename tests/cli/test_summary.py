"""The table of runs, and the options that its commands know."""

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dlrun.cli.app import app
from dlrun.cli.arguments import UsageError, check_options

FORMAT_1 = Path(__file__).parents[1] / "runs" / "format_1"


def test_runs_can_be_sorted_by_what_stands_above_each_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DLRUN_RUNS_DIR", str(FORMAT_1))
    head, *_ = CliRunner().invoke(app, ["summary"]).stdout.splitlines()
    heads = re.split(r" {2,}", head)
    assert heads[0] == "run"
    assert "time" in heads
    for name in heads:
        done = CliRunner().invoke(app, ["summary", "--sort", name])
        assert done.exit_code == 0, done.stderr
    done = CliRunner().invoke(app, ["summary", "--sort", "tim"])
    assert "no column 'tim'; did you mean 'time'?" in done.stderr


def test_an_option_is_nearly_one_of_the_commands_own() -> None:
    group = typer.main.get_command(app)
    for name, mistyped, near in [
        ("train", "--qiet", "--quiet"),
        ("resume", "--more-epoch", "--more-epochs"),
        ("sweep", "--dryrun", "--dry-run"),
        ("summary", "--thresold=0.5", "--threshold"),
        ("check", "--hlep", "--help"),
    ]:
        with group.make_context("dlrun", [name, "x"]) as parent:
            context = typer.Context(group.commands[name], parent=parent)
            with pytest.raises(UsageError, match=f"did you mean '{near}'"):
                check_options(context, [mistyped])
            check_options(context, ["--learning-rate", "-1", "-", "seed=3"])
