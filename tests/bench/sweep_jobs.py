"""What `make bench-sweep` measures: each contender's command, and what it left."""

from __future__ import annotations

import csv
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from contenders import BENCH, CONFIG, DATA, environment_of
from many_trials import write_many_trials
from memory import Sample, Watch, peak
from plan import Job
from process import run_process

TRIALS, EPOCHS = 32, 5
PLAIN_STARTS, TUNER_TRIALS, ROUNDS = 4, 6, 2
SUMMARY_TRIALS, SUMMARY_ROUNDS = 1000, 5
LEARNING_RATES = (0.003, 0.1)
"""Least and most, its logarithm evenly distributed; none of them makes this net diverge."""
ACTIVATIONS = ("relu", "tanh", "sigmoid")
TIMEOUT = 3600.0

WORKERS = {"workers-2": 2, "workers-1": 1, "memory": 2}
"""Contenders that are `dlrun sweep`; the last one is watched, which slows it, and not timed."""
SUMMARIES = ("summary", "summary-all")


@dataclass(frozen=True)
class SweepJob:
    """One process to measure.

    Attributes:
        contender: plain, tuner, one of `WORKERS` or of `SUMMARIES`.
        trials: How many it trains; of a summary, how many it reads.
        epochs: Of a trial.
        number: Of a plain script: which trial it is, from 0; else the round, from 1.
    """

    contender: str
    trials: int
    epochs: int
    number: int


@dataclass(frozen=True)
class SweepMeasurement:
    """What a job took.

    Attributes:
        job: What was done.
        seconds: Wall time of the process.
        trial_seconds: Of KerasTuner, of every trial.
        startup_seconds: Of dlrun, until the first trial's folder was made.
        epoch_seconds: Of dlrun, of every epoch of every trial, by its own record.
        memory: The peaks, of the job that is watched.
        error: Why it failed; empty if it did not.
    """

    job: SweepJob
    seconds: float = 0.0
    trial_seconds: tuple[float, ...] = ()
    startup_seconds: float | None = None
    epoch_seconds: tuple[tuple[float, ...], ...] = ()
    memory: Sample | None = None
    error: str = ""


@dataclass(frozen=True)
class Amount:
    """How much is measured.

    Attributes:
        trials: Of the sweep that all are compared by.
        epochs: Of a trial.
        plain: How many plain scripts are started.
        tuner: How many trials KerasTuner does.
        rounds: Of both timed sweeps of dlrun.
        summaries: How often each summary is timed.
    """

    trials: int = TRIALS
    epochs: int = EPOCHS
    plain: int = PLAIN_STARTS
    tuner: int = TUNER_TRIALS
    rounds: int = ROUNDS
    summaries: int = SUMMARY_ROUNDS


QUICK = Amount(trials=4, epochs=2, plain=2, tuner=2, rounds=1, summaries=1)


def not_installed() -> set[str]:
    """Returns the contenders that need a package which is not there."""
    needed = ("keras_tuner", "tensorboard")  # without the second, every trial of the first fails
    return {"tuner"} if any(find_spec(name) is None for name in needed) else set()


def plan_sweeps(amount: Amount, missing: set[str]) -> Iterator[SweepJob]:
    """Yields the jobs in the order to run: half of the plain scripts first, half last.

    dlrun's two sweeps change places every other round; KerasTuner runs between the rounds.
    """
    before = (amount.plain + 1) // 2
    for number in range(before):
        yield SweepJob("plain", 1, amount.epochs, number)
    for number in range(1, amount.rounds + 1):
        names = ("workers-2", "workers-1")
        for name in names if number % 2 else names[::-1]:
            yield SweepJob(name, amount.trials, amount.epochs, number)
        if number == 1 and "tuner" not in missing:
            yield SweepJob("tuner", amount.tuner, amount.epochs, 1)
    yield SweepJob("memory", amount.trials, amount.epochs, 1)
    for number in range(1, amount.summaries + 1):
        for name in SUMMARIES:
            yield SweepJob(name, SUMMARY_TRIALS, amount.epochs, number)
    for number in range(before, amount.plain):
        yield SweepJob("plain", 1, amount.epochs, number)


def draw(number: int) -> tuple[float, str]:
    """Returns the learning rate and the activation of a plain script, the same in every run."""
    rng = random.Random(number)
    low, high = LEARNING_RATES
    return float(f"{low * (high / low) ** rng.random():.6g}"), rng.choice(ACTIVATIONS)


