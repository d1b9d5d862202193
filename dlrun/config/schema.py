"""Every key of a config, each in one place: its check, its default, and a line that explains it.

A section is a frozen dataclass, a key one of its fields (see `keys.key`). `Config` is the whole
experiment, resolved: what a run folder keeps and what repeats the run.
"""

# ruff: noqa: RUF009 (`key` returns a dataclass field)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dlrun.config.checks import Flag, ListOf, Text, Whole, either, word
from dlrun.config.class_weight import ClassWeight, ClassWeights
from dlrun.config.component import Component
from dlrun.config.components import component
from dlrun.config.keys import Section, key, plain_section
from dlrun.config.metrics import Metrics
from dlrun.config.reading import as_path, placed_problem
from dlrun.config.stack import Layers, Repeat
from dlrun.config.values import Options, Part, Shape, Target, TrainPart, or_none
from dlrun.errors import Problem
from dlrun.files import KeyPath, Place

NAME = Text(
    "letters, digits, _ and - (100 at most, the first a letter or digit)",
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}",
)
SEED = Whole("a whole number from 0 to 4294967295", high=2**32 - 1)
_COUNT = Whole("a whole number, 1 or more", low=1)
_THREADS = Whole("a whole number from 1 to 1024", low=1, high=1024)


@dataclass(frozen=True)
class SplitConfig:
    """Which rows train, which validate and which test.

    Numbers are shares of the official training part, `official` the official test rows. None
    means that there is no such part, of `train` that it is the rest; "auto" is left only where
    the data are not known yet, see `resolve_with_data`.
    """

    train: float | None = key(TrainPart(), "share that trains; auto: the rest", "auto")
    validation: float | str | None = key(Part(), "share that validates, official or none", "auto")
    test: float | str | None = key(Part(), "share that tests, official or none", "auto")
    kfold: int | None = key(
        or_none(Whole("a whole number, 2 or more", low=2)),
        "folds of the training rows, each of which validates once while the others train",
        "none",
    )
    fold: int | Literal["all"] = key(
        either(Whole("a fold's number from 0"), word("all")),
        "one fold alone, counted from 0",
        "all",
    )
    test_seed: int | Literal["auto"] = key(
        either(SEED, word("auto")), "draws the test rows; auto: the config's seed", "auto"
    )

    @property
    def has_validation(self) -> bool:
        """Whether some rows validate; an `auto` that is left may still come to none."""
        return self.kfold is not None or self.validation is not None


