"""What `make bench-sweep` runs: the plan, the commands, what is read of them, the options."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
import report
import sweep_jobs
import sweep_report
import sweep_run
from many_trials import write_many_trials
from memory import Sample, Watch, peak, take_sample
from process import Finished, run_process
from sweep_jobs import ACTIVATIONS, LEARNING_RATES, QUICK, Amount, SweepJob

from dlrun.files import parse_yaml_value
from dlrun.sweeping import load_sweep

ROOT = Path(__file__).parent.parent.parent


def test_plain_scripts_frame_the_rest_and_workers_change_places() -> None:
    jobs = list(sweep_jobs.plan_sweeps(Amount(), set()))
    names = [job.contender for job in jobs if job.contender not in sweep_jobs.SUMMARIES]
    assert names == [
        *("plain", "plain", "workers-2", "workers-1", "tuner"),
        *("workers-1", "workers-2", "memory", "plain", "plain"),
    ]
    assert [job.number for job in jobs if job.contender == "plain"] == [0, 1, 2, 3]
    assert Counter(job.contender for job in jobs)["summary-all"] == 5


def test_all_plain_scripts_can_be_started_and_kerastuner_left_out() -> None:
    jobs = list(sweep_jobs.plan_sweeps(Amount(plain=32), {"tuner"}))
    assert [job.number for job in jobs if job.contender == "plain"] == list(range(32))
    assert "tuner" not in {job.contender for job in jobs}


def test_all_search_the_same_space() -> None:
    drawn = [sweep_jobs.draw(number) for number in range(32)]
    assert drawn == [sweep_jobs.draw(number) for number in range(32)]
    assert len({rate for rate, _ in drawn}) == 32
    assert all(LEARNING_RATES[0] <= rate <= LEARNING_RATES[1] for rate, _ in drawn)
    assert {activation for _, activation in drawn} == set(ACTIVATIONS)
    command = sweep_jobs.sweep_command(SweepJob("tuner", 6, 5, 1), Path("data"))
    assert command[3:] == ["5", "6", *map(str, LEARNING_RATES), ",".join(ACTIVATIONS)]
    _, parameters = taken("workers-2")
    assert [(one.domain.low, one.domain.high, one.domain.log) for one in parameters[:1]] == [
        (*LEARNING_RATES, True)
    ]
    assert parameters[1].domain.values == ACTIVATIONS


def taken(contender: str) -> tuple[Any, Any]:
    """The sweep that dlrun understands of a contender's command."""
    command = sweep_jobs.sweep_command(SweepJob(contender, 32, 5, 1), Path("data"))
    config, *tokens = command[4:-2]
    definition = load_sweep(Path(config), tokens)
    return definition, definition.parameters


@pytest.mark.parametrize(("contender", "workers"), [("workers-2", 2), ("workers-1", 1)])
def test_the_calls_of_dlrun_are_sweeps_that_it_takes(contender: str, workers: int) -> None:
    definition, _ = taken(contender)
    assert (definition.config.strategy, definition.config.trials) == ("random", 32)
    training = definition.base.config.training
    assert (training.epochs, training.threads, training.batch_size) == (5, 1, 64)
    command = sweep_jobs.sweep_command(SweepJob(contender, 32, 5, 1), Path("data"))
    assert command[-2:] == ["--workers", str(workers)]


@pytest.mark.parametrize("contender", ["plain", "tuner"])
def test_the_scripts_exist_and_are_python(contender: str) -> None:
    _, script, data, epochs, *_ = sweep_jobs.sweep_command(
        SweepJob(contender, 6, 5, 0), Path("data")
    )
    compile(Path(script).read_text(encoding="utf-8"), script, "exec")
    assert (Path(data), epochs) == (Path("data") / "mnist.npz", "5")


