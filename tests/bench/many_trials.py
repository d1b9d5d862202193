"""A sweep of many trials that nobody trained: its record alone, for what reads it."""

from __future__ import annotations

import copy
import random
from pathlib import Path

from dlrun.config import load_config
from dlrun.runs import Sweep, Trial
from dlrun.runs.create import now
from dlrun.runs.record_sweep import create_sweep

KEYS = ("optimizer.learning_rate", "model.activation")


def write_many_trials(config: Path, runs_dir: Path, count: int) -> Sweep:
    """Makes the folder of a finished sweep of `count` trials of five epochs, as it is recorded."""
    base = load_config(config, ["training.epochs=5", "training.threads=1"]).config.to_dict()
    rng = random.Random(0)
    facts = {
        "name": base["name"],
        "note": "",
        "source": str(config),
        "command": ["dlrun", "sweep", str(config), "strategy=random", f"trials={count}"],
        "plan_key": "0" * 12,
        "strategy": "random",
        "objective": {"metric": "val_loss", "direction": "minimize"},
        "pruning": "none",
        "repeat": 1,
        "dataset": base["dataset"]["name"],
        "planned": count,
        "workers": 2,
        "parameters": [{"key": KEYS[0], "is_log": True}, {"key": KEYS[1], "is_log": False}],
        "status": "finished",
        "stopped": now(),
        "duration_seconds": 1.7 * count,
        "verdict": "trials/1 is not distinguishable from trials/2, the next",
    }
    return create_sweep(
        facts,
        [_trial(number, base, rng) for number in range(count)],
        definition={
            "base": "base.yaml",
            "search": {KEYS[0]: {"log_uniform": [0.001, 1.0]}, KEYS[1]: ["relu", "tanh"]},
            "strategy": "random",
            "trials": count,
        },
        base=base,
        runs_dir=runs_dir,
    )


def _trial(number: int, base: dict[str, object], rng: random.Random) -> Trial:
    config = copy.deepcopy(base)
    rate, activation = round(10 ** rng.uniform(-3, 0), 8), rng.choice(["relu", "tanh"])
    config["optimizer"]["SGD"]["learning_rate"] = rate
    config["model"]["activation"] = activation
    loss = rng.uniform(0.1, 2.3)
    names = ("loss", "accuracy", "val_loss", "val_accuracy", "train_eval_loss")
    return Trial(
        number,
        dict(zip(KEYS, (rate, activation), strict=True)),
        f"{rng.getrandbits(48):012x}",
        config,
        state="finished",
        value=loss,
        num_members=1,
        best_epoch=rng.randint(1, 5),
        epochs=5,
        metrics={name: rng.random() for name in names} | {"val_loss": loss},
        num_parameters=88_285,
        duration_seconds=round(rng.uniform(2.5, 4.0), 3),
    )