@dataclass(frozen=True)
class DatasetConfig:
    """What is learned from."""

    name: str = key(Text("the name of a data set"), "name of a data set, see dlrun data list")
    options: Mapping[str, Any] = key(Options(), "the data set's own arguments", {})
    split: SplitConfig = key(
        Section(of=SplitConfig), "shares of training, validation and test rows", {}
    )
    scale: Literal["auto", "unit", "standard", "minmax", "none"] = key(
        word("auto", "unit", "standard", "minmax", "none"),
        "how features are scaled, fitted on training rows",
        "auto",
    )
    duplicates: Literal["report", "drop"] = key(
        word("report", "drop"), "rows that repeat another: counted by part, or left out", "report"
    )


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The layers, from input to output."""

    input_shape: tuple[int, ...] | None = key(
        Shape(),
        "shape of one sample, without the batch; auto: the data's",
        "auto",
    )
    activation: Component | None = key(
        component("activation", optional=True),
        "of Dense and Conv layers before the last that name none",
        "none",
    )
    layers: tuple[Component | Repeat, ...] = key(
        Layers(), "the layers from first to last, such as [{Dense: 10}]"
    )


@dataclass(frozen=True)
class TrainingConfig:
    """How long, in which steps, and watched by what."""

    epochs: int = key(_COUNT, "passes over the training rows")
    batch_size: int | Literal["full"] = key(
        either(_COUNT, word("full")), "rows of one step, or full for all of them", 32
    )
    callbacks: tuple[Component, ...] = key(
        ListOf("a list of callbacks", component("callback")), "Keras's callbacks, by name", []
    )
    monitor: str = key(
        Text("the name of a metric"),
        "what the best epoch is best at; auto: val_loss, or loss without a validation part",
        "auto",
    )
    keep: Literal["best", "last"] = key(
        word("best", "last"), "which epoch's weights model.keras holds", "best"
    )
    engine: Literal["auto", "compiled", "compiled+xla", "stepwise"] = key(
        word("auto", "compiled", "compiled+xla", "stepwise"),
        "how an epoch runs: many steps a call, the same by XLA, or one; auto: compiled, or "
        "stepwise where a callback must see every batch or a loop changes the last digits (silu)",
        "auto",
    )
    jit_compile: bool | Literal["auto"] = key(
        either(Flag(), word("auto")),
        "whether XLA compiles the train step: faster, its last digits differ; auto: as engine says",
        "auto",
    )
    precision: str = key(
        word("float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"),
        "Keras's dtype policy",
        "float32",
    )
    threads: int | Literal["auto"] = key(
        either(_THREADS, word("auto")),
        "of TensorFlow, which decide speed and last digits; auto: what is faster for the net",
        "auto",
    )
    train_eval: int | Literal["auto", "full", "off"] = key(
        either(_COUNT, word("auto", "full", "off")),
        "training rows measured after each epoch as validation rows are; auto: all, or 10,000",
        "auto",
    )
    class_weight: ClassWeight = key(
        ClassWeights(), "of the training loss: none, balanced, or a number a class", "none"
    )

    @property
    def wants_xla(self) -> bool:
        """Whether XLA is asked for."""
        return self.jit_compile is True or self.engine == "compiled+xla"

    def rows_of_step(self, num_rows: int) -> int:
        """Returns the batch size as a number, of so many training rows."""
        return num_rows if self.batch_size == "full" else int(self.batch_size)


@dataclass(frozen=True, kw_only=True)
class FromFile:
    """Where a config came from, which does not count when configs are compared.

    Attributes:
        source: What to call the file in messages.
        places: (line, column) of each key path, as far as it is written in the file.
        overridden: Overrides as they were typed, by the key path that each changed.
    """

    source: str = field(default="", compare=False)
    places: Mapping[KeyPath, Place] = field(default_factory=dict, compare=False, repr=False)
    overridden: Mapping[KeyPath, str] = field(default_factory=dict, compare=False, repr=False)

    def place(self, path: KeyPath | str) -> str:
        """Returns where a key stands: "file:line:column", only the file, or the override.

        Args:
            path: The key path, `("model", "layers", 2)` or `"model.layers.2"`.
        """
        found = self.problem(path, "")
        if found.override is not None:
            return f"override {found.override}"
        return self.source if found.line is None else f"{self.source}:{found.line}:{found.column}"

    def problem(self, path: KeyPath | str, message: str) -> Problem:
        """Returns what is wrong with a key, as a `ConfigError` tells it."""
        return placed_problem(as_path(path), message, self.places, self.overridden)


@dataclass(frozen=True, kw_only=True)
class Config(FromFile):
    """An experiment: everything that decides the result.

    Of data that no card describes (`npz`, a user's own), the parts of the split, `metrics` and
    `training.monitor` stay "auto" until they are loaded, see `resolve_with_data`.
    """

    name: str = key(NAME, "letters, digits, _ and -; part of the run's id")
    seed: int = key(SEED, "decides split, initial weights, order of batches and dropout", 0)
    note: str = key(Text(), "a remark of your own", "")
    imports: tuple[str, ...] = key(
        ListOf("a list of module names", Text("the name of a module")),
        "your own modules, which register layers, losses or data sets",
        [],
    )
    dataset: DatasetConfig = key(
        Section(of=DatasetConfig, short="name"), "the data: a name, or a section with name"
    )
    model: ModelConfig = key(Section(of=ModelConfig), "the layers, below model.layers")
    loss: Component = key(component("loss"), "what is minimised, such as categorical_crossentropy")
    optimizer: Component = key(component("optimizer"), "how it is minimised, such as sgd")
    metrics: tuple[str | Component, ...] | Literal["auto"] = key(
        Metrics(), "auto: accuracy for classes, mean absolute error for numbers", "auto"
    )
    training: TrainingConfig = key(Section(of=TrainingConfig), "how it is trained, epochs at least")
    repeat: int = key(
        Whole("a whole number from 1 to 1000", low=1, high=1000),
        "how often it is trained, each time with the next seed",
        1,
    )
    target: Mapping[str, float] | None = key(
        Target(), "what would be enough, such as {val_accuracy: 0.8}", "none"
    )

    @property
    def has_members(self) -> bool:
        """Whether it stands for several runs: repeats, folds, or both."""
        split = self.dataset.split
        return self.repeat > 1 or (split.kfold is not None and split.fold == "all")

    def describe_members(self) -> str:
        """Returns what it stands for: `5 repeats`, `5 folds`, `3 repeats of 5 folds`; else ``."""
        split = self.dataset.split
        has_folds = split.kfold is not None and split.fold == "all"
        repeats = f"{self.repeat} repeats" if self.repeat > 1 else ""
        return " of ".join(filter(None, [repeats, f"{split.kfold} folds" if has_folds else ""]))

    def to_dict(self) -> dict[str, Any]:
        """Returns the normal form as plain data; loaded again it gives an equal config."""
        return plain_section(self)


@dataclass(frozen=True, kw_only=True)
class ModelOnly(FromFile):
    """A model without an experiment around it: enough to summarise it.

    Its `model.input_shape` is never None.
    """

    name: str = key(NAME, "letters, digits, _ and -")
    model: ModelConfig = key(Section(of=ModelConfig), "the layers, below model.layers")
    imports: tuple[str, ...] = key(
        ListOf("a list of module names", Text("the name of a module")), "your own modules", []
    )
