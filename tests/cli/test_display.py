"""What is printed of a finished run: commands in it find the very run that is shown."""

import shutil
from pathlib import Path

import pytest

from dlrun.cli.display import result_lines, show_result
from dlrun.runs import Run, find_run
from dlrun.sweeping.report import report_html
from tests.sweeping.made_up import make_sweep

FORMAT_1 = Path(__file__).parents[1] / "runs" / "format_1"
SINGLE, REPEATS = "20261124-001515-flowers-44d8", "20261126-055355-flowers-3716"


def copy_run(name: str, runs_dir: Path) -> Run:
    return Run(shutil.copytree(FORMAT_1 / name, runs_dir / name))


def next_line(run: Run, capsys: pytest.CaptureFixture[str]) -> str:
    show_result(run, as_json=False, quiet=False)
    return capsys.readouterr().out.splitlines()[-1]


def test_what_to_type_next_names_the_run_that_was_shown(
    runs_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_run(SINGLE, runs_dir)
    (runs_dir / "latest").write_text(f"{SINGLE}\n")
    assert "summary latest · " in next_line(run, capsys)
    (runs_dir / "latest").write_text(f"{REPEATS}\n")  # trained side by side with it
    line = next_line(run, capsys)
    assert f"summary {run.id} · " in line
    assert f"plot {run.id} --x seconds" in line
    (runs_dir / "latest").unlink()
    assert f"summary {run.id} · " in next_line(run, capsys)
    (runs_dir / "latest").write_text(f"{SINGLE}\n")
    elsewhere = copy_run(SINGLE, tmp_path / "other place")
    assert f"summary '{elsewhere.path}' · " in next_line(elsewhere, capsys)


def test_a_run_whose_name_a_shell_would_split_is_quoted(
    runs_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_run(SINGLE, runs_dir)
    run = Run(run.path.rename(runs_dir / "20261124-001515-my flowers-44d8"))
    assert f"summary '{run.id}' · " in next_line(run, capsys)
    assert find_run(run.id) == run


def test_members_of_a_run_elsewhere_are_named_by_its_path(
    runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copy_run(REPEATS, runs_dir)
    (line,) = [line for line in result_lines(run) if line.startswith("  test ")]
    assert f"dlrun test {run.id} --member 0 does" in line
    monkeypatch.setenv("DLRUN_RUNS_DIR", str(tmp_path / "usual"))
    (line,) = [line for line in result_lines(run) if line.startswith("  test ")]
    assert f"dlrun test {run.path} --member 0 does" in line


def test_the_report_of_a_sweep_elsewhere_names_it_by_its_path(
    runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep(runs_dir, [0.1])
    assert f"<code>dlrun test {sweep.id}/best</code>" in report_html(sweep)
    monkeypatch.setenv("DLRUN_RUNS_DIR", str(tmp_path / "usual"))
    assert f"<code>dlrun test {sweep.path}/best</code>" in report_html(sweep)
