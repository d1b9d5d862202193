"""The whole path from what was named to what is kept: read, prepare, predict, write, draw."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dlrun.errors import InputError, RunError
from dlrun.evaluation.meaning import Meaning, meaning_of
from dlrun.events import Message, Progress, Report, ignore
from dlrun.images.page import prepare_page
from dlrun.images.preparation import Prepared, Recipe, prepare_picture
from dlrun.images.reading import read_picture
from dlrun.predicting.answers import answers_of
from dlrun.predicting.inputs import Input, find_inputs
from dlrun.predicting.labels import Labels, labels_of
from dlrun.predicting.recipe import recipe_of, takes_images
from dlrun.predicting.samples import Predictions, Sample
from dlrun.predicting.tables import Chunk, Columns, read_table
from dlrun.predicting.tally import Tally
from dlrun.predicting.writing import SampleWriter, csv_rows, new_folder
from dlrun.runs import Run
from dlrun.runs.links import refuse_links
from dlrun.runs.predictor import Predictor, load_predictor

MOST_KEPT = 1000
"""Samples that are returned; all of them are in `predictions.csv`."""

MOST_SHOWN = 120
"""Images on contact sheets."""

BATCH_IMAGES = 64
"""Images that are in memory at a time."""

_Seen = Sequence[Prepared | None]
"""Of a batch's samples, those that are images, as they were prepared."""

_Batch = tuple[list[Sample], _Seen]


@dataclass(frozen=True)
class Asked:
    """How to predict.

    Attributes:
        labels: A labels CSV, labels in reading order, or a table's column; None for what the
            inputs themselves say.
        page: Whether pictures are pages of many figures; None: as each one looks.
        without: Steps of the preparation to leave out.
    """

    labels: str | None = None
    page: bool | None = None
    without: tuple[str, ...] = ()


def predict_inputs(
    run: Run,
    names: Sequence[str],
    asked: Asked | None = None,
    *,
    stdin: bytes | None = None,
    report: Report = ignore,
) -> Predictions:
    """Predicts what was named by a run's kept model, and keeps it in the run's folder.

    Args:
        run: A single run.
        names: Images, tables, folders, patterns, or `-` for `stdin`.
        asked: How.
        stdin: What came on standard input.
        report: Told of the data set, progress, and whatever is worth knowing.

    Raises:
        RunError: the run has no readable model, or its folder leads to elsewhere.
        InputError: what was asked for cannot be; a single input that cannot be predicted is a
            sample with its error.
        StorageError: the results cannot be written.
    """
    refuse_links(run)
    asked = asked or Asked()
    images = takes_images(run)
    inputs = find_inputs(names, stdin, images=images)
    if not inputs:
        raise InputError("nothing to predict: name files, folders, or - for standard input")
    meaning = meaning_of(run.dataset, run.config)
    recipe = recipe_of(run, asked.without, report) if images else None
    if recipe is None and (asked.without or asked.page is not None):
        raise RunError(
            f"{run.path}: its model takes tables; --page and --without are for images, leave them "
            "out"
        )
    of_images = [i for i in inputs if not i.is_table and images]
    if all(one.error for one in inputs):  # before TensorFlow is loaded and a folder made
        raise InputError("; ".join(f"{one.name}: {one.error}" for one in inputs))
    labels = labels_of(of_images, asked.labels, meaning.class_names) if of_images else Labels()
    report(Message("loading TensorFlow …"))
    predictor = load_predictor(run)
    job = _Job(run, predictor, meaning, recipe, asked, labels, report)
    folder = new_folder(run)
    batches = job.batches(inputs)
    if labels.in_order:
        batches = _labelled(batches, labels.in_order, report)
    return _collect(run, folder, Tally(meaning.class_names), batches)


def _collect(run: Run, folder: Path, tally: Tally, batches: Iterator[_Batch]) -> Predictions:
    """Writes every sample, and keeps the first ones to be shown."""
    kept, prepared = list[Sample](), dict[int, Prepared]()
    with csv_rows(folder, of_classes=bool(run.dataset["class_names"])) as writer:
        for samples, seen in batches:
            _keep(writer, tally, samples)
            for sample, picture in zip(samples, seen, strict=True):
                if picture is not None and len(prepared) < MOST_SHOWN:
                    prepared[len(kept)] = picture
                if len(kept) < MOST_KEPT:
                    kept.append(sample)
    return Predictions(
        run=run,
        folder=folder,
        samples=tuple(kept),
        num_samples=tally.num_samples,
        num_failed=tally.num_failed,
        report=tally.report(),
        prepared=prepared,
    )


def _labelled(batches: Iterator[_Batch], labels: Sequence[str], report: Report) -> Iterator[_Batch]:
    """Gives labels to figures in their order, if there are as many; else none would be sure."""
    everything = list(batches)
    count = sum(len(samples) for samples, _ in everything)
    if count != len(labels):
        text = f"--labels: there are {len(labels)} labels and {count} figures; none is used"
        report(Message(text, level="warning"))
    known: Iterator[str | None] = iter(labels if count == len(labels) else [None] * count)
    for samples, seen in everything:
        yield [replace(sample, label=next(known)) for sample in samples], seen


def _keep(writer: SampleWriter, tally: Tally, samples: Sequence[Sample]) -> None:
    writer.write(samples)
    tally.add(samples)


