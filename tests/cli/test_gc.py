"""`dlrun gc`: what it shows, asks and removes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dlrun.cli.app import app
from dlrun.files import read_json, write_json

SAMPLE = Path(__file__).parents[1] / "runs" / "format_1" / "20261124-001515-flowers-44d8"


@pytest.fixture
def worse(runs_dir: Path) -> Path:
    """The model of the worse of two runs."""
    for name, val_loss in (("1-best", 0.1), ("2-worse", 0.25)):
        shutil.copytree(SAMPLE, runs_dir / name)
        path = runs_dir / name / "run.json"
        write_json(path, read_json(path) | {"id": name, "hashes": {"split": "0123456789ab"}})
        path = path.with_name("metrics.json")
        write_json(path, read_json(path) | {"best": {"val_loss": val_loss}})
    (runs_dir / "2-worse" / "model.keras").write_bytes(b"x" * 1_234_567)
    return runs_dir / "2-worse" / "model.keras"


def gc(*options: str, typed: str | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["gc", *options], input=typed)
    return done.exit_code, done.stdout, done.stderr


def test_nothing_to_remove_is_said(runs_dir: Path) -> None:
    assert gc() == (0, f"nothing to remove in {runs_dir}\n", "")


def test_a_dry_run_lists_and_removes_nothing(worse: Path) -> None:
    code, shown, _ = gc("--dry-run")
    assert code == 0
    head, row, total = shown.splitlines()
    assert head.split() == ["what", "kind", "why", "size"]
    assert [cell.strip() for cell in row.split("  ") if cell.strip()] == [
        "2-worse/model.keras", "model", "val_loss 0.25; 1-best has 0.1", "1.2 MB",
    ]  # fmt: skip
    assert total == "1 to remove, 1.2 MB; every history stays"
    assert worse.is_file()


@pytest.mark.parametrize(("typed", "exit_code"), [("\n", 0), ("n\n", 0), ("", 1)])
def test_it_asks_and_takes_no_for_an_answer(worse: Path, typed: str, exit_code: int) -> None:
    code, shown, asked = gc(typed=typed)
    assert "remove these? [y/N]" in asked
    assert worse.is_file()
    assert (code, "nothing was removed" in shown) == (exit_code, exit_code == 0)


@pytest.mark.parametrize(("options", "typed"), [((), "y\n"), (("--yes",), None), (("-y",), None)])
def test_with_a_yes_it_removes(worse: Path, options: tuple[str, ...], typed: str | None) -> None:
    code, shown, _ = gc(*options, typed=typed)
    assert (code, shown.splitlines()[-1]) == (0, "removed 1 of 1, 1.2 MB are free again")
    assert not worse.exists()
    assert CliRunner().invoke(app, ["summary", "2-worse"]).exit_code == 0


def test_json_is_the_whole_list(worse: Path) -> None:
    code, shown, _ = gc("--json", "--dry-run")
    facts = json.loads(shown)
    assert facts["removals"] == [
        {
            "path": str(worse),
            "kind": "model",
            "run": "2-worse",
            "reason": "val_loss 0.25; 1-best has 0.1",
            "size_bytes": 1_234_567,
            "removed": False,
        }
    ]
    assert (code, facts["size_bytes"], facts["kept"], facts["problems"]) == (0, 1_234_567, [], [])
    facts = json.loads(gc("--json", "--yes")[1])
    assert facts["removals"][0]["removed"] is True
    assert not worse.exists()


def test_what_cannot_be_removed_ends_with_1(worse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    code, shown, told = gc("--yes")
    assert code == 1
    assert shown.splitlines()[-1] == "removed 0 of 1, 0 bytes are free again"
    assert (
        told == f"dlrun: error: {worse}: cannot be removed, permission denied; remove it by hand\n"
    )