def sweep_command(job: SweepJob, data: Path) -> list[str]:
    """Returns what a user would type, with this Python.

    Args:
        job: What to do.
        data: The folder with the arrays that plain scripts read.
    """
    arrays, low, high = str(data / DATA["deep"]), *map(str, LEARNING_RATES)
    if job.contender == "plain":
        drawn = map(str, draw(job.number))
        return [sys.executable, _plain("keras_sweep.py"), arrays, str(job.epochs), *drawn]
    if job.contender == "tuner":
        counts = [str(job.epochs), str(job.trials)]
        space = [low, high, ",".join(ACTIVATIONS)]
        return [sys.executable, _plain("tuner_sweep.py"), arrays, *counts, *space]
    if job.contender in SUMMARIES:
        more = ["--limit", "0"] if job.contender == "summary-all" else []
        return [sys.executable, "-m", "dlrun", "summary", "latest", *more]
    return [
        *(sys.executable, "-m", "dlrun", "sweep", str(CONFIG["deep"])),
        f"optimizer.learning_rate={{log_uniform: [{low}, {high}]}}",
        f"model.activation={','.join(ACTIVATIONS)}",
        *("strategy=random", f"trials={job.trials}"),
        *(f"training.epochs={job.epochs}", "training.threads=1"),
        *("--workers", str(WORKERS[job.contender])),
    ]


def _plain(name: str) -> str:
    return str(BENCH / "plain" / name)


def measure_sweep(job: SweepJob, data: Path) -> SweepMeasurement:
    """Runs a job; a failure is part of what is returned."""
    watches: list[Watch] = []

    def watch(pid: int) -> Watch:
        watches.append(Watch(pid))
        return watches[0]

    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        if job.contender in SUMMARIES:
            write_many_trials(CONFIG["deep"], runs, job.trials)
        environment = environment_of(Job("whole", "deep", "keras", job.epochs), runs)
        started = time.time()
        watching = {"watch": watch} if job.contender == "memory" else {}
        done = run_process(sweep_command(job, data), environment, TIMEOUT, **watching)
        result = SweepMeasurement(job, done.seconds, error=done.error)
        if done.error:
            return result
        try:
            if job.contender == "tuner":
                return replace(result, trial_seconds=read_trials(job, done.output))
            if job.contender in WORKERS:
                epochs, first = read_sweep(job, runs)
                result = replace(result, startup_seconds=first - started, epoch_seconds=epochs)
        except (OSError, ValueError, KeyError, IndexError) as problem:
            text = f"its times cannot be read, {type(problem).__name__}: {problem}"
            return replace(result, error=text)
    samples = watches[0].samples if watches else []
    return replace(result, memory=peak(samples)) if samples else result


def read_trials(job: SweepJob, output: str) -> tuple[float, ...]:
    """Returns the seconds of every trial of KerasTuner, once all of them are seen to be trained.

    Raises:
        ValueError, KeyError, IndexError: they are not there as expected.
    """
    told = json.loads(output.splitlines()[-1])
    if len(told["val_loss"]) != job.trials or len(told["seconds"]) != job.trials:
        raise ValueError(f"{len(told['val_loss'])} trained trials instead of {job.trials}")
    return tuple(float(value) for value in told["seconds"])


def read_sweep(job: SweepJob, runs: Path) -> tuple[tuple[tuple[float, ...], ...], float]:
    """Returns the seconds of every epoch of every trial, and when the first trial began.

    Args:
        job: What was done.
        runs: The folder that holds the only sweep.

    Raises:
        OSError, ValueError, KeyError: not all of it is there, or a trial was not trained.
    """
    (path,) = runs.glob("*/sweep.json")
    trials = json.loads(path.read_text(encoding="utf-8"))["trials"]
    finished = sum(trial["state"] == "finished" for trial in trials)
    if finished != job.trials:
        raise ValueError(f"{finished} finished trials instead of {job.trials}")
    epochs, began = [], []
    for number in range(job.trials):
        folder = path.parent / "trials" / str(number)
        with (folder / "history.csv").open(encoding="utf-8", newline="") as stream:
            times = tuple(float(row["epoch_seconds"]) for row in csv.DictReader(stream))
        if len(times) != job.epochs:
            raise ValueError(f"trial {number} has {len(times)} epochs instead of {job.epochs}")
        epochs.append(times)
        # Written as a run's folder is made, and never again; run.json tells whole seconds.
        began.append((folder / "config.yaml").stat().st_mtime)
    return tuple(epochs), min(began)
