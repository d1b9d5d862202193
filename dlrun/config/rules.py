"""Rules that a config obeys as a whole: its loss, metrics and training against its data.

Each rule looks at a `Draft` and says what it finds; the rules on data and layers are in
`data_rules` and `model_rules`. Nothing here loads data or imports Keras.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from dlrun.catalog import find_component
from dlrun.columns import TRAIN_EVAL, VALIDATION
from dlrun.config import data_rules, model_rules
from dlrun.config.class_weight import judge_class_weight
from dlrun.config.component import Component
from dlrun.config.draft import Draft
from dlrun.config.findings import Finding, Findings
from dlrun.config.imports import missing_module
from dlrun.config.metrics import metric_name
from dlrun.config.task import (
    BINARY_LOSSES,
    CLASS_LOSSES,
    INDEX_LOSSES,
    ONE_HOT_LOSSES,
    VALUE_LOSSES,
    parts_at_zero,
)
from dlrun.errors import did_you_mean
from dlrun.files import KeyPath


def judge(draft: Draft) -> Findings:
    """Returns what is wrong, unwise or worth knowing about a config as a whole."""
    found = Findings()
    for rule in (
        _imports,
        data_rules.judge_dataset,
        data_rules.judge_shares,
        data_rules.judge_official_rows,
        judge_class_weight,
        _loss,
        _metrics,
        _monitors,
        _target,
        _seeds,
        _schedule_and_plateau,
        _tensorboard,
        _engine,
    ):
        rule(draft, found)
    model_rules.judge_layers(draft, found)
    model_rules.judge_output(draft, found)
    model_rules.note_slopes(draft, found)
    return found


def judge_with_data(draft: Draft) -> list[Finding]:
    """Returns what is wrong with a config that only its data could tell."""
    found = Findings()
    for rule in (data_rules.judge_official_rows, _loss, _monitors, _target):
        rule(draft, found)
    return found.errors


def judge_model(draft: Draft) -> list[Finding]:
    """Returns what is wrong with a model that stands without data."""
    found = Findings()
    _imports(draft, found)
    model_rules.judge_layers(draft, found)
    if draft.get("model", "input_shape") == "auto":
        found.error(
            ("model", "input_shape"),
            "is missing; without a data set the model needs it, such as [28, 28]",
        )
    return found.errors


def _imports(draft: Draft, found: Findings) -> None:
    modules = draft.get("imports")
    for index, name in enumerate(modules if isinstance(modules, list) else ()):
        problem = missing_module(name) if isinstance(name, str) else None
        if problem is not None:
            found.error(("imports", index), problem)


def _loss(draft: Draft, found: Findings) -> None:
    loss, task = draft.component("loss"), draft.task
    if loss is None or task is None or draft.card is None:
        return
    name, said = loss.name, f"{loss.name} is"
    if task == "regression" and name in CLASS_LOSSES:
        found.error(
            ("loss",),
            f"{said} for classes, and {draft.card.name} has numbers to predict; "
            "write mean_squared_error",
        )
    elif task == "multiclass" and name in BINARY_LOSSES:
        found.error(
            ("loss",),
            f"{said} for two classes, and {draft.card.name} has "
            f"{draft.card.num_classes or 'more'}; "
            "write categorical_crossentropy",
        )
    elif task != "regression" and name in VALUE_LOSSES:
        better = "binary" if task == "binary" else "categorical"
        found.warn(
            ("loss",),
            f"{said} for numbers, and {draft.card.name} has classes; "
            f"it works, {better}_crossentropy learns faster",
        )


def _metrics(draft: Draft, found: Findings) -> None:
    loss = draft.component("loss")
    for index, metric in enumerate(draft.metrics):
        path = ("metrics", index)
        if metric == "accuracy" and draft.task == "regression":
            found.warn(path, "accuracy counts right classes, and there are numbers to predict")
        if metric == "accuracy" and loss is not None and parts_at_zero(loss):
            message = "Keras's accuracy parts the classes at an output of 0.5, and this loss at 0; "
            found.warn(path, f"{message}write {{BinaryAccuracy: {{name: accuracy, threshold: 0}}}}")
        name = next(iter(metric)) if isinstance(metric, dict) and len(metric) == 1 else None
        one_hot = name in ("CategoricalAccuracy", "TopKCategoricalAccuracy")
        by_index = name in ("SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy")
        if loss is None or not isinstance(name, str):
            continue
        if (one_hot and loss.name in INDEX_LOSSES) or (by_index and loss.name in ONE_HOT_LOSSES):
            other = name.removeprefix("Sparse") if by_index else f"Sparse{name}"
            message = f"{name} does not fit the labels of {loss.name}; write {other}"
            found.error(path, message)


def _known_columns(draft: Draft) -> tuple[list[str], bool]:
    """The metrics of the history, and whether there can be no others."""
    names = [metric_name(metric) for metric in draft.metrics]
    measured = ["loss", *(name for name in names if name is not None)]
    known = list(measured)
    if draft.has_validation:
        known += [VALIDATION + name for name in measured]
    if draft.get("training", "train_eval") != "off":
        known += [TRAIN_EVAL + name for name in measured]
    return known, draft.get("metrics") != "auto" and None not in names


def _target(draft: Draft, found: Findings) -> None:
    target, (known, knows_all) = draft.get("target"), _known_columns(draft)
    for name in target if isinstance(target, dict) and knows_all else ():
        if name not in known:
            found.error(("target", name), _unknown_monitor(name, name, known))


def _seeds(draft: Draft, found: Findings) -> None:
    seed, repeat = draft.get("seed"), draft.get("repeat")
    if isinstance(seed, int) and isinstance(repeat, int) and seed + repeat > 2**32:
        message = f"{repeat} repeats take the seeds from {seed} on, beyond 4294967295; begin lower"
        found.error(("seed",), message)


def _monitors(draft: Draft, found: Findings) -> None:
    known, knows_all = _known_columns(draft)
    monitor = draft.get("training", "monitor")
    named: list[tuple[KeyPath, Any]] = [(("training", "monitor"), monitor)]
    for index, callback in enumerate(draft.callbacks):
        monitor = _monitor_of(callback)
        if monitor is not None:
            named.append((("training", "callbacks", index, "monitor"), monitor))
    for path, name in named:
        if not isinstance(name, str) or name in ("auto", *known):
            continue
        spelled = name.replace("acc", "accuracy") if name in ("acc", "val_acc") else name
        base = spelled.removeprefix(VALIDATION)
        is_of_none = base != spelled and not draft.has_validation
        if is_of_none and (base in known or not knows_all):
            found.error(path, f"no {name!r} without a validation part; write {base!r}")
        elif knows_all:
            found.error(path, _unknown_monitor(name, spelled, known))


def _unknown_monitor(name: str, spelled: str, known: list[str]) -> str:
    hint, there = did_you_mean(spelled, known), f"there are {', '.join(known)}"
    return f"no metric {name!r}{hint} ({there})" if hint else f"no metric {name!r}; {there}"


def _monitor_of(callback: Component | None) -> Any:
    if callback is None:
        return None
    card = find_component("callback", callback.name)
    if card is None or "monitor" not in card.arguments:
        return None
    if callback.name == "ModelCheckpoint" and not callback.arguments.get("save_best_only"):
        return None  # it looks at the monitor only then
    return callback.arguments.get("monitor", card.defaults.get("monitor"))


def _schedule_and_plateau(draft: Draft, found: Findings) -> None:
    optimizer = draft.component("optimizer")
    if optimizer is None or not isinstance(optimizer.arguments.get("learning_rate"), Component):
        return
    for index, callback in enumerate(draft.callbacks):
        if callback is not None and callback.name == "ReduceLROnPlateau":
            found.error(
                ("training", "callbacks", index),
                "ReduceLROnPlateau cannot change the learning rate that a schedule sets; "
                "remove one of the two",
            )


def _tensorboard(draft: Draft, found: Findings) -> None:
    if importlib.util.find_spec("tensorboard") is not None:
        return
    for index, callback in enumerate(draft.callbacks):
        if callback is not None and callback.name == "TensorBoard":
            found.error(
                ("training", "callbacks", index),
                "TensorBoard needs the package tensorboard; pip install 'dlrun[tensorboard]'",
            )


def _engine(draft: Draft, found: Findings) -> None:
    engine, jit_compile = draft.get("training", "engine"), draft.get("training", "jit_compile")
    asked = {("compiled", True): "compiled+xla", ("compiled+xla", False): "compiled"}
    if engine == "stepwise" and jit_compile is True:
        found.error(
            ("training", "jit_compile"),
            "jit_compile: true needs a compiled engine, and engine is 'stepwise'; "
            "leave one of the two out",
        )
    for (name, is_compiled), right in asked.items():
        if engine == name and jit_compile is is_compiled:
            found.error(
                ("training", "jit_compile"),
                f"jit_compile: {str(jit_compile).lower()} is engine: {right}, and engine is "
                f"{engine!r}; leave one of the two out",
            )
