"""The plain Keras script of a run, as text: what a lecture would type, with reasons."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from dlrun.exporting.expressions import WIDTH, Call, Expression, FindOwn, listed, render
from dlrun.exporting.script_data import SHORT, DataSource
from dlrun.exporting.script_limits import versions, what_a_script_leaves_out
from dlrun.exporting.script_model import callbacks_source, keeps_best, model_source
from dlrun.prepare import PreparedData
from dlrun.runs import Run
from dlrun.training import EVALUATION_BATCH_SIZE


def script_text(
    run: Run, data: PreparedData, source: DataSource, data_file: str, own: FindOwn
) -> str:
    """Returns the whole script.

    Args:
        run: A single run that a script can say.
        data: Its data.
        source: The lines that load and split them.
        data_file: Name of the file that they load.
        own: Asked for components that Keras does not have.
    """
    body = [
        *_settings(data),
        *source.lines,
        "",
        *model_source(data.config, data.dataset.input_shape, run.parameters, own),
        *_batches(data, source),
        *_fit(run, data, source, own),
        *_results(source),
    ]
    imported = getattr(own, "imports", {})
    head = [*_docstring(run, data_file), *_imports(body, source, imported)]
    return "\n".join([*head, *body]) + "\n"


def _docstring(run: Run, data_file: str) -> list[str]:
    text = f"Gives the numbers of the dlrun run {run.id}, epoch by epoch, on Keras's TensorFlow "
    text += f"backend; the run had {versions(run)}. The data lie beside it, in {data_file}."
    remarks = [f"But {remark}." for remark in what_a_script_leaves_out(run)]
    name = run.config.name
    paragraphs = [f"python {name}.py [--epochs N]", text, *remarks]
    wrapped = ["\n".join(textwrap.wrap(_harmless(one), WIDTH)) for one in paragraphs]
    return [f'"""{name} in plain Keras, without dlrun.\n', "\n\n".join(wrapped), '"""', ""]


def _harmless(text: str) -> str:
    """Returns a text from a run folder that cannot end the docstring and become code."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain.replace("\\", "/").replace('"', "'")


def _imports(body: Sequence[str], source: DataSource, own: Mapping[str, set[str]]) -> list[str]:
    standard = ["import argparse", "import math", "from pathlib import Path"]
    others = ["import keras", "import numpy as np"]
    if any("tf." in line for line in body):
        others.append("import tensorflow as tf")
    found = [f"from {module} import {', '.join(sorted(own[module]))}" for module in own]
    if source.from_sklearn:
        found.append(f"from sklearn.datasets import {source.from_sklearn}")
    return [*standard, "", *others, *sorted(found), ""]


def _settings(data: PreparedData) -> list[str]:
    config = data.config
    rows, threads = len(data.splits.train), config.training.threads
    lines = [
        f"SEED = {config.seed}",
        f"EPOCHS = {config.training.epochs}",
        f"BATCH_SIZE = {config.training.rows_of_step(rows)}",
        "",
        f'parser = argparse.ArgumentParser(description="{config.name} in plain Keras")',
        'parser.add_argument("--epochs", type=int, default=EPOCHS)',
        "epochs = parser.parse_args().epochs",
        "",
    ]
    if threads != "auto":
        lines += [
            *_comment("The number of threads decides the last digits of large sums."),
            f"tf.config.threading.set_intra_op_parallelism_threads({threads})",
            f"tf.config.threading.set_inter_op_parallelism_threads({threads})",
        ]
    lines += [
        *_comment("Initial weights and dropout follow from the seed."),
        "keras.utils.set_random_seed(SEED)",
    ]
    if config.training.precision != "float32":
        lines.append(f'keras.config.set_dtype_policy("{config.training.precision}")')
    return [*lines, ""]


def _batches(data: PreparedData, source: DataSource) -> list[str]:
    names = ["x_train", "y_train"] + (["weight_train"] if "train" in source.weighted else [])
    lines = [
        "",
        "",
        "def batches():",
        '    """Yields training rows in an order that seed and epoch alone decide."""',
        "    for epoch in range(epochs):",
        "        order = np.random.default_rng([SEED, epoch]).permutation(len(x_train))",
        "        for start in range(0, len(order), BATCH_SIZE):",
        "            rows = order[start : start + BATCH_SIZE]",
        f"            yield {', '.join(f'{name}[rows]' for name in names)}",
        "",
        "",
    ]
    if not _is_static(data):
        return lines
    specs = [f"tf.TensorSpec((BATCH_SIZE, *{name}.shape[1:]), {name}.dtype)" for name in names]
    return [
        *lines,
        *_comment(
            "All batches have one size, which TensorFlow must know: dividing by a known number "
            "has other last digits."
        ),
        "dataset = tf.data.Dataset.from_generator(",
        "    batches,",
        "    output_signature=(",
        *[f"        {spec}," for spec in specs],
        "    ),",
        ")",
        "",
    ]


def _is_static(data: PreparedData) -> bool:
    rows = len(data.splits.train)
    return rows % data.config.training.rows_of_step(rows) == 0


def _fit(run: Run, data: PreparedData, source: DataSource, own: FindOwn) -> list[str]:
    arguments: list[tuple[str, Expression]] = [
        ("", "dataset" if _is_static(data) else "batches()"),
        ("epochs", "epochs"),
        ("steps_per_epoch", "math.ceil(len(x_train) / BATCH_SIZE)"),
        ("shuffle", "False"),
    ]
    if "validation" in source.parts:
        held_out = "x_val, y_val" + (", weight_val" if "validation" in source.weighted else "")
        arguments.append(("validation_data", f"({held_out})"))
        arguments.append(("validation_batch_size", str(EVALUATION_BATCH_SIZE)))
    callbacks = callbacks_source(data.config, str(run.metrics["monitor_mode"]), own)
    lines = []
    if callbacks:
        lines = [f"callbacks = {render(listed(callbacks), taken=12)}", ""]
        arguments.append(("callbacks", "callbacks"))
        if keeps_best(data.config):
            reason = f"puts the weights of the best epoch by {data.config.training.monitor} back"
            before = "The last of these never stops: it" if callbacks[1:] else "Never stops: it"
            lines = [*_comment(f"{before} {reason}."), *lines]
    arguments.append(("verbose", "2"))
    return [*lines, f"history = {render(Call('model.fit', arguments), taken=WIDTH)}", ""]


def _results(source: DataSource) -> list[str]:
    lines = [
        *_comment("Each epoch's values, to all their digits."),
        'print("epoch", *history.history, sep=",")',
        "for epoch, values in enumerate(zip(*history.history.values()), start=1):",
        '    print(epoch, *values, sep=",")',
    ]
    for part in source.parts:
        if part == "train":
            continue
        end = SHORT[part]
        arguments: list[tuple[str, Expression]] = [("", f"x_{end}"), ("", f"y_{end}")]
        if part in source.weighted:
            arguments.append(("sample_weight", f"weight_{end}"))
        arguments += [("batch_size", str(EVALUATION_BATCH_SIZE)), ("verbose", "0")]
        arguments.append(("return_dict", "True"))
        call = render(Call("model.evaluate", arguments), taken=8)
        lines += ["", f"found = {call}", f'print("{part}", found)']
    return lines


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH - 2)]
