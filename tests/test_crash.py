"""Real training processes killed by SIGKILL at random instants: nothing is lost, nothing lies.

`make test-crash` kills 201. The instants differ from run to run; a failure names their seed,
which DLRUN_CRASH_SEED takes.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TextIO

import pytest
from typer.testing import CliRunner

from dlrun.cli import main
from dlrun.cli.app import app
from dlrun.runs import Run, find_run, list_runs
from dlrun.runs.checkpoints import read_best, read_last
from dlrun.runs.table import run_row
from tests import zygote

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


@dataclass(frozen=True)
class Command:
    """A dlrun process, and what it writes to its error stream."""

    process: BaseProcess
    told: TextIO


def start(*arguments: object, how: str = "forkserver") -> Command:
    """Starts dlrun anew ("spawn"), or where Keras is imported already ("forkserver")."""
    context: Any = zygote.context() if how == "forkserver" else multiprocessing.get_context(how)
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(
        target=be_dlrun, args=(writer, dict(os.environ), [*map(str, arguments)])
    )
    process.start()
    writer.close()
    return Command(process, os.fdopen(os.dup(reader.fileno()), encoding="utf-8"))


def be_dlrun(writer: Connection, environment: dict[str, str], arguments: list[str]) -> None:
    """What the process does: checkpoints as dense as an hour-long training has them."""
    os.environ.update(environment)
    os.dup2(writer.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    writer.close()
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    sys.argv = ["dlrun", *arguments]
    from dlrun.training import keeping, steps

    keeping.SHARE, keeping.SECONDS, steps.CHUNK_SECONDS = 1e9, 0.02, 0.01
    main()


def end(command: Command) -> tuple[int, str]:
    """Waits for its end; returns its exit code and what it told."""
    told = command.told.read()
    command.told.close()
    command.process.join()
    assert command.process.exitcode is not None
    return command.process.exitcode, told


@dataclass(frozen=True)
class Instant:
    """When to kill: so many seconds after an epoch was told of; 0: after the first line."""

    how: str
    epoch: int
    seconds: float


def any_instant(chance: random.Random, epochs: int) -> Instant:
    """Mostly while it trains; at times while it starts, or when the last epochs are done."""
    kind = chance.random()
    if kind < 0.15:
        return Instant("spawn", 0, chance.uniform(0, 6))
    if kind < 0.75:
        return Instant("forkserver", chance.randint(1, epochs), chance.uniform(0, 0.2))
    return Instant("forkserver", epochs, chance.uniform(0, 2))


def run_until(instant: Instant, *arguments: object) -> bool:
    """Runs dlrun and kills it at an instant; returns whether it was alive then."""
    command = start(*arguments, how=instant.how)
    told = []
    for line in command.told:
        told.append(line)
        done = re.match(r"epoch (\d+)/", line)  # "epoch 14 came after the last checkpoint" is none
        if (int(done[1]) if done else 0) >= instant.epoch:
            break
    command.process.join(instant.seconds)
    command.process.kill()
    exit_code, rest = end(command)
    assert exit_code in (0, -signal.SIGKILL), "".join([*told, rest])
    return exit_code != 0


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
    exit_code, told = end(start(*arguments, "--quiet"))
    assert exit_code == 0, told
    return find_run(str(arguments[1]) if arguments[0] == "resume" else "latest")


def kill_and_resume(path: Path, num_kills: int, chance: random.Random) -> None:
    whole = result(finish("train", path))
    epochs = len(whole["history"]["epoch"])
    known = {run.id for run in list_runs()}
    arguments: tuple[object, ...] = ("train", path)
    killed = 0
    while killed < num_kills:
        killed += run_until(any_instant(chance, epochs), *arguments)
        new = [run for run in list_runs() if run.id not in known]
        arguments = ("train", path)  # unless there is a run to go on with
        for run in new:
            check_readable(run)
            if run.status == "dead":
                arguments = ("resume", run.id)
            else:
                assert result(run) == whole
                known.add(run.id)
    if arguments[0] == "resume":
        resumed = finish(*arguments)
        assert all(entry["exact"] for entry in resumed.info["resumed"])
        assert result(resumed) == whole


def check_case(path: Path, case: str, num_kills: int) -> None:
    seed = os.environ.get("DLRUN_CRASH_SEED") or str(random.SystemRandom().randrange(10**6))
    try:
        kill_and_resume(path, num_kills, random.Random(f"{seed} {case}"))
    except BaseException as error:
        error.add_note(f"DLRUN_CRASH_SEED={seed}")
        raise


@pytest.mark.parametrize(("case", "num_kills"), [*zip(CASES, (4, 3, 3), strict=True)])
def test_a_run_that_was_killed_anywhere_comes_to_the_same_bits(
    write_config: WriteConfig, case: str, num_kills: int
) -> None:
    check_case(write_config("case", dataset=DIGITS, **CASES[case]), case, num_kills)


@pytest.mark.crash
@pytest.mark.parametrize("case", CASES)
def test_so_it_does_after_hundreds_of_kills(write_config: WriteConfig, case: str) -> None:
    check_case(write_config("case", dataset=DIGITS, **CASES[case]), case, 67)
