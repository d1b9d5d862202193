"""A run folder as it is written: filled as training goes, closed with its status."""

from __future__ import annotations

import io
import os
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from dlrun.errors import DivergedError, RunError, StorageError
from dlrun.files import open_file, read_npz, storage_error, write_bytes, write_json, write_text
from dlrun.parameters import ModelCount, count_lines
from dlrun.runs import run as layout
from dlrun.runs.create import now
from dlrun.runs.living import LivingFacts, append_log, append_text, ending
from dlrun.runs.looks import TestSet, new_look
from dlrun.runs.run import Run

_OF_THE_END = (
    layout.METRICS,
    layout.HISTORY_JSON,
    layout.PREDICTIONS,
    layout.EVALUATION,
    f"{layout.PLOTS}/{layout.CONFUSION_MATRIX_PNG}",
    f"{layout.PLOTS}/{layout.ROC_PR_CALIBRATION_PNG}",
    f"{layout.PLOTS}/{layout.PREDICTED_PNG}",
)


class Recorder:
    """Writes one run's files while it goes on.

    A context manager: leaving it writes `history.json` and the final status, whatever
    happened inside. Every file but `history.csv` and `run.log`, which grow line by line, is
    written whole or not at all.

    Attributes:
        run: Whose folder it is.
        has_old_results: Whether the results there are those of an earlier end, and still true.
        keeps_last: Whether the weights of the end are kept, so that a new epoch has those of an
            earlier end go, too.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.has_old_results = False
        self.keeps_last = False
        self._facts = LivingFacts(run.info, partial(write_json, run.path / layout.RUN))
        self._columns: list[str] = []

    def __enter__(self) -> Recorder:
        self._facts.begin()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._facts.end()
        end = ending(error) | {"stopped": now(), "exit_code": 0}
        if error is None:
            self._close(end)
            return
        is_wish = isinstance(error, KeyboardInterrupt)
        end["exit_code"] = getattr(error, "exit_code", 130 if is_wish else 1)
        if isinstance(error, DivergedError):
            end["status"] = "diverged"
        if not is_wish:
            end["suggestion"] = getattr(error, "suggestion", None)
        with suppress(StorageError):  # what is under way already tells more
            self._close(end)
        # Where a wish was heard tells nothing.
        told = [str(error)] if is_wish else traceback.format_exception(error)
        with suppress(StorageError):
            self.log("".join(told).rstrip(), lines=True)

    def go_on(
        self,
        resumed: Mapping[str, Any],
        history: Sequence[Mapping[str, float]],
        *,
        keeps_results: bool | None = None,
    ) -> None:
        """Opens the run again, with its history cut to the epochs that are known.

        What belongs to an end that it no longer has goes with the epochs that are cut, or with
        the first new one: a run that comes to none keeps its results.

        Args:
            resumed: What `run.json` says of it; who runs it among that.
            history: A row an epoch.
            keeps_results: Whether the results there are still true, where the epochs cannot tell:
                of a run with members, which has none of its own.
        """
        again: dict[str, Any] = {"status": "running", "stopped": None, "exit_code": None}
        again |= {"error": None, "suggestion": None}
        self._facts.write(again | {"epochs_done": len(history)} | dict(resumed))
        self._columns = list(dict.fromkeys(name for row in history for name in row))
        text = ""
        if history:
            self._columns.insert(0, "epoch")
            rows = [self._line({"epoch": n, **row}) for n, row in enumerate(history, start=1)]
            text = "\n".join([",".join(self._columns), *rows, ""])
        there = self._history_text()
        if keeps_results is None:
            keeps_results = there.startswith(text) and self._has_results_of(len(history))
        self.has_old_results = keeps_results
        if not self.has_old_results:
            self._remove(*_OF_THE_END)
        if not history:
            self._remove(layout.HISTORY_CSV)
        elif there != text:
            write_text(self.run.path / layout.HISTORY_CSV, text)

    def _history_text(self) -> str:
        try:
            with open_file(self.run.path / layout.HISTORY_CSV) as stream:
                return stream.read().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def _has_results_of(self, epochs: int) -> bool:
        try:
            return epochs > 0 and Run(self.run.path).metrics.get("epochs") == epochs
        except RunError:
            return False

    def _remove(self, *names: str) -> None:
        for name in names:
            path = self.run.path / name
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise storage_error(path, error) from error

    def environment(self, facts: Mapping[str, Any]) -> None:
        """Writes `environment.json`."""
        write_json(self.run.path / layout.ENVIRONMENT, facts)

    def note(self, **facts: Any) -> None:
        """Records facts in `run.json`; a mapping adds to the one that is there."""
        both = {name: value for name, value in facts.items() if isinstance(value, Mapping)}
        known = {name: dict(self._facts.values.get(name) or {}) for name in both}
        self._facts.write(facts | {name: known[name] | dict(both[name]) for name in both})

    def dataset_facts(self, facts: Mapping[str, Any]) -> None:
        """Writes `dataset.json` alone, of a run that is made of others."""
        write_json(self.run.path / layout.DATASET, facts)

    def dataset(self, facts: Mapping[str, Any], rows: Mapping[str, np.ndarray]) -> None:
        """Writes `dataset.json`, and the row numbers of each part into `splits.npz`."""
        write_json(self.run.path / layout.DATASET, facts)
        write_bytes(self.run.path / layout.SPLITS, _npz(rows))

    def parameters(self, count: ModelCount) -> None:
        """Writes `parameters.json` and `summary.txt`."""
        write_json(self.run.path / layout.PARAMETERS, count.to_dict())
        write_text(self.run.path / layout.SUMMARY, "\n".join(count_lines(count)) + "\n")

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Appends an epoch, counted from 1, to `history.csv`; results without it go."""
        row: dict[str, float | int] = {"epoch": epoch, **logs}
        new = [name for name in row if name not in self._columns]
        head = [",".join(new)] if not self._columns else []
        if new and self._columns:
            self._widen(new)
        self._columns += new
        text = "\n".join([*head, self._line(row)]) + "\n"
        append_text(self.run.path / layout.HISTORY_CSV, text)
        self._facts.values["epochs_done"] = epoch
        self.drop_old_results()

    def drop_old_results(self) -> None:
        """Removes the results of an earlier end, if they are there: something newer is."""
        if self.has_old_results:
            self._remove(*_OF_THE_END, *([layout.MODEL] if self.keeps_last else []))
            self.has_old_results = False

    def _widen(self, new: Sequence[str]) -> None:
        """Gives `history.csv` columns that a callback adds later, empty for the epochs before."""
        path = self.run.path / layout.HISTORY_CSV
        head, *rows = path.read_text(encoding="utf-8").splitlines()
        lines = [",".join([head, *new]), *[line + "," * len(new) for line in rows]]
        write_text(path, "\n".join(lines) + "\n")

    def _line(self, row: Mapping[str, float | int]) -> str:
        return ",".join(_number(row.get(name)) for name in self._columns)

    def metrics(self, metrics: Mapping[str, Any]) -> None:
        """Writes `metrics.json`."""
        write_json(self.run.path / layout.METRICS, metrics)

    def predictions(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Writes `predictions.npz`."""
        write_bytes(self.run.path / layout.PREDICTIONS, _npz(arrays))

    def note_look(self, test_set: TestSet, by: str) -> None:
        """Notes that a test set is looked at from now on."""
        looks = list(self._facts.values.get("test_looks") or [])
        self._facts.write({"test_looks": [*looks, new_look(test_set, now(), by)]})

    def model(self, model: Any) -> None:
        """Writes `model.keras`."""
        final = self.run.path / layout.MODEL
        temporary = final.with_name(layout.UNFINISHED_MODEL)
        try:
            model.save(temporary)
            os.replace(temporary, final)
        except OSError as error:
            raise storage_error(final, error) from error
        finally:
            temporary.unlink(missing_ok=True)

    def log(self, text: str, *, lines: bool = False) -> None:
        """Appends a line to `run.log`, with the time of day before it; or several lines."""
        text = text if lines else " ".join(text.splitlines())  # files say some of what is told
        append_log(self.run.path, text)

    def _close(self, end: Mapping[str, Any]) -> None:
        self._facts.write(end)  # first: on a full disk the status matters most
        if self._columns:
            with suppress(RunError):  # a history that cannot be read does not change how it ended
                history = self.run.read_history()
                del history["epoch"]
                write_json(self.run.path / layout.HISTORY_JSON, history)


def write_evaluation(run: Run, reports: Mapping[str, Any]) -> None:
    """Writes `evaluation.json`.

    Raises:
        StorageError: it cannot be written.
    """
    write_json(run.path / layout.EVALUATION, reports)


def add_test(
    run: Run,
    values: Mapping[str, float],
    report: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Adds what a look at the test rows found to a run that has ended before it looked.

    Args:
        run: Not one that is being trained.
        values: Loss and metrics, for `metrics.json`.
        report: For `evaluation.json`.
        arrays: For `predictions.npz`.

    Raises:
        StorageError: a file cannot be written.
    """
    before = run.evaluation if run.has_evaluation else {}
    path = run.path / layout.PREDICTIONS
    kept = read_npz(path) if path.is_file() else {}
    write_bytes(path, _npz({**kept, **arrays}))
    write_json(run.path / layout.METRICS, {**run.metrics, "test": dict(values)})
    # The last, since it is by this that the rows are known to have been looked at.
    write_json(run.path / layout.EVALUATION, {**before, "test": report})


def add_other_test(run: Run, name: str, report: Mapping[str, Any]) -> None:
    """Adds what a look at other data found, by the data set's name, to `evaluation.json`.

    Raises:
        StorageError: it cannot be written.
    """
    before = run.evaluation if run.has_evaluation else {}
    others = {**(before.get("other_tests") or {}), name: report}
    write_json(run.path / layout.EVALUATION, {**before, "other_tests": others})


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def _number(value: float | int | None) -> str:
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return ""
    return repr(value)
