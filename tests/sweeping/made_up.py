"""A sweep's folder with made-up results, for what only reads."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

from dlrun.config import load_config
from dlrun.runs import Sweep, Trial
from dlrun.runs.record_sweep import SweepRecorder, create_sweep

SHIPPED = Path(__file__).parent.parent.parent / "configs" / "digits_deep.yaml"


def make_sweep(runs_dir: Path, rates: list[float], *, name: str = "made_up") -> Sweep:
    """A grid of learning rates and two activations; relu is better, 0.1 the best rate."""
    config = load_config(SHIPPED, {"training.threads": 1}).config.to_dict()
    values = [(rate, activation) for rate in rates for activation in ("relu", "tanh")]
    trials = [
        Trial(
            number,
            {"optimizer.learning_rate": rate, "model.activation": activation},
            f"{number:012x}",
            config,
            state="finished",
            value=0.5 + abs(math.log10(rate) + 1) / 4 + (activation == "tanh") / 50,
            best_epoch=3,
            epochs=3,
            metrics={"val_loss": 0.5, "val_accuracy": 0.9},
            num_parameters=4785,
            duration_seconds=1.5,
        )
        for number, (rate, activation) in enumerate(values)
    ]
    facts = {
        "name": name,
        "note": "",
        "source": "made_up.yaml",
        "command": [],
        "plan_key": "0" * 12,
        "strategy": "grid",
        "objective": {"metric": "val_loss", "direction": "minimize"},
        "pruning": "none",
        "repeat": 1,
        "dataset": "digits",
        "planned": len(trials),
        "workers": 2,
        "parameters": [
            {"key": "optimizer.learning_rate", "is_log": True},
            {"key": "model.activation", "is_log": False},
        ],
    }
    sweep = create_sweep(
        facts, trials, definition={"base": "base.yaml"}, base={}, runs_dir=runs_dir
    )
    with SweepRecorder(sweep) as recorder:
        recorder.note(verdict="trials/0 is ahead by too little to tell without seeds")
    for trial in trials:
        folder = sweep.path / trial.name
        folder.mkdir(parents=True)
        info = {"format": 1, "status": "finished", "name": name, "member_of": sweep.id}
        (folder / "run.json").write_text(json.dumps(info))
        rows = [f"{epoch},{float(trial.value or 0) + 3 - epoch}" for epoch in (1, 2, 3)]
        (folder / "history.csv").write_text("\n".join(["epoch,val_loss", *rows]) + "\n")
    return Sweep(sweep.path)


def change(sweep: Sweep, number: int, **changes: object) -> Sweep:
    """Changes one trial of a folder."""
    with SweepRecorder(Sweep(sweep.path)) as recorder:
        recorder.put(replace(recorder.trials[number], **changes))  # type: ignore[arg-type]
    return Sweep(sweep.path)
