"""What a plain script can say of a run, and what it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dlrun.columns import TRAIN_EVAL
from dlrun.config import Config, overridden_key
from dlrun.errors import ExportError
from dlrun.runs import Run

_CHANGES = ("optimizer", "training.callbacks")
"""Keys that decide numbers, and that a run may be resumed with changed."""


def refuse_what_no_script_says(run: Run) -> None:
    """Refuses runs that one config from the first epoch to the last does not give.

    Raises:
        ExportError: the run was resumed with changes, or is steered by values that only dlrun
            measures.
    """
    for entry in run.info.get("resumed") or []:
        changed = [text for text in entry["overrides"] or [] if _decides(text)]
        if changed:
            raise ExportError(
                f"{run.path}: it went on with {', '.join(changed)} after epoch {entry['epoch']}, "
                "and a script trains with one config from the start; train the config anew, then "
                "export that run"
            )
    for key, monitor in _monitors(run.config):
        if monitor.startswith(TRAIN_EVAL):
            raise ExportError(
                f"{run.path}: {key} is {monitor}, which dlrun measures and plain Keras does not; "
                f"train with {monitor.removeprefix(TRAIN_EVAL)}, then export that run"
            )


def _decides(override: str) -> bool:
    return overridden_key(override).startswith(_CHANGES)


def _monitors(config: Config) -> Iterator[tuple[str, str]]:
    if config.training.keep == "best":
        yield "training.monitor", config.training.monitor
    for index, callback in enumerate(config.training.callbacks):
        monitor = callback.arguments.get("monitor")
        yield f"training.callbacks.{index}.monitor", str(monitor)


def why_digits_differ(run: Run) -> list[str]:
    """Returns why the script's last digits are not the run's, a sentence each; none: they are."""
    found = []
    engine, reason = run.info.get("engine"), str(run.info.get("engine_reason"))
    if engine == "compiled+xla":
        found.append("the run was compiled by XLA, which has other last digits than Keras's fit")
    if engine == "compiled" and "silu" in reason:
        found.append("the run compiled a silu in a loop, which has other last digits than fit")
    for entry in run.info.get("resumed") or []:
        found += [f"the run was resumed: {remark}" for remark in entry["remarks"] or []]
    if run.environment.get("gpus"):
        found.append("the run was trained on a GPU, which adds in no fixed order")
    return found


def what_a_script_leaves_out(run: Run) -> list[str]:
    """Returns what to know before relying on the script, a sentence each."""
    found = why_digits_differ(run)
    if run.status != "finished":
        epochs, done = run.config.training.epochs, run.info.get("epochs_done")
        found.append(f"the run ended after {done} of {epochs} epochs, and it trains them all")
    if run.config.imports:
        modules = " and ".join(run.config.imports)
        found.append(f"it imports {modules}: put that beside it, or its folder on PYTHONPATH")
    return found


def versions(run: Run) -> str:
    """Returns which packages the run had, such as `Keras 3.15.1, TensorFlow 2.21.0`."""
    packages: Mapping[str, Any] = run.environment.get("packages") or {}
    known = {
        "Keras": packages.get("keras"),
        "TensorFlow": packages.get("tensorflow") or packages.get("tensorflow-cpu"),
        "NumPy": packages.get("numpy"),
    }
    return ", ".join(f"{name} {number}" for name, number in known.items() if number)