def test_trials_of_kerastuner_that_failed_are_no_measurement() -> None:
    job = SweepJob("tuner", 2, 5, 1)
    told = {"seconds": [12.5, 10.0], "val_loss": [0.5, 0.4]}
    assert sweep_jobs.read_trials(job, f"noise\n{json.dumps(told)}\n") == (12.5, 10.0)
    told = {"seconds": [0.002, 0.001], "val_loss": []}
    with pytest.raises(ValueError, match="0 trained trials instead of 2"):
        sweep_jobs.read_trials(job, json.dumps(told))


def make_sweep(runs: Path, *states: str) -> Path:
    folder = runs / "a"
    for number in range(len(states)):
        trial = folder / "trials" / str(number)
        trial.mkdir(parents=True)
        (trial / "history.csv").write_text("epoch,epoch_seconds\n1,0.5\n2,0.25\n")
        (trial / "config.yaml").touch()
        os.utime(trial / "config.yaml", (2000.0 - number, 2000.0 - number))
    (folder / "sweep.json").write_text(json.dumps({"trials": [{"state": s} for s in states]}))
    return folder


def test_a_sweep_tells_its_epochs_and_when_the_first_trial_began(tmp_path: Path) -> None:
    make_sweep(tmp_path, "finished", "finished")
    epochs, began = sweep_jobs.read_sweep(SweepJob("workers-1", 2, 2, 1), tmp_path)
    assert epochs == ((0.5, 0.25), (0.5, 0.25))
    assert began == 1999.0
    with pytest.raises(ValueError, match="trial 0 has 2 epochs instead of 5"):
        sweep_jobs.read_sweep(SweepJob("workers-1", 2, 5, 1), tmp_path)


@pytest.mark.parametrize("state", ["failed", "diverged", "duplicate", "planned"])
def test_a_sweep_with_a_trial_that_was_not_trained_is_no_measurement(
    tmp_path: Path, state: str
) -> None:
    make_sweep(tmp_path, "finished", state)
    with pytest.raises(ValueError, match="1 finished trials instead of 2"):
        sweep_jobs.read_sweep(SweepJob("workers-1", 2, 2, 1), tmp_path)


def test_what_cannot_be_read_is_an_error_of_the_measurement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweep_jobs, "run_process", lambda *_, **__: Finished(9.0, 1.0, "", ""))
    found = sweep_jobs.measure_sweep(SweepJob("tuner", 2, 5, 1), Path("data"))
    assert found.error.startswith("its times cannot be read, IndexError")
    found = sweep_jobs.measure_sweep(SweepJob("workers-1", 2, 5, 1), Path("data"))
    assert found.error.startswith("its times cannot be read, ValueError")


def test_only_the_watched_sweep_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = []

    def stand_in(command: list[str], *_: object, **more: object) -> Finished:
        watched.append(bool(more))
        return Finished(1.0, 1.0, "", "stood in")

    monkeypatch.setattr(sweep_jobs, "run_process", stand_in)
    for name in ("plain", "tuner", "workers-2", "workers-1", "memory"):
        sweep_jobs.measure_sweep(SweepJob(name, 2, 5, 1), Path("data"))
    assert watched == [False, False, False, False, True]


def test_memory_is_that_of_all_processes_below() -> None:
    code = """
import subprocess, sys, time
child = "import time; x = b'x' * (60 << 20); print(flush=True); time.sleep(60)"
for _ in range(2):
    started = subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE)
    started.stdout.readline()
print(flush=True)
time.sleep(60)
"""
    with psutil.Popen([sys.executable, "-c", code], stdout=-1) as process:
        assert process.stdout.readline()
        sample = take_sample(process)
        for one in [*process.children(recursive=True), process]:
            one.kill()
    assert sample.num_processes == 2
    assert sample.rss_mb > 120 > sample.own_mb > 1
    if sys.platform == "linux":
        assert 120 < sample.pss_mb < sample.rss_mb


