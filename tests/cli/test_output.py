"""A run folder may come from anywhere: what its files say moves no cursor and hides no line."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

import dlrun
from dlrun import events, reproduction
from dlrun.cli.app import app
from dlrun.cli.display import showing
from dlrun.cli.live import LiveDisplay
from dlrun.cli.output import cell, new_table, print_table
from dlrun.evaluate import evaluate_run
from dlrun.likeness import compare_runs
from dlrun.runs import Run
from tests.sweeping.made_up import make_sweep

FORMAT_1 = Path(__file__).parents[1] / "runs" / "format_1" / "20261124-001515-flowers-44d8"
OTHER = "20261125-101530-healthy-0001"
REPEATS = "20261126-055355-flowers-3716"

ESCAPES = "\x1b[2J\x1b]0;t\x07\r\x9b31m"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")

FILES = ["run.json", "environment.json", "dataset.json", "metrics.json", "parameters.json",
         "evaluation.json"]  # fmt: skip


@pytest.fixture
def run(runs_dir: Path) -> Run:
    """A judged run of an older dlrun, and two others beside it."""
    for name in (FORMAT_1.name, OTHER):
        shutil.copytree(FORMAT_1, runs_dir / name)
        evaluate_run(Run(runs_dir / name), events.ignore)
    shutil.copytree(FORMAT_1.parent / REPEATS, runs_dir / REPEATS)
    return Run(runs_dir / FORMAT_1.name)


def printed(*arguments: object) -> str:
    """What a command prints, to both streams, if that is fit for a terminal."""
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    unforeseen = done.exception is not None and not isinstance(done.exception, SystemExit)
    assert not unforeseen, done.exc_info
    found = CONTROL.search(done.stdout + done.stderr)
    assert found is None, f"{arguments}: {(done.stdout + done.stderr)!r}"
    return done.stdout + done.stderr


def planted(value: Any) -> Any:
    """The same with escape sequences after every text."""
    if isinstance(value, dict):
        return {key: planted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [planted(inner) for inner in value]
    return value + ESCAPES if isinstance(value, str) else value


def planted_one_by_one(text: str) -> list[str]:
    """The text of a JSON file with escape sequences in one of its strings or keys."""
    ends = [found.end() - 1 for found in re.finditer(r'"(?:[^"\\]|\\.)*"', text)]
    assert len(ends) > 10
    few = ends[:: 1 + len(ends) // 30]
    return [f"{text[:end]}{json.dumps(ESCAPES)[1:-1]}{text[end:]}" for end in few]


def read_all(run: Run, tmp_path: Path) -> None:
    printed("summary", "--test", "--members")
    printed("summary", "--csv")
    printed("summary", "--json")
    printed("summary", run.id)
    printed("summary", run.id, "--json")
    printed("diagnose", run.id)
    printed("diagnose", run.id, "--json")
    printed("compare", OTHER, run.id, "--environment", "--no-plot")
    printed("compare", run.id, OTHER, "--environment", "--json")
    printed("plot", run.id, "--metric", "loss", "--dpi", 20, "--output", tmp_path / "a.png")
    printed("plot", run.id, "--metric", "nothing")
    printed("gc", "--dry-run")
    printed("gc", "--dry-run", "--json")


@pytest.mark.parametrize("name", FILES)
def test_every_text_of_a_file_at_once(name: str, run: Run, tmp_path: Path) -> None:
    facts = json.loads((run.path / name).read_text(encoding="utf-8"))
    (run.path / name).write_text(json.dumps(planted(facts)), encoding="utf-8")
    read_all(run, tmp_path)


@pytest.mark.parametrize(
    "name", ["run.json", *(pytest.param(name, marks=pytest.mark.slow) for name in FILES[1:])]
)
def test_each_text_and_key_of_a_file_alone(name: str, run: Run) -> None:
    for text in planted_one_by_one((run.path / name).read_text(encoding="utf-8")):
        (run.path / name).write_text(text, encoding="utf-8")
        for arguments in (["summary"], ["summary", run.id], ["diagnose", run.id]):
            printed(*arguments)


def test_what_is_planted_is_there_to_be_read(run: Run) -> None:
    info = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps(info | {"note": f"look{ESCAPES}"}))
    seen = r"look\x1b[2J\x1b]0;t\x07 \x9b31m"
    assert seen in printed("summary", run.id)
    assert seen in printed("summary")
    assert json.loads(printed("summary", run.id, "--json"))["info"]["note"] == f"look{ESCAPES}"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("history.csv", lambda text: text.replace("accuracy", f"accuracy{ESCAPES[:-1]}", 1)),
        ("history.csv", lambda text: text.replace("0.8777777552604675", f"0.5{ESCAPES}")),
        ("history.csv", lambda text: text + ESCAPES),
        ("config.yaml", lambda text: f"# {ESCAPES}\n{text}"),
        ("config.yaml", lambda text: text.replace("flowers\n", '"flow\\e[2Jers"\n', 1)),
        ("config.yaml", lambda text: text.replace("note: kept", 'note: "\\e[2J"\n"\\e[2J": kept')),
        ("config.yaml", lambda text: text.replace("  name: iris", '  name: "ir\\e[2J\\ris"')),
        ("config.yaml", lambda text: text.replace("seed: 0", 'seed: "\\e[2J"')),
        ("summary.txt", lambda text: text + ESCAPES),
        ("run.log", lambda text: text + ESCAPES),
    ],
)  # fmt: skip
def test_files_that_are_no_json(
    name: str, change: Callable[[str], str], run: Run, tmp_path: Path
) -> None:
    path = run.path / name
    before = path.read_text(encoding="utf-8")
    path.write_text(after := change(before), encoding="utf-8")
    assert after != before
    read_all(run, tmp_path)
    printed("check", run.path / "config.yaml")


def test_a_run_that_was_stopped_or_has_members(run: Run, tmp_path: Path, runs_dir: Path) -> None:
    info = json.loads((run.path / "run.json").read_text())
    changes = {"status": "diverged", "error": ESCAPES, "suggestion": ESCAPES}
    (run.path / "run.json").write_text(json.dumps(info | changes))
    read_all(run, tmp_path)
    many = runs_dir / REPEATS
    for name in ("run.json", "metrics.json", "dataset.json"):
        facts = json.loads((many / name).read_text())
        kept = {key: facts[key] for key in ("status", "members", "best", "spread") if key in facts}
        (many / name).write_text(json.dumps(planted(facts) | kept))
    read_all(Run(many), tmp_path)
    run.path.rename(runs_dir / f"20261124-001515-{ESCAPES[:4]}-44d8")
    printed("summary")
    printed("gc", "--dry-run")
    printed("summary", "20261124")


def test_what_a_repetition_of_it_comes_to(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = json.loads((run.path / "environment.json").read_text())
    (run.path / "environment.json").write_text(json.dumps(planted(facts)))
    history = (run.path / "history.csv").read_text().replace("0.3779633939266205", "0.4")
    (run.path / "history.csv").write_text(history)
    found = compare_runs(run, Run(run.path.parent / OTHER))
    assert ESCAPES in str(found.to_dict()["evidence"])
    monkeypatch.setattr(dlrun, "reproduce", lambda *_, **__: found)
    assert "cause" in printed("reproduce", run.id)
    assert json.loads(printed("reproduce", run.id, "--json", "-q"))["evidence"]
    row = found.to_dict() | {"path": str(run.path), "error": None}
    monkeypatch.setattr(reproduction, "reproduce_each", lambda names: iter([row] * len(names)))
    assert "0 of 2 runs reproduced" in printed("reproduce", run.id, OTHER)


def test_a_sweep_and_its_report(runs_dir: Path) -> None:
    sweep = make_sweep(runs_dir, [0.1, 0.01])
    facts = json.loads((sweep.path / "sweep.json").read_text())
    changes = {"name": f"a{ESCAPES}", "verdict": ESCAPES, "strategy": ESCAPES, "note": ESCAPES}
    facts |= changes
    facts["trials"][0]["values"]["model.activation"] += ESCAPES
    (sweep.path / "sweep.json").write_text(json.dumps(facts))
    for arguments in (["summary"], ["summary", sweep.id], ["summary", sweep.id, "--json"],
                      ["plot", sweep.id], ["report", sweep.id], ["diagnose", sweep.id],
                      ["gc", "--dry-run"]):  # fmt: skip
        printed(*arguments)


def test_messages_while_something_runs(capsys: pytest.CaptureFixture[str]) -> None:
    told = [
        events.Message(f"m{ESCAPES}"),
        events.Message(f"w{ESCAPES}", "warning"),
        events.TaskEnded(f"t{ESCAPES}", "failed", ESCAPES, 1, 2),
        events.FromTask("t", events.Message(ESCAPES)),
    ]
    with showing(quiet=False) as report:
        for event in told:
            report(event)
    assert CONTROL.search(capsys.readouterr().err) is None
    screen = io.StringIO()
    display = LiveDisplay(Console(file=screen, force_terminal=True, width=80, highlight=False))
    for event in told:
        display(event)
    display.close()
    assert "\x1b[2J" not in screen.getvalue()
    assert r"m\x1b[2J" in screen.getvalue()


def test_a_tables_lines_end_where_their_text_does(capsys: pytest.CaptureFixture[str]) -> None:
    table = new_table("what", "why")
    table.add_row(cell("a" * 300), cell("b"))
    table.add_row(cell("c\x1b[2Jd"), cell(""))
    print_table(table)
    head, first, second = capsys.readouterr().out.splitlines()
    assert head == f"what{' ' * 298}why"
    assert first == f"{'a' * 300}  b"
    assert second == r"c\x1b[2Jd"
