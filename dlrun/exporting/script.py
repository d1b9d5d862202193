"""The plain Keras script of a run: written with its data beside it, and its first epoch run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from dlrun.backend import keras
from dlrun.config.imports import run_folder_around
from dlrun.errors import CheckError, ExportError
from dlrun.events import Message, Report
from dlrun.exporting.comparison import LOOSE, TOLERANCE, compare_epoch, refuse_difference
from dlrun.exporting.exported import Exported
from dlrun.exporting.script_data import data_source
from dlrun.exporting.script_limits import (
    refuse_what_no_script_says,
    what_a_script_leaves_out,
    why_digits_differ,
)
from dlrun.exporting.script_text import script_text
from dlrun.exporting.source import load_data
from dlrun.exporting.target import refuse_existing, written_beside
from dlrun.files import write_text
from dlrun.runs import Run


class OwnComponents:
    """Finds the user's own components where they are registered, and notes what to import.

    Attributes:
        imports: Names by module.
    """

    def __init__(self) -> None:
        self.imports: dict[str, set[str]] = {}

    def __call__(self, name: str) -> tuple[str, bool]:
        """Returns a component's name in its own module, and whether it is a class.

        Raises:
            ExportError: nothing of that name can be imported.
        """
        for full_name, thing in keras.saving.get_custom_objects().items():
            module, own_name = getattr(thing, "__module__", ""), getattr(thing, "__qualname__", "")
            if name in (full_name, full_name.rpartition(">")[2]) and own_name.isidentifier():
                self.imports.setdefault(module, set()).add(own_name)
                return own_name, isinstance(thing, type)
        raise ExportError(
            f"{name}: is no component of Keras's, and none that a script can import by its name; "
            "define it at the top of a module that the config imports"
        )


def export_script(run: Run, target: Path, report: Report) -> Exported:
    """Writes the script and its data, runs an epoch of it, and compares that with the run's.

    Args:
        run: A single run that has ended.
        target: Of the script; its data go beside it.
        report: Told whatever is worth knowing.

    Raises:
        ExportError: no script says what the run did, or a file is there already.
        CheckError: the epoch's values are others than the run's.
    """
    refuse_what_no_script_says(run)
    data_path = target.with_name(f"{target.stem}_data.npz")
    refuse_existing([data_path])
    data = load_data(run, report)
    looked = run.metrics.get("test") is not None
    source = data_source(data, data_path.name, with_test=looked)
    text = script_text(run, data, source, data_path.name, OwnComponents())
    with written_beside([data_path, target]) as folder:
        np.savez_compressed(folder / data_path.name, **source.arrays)  # type: ignore[arg-type]
        write_text(folder / target.name, text)
    report(Message(f"wrote {target}; running its first epoch …"))
    recorded = {name: values[0] for name, values in run.read_history().items() if name != "epoch"}
    tolerance = LOOSE if why_digits_differ(run) else TOLERANCE
    found = compare_epoch(recorded, run_first_epoch(target), tolerance)
    refuse_difference(target, found)
    kind = f"sklearn.datasets.{source.from_sklearn}" if source.from_sklearn else data_path.name
    return Exported(
        run=run,
        format="python",
        path=target,
        files=(data_path,),
        input=kind,
        class_names=data.dataset.class_names,
        agreement=found,
        remarks=tuple(what_a_script_leaves_out(run)),
    )


def run_first_epoch(script: Path) -> dict[str, float]:
    """Runs an epoch of a script in a process of its own, and returns its values.

    Raises:
        CheckError: the script fails.
    """
    here = None if run_folder_around(Path.cwd()) else os.getcwd()  # where one's own modules are
    places = filter(None, [here, os.environ.get("PYTHONPATH")])
    env = os.environ | {"KERAS_BACKEND": "tensorflow", "PYTHONPATH": os.pathsep.join(places)}
    with tempfile.TemporaryDirectory() as folder:  # where callbacks may write
        done = subprocess.run(
            [sys.executable, str(script.absolute()), "--epochs", "1"],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    if done.returncode:
        last = (done.stderr.strip() or "without a word").splitlines()[-1]
        raise CheckError(
            f"{script}: fails in its first epoch, {last}; it is kept to look into: "
            f"{Path(sys.executable).name} {script} --epochs 1"
        )
    return values_printed(done.stdout)


def values_printed(output: str) -> dict[str, float]:
    """Returns the first row of the table that a script prints."""
    lines = output.splitlines()
    heads = [index for index, line in enumerate(lines) if line.startswith("epoch,")]
    if not heads or heads[0] + 1 >= len(lines):
        return {}
    names, values = (lines[heads[0] + offset].split(",") for offset in (0, 1))
    return {name: float(value) for name, value in zip(names, values, strict=True)}
