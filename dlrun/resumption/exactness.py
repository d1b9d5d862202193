"""Why a result will not be, to the last bit, that of a run that never stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dlrun.config import Config
from dlrun.errors import RunError
from dlrun.resumption.changes import OTHER_KEYS, public_key, rate_of
from dlrun.runs import Run
from dlrun.runs.checkpoints import TrainingState
from dlrun.runs.environment import (
    changed_imports,
    changed_packages,
    changed_variables,
    machine_facts,
    processor_of,
)


def change_remarks(
    before: Mapping[str, Any],
    state: TrainingState | None,
    changed: Sequence[str],
    epochs: int,
) -> Iterator[str]:
    """Which changes make the result another than that of a run that never stopped."""
    if state is None:
        return
    for key in sorted({public_key(key) for key in changed} & {*OTHER_KEYS}):
        yield f"{key} was changed after epoch {state.epoch}"
    if "training.epochs" in changed and _averages_are_swapped(state):
        yield from _averages_remark(before["training"]["epochs"], state, epochs)


def machine_remarks(run: Run, state: TrainingState) -> Iterator[str]:
    """What else is other than where the checkpoint came to be, and may change last digits.

    `environment.json` is that of the newest process, which may have come to no checkpoint.
    """
    try:
        then = state.machine or run.environment
    except RunError:
        yield "environment.json cannot be read, so that nothing is known of the machine it ran on"
        return
    here = machine_facts(run.config.imports)
    processors = processor_of(then), processor_of(here)
    for name, old, new in changed_packages(then, here):
        yield f"{name} was {old} and is {new}"
    if processors[0] != processors[1]:
        yield f"the processor was {processors[0]} and is {processors[1]}"
    for what, old, new in (*changed_imports(then, here), *changed_variables(then, here)):
        yield f"{what} was {old} and is {new}"
    yield from run.info.get("not_repeatable") or ()


def _averages_are_swapped(state: TrainingState) -> bool:
    """Whether Keras's SwapEMAWeights has put the averages into the model between two epochs.

    With `swap_on_epoch` they are there, and their other place holds the weights, until in the
    last epoch that is planned the averages are copied over them.
    """
    swapped = [
        isinstance(values, Mapping) and values.get("_ema_weights_in_model")
        for name, values in state.callbacks
        if name == "SwapEMAWeights"
    ]
    return any(swapped) and not state.step


def _averages_remark(planned: int, state: TrainingState, epochs: int) -> Iterator[str]:
    """What is said where the last epoch that was planned is not the one that is planned now."""
    if state.epoch >= planned:
        yield (
            f"SwapEMAWeights gave up the weights for their averages after epoch {state.epoch}, "
            "the last that was planned"
        )
    elif epochs <= state.epoch:
        yield (
            f"SwapEMAWeights did not copy the averages over the weights after epoch {state.epoch}, "
            f"since {planned} were planned"
        )


def notes_on(
    config: Config, before: Mapping[str, Any], state: TrainingState | None
) -> Iterator[str]:
    """Yields what is good to know otherwise."""
    if state is None:
        yield "there is no checkpoint: it begins again at the first epoch"
    rate = rate_of(config.to_dict())
    if isinstance(rate, Mapping) and config.training.epochs != before["training"]["epochs"]:
        ((name, arguments),) = rate.items()
        steps = arguments.get("decay_steps")
        own = f", whose decay_steps stay {steps:,}" if isinstance(steps, int) else ""
        yield f"more epochs do not stretch the schedule {name}{own}"