@dataclass(frozen=True, eq=False)
class _Job:
    """What stays the same from input to input."""

    run: Run
    predictor: Predictor
    meaning: Meaning
    recipe: Recipe | None
    asked: Asked
    labels: Labels
    report: Report

    def batches(self, inputs: Sequence[Input]) -> Iterator[_Batch]:
        """Samples of all inputs in order, and what of them is an image."""
        done = 0
        for is_table, group in itertools.groupby(inputs, key=self._is_table):
            if is_table:
                for source in group:
                    yield from self._of_table(source)
                continue
            for some in _by(BATCH_IMAGES, group):
                yield self._of_images(some)
                done += len(some)
                self.report(Progress("predicting", done, len(inputs), "images"))

    def _is_table(self, source: Input) -> bool:
        return source.error is None and (self.recipe is None or source.is_table)

    def _of_images(self, sources: Sequence[Input]) -> _Batch:
        workers = min(8, os.cpu_count() or 1)
        with ThreadPoolExecutor(workers) as pool:  # Pillow and SciPy let others work meanwhile
            found = list(itertools.chain.from_iterable(pool.map(self._prepare, sources)))
        seen = [one for one in found if isinstance(one, Prepared)]
        outputs = self.predictor(np.stack([one.pixels for one in seen])) if seen else np.zeros(0)
        answers = iter(answers_of(outputs, self.meaning) if seen else [])
        samples = []
        for one in found:
            if isinstance(one, Sample):
                samples.append(one)
                continue
            answer, label = next(answers), self._label(one.name, sources)
            unclear = () if answer.is_clear else ("no clear class",)
            samples.append(Sample(one.name, answer, label, (*one.remarks, *unclear)))
        return samples, [one if isinstance(one, Prepared) else None for one in found]

    def _label(self, name: str, sources: Sequence[Input]) -> str | None:
        for source in sources:
            if source.path is not None and source.name == name:
                return self.labels.by_path.get(source.path.absolute())
        return None

    def _prepare(self, source: Input) -> list[Prepared | Sample]:
        """A picture prepared, its figures if it is a page, or what is wrong with it."""
        assert self.recipe is not None
        if source.error is not None:
            return [Sample(source.name, error=source.error)]
        try:
            content = source.path if source.path is not None else source.content
            picture = read_picture(content, source.name)
            if self.asked.page is not False and self.recipe.looks.kind == "drawing":
                figures = prepare_page(picture, self.recipe, always=bool(self.asked.page))
                if len(figures) > 1 or (figures and self.asked.page):
                    return list(figures)
            return [prepare_picture(picture, self.recipe)]
        except InputError as error:
            said = str(error).removeprefix(f"{source.name}: ")
            return [Sample(source.name, error=said)]

    def _of_table(self, source: Input) -> Iterator[_Batch]:
        names = self.run.dataset["feature_names"]
        label = self.asked.labels if self.recipe is None else None
        is_told = False
        try:
            if self.recipe is None and not source.is_table:
                raise InputError(
                    f"{source.name}: not a table, and the model takes {len(names)} columns; "
                    "give it a .csv, .parquet or .npz file"
                )
            shape = self.predictor.input_shape
            for columns, chunk in read_table(source, names, shape, label):
                if columns is not None and not is_told:
                    self._tell_columns(source.name, columns)
                    is_told = True
                samples = self._of_rows(source.name, chunk)
                yield samples, [None] * len(samples)
        except InputError as error:
            yield [Sample(source.name, error=str(error).removeprefix(f"{source.name}: "))], [None]

    def _tell_columns(self, name: str, columns: Columns) -> None:
        if columns.ignored:
            text = f"{name}: columns that the model does not use are passed over: "
            self.report(Message(text + ", ".join(columns.ignored[:12])))
        if columns.label_name:
            numbers = ", ".join(f"{i} is {n}" for i, n in enumerate(self.meaning.class_names[:12]))
            text = f"{name}: column {columns.label_name!r} is compared with the predictions"
            self.report(Message(f"{text} ({numbers})" if numbers else text))

    def _of_rows(self, name: str, chunk: Chunk) -> list[Sample]:
        good = [i for i in range(len(chunk.x)) if i not in chunk.problems]
        answers = iter(answers_of(self.predictor(chunk.x[good]), self.meaning) if good else [])
        label_of = _label_reader(self.meaning.class_names, chunk.labels)
        return [
            Sample(
                f"{name} row {chunk.first_row + i}",
                None if i in chunk.problems else next(answers),
                label_of(i),
                error=chunk.problems.get(i),
            )
            for i in range(len(chunk.x))
        ]


def _label_reader(
    class_names: Sequence[str], labels: np.ndarray | None
) -> Callable[[int], str | float | None]:
    """Reads a row's label: a class by its name or number, or a value."""
    if labels is None:
        return lambda _row: None

    def read(row: int) -> str | float | None:
        assert labels is not None
        value = labels[row]
        if not class_names:
            return _value(value)
        if str(value) in class_names:
            return str(value)
        number = _value(value)
        is_class = number is not None and number.is_integer() and 0 <= number < len(class_names)
        return class_names[int(number)] if is_class and number is not None else None

    return read


def _value(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def _by(size: int, items: Iterator[Input]) -> Iterator[list[Input]]:
    """Lists of at most so many, one after another."""
    while some := list(itertools.islice(items, size)):
        yield some
