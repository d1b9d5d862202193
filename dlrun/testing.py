"""Looks at test rows, by a run that has ended: its own that it has not seen yet, or others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dlrun.config import DatasetConfig
from dlrun.data import Dataset, Scaling, Splits, encode_labels, load_dataset
from dlrun.errors import RunError
from dlrun.evaluation.meaning import meaning_of
from dlrun.events import Message, Report, ignore
from dlrun.prepare import PreparedData, choose_encoding, prepare_data
from dlrun.resumption import check_same_data
from dlrun.rows import import_own
from dlrun.runs import Run
from dlrun.runs.create import amend_info, now
from dlrun.runs.lock import only_process
from dlrun.runs.looks import (
    OTHER_TEST,
    TEST,
    Looks,
    count_looks,
    new_look,
    own_test_set,
    test_set_of,
)
from dlrun.runs.record import add_other_test, add_test
from dlrun.runs.run import CONFIG, MODEL


@dataclass(frozen=True)
class TestLook:
    """What a look at test rows found.

    Attributes:
        run: That was tested.
        dataset: Name of the data set.
        test_set: The rows' hash, by which looks are counted.
        evaluation: What `evaluation.json` keeps of it.
        looks: How often these rows have been looked at.
        is_new: Whether the rows were looked at now; else it had been done before.
    """

    __test__ = False  # no tests in it, whatever pytest makes of its name

    run: Run
    dataset: str
    test_set: str
    evaluation: Mapping[str, Any]
    looks: Looks
    is_new: bool


def look_at_test(run: Run, dataset: str | None = None, report: Report = ignore) -> TestLook:
    """Evaluates a run's kept model on test rows, and keeps what comes out in its folder.

    Args:
        run: A single run that has ended.
        dataset: Name of another data set, or path of an .npz file, whose official test rows (or
            all rows, where it has none) are looked at; None: the run's own test rows. Those are
            looked at once; after that, what was found is returned again.
        report: Told whatever is worth knowing.

    Raises:
        RunError: it runs, has no model, or held no test rows back; or the other data do not fit.
        DatasetError: the data cannot be had.
    """
    if run.status == "running":
        raise RunError(f"{run.path}: it is running; its test rows are looked at when it ends")
    if dataset is None and run.has_evaluation and "test" in run.evaluation:
        test_set = own_test_set(run)
        found, looks = run.evaluation["test"], count_looks(test_set, run)
        return TestLook(run, run.dataset["name"], test_set, found, looks, is_new=False)
    data = _own_test(run, report) if dataset is None else _other_data(run, dataset, report)
    report(Message("loading TensorFlow …"))
    with only_process(run):
        run = Run(run.path)  # read anew: another process may have held it until now
        return _look(run, data, is_own=dataset is None)


def _own_test(run: Run, report: Report) -> PreparedData:
    data = prepare_data(run.config, report)
    check_same_data(run, data)
    if "test" not in data.rows:
        raise RunError(
            f"{run.path}: no test rows were held back when it was trained; test it on other rows "
            "by --dataset, or train anew with dataset.split.test=0.15"
        )
    return replace(data, scaling=_recorded_scaling(run))


def _recorded_scaling(run: Run) -> Scaling:
    return Scaling.from_dict(run.dataset["scaling"])


def _other_data(run: Run, name: str, report: Report) -> PreparedData:
    """Another data set's test rows, scaled as the run's own data were."""
    config = run.config
    asked = DatasetConfig(name=name)
    if name.endswith(".npz"):
        options: dict[str, Any] = {"path": name}
        if run.dataset["task"] == "regression":
            options["task"] = "regression"
        asked = DatasetConfig(name="npz", options=options)
    config = replace(config, dataset=asked)
    import_own(config)
    dataset = load_dataset(asked, report)
    _check_fits(run, dataset)
    encoding = choose_encoding(config, dataset)
    first = dataset.num_train_rows if dataset.num_official_test else 0
    rows = np.arange(first, dataset.num_rows, dtype=np.int64)
    return PreparedData(
        config=config,
        dataset=dataset,
        splits=Splits(rows, rows[:0], rows),  # nothing is trained
        scaling=_recorded_scaling(run),
        labels=encode_labels(dataset.y, dataset.task, dataset.num_classes, encoding),
        encoding=encoding,
        messages=(),
        sample_weight=dataset.sample_weight,
    )


def _check_fits(run: Run, dataset: Dataset) -> None:
    shape, classes = tuple(run.dataset["input_shape"]), tuple(run.dataset["class_names"])
    if dataset.input_shape != shape:
        raise RunError(
            f"{dataset.name}: a sample has shape {dataset.input_shape}, and {run.id} was trained "
            f"on {shape}; test it on data of that shape"
        )
    if dataset.class_names != classes:
        both = (dataset.class_names, classes)
        theirs, ours = (", ".join(names[:5]) or "numbers" for names in both)
        raise RunError(
            f"{dataset.name}: has {theirs} to predict, and {run.id} was trained on {ours}; "
            "test it on data with the same classes"
        )


def _look(run: Run, data: PreparedData, *, is_own: bool) -> TestLook:
    from dlrun.evaluate import evaluate_outputs
    from dlrun.model import build_model  # TensorFlow, 2 s
    from dlrun.scoring import score_parts
    from dlrun.threads import settle_threads
    from dlrun.training import TensorData, make_evaluator

    data = settle_threads(data, ignore)
    model = build_model(data).model
    try:
        model.set_weights(run.model().get_weights())
    except ValueError:
        raise RunError(
            f"{run.path / MODEL}: its weights are not those of the net in {CONFIG}; "
            "put both files back from a copy, or train the run anew"
        ) from None
    test_set = test_set_of(data)
    look = new_look(test_set, now(), TEST if is_own else OTHER_TEST)
    amend_info(run, test_looks=[*(run.info.get("test_looks") or []), look])
    tensors = TensorData.from_prepared(data)
    scores = score_parts(model, data, tensors, make_evaluator(model, tensors), ("test",))
    values, meaning = scores.metrics["test"], meaning_of(run.dataset, run.config)
    found = evaluate_outputs(scores.of_part("test"), meaning, values["loss"])
    if found is None:
        raise RunError(f"{run.path}: the model gives NaN or infinity for test rows; train anew")
    if is_own:
        add_test(run, values, found, scores.arrays)
    else:
        add_other_test(run, data.dataset.name, found)
    run = Run(run.path)  # read anew
    looks = count_looks(test_set.hash, run)
    return TestLook(run, data.dataset.name, test_set.hash, found, looks, is_new=True)
