"""A sweep's folder as it is written: its plan at first, then each trial as it ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dlrun.errors import StorageError
from dlrun.files import make_folder, plain, to_yaml, write_text
from dlrun.processes import this_process
from dlrun.runs.create import now
from dlrun.runs.find import LATEST
from dlrun.runs.folders import fill_folder, make_runs_dir
from dlrun.runs.ids import new_id
from dlrun.runs.living import LivingFacts, append_log, ending
from dlrun.runs.run import TRIALS
from dlrun.runs.sweep import BASE, BEST, DEFINITION, FORMAT, SWEEP, Sweep, Trial, are_open


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
    info: dict[str, Any] = {"format": FORMAT, "id": None, "status": "running", "started": now()}
    info |= {"stopped": None, "duration_seconds": 0.0, "error": None, "heartbeat": now()}
    info |= dict(facts) | this_process()
    source, lines = facts["source"], list(map(_line, trials))

    def fill(path: Path) -> None:
        make_folder(path / TRIALS)
        head = f"# The plan of {source}; `dlrun sweep` with this file makes the same trials.\n"
        write_text(path / DEFINITION, head + to_yaml(definition))
        write_text(path / BASE, f"# The base of {source}, resolved.\n" + to_yaml(base))
        write_text(path / SWEEP, _text(info, lines))

    while True:
        sweep = Sweep(folder / new_id(str(facts["name"])))
        info["id"] = sweep.id
        if fill_folder(sweep.path, fill):
            write_text(folder / LATEST, f"{sweep.id}\n")
            return sweep


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
        self._lines = [_line(trial) for trial in self.trials]
        facts = {name: value for name, value in sweep.info.items() if name != "trials"}
        self._facts = LivingFacts(facts, self._write)

    def __enter__(self) -> SweepRecorder:
        again = {"status": "running", "stopped": None, "error": None}
        self._facts.write(again | this_process())
        self._facts.begin()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._facts.end()
        end = ending(error) | {"stopped": now()}
        if error is None:
            if are_open(self.trials, int(self._facts.values.get("planned") or 0)):
                end["status"] = "interrupted"  # a budget, or a failure that was to end it
            self._facts.write(end)
            return
        with suppress(StorageError):  # what is under way already tells more
            self._facts.write(end)

    @property
    def seconds(self) -> float:
        """How long the sweep has gone on, all its calls together."""
        return self._facts.seconds

    def put(self, *trials: Trial) -> None:
        """Takes down how trials are now; new ones are added at the end."""
        with self._facts.lock:
            for trial in trials:
                if trial.number == len(self.trials):
                    self.trials.append(trial)
                    self._lines.append(_line(trial))
                self.trials[trial.number] = trial
                self._lines[trial.number] = _line(trial)
            self._facts.write({})

    def note(self, **facts: Any) -> None:
        """Records facts in `sweep.json`."""
        self._facts.write(facts)

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
        append_log(self.sweep.path, text)

    def _write(self, facts: Mapping[str, Any]) -> None:
        write_text(self.sweep.path / SWEEP, _text(facts, self._lines))
