"""Train small and medium Keras models from one YAML file, and trust the numbers.

    import dlrun
    run = dlrun.train("configs/digits_deep.yaml", {"training.epochs": 5})
    run.history          # a pandas table, one row an epoch
    run.metrics["best"]
    run.model()          # the trained Keras model

    dlrun.load_run("latest")

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

    from dlrun.events import Report
    from dlrun.runs import Run

__version__ = "0.1.0"

__all__ = ["DlrunError", "load_run", "train"]


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
        callbacks: Keras callbacks of your own, called after those of the config.

    Raises:
        DlrunError: the config, the data or the model cannot work, or training failed.
    """
    import dataclasses
    from pathlib import Path

    from dlrun.config import load_config, override_texts

    loaded = load_config(Path(config), overrides)  # first: a typo is told before the rest is loaded

    from dlrun.events import Message, ignore
    from dlrun.prepare import prepare_data

    listen = report or ignore
    said = [Message(f"{config}: {problem}", level="warning") for problem in loaded.warnings]
    said += [Message(remark.message) for remark in loaded.notes]
    for message in said:
        listen(message)
    settings = loaded.config
    if note is not None:
        settings = dataclasses.replace(settings, note=note)
    loading = Message("loading TensorFlow …")
    if settings.imports:  # a user's own modules need it at once
        listen(loading)
    data = prepare_data(settings, listen, said=said)  # bad data is told before TensorFlow loads
    if not settings.imports:
        listen(loading)

    from dlrun.experiment import run_experiment

    return run_experiment(
        data,
        report=listen,
        runs_dir=None if runs_dir is None else Path(runs_dir),
        command=command,
        overrides=override_texts(overrides),
        callbacks=callbacks,
    )


def load_run(name: str | Path = "latest", *, runs_dir: str | Path | None = None) -> Run:
    """Returns a run by path, id, unique prefix of an id, or `latest`.

    Raises:
        RunError: no run, or several, answer to the name.
    """
    from pathlib import Path

    from dlrun.runs import find_run

    return find_run(str(name), None if runs_dir is None else Path(runs_dir))
