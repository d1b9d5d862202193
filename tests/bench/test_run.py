"""What `make bench` runs: the plan, the commands, the processes and the options."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import contenders
import numpy as np
import pytest
import report
import run
from arrays import write_arrays
from plan import GROWTH, NETS, PLAIN, ROUNDS, Job, plan
from process import Finished, run_process

from dlrun.config import load_config

ROOT = Path(__file__).parent.parent.parent
EVERYTHING = [job for _, job in plan(dict.fromkeys(ROUNDS, 1), quick=False, missing=set())]


def test_contenders_run_in_turn_and_every_other_round_turned_round() -> None:
    rounds = {"epoch": 3, "growth": 1}
    jobs = list(plan(rounds, quick=False, missing={"torch"}))
    first, second, third = (
        [job for number, job in jobs if number == n and job.section == "epoch"] for n in (1, 2, 3)
    )
    assert second == first[::-1]
    assert third == first
    assert len(first) == len(NETS) * 6
    assert [job.rows for _, job in jobs if job.section == "growth"] == list(GROWTH)


def test_a_section_without_rounds_is_left_out() -> None:
    assert list(plan(dict.fromkeys(ROUNDS, 0), quick=False, missing=set())) == []


def test_every_batch_of_the_growth_is_full() -> None:
    assert all(rows % 50 == 0 for rows in GROWTH)
    assert load_config(contenders.CONFIG["moons"]).config.training.batch_size == 50


@pytest.mark.parametrize("job", [job for job in EVERYTHING if job.contender not in PLAIN], ids=str)
def test_every_call_of_dlrun_is_a_config_that_it_takes(job: Job) -> None:
    config, *overrides = contenders.command_of(job, Path("data"))[4:]
    experiment = load_config(Path(config), overrides).config
    training = experiment.training
    assert training.epochs == job.epochs
    assert experiment.repeat == job.repeats
    measured = job.whole or job.contender == "dlrun-curves"
    assert training.train_eval == ("auto" if measured else "off")
    assert training.threads == (1 if job.one_thread else "auto")
    assert training.jit_compile == (True if job.contender == "dlrun-xla" else "auto")


@pytest.mark.parametrize("job", [job for job in EVERYTHING if job.contender in PLAIN], ids=str)
def test_every_plain_script_exists_and_is_python(job: Job) -> None:
    _, script, data, *arguments = contenders.command_of(job, Path("data"))
    compile(Path(script).read_text(encoding="utf-8"), script, "exec")
    assert Path(data).name == contenders.DATA[job.net]
    assert str(job.epochs) in arguments
    assert ("validate" in arguments) == job.whole


def test_threads_are_each_ones_own_unless_one_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    own = contenders.environment_of(Job("epoch", "deep", "keras", 2), Path("runs"))
    one = contenders.environment_of(Job("epoch-one-thread", "deep", "keras", 2), Path("runs"))
    ours = contenders.environment_of(Job("epoch-one-thread", "deep", "dlrun", 2), Path("runs"))
    for environment in (own, ours):
        assert not set(contenders.ONE_THREAD) & set(environment)
    assert contenders.ONE_THREAD.items() <= one.items()
    assert ours["DLRUN_RUNS_DIR"] == "runs"


def test_a_process_says_how_long_it_took_and_what_memory_it_had() -> None:
    done = run_process([sys.executable, "-c", "print('x' * 3)"], os.environ, 60)
    assert done.output.strip() == "xxx"
    assert done.error == ""
    assert done.seconds > 0


def test_the_memory_is_the_processs_own() -> None:
    """Asked in a small process: a forked one counts what its parent has until it begins."""
    code = """
