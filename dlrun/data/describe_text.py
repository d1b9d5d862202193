"""The facts of a data set as lines of text, at most 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 80
MAX_FEATURES = 50
MAX_CLASSES = 50
MAX_ONE_HOT = 20

Facts = Mapping[str, Any]


def describe_lines(facts: Facts) -> list[str]:
    """Returns what `describe` found as lines of at most 80 columns."""
    blocks = [_head(facts), _split_lines(facts), _class_lines(facts), _value_lines(facts)]
    blocks += [_label_lines(facts), _feature_lines(facts), _image_lines(facts)]
    lines: list[str] = []
    for block in blocks:
        lines += ["", *block] if lines and block else block
    return lines


def _head(facts: Facts) -> list[str]:
    official = facts["num_official_test"]
    rows = f"{facts['num_rows']:,}"
    if official:
        rows += f" ({facts['num_rows'] - official:,} and {official:,} official test rows)"
    shape = f"{_shape(facts['input_shape'])} {facts['x_dtype']}"
    inputs = facts["inputs"]
    span = f"{number(inputs['min'])} to {number(inputs['max'])}"
    pairs = [
        ("task", facts["task"]),
        ("rows", rows),
        ("inputs", f"x {shape} each, y {_shape(facts['y_shape'])} {facts['y_dtype']}"),
        ("missing values", "none: data that has some is refused when it is loaded"),
    ]
    if "image" in facts:
        pixels = f"{span}, mean {number(inputs['mean'])}, sd {number(inputs['sd'])}"
        pairs.append(("pixels", pixels))
    pairs += [(key, facts[key]) for key in ("source", "licence") if facts[key]]
    pairs += [("note", note) for note in facts["notes"]]
    title = f"{facts['name']}: {facts['title']}" if facts["title"] else facts["name"]
    return [*_wrapped(title, ""), *(line for pair in pairs for line in _pair(*pair))]


def _split_lines(facts: Facts) -> list[str]:
    if "parts" not in facts:
        return []
    shown = [f"{part} {rows:,}" if rows else f"no {part}" for part, rows in facts["parts"].items()]
    lines = _pair("split", ", ".join(shown))
    lines += [line for hint in facts["hints"] for line in _pair("hint", hint)]
    if "scaling" in facts:
        scaling = facts["scaling"]
        after = scaling["inputs"]
        text = f"{scaling['kind']}: {_scaling_words(scaling)}"
        text += f"; then {number(after['min'])} to {number(after['max'])}"
        lines += _pair("scale", f"{text}, mean {number(after['mean'])}, sd {number(after['sd'])}")
    return lines


def _scaling_words(scaling: Facts) -> str:
    if scaling["kind"] == "none":
        return "as they are"
    if isinstance(scaling["divisor"], list):
        return "(x - offset) / divisor, each feature its own"
    minus = f"(x - {number(scaling['offset'])})" if scaling["offset"] else "x"
    return f"{minus} / {number(scaling['divisor'])}"


def _class_lines(facts: Facts) -> list[str]:
    if "classes" not in facts:
        return []
    classes = facts["classes"]
    parts = [part for part, n in classes[0]["counts"].items() if _total(classes, part)]
    total = _total(classes, "all")
    rows = [["label", "class", *("rows" if p == "all" else p for p in parts), "share"]]
    for entry in classes[:MAX_CLASSES]:
        counts = [f"{entry['counts'][part]:,}" for part in parts]
        share = f"{entry['counts']['all'] / total:.2%}"
        rows.append([str(entry["label"]), _short(entry["name"], 18), *counts, share])
    lines = _table(rows, left=(1,))
    if len(classes) > MAX_CLASSES:
        lines.append(f"… and {len(classes) - MAX_CLASSES} more classes")
    most = max(classes, key=lambda entry: entry["counts"]["all"])
    share = most["counts"]["all"] / total
    return [
        *lines,
        *_wrapped(f"always saying {most['name']!r} would be right {share:.2%} of the time"),
    ]


def _total(classes: Sequence[Facts], part: str) -> int:
    return sum(entry["counts"][part] for entry in classes)


def _value_lines(facts: Facts) -> list[str]:
    if "values" not in facts:
        return []
    rows = [["to predict", "smallest", "mean", "largest", "sd"]]
    for i, found in enumerate(facts["values"]):
        name = "y" if len(facts["values"]) == 1 else f"y{i}"
        rows.append([name, *(number(found[key]) for key in ("min", "mean", "max", "sd"))])
    return _table(rows, left=(0,))


def _label_lines(facts: Facts) -> list[str]:
    if "classes" not in facts:
        rows = [["row", "value"]]
        for entry in facts["labels"]:
            value = entry["value"]
            values = value if isinstance(value, list) else [value]
            rows.append([str(entry["row"]), _short(" ".join(map(number, values)), 60)])
        return _table(rows)
    rows = [["row", "label", "class", "one-hot row"]]
    for entry in facts["labels"]:
        hot = entry["one_hot"]
        text = " ".join(map(str, hot))
        if len(hot) > MAX_ONE_HOT:
            text = f"1 at place {entry['label']}, 0 at the other {len(hot) - 1}"
        rows.append([str(entry["row"]), str(entry["label"]), _short(entry["name"], 24), text])
    return _table(rows, left=(2, 3))


def _feature_lines(facts: Facts) -> list[str]:
    if "features" not in facts:
        return []
    features = facts["features"]
    rows = [["feature", "smallest", "mean", "largest", "sd", "distinct"]]
    for found in features[:MAX_FEATURES]:
        numbers = [number(found[key]) for key in ("min", "mean", "max", "sd")]
        rows.append([_short(found["name"], 22), *numbers, f"{found['num_distinct']:,}"])
    lines = _table(rows, left=(0,))
    if len(features) > MAX_FEATURES:
        lines.append(f"… and {len(features) - MAX_FEATURES} more features")
    return [*lines, f"of {facts['num_described']:,} training rows"]


def _image_lines(facts: Facts) -> list[str]:
    """One image as numbers; empty margins are left out, and columns that are too many."""
    if "image" not in facts:
        return []
    image = facts["image"]
    cells = [[_pixel(value) for value in row] for row in image["pixels"]]
    height, width = len(cells), len(cells[0])
    top, bottom, left, right = _ink_box(image["pixels"])
    cell = max(len(text) for row in cells for text in row)
    fitting = (WIDTH + 1) // (cell + 1)
    if right - left > fitting:
        left = (left + right - fitting) // 2
        right = left + fitting
    head = f"row {image['row']}, {image['label']!r}, as numbers"
    if image["channel"] is not None:
        head += f" (channel {image['channel']})"
    if (top, bottom, left, right) != (0, height, 0, width):
        head += f": rows {top} to {bottom - 1} and columns {left} to {right - 1} of "
        head += f"{height} × {width}"
    lines = [" ".join(f"{text:>{cell}}" for text in row[left:right]) for row in cells[top:bottom]]
    return [*_wrapped(head, ""), *lines]


def _ink_box(pixels: Sequence[Sequence[float]]) -> tuple[int, int, int, int]:
    """Returns top, bottom, left, right of all that differs from the corner's value."""
    paper = pixels[0][0]
    rows = [i for i, row in enumerate(pixels) if any(value != paper for value in row)]
    columns = [j for j in range(len(pixels[0])) if any(row[j] != paper for row in pixels)]
    if not rows:
        return 0, len(pixels), 0, len(pixels[0])
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def _pixel(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.2f}"


def number(value: float) -> str:
    """Returns a number in at most ten characters: whole from 1,000 on, else four digits."""
    if abs(value) >= 1e7:
        return f"{value:.4g}"
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-6 else "0"


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) if shape else "one"


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _pair(key: str, text: str) -> list[str]:
    return _wrapped(f"{key:<16}{text}", " " * 16)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent) or [text]


def _table(rows: Sequence[Sequence[str]], left: tuple[int, ...] = ()) -> list[str]:
    """Returns rows as aligned columns, right-aligned but for `left`; the first row is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            f"{text:<{width}}" if i in left else f"{text:>{width}}"
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
