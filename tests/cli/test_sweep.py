"""`dlrun sweep` and what shows sweeps: table, pictures, report."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dlrun.cli.app import app
from dlrun.runs import Sweep
from dlrun.runs.sweep import rank_trials
from dlrun.sweeping import report
from tests.sweeping.made_up import change, make_sweep

SAMPLE = Path(__file__).parent.parent / "runs" / "format_1" / "20261124-001515-flowers-44d8"
RATES = [0.1, 0.01, 0.001]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def sweep(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    monkeypatch.setattr("dlrun.cli.sweeps.program_name", lambda: "dlrun")
    return make_sweep(runs_dir, RATES)


def test_the_screen_of_a_sweep(sweep: Sweep) -> None:
    code, shown, _ = run("summary", "latest")
    assert code == 0
    lines = shown.splitlines()
    assert re.fullmatch(rf"{sweep.id}: finished after [\d.]+ s, 6 trials \(grid\)", lines[0])
    assert lines[1:6] == [
        "  val_loss, less is better",
        "",
        "  trial  learning_rate  activation  val_loss  epoch   time",
        "      0            0.1  relu          0.5000    3/3  1.5 s",
        "      1            0.1  tanh          0.5200    3/3  1.5 s",
    ]
    assert lines[10:15] == [
        "",
        "  best      trials/0: val_loss 0.5000  learning_rate=0.1 activation=relu",
        "  or noise? trials/0 is ahead by too little to tell without seeds",
        f"  test      not looked at; dlrun test {sweep.id}/best does",
        f"  config    {sweep.path}/best.yaml, ready to train",
    ]


def test_a_look_by_the_best_trial_is_known(sweep: Sweep) -> None:
    look = {"time": "2026-11-26T12:00:00+00:00", "test_set": "0" * 12, "by": "test"}
    path = sweep.run(0).path / "run.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    before = json.loads(path.read_text()) if path.is_file() else {"status": "finished"}
    path.write_text(json.dumps(before | {"test_looks": [look]}))
    _, shown, _ = run("summary", sweep.id)
    assert f"  test      looked at; dlrun summary {sweep.id}/best shows it" in shown


def test_no_look_is_suggested_where_there_are_no_test_rows(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "_pictures", lambda _: [])
    facts = json.loads((SAMPLE / "dataset.json").read_text())
    del facts["parts"]["test"]
    (sweep.run(0).path / "dataset.json").write_text(json.dumps(facts))
    _, shown, _ = run("summary", sweep.id)
    assert "  test      none: no test rows were held back" in shown
    assert "No test rows were held back." in report.report_html(Sweep(sweep.path))


def test_failed_and_open_trials_say_how_to_go_on(sweep: Sweep) -> None:
    change(sweep, 0, state="diverged", value=None, reason="loss became nan in epoch 1")
    change(sweep, 1, state="timed_out", value=None, reason="it took longer than its limit of 6 s")
    change(sweep, 2, state="planned", value=None)
    change(sweep, 3, state="pruned", reason="its best value so far was worse")
    change(sweep, 4, state="duplicate", duplicate_of=3)
    code, shown, _ = run("summary", sweep.id)
    assert code == 0
    assert f"{sweep.id}: interrupted after" in shown
    assert "5 of 6 trials (grid)" in shown
    assert "  failed    trials/0 diverged: loss became nan in epoch 1" in shown
    assert "  failed    trials/1 timed out: it took longer than its limit of 6 s" in shown
    assert f"resume {sweep.id} --retry-failed tries 1 of them again" in shown
    assert f"  to go on  dlrun resume {sweep.id}" in shown
    assert "as trial 3" in shown
    assert [trial.number for trial in rank_trials(Sweep(sweep.path))] == [5, 3, 4, 0, 1, 2]
    code, table, _ = run("summary")
    assert "made_up (sweep) × 6" in table
    assert "2 failed" in table


def test_only_so_many_trials_are_listed(runs_dir: Path) -> None:
    make_sweep(runs_dir, [0.1 + i / 1000 for i in range(40)])
    _, shown, _ = run("summary", "latest", "--limit", "3")
    assert "  and 77 more (--limit 0 shows all)" in shown
    _, shown, _ = run("summary", "latest", "--limit", "0")
    assert shown.count(" 1.5 s") == 80


def test_a_sweep_as_json(sweep: Sweep) -> None:
    _, shown, _ = run("summary", "latest", "--json")
    facts = json.loads(shown)
    assert (facts["id"], facts["best"], facts["status"]) == (sweep.id, 0, "finished")
    assert facts["trials"][0]["number"] == 0
    assert "config" not in facts["trials"][0]
    assert facts["trials"][0]["values"] == {
        "optimizer.learning_rate": 0.1, "model.activation": "relu",
    }  # fmt: skip


def test_a_thousand_trials_are_read_in_a_moment(runs_dir: Path) -> None:
    sweep = make_sweep(runs_dir, [0.1 + i / 1000 for i in range(500)])
    started = time.process_time()
    found = Sweep(sweep.path)
    assert found.best is not None
    assert len(rank_trials(found)) == 1000
    assert time.process_time() - started < 5  # it takes 0.15 s; `make bench-sweep` measures


def test_pictures_of_a_sweep_and_why_others_are_not_drawn(sweep: Sweep, tmp_path: Path) -> None:
    code, shown, told = run("plot", "latest")
    assert code == 0
    names = [Path(line).name for line in shown.splitlines()]
    assert names == [
        "parameters.png", "heat_map.png", "learning_curves.png", "parallel_coordinates.png",
    ]  # fmt: skip
    assert all((sweep.plots_dir / name).stat().st_size > 10_000 for name in names)
    assert "not drawn: importance.png: " in told
    code, shown, _ = run("plot", "latest", "--format", "svg", "--output", str(tmp_path / "p"))
    assert (tmp_path / "p" / "heat_map.svg").is_file()
    code, _, told = run("plot", "latest", "--metric", "loss")
    assert (code, told.strip()) == (
        2, "dlrun: error: a sweep's pictures take --format and --output alone",
    )  # fmt: skip


def test_the_report_is_one_file_with_all_inside(sweep: Sweep, tmp_path: Path) -> None:
    change(sweep, 5, state="failed", value=None, reason="<b>bold</b> & worse")
    code, shown, _ = run("report", "latest")
    assert code == 0
    path = Path(shown.strip())
    assert path == sweep.path / "report.html"
    text = path.read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 4
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; worse" in text
    assert "<b>" not in text
    assert not re.search(r"""(src|href)=["']?(https?:|/)""", text)
    assert "Best: trials/0, val_loss 0.5000" in text
    assert "name: digits_deep" in text  # of the config
    code, shown, _ = run("report", "latest", "--output", str(tmp_path / "r.html"))
    assert (tmp_path / "r.html").is_file()
    code, _, told = run("report", "latest/trials/0")
    assert code == 2
    assert "it is a run, and a sweep is needed" in told