def test_a_watch_ends_with_its_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("memory.INTERVAL_SECONDS", 0.001)
    watches: list[Watch] = []

    def watch(pid: int) -> Watch:
        watches.append(Watch(pid))
        return watches[0]

    def take_and_note(process: psutil.Process) -> Sample:
        sample = take_sample(process)
        (tmp_path / "taken").touch()
        return sample

    monkeypatch.setattr("memory.take_sample", take_and_note)
    code = "import os, time\nwhile not os.path.exists(TAKEN): time.sleep(0.01)"
    code = code.replace("TAKEN", repr(str(tmp_path / "taken")))
    run_process([sys.executable, "-c", code], os.environ, 60, watch)
    assert not any(thread.name == "watch" for thread in threading.enumerate())
    assert peak(watches[0].samples).own_mb > 1


def test_the_peak_is_of_each_number() -> None:
    samples = [Sample(10.0, 5.0, 3.0, 1), Sample(8.0, 6.0, 2.0, 3), Sample(9.0, None, 1.0, 2)]
    assert peak(samples) == Sample(10.0, 6.0, 3.0, 3)
    assert peak([Sample(1.0)]).pss_mb is None


def test_many_trials_are_a_sweep_that_dlrun_reads(tmp_path: Path) -> None:
    sweep = write_many_trials(ROOT / "configs" / "mnist_deep.yaml", tmp_path, 30)
    assert sweep.status == "finished"
    assert (len(sweep.trials), sweep.info["planned"]) == (30, 30)
    assert sweep.best is not None
    config = sweep.trials[7].config
    rate, activation = sweep.trials[7].values.values()
    assert config["optimizer"]["SGD"]["learning_rate"] == rate
    assert config["model"]["activation"] == activation
    assert len({trial.hash for trial in sweep.trials}) == 30
    assert load_sweep(sweep.path / "sweep.yaml").config.trials == 30


def test_how_much_is_measured_can_be_chosen() -> None:
    assert sweep_run.read_amount([]) == Amount()
    assert sweep_run.read_amount(["--quick"]) == QUICK
    chosen = sweep_run.read_amount(["--plain", "32", "--tuner-trials", "8", "--rounds", "3"])
    assert chosen == Amount(plain=32, tuner=8, rounds=3)


@pytest.mark.parametrize("words", [["--plain", "0"], ["--plain", "33"], ["--tuner-trials", "x"]])
def test_amounts_that_make_no_sense_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        sweep_run.read_amount(words)


def test_trying_it_out_leaves_the_readme_and_a_failure_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = []
    monkeypatch.setattr(sweep_run, "prepare_arrays", lambda folder: True)
    monkeypatch.setattr(sweep_run, "write_raw", lambda *_: ROOT / "runs" / "bench" / "a.json")
    monkeypatch.setattr(sweep_run, "write_readme", lambda *_: written.append(1))
    monkeypatch.setattr(
        sweep_run,
        "measure_sweep",
        lambda job, _: sweep_jobs.SweepMeasurement(job, 1.0, error="stood in"),
    )
    assert sweep_run.main(["--quick"]) == 1
    assert written == []
    shown = capsys.readouterr()
    assert "- KerasTuner `RandomSearch`: stood in" in shown.out or "not installed" in shown.err
    assert sweep_run.main([]) == 1
    assert written == [1]


def test_the_readme_has_a_place_for_the_tables() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    marks = (sweep_report.START, sweep_report.END)
    assert "\nnew\n" in report.replace_between(text, "new", *marks)
    assert "\nnew\n" in report.replace_between(text, "new")


def test_the_range_is_one_that_yaml_reads_as_numbers() -> None:
    command = sweep_jobs.sweep_command(SweepJob("workers-1", 32, 5, 1), Path("data"))
    (token,) = (word for word in command if word.startswith("optimizer.learning_rate="))
    value = parse_yaml_value(token.partition("=")[2])
    assert value == {"log_uniform": list(LEARNING_RATES)}