import os, sys
from process import run_process
hungry = run_process([sys.executable, "-c", "x = b'x' * (200 << 20)"], os.environ, 60)
small = run_process([sys.executable, "-c", "pass"], os.environ, 60)
print(hungry.peak_mb is None or (hungry.peak_mb > 200 > 100 > small.peak_mb > 1))
"""
    folder = Path(__file__).parent
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("True", "")


def test_a_failed_process_says_why() -> None:
    done = run_process([sys.executable, "-c", "raise SystemExit('no such thing')"], os.environ, 60)
    assert done.error == "no such thing"
    assert (
        run_process([sys.executable, "-c", "raise SystemExit(3)"], os.environ, 60).error == "exit 3"
    )


def test_a_process_that_does_not_end_is_stopped() -> None:
    done = run_process([sys.executable, "-c", "while True: pass"], os.environ, 0.2)
    assert done.error == "stopped after 0.2 s"


def test_a_plain_script_tells_its_times_in_its_last_line() -> None:
    job = Job("epoch", "deep", "keras", 2)
    assert contenders.read_times(job, "Epoch 1\n[0.5, 0.25]\n", Path()) == (0.5, 0.25)
    with pytest.raises(ValueError, match="1 epochs instead of 2"):
        contenders.read_times(job, "[0.5]\n", Path())
    with pytest.raises(ValueError, match="Expecting value"):
        contenders.read_times(job, "Epoch 1\n", Path())


def test_the_times_of_dlrun_are_those_of_its_history(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "run.json").write_text(json.dumps({"engine": "compiled"}))
    (tmp_path / "a" / "history.csv").write_text("epoch,epoch_seconds\n1,0.5\n2,0.25\n")
    assert contenders.read_times(Job("epoch", "deep", "dlrun", 2), "", tmp_path) == (0.5, 0.25)
    with pytest.raises(ValueError, match=r"the engine was 'compiled', not 'compiled\+xla'"):
        contenders.read_times(Job("epoch", "deep", "dlrun-xla", 2), "", tmp_path)


def test_repeats_are_told_only_when_all_of_them_are_there(tmp_path: Path) -> None:
    job = Job("repeats", "deep", "dlrun", 2)
    for number in range(5):
        with pytest.raises(ValueError, match=f"{number} repeats instead of 5"):
            contenders.read_times(job, "", tmp_path)
        folder = tmp_path / "a" / "repeats" / str(number)
        folder.mkdir(parents=True)
        (folder / "history.csv").touch()
    assert contenders.read_times(job, "", tmp_path) == ()


def test_scripts_in_a_row_take_the_sum_of_their_times(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter((1.0, 2.0, 3.0, 4.0, 5.0))
    monkeypatch.setattr(
        contenders, "run_process", lambda *_: Finished(next(seconds), 500.0, "[0.5]", "")
    )
    done = contenders.measure(Job("repeats", "deep", "keras", 2), 1, Path("data"))
    assert (done.seconds, done.peak_mb, done.error) == (15.0, 500.0, "")


def test_the_plain_scripts_get_the_parts_that_the_config_makes(
    stand_ins: None, tmp_path: Path
) -> None:
    write_arrays(ROOT / "configs" / "credit_logistic.yaml", tmp_path / "credit.npz")
    with np.load(tmp_path / "credit.npz") as arrays:
        shapes = {name: arrays[name].shape for name in arrays}
    assert shapes == {"x_train": (210, 23), "y_train": (210,), "x_test": (90, 23), "y_test": (90,)}


def test_rounds_can_be_chosen() -> None:
    assert run.read_arguments([]).rounds == ROUNDS
    chosen = run.read_arguments(["--rounds", "epoch=5", "growth=0"]).rounds
    assert chosen == {**ROUNDS, "epoch": 5, "growth": 0}
    assert max(run.read_arguments(["--quick"]).rounds.values()) == 1


@pytest.mark.parametrize("word", ["epoch", "epochs=1", "epoch=-1", "epoch=x"])
def test_rounds_that_make_no_sense_are_refused(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run.read_arguments(["--rounds", word])
    assert f"--rounds {word}: expected one of epoch," in capsys.readouterr().err


def test_the_readme_has_a_place_for_the_tables() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "\nnew\n" in report.replace_between(text, "new")
