"""Real training processes killed by SIGKILL at random instants: nothing is lost, nothing lies.

`make test-crash` kills 201. The instants differ from run to run; a failure names their seed,
which DLRUN_CRASH_SEED takes.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dlrun.cli.app import app
from dlrun.runs import Run, list_runs
from dlrun.runs.checkpoints import read_best, read_last
from dlrun.runs.table import run_row

WriteConfig = Callable[..., Path]

SCHEDULE = "{ExponentialDecay: {initial_learning_rate: 0.05, decay_steps: 300, decay_rate: 0.9}}"
CALLBACKS = (
    "[{ReduceLROnPlateau: {monitor: val_loss, patience: 2, min_delta: 0.02}}, "
    "{EarlyStopping: {monitor: val_loss, patience: 9, min_delta: 0.01}}]"
)
DIGITS = "{name: digits, split: {train: 0.8, validation: 0.1, test: 0.1}}"
LAST = "Dense: {units: 10, activation: softmax}"
CASES = {
    "momentum and schedule": {
        "model": f"{{activation: tanh, layers: [Dense: 30, {LAST}]}}",
        "optimizer": f"{{SGD: {{learning_rate: {SCHEDULE}, momentum: 0.9}}}}",
        "training": "{epochs: 40, batch_size: 8}",
    },
    "dropout, early stopping and plateau": {
        "model": f"{{activation: relu, layers: [Dense: 30, Dropout: 0.3, {LAST}]}}",
        "optimizer": "{Adam: {learning_rate: 0.01}}",
        "training": f"{{epochs: 60, batch_size: 8, callbacks: {CALLBACKS}}}",
    },
    "convolution, batch normalization and augmentation": {
        "model": "{activation: relu, layers: [RandomTranslation: {height_factor: 0.1, "
        "width_factor: 0.1}, RandomRotation: 0.1, Conv2D: {filters: 4, kernel_size: 3}, "
        f"BatchNormalization, MaxPooling2D, Flatten, {LAST}]}}",
        "optimizer": "{Adam: {}}",
        "training": "{epochs: 10, batch_size: 32}",
    },
}

# Checkpoints as dense as an hour-long training has them in relation to its length.
DLRUN = """
import sys
from dlrun.training import keeping, steps
keeping.SHARE, keeping.SECONDS, steps.CHUNK_SECONDS = 1e9, 0.02, 0.01
from dlrun.cli import main
sys.argv[0] = "dlrun"
main()
"""


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DLRUN, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def run_until(process: subprocess.Popen[str], epoch: int, seconds: float) -> int:
    """Kills a process so many seconds after it told of an epoch; returns its exit code.

    Epoch 0 stands for the first line that it writes.
    """
    assert process.stderr is not None
    told = []
    for line in process.stderr:
        told.append(line)
        if not epoch or (line.startswith("epoch ") and int(line[6:].split("/")[0]) >= epoch):
            break
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    told.append(process.stderr.read())
    process.wait()
    process.stderr.close()
    assert process.returncode in (0, -signal.SIGKILL), "".join(told)
    return process.returncode


def kill_somewhere(process: subprocess.Popen[str], chance: random.Random, epochs: int) -> int:
    """Mostly while it trains; at times while it starts, or when the last epochs are done."""
    kind = chance.random()
    if kind < 0.15:
        return run_until(process, 0, chance.uniform(0, 6))
    if kind < 0.75:
        return run_until(process, chance.randint(1, epochs), chance.uniform(0, 0.2))
    return run_until(process, epochs, chance.uniform(0, 2))


def check_readable(run: Run) -> None:
    assert run.status in ("dead", "finished")
    row = run_row(run)
    assert row["status"] == run.status
    assert run.config.name == "case"
    for arguments in (["summary"], ["summary", run.id], ["summary", "--json"]):
        shown = CliRunner().invoke(app, arguments)
        assert shown.exit_code == 0, shown.output
        assert run.id in shown.stdout
    state = read_last(run)
    if state is not None:
        read_best(run, state.best_epoch)
    if row["epochs"]:
        assert run.read_history()["epoch"] == list(range(1, row["epochs"] + 1))


def result(run: Run) -> dict[str, Any]:
    """All that must come out the same, times aside."""
    assert run.status == "finished"
    history = {name: v for name, v in run.read_history().items() if name != "epoch_seconds"}
    state = read_last(run)
    assert state is not None
    return {
        "history": history,
        "metrics": run.metrics,
        "hashes": run.info["hashes"],
        "variables": [array.tobytes() for array in state.variables],
        "predictions": run.predictions("validation")["outputs"].tobytes(),
    }


def finish(*arguments: object) -> Run:
    process = start(*arguments, "--quiet")
    _, told = process.communicate()
    assert process.returncode == 0, told
    return list_runs()[0]


def kill_and_resume(path: Path, num_kills: int, chance: random.Random) -> None:
    whole = result(finish("train", path))
    epochs = len(whole["history"]["epoch"])
    process, killed = start("train", path), 0
    before = {run.id for run in list_runs()}
    while killed < num_kills:
        exit_code = kill_somewhere(process, chance, epochs)
        killed += exit_code != 0
        new = [run for run in list_runs() if run.id not in before]
        for run in new:
            check_readable(run)
        if not new:
            process = start("train", path)
        elif new[0].status == "dead":
            process = start("resume", new[0].id)
        else:
            assert result(new[0]) == whole
            before = {run.id for run in list_runs()}
            process = start("train", path)
    process.kill()
    process.communicate()
    time.sleep(0.05)
    new = [run for run in list_runs() if run.id not in before]
    if new and new[0].status == "dead":
        resumed = finish("resume", new[0].id)
        assert all(entry["exact"] for entry in resumed.info["resumed"])
        assert result(resumed) == whole


def check_case(path: Path, case: str, num_kills: int) -> None:
    seed = os.environ.get("DLRUN_CRASH_SEED") or str(random.SystemRandom().randrange(10**6))
    try:
        kill_and_resume(path, num_kills, random.Random(f"{seed} {case}"))
    except BaseException as error:
        error.add_note(f"DLRUN_CRASH_SEED={seed}")
        raise


@pytest.mark.parametrize(
    ("case", "num_kills"),
    [
        pytest.param(case, 2, marks=[] if case.startswith("convolution") else [pytest.mark.slow])
        for case in CASES
    ],
)
def test_a_run_that_was_killed_anywhere_comes_to_the_same_bits(
    write_config: WriteConfig, case: str, num_kills: int
) -> None:
    check_case(write_config("case", dataset=DIGITS, **CASES[case]), case, num_kills)


@pytest.mark.crash
@pytest.mark.parametrize("case", CASES)
def test_so_it_does_after_hundreds_of_kills(write_config: WriteConfig, case: str) -> None:
    check_case(write_config("case", dataset=DIGITS, **CASES[case]), case, 67)