def test_what_needs_a_run_names_the_best_trial(sweep: Sweep) -> None:
    code, _, told = run("diagnose", "latest")
    assert code == 2
    assert (
        f"it is a sweep of 6 trials, and a run is needed; name one by {sweep.id}/trials/0" in told
    )
    assert f"the best trial is {sweep.id}/best" in told


def test_mistakes_are_told_before_anything_is_loaded() -> None:
    code, _, told = run("sweep", "configs/digits_deep.yaml", "model.activation=relu,tanhh")
    assert code == 2
    assert "override model.activation=relu,tanhh" in told
    assert "unknown activation 'tanhh'; did you mean 'tanh'?" in told
    code, _, told = run("sweep", "configs/digits_deep.yaml", "--worker", "2", "seed=1,2")
    assert code == 2
    assert "no such option '--worker'; did you mean '--workers'?" in told


def test_a_dry_run_shows_the_trials_and_the_time_and_leaves_nothing(runs_dir: Path) -> None:
    code, shown, told = run(
        "sweep", "configs/digits_deep.yaml", "optimizer.learning_rate=0.1,0.01",
        "training.batch_size=32,full", "--dry-run",
    )  # fmt: skip
    assert code == 0, told
    assert shown.splitlines()[:5] == [
        "digits_deep: 4 trials (grid)",
        "      0  learning_rate=0.1 batch_size=32",
        "      1  learning_rate=0.1 batch_size=full",
        "      2  learning_rate=0.01 batch_size=32",
        "      3  learning_rate=0.01 batch_size=full",
    ]
    words = r"with \d+ at a time; an epoch takes .* by a few steps of 2 of 2 kinds of trial"
    assert re.match(rf"about [\d.]+ (s|min|h) {words}", shown.splitlines()[6])
    assert not runs_dir.exists()


def test_a_value_that_all_trials_share_is_not_repeated_and_a_search_is_reckoned_by_draws(
    runs_dir: Path,
) -> None:
    code, shown, told = run(
        "sweep", "configs/digits_deep.yaml", "training.epochs={choice: [2]}",
        "model.layers.0.units=8,64", "strategy=tpe", "trials=20", "--dry-run",
    )  # fmt: skip
    assert code == 0, told
    assert shown.splitlines()[1:3] == ["         each is chosen by the ones before", ""]
    assert "by a few steps of 2 of 2 kinds of trial" in shown
    code, shown, told = run(
        "sweep", "configs/digits_deep.yaml", "training.epochs={choice: [2]}",
        "model.activation=relu,tanh", "--dry-run",
    )  # fmt: skip
    assert shown.splitlines()[1:3] == ["      0  activation=relu", "      1  activation=tanh"]
