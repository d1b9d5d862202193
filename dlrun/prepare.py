"""Data made ready for training: loaded, split, scaled, its labels encoded; no TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dlrun.catalog.datasets import CARDS
from dlrun.config import Config, Loaded, flatten_layers
from dlrun.config.stack import output_layer
from dlrun.data import Dataset, Scaling, Splits, encode_labels, load_dataset
from dlrun.data.duplicates import describe_copies
from dlrun.data.image_folder import takes_whole
from dlrun.data.store import DataStore
from dlrun.data.weights import class_weights, make_train_weight
from dlrun.errors import DatasetError
from dlrun.events import Event, Message, Report, ignore
from dlrun.rows import find_rows, import_own, rows_by_part


@dataclass(frozen=True)
class PreparedData:
    """Everything about the data that training needs.

    Attributes:
        config: The experiment, everything resolved that the data decides.
        dataset: The rows as they came, x (n, *features) uint8 or float32.
        splits: Row numbers of the training, validation and test parts.
        scaling: Fitted on the training rows; applied batch by batch.
        labels: What the loss is given, (n,) or (n, units), float32 or int64.
        encoding: How labels were made from `dataset.y`: index, one_hot, column or value.
        messages: What was said on the way, for the run's log.
        sample_weight: (n,) float32, the data's own weights, for training, validation and test.
        train_weight: (n,) float32, what training multiplies each row's loss by: the weight of
            its class where the config asks for that, else `sample_weight`; None for 1.
        copies: How many rows repeat another, by part; from `count_copies`.
        store: Keeps what else is made of these rows.
        stored_as: What they are asked for by.
    """

    config: Config
    dataset: Dataset
    splits: Splits
    scaling: Scaling
    labels: np.ndarray
    encoding: str
    messages: tuple[Message, ...]
    sample_weight: np.ndarray | None = None
    train_weight: np.ndarray | None = None
    copies: Mapping[str, Any] = field(default_factory=dict)
    store: DataStore = field(default_factory=DataStore, compare=False, repr=False)
    stored_as: Any = None

    @property
    def rows(self) -> Mapping[str, np.ndarray]:
        """Row numbers by part, empty parts left out."""
        return rows_by_part(self.splits)

    def facts(self) -> dict[str, Any]:
        """Returns what `dataset.json` holds."""
        data = self.dataset
        return {
            "name": data.name,
            "title": data.title,
            "task": data.task,
            "source": data.source,
            "licence": data.licence,
            "notes": list(data.notes),
            "content_hash": data.content_hash,
            "num_rows": data.num_rows,
            "num_official_test": data.num_official_test,
            "input_shape": list(data.input_shape),
            "num_classes": data.num_classes,
            "class_names": list(data.class_names),
            "feature_names": list(data.feature_names),
            "label_encoding": self.encoding,
            "weighted": data.sample_weight is not None,
            "class_weight": self._class_weight(),
            "scaling": self.scaling.to_dict(),
            "looks": self.store.get(["looks", self.stored_as], self._looks),
            "duplicates": dict(self.copies),
            "parts": {part: self._part_facts(rows) for part, rows in self.rows.items()},
        }

    def _class_weight(self) -> dict[str, float] | None:
        """The weight of each class in the training loss, by name; None for all alike."""
        weights = class_weights(self.config, self.dataset, self.splits.train)
        if weights is None:
            return None
        return dict(zip(self.dataset.class_names, weights.tolist(), strict=True))

    def _looks(self) -> dict[str, Any] | None:
        """What training images look like, by which others are prepared; None for tables."""
        if not self.dataset.is_image:
            return None
        from dlrun.images.measuring import MOST, measure_looks  # SciPy and Pillow: 0.2 s

        images = self.dataset.x[self.splits.train[:MOST]]
        looks = measure_looks(images, self.dataset.class_names)
        if takes_whole(self.config.dataset):  # others are then taken whole, too
            looks = replace(looks, kind="picture")
        return looks.to_dict()

    def _part_facts(self, rows: np.ndarray) -> dict[str, Any]:
        facts: dict[str, Any] = {"num_rows": len(rows)}
        if self.dataset.num_classes:
            counts = np.bincount(self.dataset.y[rows], minlength=self.dataset.num_classes)
            facts["class_counts"] = counts.tolist()
        else:
            facts["label_mean"] = np.mean(self.dataset.y[rows], axis=0, dtype=np.float64).tolist()
        return facts


def prepare_data(
    config: Config,
    report: Report = ignore,
    *,
    said: Sequence[Message] = (),
    store: DataStore | None = None,
) -> PreparedData:
    """Loads, splits and scales the config's data set.

    Args:
        config: Parts of it may be `auto` where only the data decides them.
        report: Told what the user should know.
        said: Messages from before, for the run's log.
        store: Keeps what other configs in this process can use; None: nothing is kept.

    Raises:
        DatasetError: the data cannot be had, is damaged, or cannot be split as asked.
        ConfigError: the config does not fit the data.
    """
    messages, store = list(said), store or DataStore()

    def listen(event: Event) -> None:
        if isinstance(event, Message):
            messages.append(event)
        report(event)

    found = find_rows(config, store, listen)
    config, dataset, parts = found.config, found.dataset, found.parts
    splits, rows = parts.splits, rows_by_part(parts.splits)
    sizes = {part: len(found) for part, found in rows.items()}
    listen(describe_copies(dataset.name, parts.copies, sizes))
    for message in _remarks(config, dataset, splits):
        listen(message)
    train_weight = make_train_weight(config, dataset, splits, listen)
    encoding = choose_encoding(config, dataset)
    labels = encode_labels(dataset.y, dataset.task, dataset.num_classes, encoding)
    return PreparedData(
        config=config,
        dataset=dataset,
        splits=splits,
        scaling=parts.scaling,
        labels=labels,
        encoding=encoding,
        messages=tuple(messages),
        sample_weight=dataset.sample_weight,
        train_weight=train_weight,
        copies=parts.copies,
        store=store,
        stored_as=found.stored_as,
    )


def prepare_loaded(
    loaded: Loaded, source: str, report: Report | None, store: DataStore | None = None
) -> tuple[PreparedData, Report]:
    """Says what is unwise about a config, prepares its data, and says that TensorFlow comes next.

    Args:
        loaded: The config.
        source: What to call it.
        report: Told; None for nobody.
        store: As of `prepare_data`.

    Returns:
        The data, and the report that is there in any case.

    Raises:
        DlrunError: as `prepare_data`.
    """
    listen = report or ignore
    said = [Message(f"{source}: {problem}", level="warning") for problem in loaded.warnings]
    said += [Message(remark.message) for remark in loaded.notes]
    for message in said:
        listen(message)
    loading = Message("loading TensorFlow …")
    if loaded.config.imports:  # a user's own modules need it at once
        listen(loading)
    data = prepare_data(loaded.config, listen, said=said, store=store)
    if not loaded.config.imports:
        listen(loading)
    return data, listen


def _remarks(config: Config, dataset: Dataset, splits: Splits) -> Iterator[Message]:
    """What was done to the data, and what is unwise about it."""
    for note in dataset.notes:
        yield Message(f"{dataset.name}: {note}")
    for hint in splits.hints:
        yield Message(hint, level="warning")
    batch_size = config.training.batch_size
    if isinstance(batch_size, int) and batch_size > len(splits.train):
        text = (
            f"{config.place('training.batch_size')}: {batch_size:,} is more than the "
            f"{len(splits.train):,} training rows; an epoch is one step, as with full"
        )
        yield Message(text, level="warning")


def data_shape(config: Config, report: Report = ignore) -> tuple[int, ...]:
    """Returns the shape of one sample; loads the data only where it is not known without."""
    card = CARDS.get(config.dataset.name)
    if card is not None and card.input_shape is not None:
        return card.input_shape
    import_own(config)
    return load_dataset(config.dataset, report).input_shape


def choose_encoding(config: Config, dataset: Dataset) -> str:
    """Returns how labels must look for the loss and the last layer: Keras expects one form each.

    `index` (class numbers) for sparse losses, `one_hot` for one output a class, `column`
    for one output and two classes, `value` for numbers to predict.

    Raises:
        DatasetError: the last layer's units do not fit the number of classes.
    """
    if dataset.task == "regression":
        return "value"
    if config.loss.name.startswith("Sparse"):
        return "index"
    last = output_layer(flatten_layers(config.model))
    units = last.component.arguments.get("units")
    if units == dataset.num_classes:
        return "one_hot"
    if units == 1 and dataset.num_classes == 2:
        return "column"
    if units is None:  # a layer of the user's own: the loss alone tells
        return "column" if config.loss.name.startswith("Binary") else "one_hot"
    raise DatasetError(
        f"{config.place(last.path)}: the last layer has {units} units, and {dataset.name} has "
        f"{dataset.num_classes} classes; give it {dataset.num_classes} units"
        + (", or 1 with binary_crossentropy" if dataset.num_classes == 2 else "")
    )
