"""How each contender is started, and where it says how long its epochs took."""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from plan import PLAIN, Job, Measurement
from process import run_process

BENCH = Path(__file__).parent
CONFIGS = BENCH.parent.parent / "configs"
TIMEOUT = 900.0

DATA = {"softmax": "mnist.npz", "deep": "mnist.npz", "logistic": "credit.npz"}
CONFIG = {
    "softmax": CONFIGS / "mnist_softmax.yaml",
    "deep": CONFIGS / "mnist_deep.yaml",
    "logistic": CONFIGS / "credit_logistic.yaml",
    "moons": BENCH / "growth.yaml",
}
NO_VALIDATION = {  # the same training rows as with it
    "softmax": "dataset.split={validation: none, test: none}",
    "deep": "dataset.split={validation: none, test: none}",
    "logistic": "dataset.split={train: 0.7, validation: none, test: 0.3}",
}
SCRIPTS = {"sklearn": "sklearn_mlp.py", "torch": "torch_loop.py", "lightning": "lightning_fit.py"}

_THREAD_VARIABLES = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
ONE_THREAD = dict.fromkeys(_THREAD_VARIABLES, "1")


def not_installed() -> set[str]:
    """Returns the contenders that need a package which is not there."""
    return {name for name in ("torch", "lightning") if find_spec(name) is None}


def command_of(job: Job, data: Path) -> list[str]:
    """Returns what a user would type, with this Python.

    Args:
        job: What to train.
        data: The folder with the arrays that plain scripts read.
    """
    if job.contender not in PLAIN:
        return [sys.executable, "-m", "dlrun", "train", str(CONFIG[job.net]), *_overrides(job)]
    arguments = [str(data / DATA[job.net])]
    if job.contender == "keras":
        script = f"keras_{job.net}.py"
        arguments += [str(job.epochs), *(["validate"] if job.whole else [])]
    else:
        script = SCRIPTS[job.contender]
        arguments += [job.net, str(job.epochs)]
    return [sys.executable, str(BENCH / "plain" / script), *arguments]


def _overrides(job: Job) -> list[str]:
    overrides = [f"training.epochs={job.epochs}"]
    if job.net in NO_VALIDATION and not job.whole:
        overrides.append(NO_VALIDATION[job.net])
    if job.rows:
        overrides.append(f"dataset.options.num_samples={job.rows}")
    if not job.whole and job.contender != "dlrun-curves":
        overrides.append("training.train_eval=off")  # the others do not measure training rows
    if job.repeats > 1:
        overrides.append(f"repeat={job.repeats}")
    if job.contender == "dlrun-xla":
        overrides.append("training.jit_compile=true")
    if job.one_thread:
        overrides.append("training.threads=1")
    return overrides


def environment_of(job: Job, runs: Path) -> dict[str, str]:
    """Returns this process's environment, its settings of threads replaced by the job's."""
    environment = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
    environment |= {"KERAS_BACKEND": "tensorflow", "DLRUN_RUNS_DIR": str(runs)}
    if job.one_thread and job.contender in PLAIN:  # dlrun has a key for it
        environment |= ONE_THREAD
    return environment


def measure(job: Job, number: int, data: Path) -> Measurement:
    """Runs a job in its round; a failure is part of what is returned."""
    if job.repeats > 1 and job.contender in PLAIN:
        return _measure_in_a_row(job, number, data)
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        done = run_process(command_of(job, data), environment_of(job, runs), TIMEOUT)
        seconds, error = (), done.error
        if not error:
            try:
                seconds = read_times(job, done.output, runs)
            except (OSError, ValueError, KeyError, IndexError) as problem:
                error = f"its times cannot be read, {type(problem).__name__}: {problem}"
    return Measurement(job, number, done.seconds, seconds, done.peak_mb, error)


def _measure_in_a_row(job: Job, number: int, data: Path) -> Measurement:
    command, environment = command_of(job, data), environment_of(job, data)
    done = [run_process(command, environment, TIMEOUT) for _ in range(job.repeats)]
    peaks = [process.peak_mb for process in done if process.peak_mb is not None]
    error = next((process.error for process in done if process.error), "")
    seconds = sum(process.seconds for process in done)
    return Measurement(job, number, seconds, (), max(peaks, default=None), error)


def read_times(job: Job, output: str, runs: Path) -> tuple[float, ...]:
    """Returns the seconds of every epoch; of repeats none, once all of them are seen to be there.

    Args:
        job: What was trained.
        output: A plain script's stdout, whose last line is a JSON list.
        runs: The folder that holds dlrun's only run.

    Raises:
        OSError, ValueError, KeyError, IndexError: they are not there as expected.
    """
    if job.repeats > 1:
        members = [*runs.glob("*/repeats/*/history.csv")]
        if len(members) != job.repeats:
            raise ValueError(f"{len(members)} repeats instead of {job.repeats}")
        return ()
    if job.contender in PLAIN:
        times = json.loads(output.splitlines()[-1])
    else:
        (run,) = (path.parent for path in runs.glob("*/run.json"))
        engine = json.loads((run / "run.json").read_text(encoding="utf-8"))["engine"]
        if job.contender == "dlrun-xla" and engine != "compiled+xla":
            raise ValueError(f"the engine was {engine!r}, not 'compiled+xla'")
        with (run / "history.csv").open(encoding="utf-8", newline="") as stream:
            times = [row["epoch_seconds"] for row in csv.DictReader(stream)]
    if len(times) != job.epochs:
        raise ValueError(f"{len(times)} epochs instead of {job.epochs}")
    return tuple(float(value) for value in times)
