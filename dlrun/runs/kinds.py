"""What the values of a run's JSON files are: tables of types, and the check that they hold.

Keys that are not listed are free, and none has to be there; reads no file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

LARGEST_NUMBER = 1e15
"""Of counts and seconds: beyond it, something else was written there."""

LARGEST_METRIC = 1e150
"""Of everything else; far beyond what float32 holds, and what can still be drawn and squared."""

Spec = str | list["Spec"] | dict[str, "Spec"] | tuple["Spec", None]
"""What a value must be: a word of `_WORDS` (with `?`: or null), a list of one kind, an object
by its keys (`*`: every key), a pair with None: or null."""

_VALUES: Spec = ({"*": "number?"}, None)

INFO: Spec = {
    "id": "text?",
    "name": "text?",
    "note": "text?",
    "status": "text",
    "started": "text?",
    "stopped": "text?",
    "duration_seconds": "count?",
    "heartbeat": "text?",
    "engine": "text?",
    "engine_reason": "text?",
    "monitor": "text?",
    "monitor_mode": "text?",
    "epochs_done": "whole?",
    "exit_code": "number?",
    "error": "text?",
    "suggestion": "text?",
    "host": "text?",
    "pid": "number?",
    "pid_started_seconds": "number?",
    "config_path": "text?",
    "command": (["text"], None),
    "overrides": (["text"], None),
    "reproduces": "text?",
    "resumed": (
        [
            {
                "time": "text?",
                "run": "text?",
                "from": "text?",
                "epoch": "whole?",
                "step": "whole?",
                "overrides": (["text"], None),
                "exact": "flag?",
                "remarks": (["text"], None),
            }
        ],
        None,
    ),
    "hashes": ({"*": "text?"}, None),
    "not_repeatable": (["text"], None),
    "callbacks_from_python": (["text"], None),
    "member_of": "text?",
    "members": (["text"], None),
    "test_looks": (
        [
            {
                "time": "text",
                "test_set": "text",
                "dataset": "text?",
                "num_rows": "whole?",
                "by": "text?",
            }
        ],
        None,
    ),
    "weights_removed": ({"time": "text?", "files": ["text"], "reason": "text?"}, None),
}

_SPREAD: Spec = {
    "mean": "number",
    "sd": "amount",
    "low": "number?",
    "high": "number?",
    "values": ["number"],
}

METRICS: Spec = {
    "monitor": "text",
    "monitor_mode": "text",
    "modes": ({"*": "text"}, None),
    "planned_epochs": "whole?",
    "epochs": "whole",
    "best_epoch": "whole?",
    "best": _VALUES,
    "final": _VALUES,
    "kept_epoch": "whole?",
    "train": _VALUES,
    "validation": _VALUES,
    "test": _VALUES,
    "train_eval_rows": "whole?",
    "members": "whole?",
    "finished": (["whole"], None),
    "best_member": "whole?",
    "overlap": "number?",
    "spread": ({"best": {"*": _SPREAD}, "final": {"*": _SPREAD}}, None),
}

_ESTIMATE: Spec = {"value": "number?", "low": "number?", "high": "number?"}

_PART: Spec = {
    "num_rows": "whole",
    "metrics": {"*": _ESTIMATE},
    "baseline": {"says": "text", "metrics": {"*": "number?"}},
    "per_class": (
        [
            {
                "class": "text",
                "precision": "number?",
                "recall": "number?",
                "f1": "number?",
                "num_rows": "whole",
            }
        ],
        None,
    ),
    "confusion_matrix": ([["whole"]], None),
    "threshold": "number?",
    "calibration": (
        {
            "expected_calibration_error": "number?",
            "bins": [{"mean_probability": "number", "share": "number", "num_rows": "whole"}],
        },
        None,
    ),
}

EVALUATION: Spec = {"validation": _PART, "test": _PART, "other_tests": ({"*": _PART}, None)}

_LOOKS: Spec = {
    "kind": "text",
    "is_integer": "flag",
    "pixel_min": "number",
    "pixel_max": "number",
    "ground": "number",
    "box": "whole",
    "centred": "text",
    "stroke_low": "count",
    "stroke_median": "count",
    "stroke_high": "count",
    "ink_low": "count",
    "ink_mean": "count",
    "ink_high": "count",
}

DATASET: Spec = {
    "name": "text",
    "title": "text?",
    "task": "text",
    "source": "text?",
    "licence": "text?",
    "notes": (["text"], None),
    "content_hash": "text?",
    "num_rows": "whole",
    "num_official_test": "whole",
    "input_shape": ["whole"],
    "num_classes": "whole?",
    "class_names": (["text"], None),
    "feature_names": ["text"],
    "label_encoding": "text",
    "weighted": "flag",
    "class_weight": ({"*": "number"}, None),
    "scaling": {"kind": "text", "offset": "numbers", "divisor": "numbers"},
    "looks": (_LOOKS, None),
    "duplicates": ({"*": {"rows": "whole", "features": "whole"}}, None),
    "parts": {"*": {"num_rows": "whole", "class_counts": ["whole"], "label_mean": "numbers"}},
}

ENVIRONMENT: Spec = {
    "python": "text?",
    "platform": "text?",
    "packages": {"*": "text?"},
    "cpu": {"name": "text?"},
    "variables": ({"*": "text?"}, None),
    "git": ({"commit": "text", "dirty": "flag?"}, None),
    "imports": ({"*": "text?"}, None),
    "gpus": (["text"], None),
    "inter_op_threads": "whole?",
    "intra_op_threads": "whole?",
}

PARAMETERS: Spec = {
    "input_shape": ["whole?"],
    "layers": [
        {
            "name": "text",
            "kind": "text",
            "output_shape": ["whole?"],
            "activation": "text?",
            "num_parameters": "whole",
            "num_trainable": "whole",
            "formula": "text?",
            "added": "flag",
        }
    ],
    "total": "whole",
    "trainable": "whole",
    "non_trainable": "whole",
}

SWEEP: Spec = {
    "id": "text?",
    "name": "text",
    "note": "text?",
    "status": "text",
    "plan_key": "text?",
    "strategy": "text",
    "objective": {"metric": "text", "direction": "text"},
    "pruning": "text?",
    "repeat": "whole?",
    "dataset": "text?",
    "started": "text?",
    "stopped": "text?",
    "duration_seconds": "count?",
    "heartbeat": "text?",
    "host": "text?",
    "pid": "number?",
    "pid_started_seconds": "number?",
    "error": "text?",
    "source": "text?",
    "command": (["text"], None),
    "planned": "whole",
    "verdict": "text?",
    "workers": "whole?",
    "parameters": [{"key": "text", "is_log": "flag?", "is_constant": "flag?"}],
    "trials": [
        {
            "number": "whole",
            "values": {},
            "hash": "text",
            "config": {},
            "state": "text",
            "run": "text?",
            "duplicate_of": "whole?",
            "value": "number?",
            "sd": "amount?",
            "num_members": "whole?",
            "best_epoch": "whole?",
            "epochs": "whole?",
            "metrics": {"*": "number?"},
            "num_parameters": "whole?",
            "duration_seconds": "count?",
            "reason": "text",
            "batch": "whole?",
            "data_hash": "text?",
        }
    ],
}

_WORDS = {
    "text": "text",
    "flag": "true or false",
    "number": "a number",
    "numbers": "a number or a list of them",
    "amount": "a number from 0",
    "count": "a number from 0",
    "whole": "a whole number from 0",
}


def mistakes(value: Any, spec: Spec, key: str = "") -> Iterator[str]:
    """Yields what is of another type than it must be; no text of the file is quoted."""
    match spec:
        case str():
            if not _fits(value, spec):
                is_large = spec.startswith("number") and _is_finite(value)
                limit = f" up to {LARGEST_METRIC:g}" if is_large else ""
                yield f"{key} is {kind_of(value)}, not {_WORDS[spec.rstrip('?')]}{limit}"
        case (inner, None):
            if value is not None:
                yield from mistakes(value, inner, key)
        case list():
            if not isinstance(value, list):
                yield f"{key} is {kind_of(value)}, not a list"
                return
            for index, item in enumerate(value):
                yield from mistakes(item, spec[0], f"{key}.{index}")
        case dict():
            if not isinstance(value, dict):
                yield f"{key} is {kind_of(value)}, not an object"
                return
            if "*" in spec:
                pairs = [(f"{key}.{i}", item, spec["*"]) for i, item in enumerate(value.values())]
            else:
                pairs = [(f"{key}.{n}", value[n], spec[n]) for n in spec if n in value]
            for place, item, inner in pairs:
                yield from mistakes(item, inner, place.lstrip("."))


def _fits(value: Any, word: str) -> bool:
    if value is None:
        return word.endswith("?")
    word = word.rstrip("?")
    if word == "numbers":
        values = value if isinstance(value, list) else [value]
        return bool(values) and all(_fits(one, "number") for one in values)
    if word in ("text", "flag"):
        return isinstance(value, str if word == "text" else bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if word in ("number", "amount"):
        limit = LARGEST_METRIC if _is_finite(value) else LARGEST_NUMBER
        return abs(value) < limit and (word == "number" or value >= 0)
    is_counted = 0 <= value < LARGEST_NUMBER
    return is_counted and (word == "count" or isinstance(value, int))


def _is_finite(value: float) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def kind_of(value: Any) -> str:
    """Returns what a value of JSON is, in words."""
    if value is None:
        return "null"
    words = {bool: "true or false", str: "text", list: "a list", dict: "an object"}
    found = next((word for kind, word in words.items() if isinstance(value, kind)), None)
    if found is not None:
        return found
    return f"{value:.4g}" if _is_finite(value) or abs(value) < LARGEST_NUMBER else "no such number"
