"""A sweep's folder as it is written: its plan at first, then each trial as it ends."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from dlrun.errors import StorageError
from dlrun.files import make_folder, plain, storage_error, to_yaml, write_text
from dlrun.processes import this_process
from dlrun.runs.create import UNFINISHED, cannot_be_made, make_runs_dir, new_id, now
from dlrun.runs.find import LATEST
from dlrun.runs.run import LOG, TRIALS
from dlrun.runs.sweep import BASE, BEST, DEFINITION, FORMAT, SWEEP, Sweep, Trial, are_open

HEARTBEAT_SECONDS = 10.0
"""As of runs."""


def create_sweep(
    facts: Mapping[str, Any],
    trials: Iterable[Trial],
    *,
    definition: Mapping[str, Any],
    base: Mapping[str, Any],
    runs_dir: Path | None = None,
) -> Sweep:
    """Makes the folder of a new sweep, whole from its first moment.

    Args:
        facts: What `sweep.json` says beside its trials; `name` and `source` among it.
        trials: As planned.
        definition: In normal form, its `base` the file beside it; becomes `sweep.yaml`.
        base: The base config in normal form; becomes `base.yaml`.
        runs_dir: Where it is made.

    Raises:
        RunError: the runs folder cannot be made or written to.
        StorageError: the disk is full.
    """
    folder = make_runs_dir(runs_dir)
    while True:
        sweep = Sweep(folder / new_id(str(facts["name"])))
        info = {"format": FORMAT, "id": sweep.id, "status": "running", "started": now()}
        info |= {"stopped": None, "duration_seconds": 0.0, "error": None, "heartbeat": now()}
        if _fill(sweep, info | dict(facts) | this_process(), list(trials), definition, base):
            write_text(folder / LATEST, f"{sweep.id}\n")
            return sweep


def _fill(
    sweep: Sweep,
    info: Mapping[str, Any],
    trials: list[Trial],
    definition: Mapping[str, Any],
    base: Mapping[str, Any],
) -> bool:
    """Fills a folder and moves it into place; False where the name is taken."""
    unfinished = sweep.path.with_name(UNFINISHED + sweep.id)
    source = info.get("source")
    try:
        make_folder(unfinished / TRIALS)
        head = f"# The plan of {source}; `dlrun sweep` with this file makes the same trials.\n"
        write_text(unfinished / DEFINITION, head + to_yaml(definition))
        write_text(unfinished / BASE, f"# The base of {source}, resolved.\n" + to_yaml(base))
        write_text(unfinished / SWEEP, _text(info, map(_line, trials)))
        os.rename(unfinished, sweep.path)
    except OSError as error:
        if sweep.path.exists():
            return False
        raise cannot_be_made(sweep.path, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return True


def _line(trial: Trial) -> str:
    return json.dumps(plain(trial.to_dict()), ensure_ascii=False)


def _text(info: Mapping[str, Any], lines: Iterable[str]) -> str:
    """`sweep.json`: its facts, then a line a trial, so that a thousand are written in no time."""
    head = json.dumps(plain({**info, "trials": []}), indent=1, ensure_ascii=False)
    return head.removesuffix("[]\n}") + "[\n" + ",\n".join(lines) + "\n]\n}\n"


class SweepRecorder:
    """Writes one sweep's files while it goes on; a context manager that closes it."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.trials: list[Trial] = list(sweep.trials)
        self._info = {name: value for name, value in sweep.info.items() if name != "trials"}
        self._lines = [_line(trial) for trial in self.trials]
        self._seconds_before = float(self._info.get("duration_seconds") or 0.0)
        self._started = time.monotonic()
        self._writing = threading.Lock()
        self._is_over = threading.Event()

    def __enter__(self) -> SweepRecorder:
        again = {"status": "running", "stopped": None, "error": None}
        self._write(again | this_process())
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._is_over.set()
        end: dict[str, Any] = {"status": "finished", "error": None}
        if isinstance(error, KeyboardInterrupt):
            end = {"status": "interrupted", "error": str(error) or "interrupted by Ctrl-C"}
        elif error is not None:
            end = {"status": "failed", "error": str(error) or repr(error)}
        elif are_open(self.trials, int(self._info.get("planned") or 0)):
            end["status"] = "interrupted"  # a budget, or a failure that was to end it
        if error is None:
            self._write(end | {"stopped": now()})
            return
        with suppress(StorageError):  # what is under way already tells more
            self._write(end | {"stopped": now()})

    @property
    def seconds(self) -> float:
        """How long the sweep has gone on, all its calls together."""
        return self._seconds_before + time.monotonic() - self._started

    def put(self, *trials: Trial) -> None:
        """Takes down how trials are now; new ones are added at the end."""
        self._write({}, trials)

    def note(self, **facts: Any) -> None:
        """Records facts in `sweep.json`."""
        self._write(facts)

    def best(self, config: Mapping[str, Any], head: str) -> None:
        """Writes `best.yaml`, a config that is ready to train.

        Args:
            config: In normal form.
            head: Its comment, lines without `#`.
        """
        comment = "".join(f"# {line}\n" for line in head.splitlines())
        write_text(self.sweep.path / BEST, comment + to_yaml(config))

    def log(self, text: str) -> None:
        """Appends a line to `run.log`, with the time of day before it."""
        path = self.sweep.path / LOG
        try:
            with path.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write(f"{datetime.now():%H:%M:%S} {text}\n")
        except OSError as error:
            raise storage_error(path, error) from error

    def _beat(self) -> None:
        while not self._is_over.wait(HEARTBEAT_SECONDS):
            with suppress(StorageError):  # the next trial's end will meet it, and tell
                self._write({})

    def _write(self, changes: Mapping[str, Any], trials: Sequence[Trial] = ()) -> None:
        with self._writing:  # the heartbeat writes, too
            for trial in trials:
                if trial.number == len(self.trials):
                    self.trials.append(trial)
                    self._lines.append(_line(trial))
                self.trials[trial.number] = trial
                self._lines[trial.number] = _line(trial)
            self._info |= changes
            self._info |= {"heartbeat": now(), "duration_seconds": round(self.seconds, 3)}
            write_text(self.sweep.path / SWEEP, _text(self._info, self._lines))
