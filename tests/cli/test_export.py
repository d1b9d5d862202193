"""`dlrun export`: what it prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import dlrun
from dlrun.cli.app import app
from dlrun.exporting import runtimes
from dlrun.runs import Run

SAMPLE = Path(__file__).parent.parent / "runs" / "format_1" / "20261124-001515-flowers-44d8"


@pytest.fixture
def run(write_config: Callable[..., Path]) -> Run:
    return dlrun.train(write_config())


def test_the_command_says_what_was_written_and_how_it_was_checked(run: Run, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["export", run.id, "--to", "keras"])
    assert done.exit_code == 0, done.output
    path = run.path / "exports" / "small.keras"
    assert done.stdout.splitlines() == [
        str(path),
        f"  beside      {path}.json",
        "  input       (n, 4) float32, rows as iris has them, not scaled",
        "  classes     setosa, versicolor, virginica",
        "  checked     30 validation rows: the same to the last digit, the same classes",
    ]
    done = CliRunner().invoke(app, ["export", "latest", "--to", "keras"])
    assert done.exit_code == 2
    assert "is there already, and is kept; name another place by --output" in done.stderr
    output = str(tmp_path / "mine.keras")
    done = CliRunner().invoke(app, ["export", "latest", "--to", "keras", "--output", output, "-q"])
    assert (done.stdout, done.stderr) == (f"{output}\n", "")
    output = str(tmp_path / "again.keras")
    done = CliRunner().invoke(
        app, ["export", run.id, "--to", "keras", "--output", output, "--json"]
    )
    facts = json.loads(done.stdout)
    assert (facts["path"], facts["files"]) == (output, [f"{output}.json"])
    assert (facts["format"], facts["largest_difference"], facts["num_other_classes"]) == (
        "keras", 0, 0,
    )  # fmt: skip
    assert facts["class_names"] == ["setosa", "versicolor", "virginica"]


def test_a_difference_ends_with_4(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    right = runtimes.run_exported
    monkeypatch.setattr(runtimes, "run_exported", lambda *args: right(*args)[:, ::-1])
    done = CliRunner().invoke(app, ["export", run.id, "--to", "keras"])
    assert done.exit_code == 4
    assert "gives something else than the run" in done.stderr


def test_a_mistyped_format_ends_with_2() -> None:
    done = CliRunner().invoke(app, ["export", str(SAMPLE), "--to", "tflit"])
    assert done.exit_code == 2
    assert "--to tflit: unknown format; did you mean 'tflite'?" in done.stderr
