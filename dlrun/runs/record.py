"""A run folder as it is written: made once, filled as training goes, closed with its status."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import socket
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.config import Config
from dlrun.errors import DivergedError, RunError, StorageError
from dlrun.files import storage_error, to_yaml, write_bytes, write_json, write_text
from dlrun.parameters import ModelCount, count_lines
from dlrun.runs import run as layout
from dlrun.runs.find import LATEST, resolve_runs_dir
from dlrun.runs.run import Run

HEARTBEAT_SECONDS = 5.0


def create_run(config: Config, *, runs_dir: Path | None = None) -> Run:
    """Makes the folder of a new run, never one that exists.

    Raises:
        RunError: the runs folder cannot be made or written to.
    """
    folder = resolve_runs_dir(runs_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
            path = folder / f"{stamp}-{config.name}-{secrets.token_hex(2)}"
            try:
                path.mkdir()
            except FileExistsError:  # the same second and the same four digits: draw again
                continue
            (path / layout.PLOTS).mkdir()
            return Run(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RunError(
            f"{folder}: no run can be made there, {reason}; "
            "mend the folder, or name another by DLRUN_RUNS_DIR"
        ) from None


class Recorder:
    """Writes one run's files while it goes on.

    A context manager: leaving it writes `history.json` and the final status, whatever
    happened inside. Every file but `history.csv` and `run.log`, which grow line by line, is
    written whole or not at all.
    """

    def __init__(
        self, run: Run, config: Config, *, command: Sequence[str], overrides: Sequence[str]
    ) -> None:
        self.run = run
        self._info: dict[str, Any] = {
            "format": layout.FORMAT,
            "id": run.id,
            "name": config.name,
            "note": config.note,
            "status": "running",
            "started": _now(),
            "stopped": None,
            "duration_seconds": None,
            "heartbeat": _now(),
            "engine": None,
            "engine_reason": None,
            "epochs_done": 0,
            "exit_code": None,
            "error": None,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "config_path": config.source,
            "command": list(command),
            "overrides": list(overrides),
        }
        self._started = self._last_beat = time.monotonic()
        self._columns: list[str] = []
        try:
            self._write_info()
            write_text(run.path / layout.CONFIG, _config_text(config))
            write_text(run.path.parent / LATEST, f"{run.id}\n")
        except StorageError:  # no folder is left that says nothing
            shutil.rmtree(run.path, ignore_errors=True)
            raise

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._close("finished", 0, None)
            return
        if isinstance(error, KeyboardInterrupt):
            outcome = ("interrupted", 130, "interrupted by Ctrl-C")
        else:
            status = "diverged" if isinstance(error, DivergedError) else "failed"
            outcome = (status, getattr(error, "exit_code", 1), str(error) or repr(error))
        with suppress(StorageError):  # what is under way already tells more
            self._close(*outcome)
        with suppress(StorageError):
            self.log("".join(traceback.format_exception(error)).rstrip())

    def environment(self, facts: Mapping[str, Any]) -> None:
        """Writes `environment.json`."""
        write_json(self.run.path / layout.ENVIRONMENT, facts)

    def engine(self, name: str, reason: str) -> None:
        """Records how epochs run from now on, in `run.json`."""
        self._info |= {"engine": name, "engine_reason": reason}
        self._write_info()

    def dataset(self, facts: Mapping[str, Any], rows: Mapping[str, np.ndarray]) -> None:
        """Writes `dataset.json`, and the row numbers of each part into `splits.npz`."""
        write_json(self.run.path / layout.DATASET, facts)
        write_bytes(self.run.path / layout.SPLITS, _npz(rows))

    def parameters(self, count: ModelCount) -> None:
        """Writes `parameters.json` and `summary.txt`."""
        write_json(self.run.path / layout.PARAMETERS, count.to_dict())
        write_text(self.run.path / layout.SUMMARY, "\n".join(count_lines(count)) + "\n")

    def epoch(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Appends an epoch, counted from 1, to `history.csv`."""
        row: dict[str, float | int] = {"epoch": epoch, **logs}
        lines = []
        if not self._columns:
            self._columns = list(row)
            lines.append(",".join(self._columns))
        lines.append(",".join(_number(row.get(name)) for name in self._columns))
        self._append(layout.HISTORY_CSV, "\n".join(lines) + "\n")
        self._info["epochs_done"] = epoch
        if time.monotonic() - self._last_beat > HEARTBEAT_SECONDS:
            self._last_beat = time.monotonic()
            self._write_info()

    def metrics(self, metrics: Mapping[str, Any]) -> None:
        """Writes `metrics.json`."""
        write_json(self.run.path / layout.METRICS, metrics)

    def predictions(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Writes `predictions.npz`."""
        write_bytes(self.run.path / layout.PREDICTIONS, _npz(arrays))

    def model(self, model: Any) -> None:
        """Writes `model.keras`."""
        final = self.run.path / layout.MODEL
        temporary = final.with_name(".model.tmp.keras")  # Keras insists on its suffix
        try:
            model.save(temporary)
            os.replace(temporary, final)
        except OSError as error:
            raise storage_error(final, error) from error
        finally:
            temporary.unlink(missing_ok=True)

    def log(self, text: str) -> None:
        """Appends a line to `run.log`, with the time of day before it."""
        self._append(layout.LOG, f"{datetime.now():%H:%M:%S} {text}\n")

    def _append(self, name: str, text: str) -> None:
        path = self.run.path / name
        try:
            with path.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        except OSError as error:
            raise storage_error(path, error) from error

    def _close(self, status: str, exit_code: int, error: str | None) -> None:
        self._info |= {
            "status": status,
            "stopped": _now(),
            "duration_seconds": round(time.monotonic() - self._started, 3),
            "exit_code": exit_code,
            "error": error,
        }
        self._write_info()  # first: on a full disk the status matters most
        if self._columns:
            history = self.run.read_history()
            del history["epoch"]
            write_json(self.run.path / layout.HISTORY_JSON, history)

    def _write_info(self) -> None:
        self._info["heartbeat"] = _now()
        write_json(self.run.path / layout.RUN, self._info)


def _config_text(config: Config) -> str:
    head = f"# Resolved from {config.source}; `dlrun train` with this file repeats the run.\n"
    return head + to_yaml(config.to_dict())


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def _number(value: float | int | None) -> str:
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return ""
    return repr(value)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
