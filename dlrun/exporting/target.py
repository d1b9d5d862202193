"""Where an export goes: whole or not at all, and never in the place of another file."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path

from dlrun.errors import ExportError
from dlrun.exporting.formats import Format
from dlrun.files import make_folder, storage_error
from dlrun.runs import Run
from dlrun.runs.links import refuse_links
from dlrun.runs.run import EXPORTS, UNFINISHED_EXPORT


def choose_target(run: Run, form: Format, output: Path | None) -> Path:
    """Returns the path of the file or folder to write.

    Args:
        run: A single run.
        form: The format.
        output: What was asked for: the path itself, or a folder that is there; None: the run's
            own folder of exports.

    Raises:
        ExportError: its name does not end as the format's does, or is that of a module.
        RunError: something in the run's folder leads to elsewhere.
    """
    name = f"{run.config.name}{form.suffix}"
    if output is None:
        refuse_links(run)
        return _not_a_modules(run.path / EXPORTS / name)
    if output.is_dir() and form.name != "savedmodel":
        return _not_a_modules(output / name)
    if form.suffix.startswith(".") and output.suffix != form.suffix:
        raise ExportError(
            f"{output}: its name must end in {form.suffix}; "
            f"write --output {output.with_suffix(form.suffix)}"
        )
    return _not_a_modules(output)


def _not_a_modules(path: Path) -> Path:
    """Refuses to name a script as a module: run from its folder, it would be imported instead."""
    if path.suffix == ".py" and (
        path.stem in sys.stdlib_module_names or path.stem in packages_distributions()
    ):
        raise ExportError(
            f"{path}: would hide the module {path.stem!r} from what the script imports; "
            f"name it otherwise, such as --output {path.stem}_keras.py"
        )
    return path


def refuse_existing(paths: Sequence[Path]) -> None:
    """Refuses to write over anything.

    Raises:
        ExportError: one of the paths is there.
    """
    for path in paths:
        if os.path.lexists(path):
            raise ExportError(
                f"{path}: is there already, and is kept; "
                "name another place by --output, or move it away"
            )


@contextmanager
def written_beside(targets: Sequence[Path]) -> Iterator[Path]:
    """Gives a folder to write in, beside the targets; then moves what is there into place.

    Args:
        targets: Paths in one folder, the most important last; what the folder given holds under
            their names is moved there.

    Raises:
        StorageError: they cannot be written.
    """
    parent = targets[-1].parent
    make_folder(parent)
    try:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=UNFINISHED_EXPORT))
    except OSError as error:
        raise storage_error(targets[-1], error) from error
    try:
        yield folder
        refuse_existing(targets)  # somebody else may have been quicker
        for target in targets:
            os.replace(folder / target.name, target)
    except OSError as error:
        raise storage_error(targets[-1], error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
