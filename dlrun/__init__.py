"""Train small and medium Keras models from one YAML file, and trust the numbers.

    import dlrun
    run = dlrun.train("configs/digits_deep.yaml", {"training.epochs": 5})
    run.history          # a pandas table, one row an epoch
    run.metrics["best"]
    run.model()          # the trained Keras model

    dlrun.resume("latest", more_epochs=5)
    dlrun.reproduce("latest").verdict
    dlrun.load_run("latest")
    dlrun.compare([run, other])
    dlrun.export(run, "onnx")

The command line calls the same functions. Importing the package loads nothing heavy;
`train` loads TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.errors import DlrunError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from dlrun.evaluation.compare import Comparison
    from dlrun.evaluation.diagnose import Diagnosis
    from dlrun.events import Report
    from dlrun.exporting import Exported
    from dlrun.likeness import Reproduction
    from dlrun.predicting.samples import Predictions
    from dlrun.runs import Run, Sweep
    from dlrun.testing import TestLook

__version__ = "0.1.0"

__all__ = [
    "DlrunError",
    "compare",
    "diagnose",
    "export",
    "load_run",
    "load_sweep",
    "predict",
    "reproduce",
    "resume",
    "sweep",
    "test",
    "train",
]


def train(
    config: str | Path,
    overrides: Mapping[str, Any] | Sequence[str] = (),
    *,
    note: str | None = None,
    report: Report | None = None,
    runs_dir: str | Path | None = None,
    command: Sequence[str] = (),
    callbacks: Sequence[Any] = (),
) -> Run:
    """Trains a config from fresh weights and returns the run.

    Sets the global random seeds of Keras, NumPy and Python to the config's seed.

    Args:
        config: Path of a YAML config.
        overrides: `{"training.epochs": 5}`, or `["training.epochs=5"]` as on the command line.
        note: A word on this run, in place of the config's.
        report: Called with every `dlrun.events` event; nothing is printed without it.
        runs_dir: Where the run's folder is made; default DLRUN_RUNS_DIR, else `runs`.
        command: What was typed, for the run's record.
        callbacks: Keras callbacks of your own, called after those of the config. One that
            remembers something from epoch to epoch has `get_state()` and `set_state(state)`,
            so that a run can be resumed exactly.

    Raises:
        DlrunError: the config, the data or the model cannot work, or training failed.
        dlrun.stopping.Stopped: Ctrl-C or SIGTERM; a KeyboardInterrupt. `resume` goes on.
    """
    import dataclasses
    from pathlib import Path

    from dlrun.config import load_config, override_texts
    from dlrun.prepare import prepare_loaded

    loaded = load_config(Path(config), overrides)  # first: a typo is told before the rest is loaded
    if note is not None:
        loaded = dataclasses.replace(loaded, config=dataclasses.replace(loaded.config, note=note))
    if loaded.config.has_members:
        from dlrun.members import refuse_callbacks, train_members

        refuse_callbacks(loaded.config, callbacks)
        return train_members(
            loaded,
            source=str(config),
            report=report,
            runs_dir=_path(runs_dir),
            command=command,
            overrides=override_texts(overrides),
        )
    data, listen = prepare_loaded(loaded, str(config), report)

    from dlrun.experiment import run_experiment

    return run_experiment(
        data,
        report=listen,
        runs_dir=_path(runs_dir),
        command=command,
        overrides=override_texts(overrides),
        callbacks=callbacks,
    )


def sweep(
    config: str | Path,
    search: Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
    *,
    workers: int | None = None,
    retry_failed: bool = False,
    fail_fast: bool = False,
    report: Report | None = None,
    runs_dir: str | Path | None = None,
    command: Sequence[str] = (),
    **settings: Any,
) -> Sweep:
    """Trains many variants of a config, or what is missing of them, and returns the sweep.

    The same call again does only what is missing, and nothing where nothing is.

    Args:
        config: Path of a sweep's YAML file, or of a config.
        search: What to try by key, `{"optimizer.learning_rate": [0.1, 0.01]}`, as a sweep's file
            has it; for a config. A sweep's file has its own, which this adds to.
        overrides: As on the command line: `model.activation=relu,tanh` searches a key,
            `training.epochs=5` changes all trials.
        workers: How many trials run at a time; None: one for each core, or for each group of
            cores that a trial's threads take.
        retry_failed: Whether trials that failed in an earlier call are tried again.
        fail_fast: Whether the first trial that fails ends the sweep; else the others go on.
        report: Called with every `dlrun.events` event; nothing is printed without it.
        runs_dir: Where the sweep's folder is made; default DLRUN_RUNS_DIR, else `runs`.
        command: What was typed, for the sweep's record.
        **settings: Keys of a sweep's file, such as `strategy="random", trials=20`.

    Raises:
        DlrunError: a config, the data or every model cannot work. Trials that fail are no error:
            they have a `state` and a `reason`.
        dlrun.stopping.Stopped: Ctrl-C or SIGTERM; a KeyboardInterrupt. The same call goes on.
    """
    from pathlib import Path

    from dlrun.events import ignore
    from dlrun.sweeping import load_sweep
    from dlrun.sweeping.driving import run_sweep

    return run_sweep(
        load_sweep(Path(config), overrides, search=search, settings=settings),
        workers=workers,
        retry_failed=retry_failed,
        fail_fast=fail_fast,
        report=report or ignore,
        runs_dir=_path(runs_dir),
        command=command,
    )


def resume(
    run: str | Path | Run | Sweep = "latest",
    overrides: Mapping[str, Any] | Sequence[str] = (),
    *,
    more_epochs: int | None = None,
    into: str | None = None,
    workers: int | None = None,
    retry_failed: bool = False,
    fail_fast: bool = False,
    report: Report | None = None,
    runs_dir: str | Path | None = None,
    callbacks: Sequence[Any] = (),
) -> Run | Sweep:
    """Goes on with a run that was interrupted, or extends one, or with a sweep; returns it.

    On one machine the result is, to the last bit, that of a run that never stopped; where it
    is not, the report and `run.json` say why.

    Args:
        run: A run or sweep, its path, id, unique prefix of an id, or `latest`.
        overrides: Changes to its config; those that would make another run are refused. A sweep's
            plan is frozen, and takes none.
        more_epochs: Added to the epochs that were planned.
        into: Name of a new folder to go on in; the run then stays as it is.
        workers: Of a sweep, as of `sweep`.
        retry_failed: Likewise.
        fail_fast: Likewise.
        report: Called with every `dlrun.events` event; nothing is printed without it.
        runs_dir: The folder of runs; default DLRUN_RUNS_DIR, else `runs`.
        callbacks: Those that `train` was given.

    Raises:
        DlrunError: the run cannot go on so, or training failed.
        dlrun.stopping.Stopped: Ctrl-C or SIGTERM; a KeyboardInterrupt.
    """
    from dlrun.resuming import resume_any

    return resume_any(
        run,
        overrides,
        more_epochs=more_epochs,
        into=into,
        workers=workers,
        retry_failed=retry_failed,
        fail_fast=fail_fast,
        report=report,
        runs_dir=_path(runs_dir),
        callbacks=callbacks,
    )


def reproduce(
    run: str | Path | Run = "latest",
    *,
    member: int | None = None,
    report: Report | None = None,
    runs_dir: str | Path | None = None,
    command: Sequence[str] = (),
) -> Reproduction:
    """Trains a recorded run's config anew and says whether the numbers came out alike.

    Of a run that did not finish, its finished epochs are repeated. Data that are not the
    recorded ones are told before anything is trained. The new run stays, as evidence.

    Args:
        run: A run, its path, id, unique prefix of an id, or `latest`; it is only read.
        member: Which repeat or fold, counted from 0, of a run that has some.
        report: Called with every `dlrun.events` event; nothing is printed without it.
        runs_dir: Where the new run's folder is made; default DLRUN_RUNS_DIR, else `runs`.
        command: What was typed, for the new run's record.

    Raises:
        RunError: there is no such run, it cannot be read, runs still, or finished no epoch.
        DlrunError: its data cannot be had, or its training failed.
        dlrun.stopping.Stopped: Ctrl-C or SIGTERM; a KeyboardInterrupt.
    """
    from dlrun.events import ignore
    from dlrun.reproduction import reproduce as repeat
    from dlrun.runs import Run, single_run

    found = single_run(Run(_find(run, runs_dir).path), member)  # read anew
    return repeat(found, report=report or ignore, runs_dir=_path(runs_dir), command=command)


def compare(
    runs: Sequence[str | Path | Run],
    *,
    metric: str | None = None,
    runs_dir: str | Path | None = None,
) -> Comparison:
    """Compares runs with the first of them: better, worse or not distinguishable, and how sure.

    Args:
        runs: Two or more: runs, their paths, ids, unique prefixes of ids, or `latest`.
        metric: What to judge by; None: validation accuracy where all have it, else the loss.
        runs_dir: The folder of runs; default DLRUN_RUNS_DIR, else `runs`.

    Raises:
        RunError: one of them cannot be read or has no result, or they share no such metric.
    """
    from dlrun.evaluation.compare import compare as compare_sides

    return compare_sides([_find(run, runs_dir) for run in runs], metric)


def diagnose(
    run: str | Path | Run = "latest",
    *,
    member: int | None = None,
    runs_dir: str | Path | None = None,
) -> Diagnosis:
    """Says in words what a run's curves mean, by which numbers, and one thing to try next.

    Args:
        run: A run, its path, id, unique prefix of an id, or `latest`.
        member: Which of a run's repeats or folds, from 0; None: all of them together.
        runs_dir: The folder of runs; default DLRUN_RUNS_DIR, else `runs`.

    Raises:
        RunError: no epoch was finished, or the folder cannot be read.
    """
    from dlrun.evaluation.diagnose import diagnose as diagnose_run
    from dlrun.runs import single_run

    found = _find(run, runs_dir)
    return diagnose_run(found if member is None else single_run(found, member))


def predict(
    run: str | Path | Run,
    inputs: str | Path | Sequence[str | Path],
    *,
    labels: str | None = None,
    page: bool | None = None,
    without: Sequence[str] = (),
    steps: bool = False,
    member: int | None = None,
    stdin: bytes | None = None,
    report: Report | None = None,
    runs_dir: str | Path | None = None,
) -> Predictions:
    """Predicts images or tables by a run's kept model, and keeps it in the run's folder.

    For arrays in memory there is `run.predict(x)`.

    Args:
        run: A run, its id or path, or "latest".
        inputs: Images, tables (CSV, Parquet, .npz), folders or patterns.
        labels: A CSV file `path,label`, labels in reading order such as "0123", or the column of
            a table; None: from file names, folders and a `labels.csv` in them.
        page: Whether pictures are pages of many figures; None: as each one looks.
        without: Steps of the preparation to leave out, of `dlrun.images.preparation.STEPS`.
        steps: Whether each image's preparation is drawn.
        member: Which of a run's repeats or folds, from 0.
        stdin: What the input `-` stands for: an image, or a CSV table.
        report: Called with every `dlrun.events` event; nothing is printed without it.
        runs_dir: The folder of runs; default DLRUN_RUNS_DIR, else `runs`.

    Raises:
        RunError: there is no such run, or it has no model.
        InputError: nothing to predict, or a label that is no class. A single input that cannot
            be predicted is a sample with its `error`.
    """
    from pathlib import Path

    from dlrun.events import ignore
    from dlrun.predicting.predict import Asked, predict_inputs
    from dlrun.predicting.recipe import recipe_of
    from dlrun.runs import single_run

    names = [inputs] if isinstance(inputs, str | Path) else inputs
    found = predict_inputs(
        single_run(_find(run, runs_dir), member),
        [str(name) for name in names],
        Asked(labels, page, tuple(without)),
        stdin=stdin,
        report=report or ignore,
    )
    if found.prepared:
        from dlrun.predicting.drawing import draw_predictions

        draw_predictions(found, recipe_of(found.run).looks, steps=steps)
    return found


def test(
    run: str | Path | Run = "latest",
    *,
    dataset: str | None = None,
    member: int | None = None,
    report: Report | None = None,
    runs_dir: str | Path | None = None,
) -> TestLook:
    """Evaluates a run's kept model on test rows; every look at them is dated and counted.

    Args:
        run: A run, its path, id, unique prefix of an id, or `latest`.
        dataset: Name of another data set, or path of an .npz file, to look at instead.
        member: Which of a run's repeats or folds, from 0.
        report: Called with every `dlrun.events` event; nothing is printed without it.
        runs_dir: The folder of runs; default DLRUN_RUNS_DIR, else `runs`.

    Raises:
        DlrunError: the run has no model or no test rows, or the other data do not fit.
    """
    from dlrun.events import ignore
    from dlrun.runs import single_run
    from dlrun.testing import look_at_test

    found = single_run(_find(run, runs_dir), member)
    return look_at_test(found, dataset, report or ignore)


def export(
    run: str | Path | Run,
    to: str,
    output: str | Path | None = None,
    *,
    member: int | None = None,
    report: Report | None = None,
    runs_dir: str | Path | None = None,
) -> Exported:
    """Writes a run's kept model for others, or the plain script that trains it, and checks it.

    The model takes rows as the data set has them: the run's scaling is inside.

    Args:
        run: A run, its path, id, unique prefix of an id, or `latest`.
        to: "keras", "savedmodel", "onnx", "tflite" or "python".
        output: Of what is written; None: `exports/` in the run's folder.
        member: Which of a run's repeats or folds, from 0.
        report: Called with every `dlrun.events` event; nothing is printed without it.
        runs_dir: The folder of runs; default DLRUN_RUNS_DIR, else `runs`.

    Raises:
        DlrunError: it cannot be written so, or gives something else than the run
            (`dlrun.errors.CheckError`; then what was written is kept).
    """
    from dlrun.events import ignore
    from dlrun.exporting import export_run
    from dlrun.runs import single_run

    found = single_run(_find(run, runs_dir), member)
    return export_run(found, to, _path(output), report or ignore)


def load_run(name: str | Path = "latest", *, runs_dir: str | Path | None = None) -> Run:
    """Returns a run by path, id, unique prefix of an id, or `latest`.

    Raises:
        RunError: no run, or several, answer to the name.
    """
    from dlrun.runs import find_run

    return find_run(str(name), _path(runs_dir))


def load_sweep(name: str | Path = "latest", *, runs_dir: str | Path | None = None) -> Sweep:
    """Returns a sweep by path, id, unique prefix of an id, or `latest`.

    Raises:
        RunError: no sweep, or several, answer to the name.
    """
    from dlrun.runs import find_sweep

    return find_sweep(str(name), _path(runs_dir))


def _find(run: str | Path | Run, runs_dir: str | Path | None) -> Run:
    from dlrun.runs import Run

    return run if isinstance(run, Run) else load_run(run, runs_dir=runs_dir)


def _path(given: str | Path | None) -> Path | None:
    from pathlib import Path

    return None if given is None else Path(given)
