"""Whatever is typed into a config, the answer is a valid config or problems with their places.

Two thousand random edits of valid configs and of the command line, the same ones every time.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlrun.config import Config, ModelOnly, is_model_only, load_config, load_model, parse_config
from dlrun.errors import ConfigError
from dlrun.files import parse_yaml, read_yaml, to_yaml

CONFIGS = Path(__file__).parents[2] / "configs"

MODEL = """\
name: small
model: {input_shape: [7], activation: relu, layers: [Dense: 4, {repeat: 2, layers: [Dense: 3]}]}
"""
RICH = """\
name: rich
seed: 7
note: Größe
dataset: {name: two_moons, options: {num_samples: 40}, split: {train: 0.5, validation: 0.5}}
model:
  activation: {LeakyReLU: {negative_slope: 0.1}}
  layers:
    - Dense: {units: 8, kernel_regularizer: {L2: 0.01}, kernel_initializer: he_normal}
    - {repeat: 2, layers: [Dense: 4, Dropout: 0.2]}
    - Bidirectional: {layer: {LSTM: 8}}
    - Dense: {units: 1, activation: sigmoid}
loss: {BinaryCrossentropy: {label_smoothing: 0.1}}
optimizer: {Adam: {learning_rate: {ExponentialDecay: [0.1, 100, 0.9]}, clipnorm: 1.0}}
metrics: [accuracy, {AUC: {name: area}}]
training:
  epochs: 3
  batch_size: full
  monitor: val_area
  class_weight: {0: 1.0, 1: 2.5}
  callbacks: [{EarlyStopping: {monitor: val_loss, patience: 3}}, terminate_on_nan]
"""
RICH = RICH.replace(
    "[0.1, 100, 0.9]", "{initial_learning_rate: 0.1, decay_steps: 9, decay_rate: 1}"
)
OWN = """\
name: own
imports: [json]
dataset: {name: npz, options: {path: own.npz}}
model: {layers: [{MyLayer: {units: 3}}, Dense: 1]}
loss: {MyLoss: {}}
optimizer: sgd
training: {epochs: 1}
"""
NPZ = """\
name: table
dataset: {name: npz, options: {path: some.npz}, split: {test: official}, scale: minmax}
model: {layers: [Dense: 1]}
loss: mse
optimizer: {SGD: {learning_rate: 1e-3}}
training: {epochs: 10, precision: mixed_bfloat16, engine: compiled+xla, threads: 2}
"""

VALUES = """\
0|-1|1.5|1e400|-1e400|.nan|.inf|-.inf|1e-400|9999999999999999999999|0x1F|0o17|010|1_000|+3|-0
true|no|~|null|''|""|auto|none|full|official|best|"3"|x: y|a b|ä|😀|\\u2028|'\t'|"\\0"|"\\ud800"
2026-11-24|2026-11-24T10:00:00Z|12:30:45|1:2|!!binary aGVsbG8=|!!set {a, b}|!!omap [a: 1]|!!str 3
!!python/object:os.system {}|!!python/object/apply:os.system ["true"]|!!int "x"|!!float nothing
!!bool maybe|!mine 3|!<tag:yaml.org,2002:int> 7|%|@x|`x`|{|}|[|]|[[[[1]]]]|{a: {b: {c: {}}}}|{}|[]
&a 1|&a {b: *a}|&a [*a]|*a|*missing|{<<: {a: 1}}|{<<: *a}|{1: 2}|{null: 1}|{1.5: 2}|{true: 2}
{[1]: 2}|{? {a: 1} : 2}|{a: 1, a: 2}|{1: a, "1": b}|{1: a, true: b}|{nan: 1, .nan: 2}|[1, [2, [3]]]
|Dense|dense|{Dense: 3}|{Dense: {units: 3}}|{Dense: [3]}|{Dense: null}|{Dense: {1: 2}}|{dense: {}}
{Dense: {units: 3}, Dropout: 0.1}|{repeat: 3}|{repeat: 0, layers: []}
{repeat: 2, layers: [Dense: 1]}|{layers: [Dense: 1]}
{repeat: 99999999999, layers: [{repeat: 99999999999, layers: [Dense: 1]}]}
{Lambda: x}|Input|{Input: {shape: [3]}}|{Normalization: {}}|{TextVectorization: {vocabulary: 3}}
sgd|adam|{sgd: 0.1}|{SGD: {learning_rate: -1}}|{SGD: {learning_rate: {CosineDecay: {}}}}
{Adam: null}|mse|categorical_crossentropy|{MeanSquaredError: {name: 3}}|relu|{relu: {}}
{relu: {alpha: 1}}|PReLU
accuracy|[accuracy, accuracy]|[auto]|[{AUC: {name: loss}}]|[{AUC: {name: [1]}}]|[{AUC: null}]|[[]]
mnist|iris|npz|two_moons|{name: iris, options: {a: 1}}|{name: [1]}|{name: {a: 1}}|[28, 28]|[0]|[-1]
{train: 0.7, validation: 0.3}|{train: 1.0}|{train: .nan}|{test: official, validation: official}
{0: 1.0, 1: 3.0}|{no: 1, yes: 0}|{0: .inf}|balanced|val_loss|[early_stopping]|[{EarlyStopping: 3}]
[TensorBoard]|[BackupAndRestore]|[{ReduceLROnPlateau: {monitor: val_acc}}]|[ModelCheckpoint]|[null]
""".replace("\n", "|").split("|")
VALUES += [
    "9" * 5000,
    "0x" + "f" * 5000,
    "1e" + "9" * 400,
    "x" * 5000,
    "[" * 300 + "]" * 300,
    "{a: " * 300 + "}" * 300,
    "[" * 5000,
    "&a [x, x, x, x, x, x, x, x, x]",
    "[&a [x, x, x, x], &b [*a, *a, *a, *a], &c [*b, *b, *b, *b], &d [*c, *c, *c, *c],"
    " &e [*d, *d, *d, *d], &f [*e, *e, *e, *e], &g [*f, *f, *f, *f], &h [*g, *g, *g, *g],"
    " &i [*h, *h, *h, *h], &j [*i, *i, *i, *i], &k [*j, *j, *j, *j], &l [*k, *k, *k, *k]]",
]
KEYS = """\
name|seed|note|imports|dataset|model|loss|optimizer|metrics|training|options|split|scale|input_shape
activation|layers|repeat|epochs|batch_size|callbacks|monitor|keep|engine|jit_compile|precision
threads|class_weight|train|validation|test|units|learning_rate|lr|Dense|SGD|path|<<|=|?|''|"a b"|1
1.5|true|~|.nan|2026-11-24|-1|0|-99|99|kernel_regularizer|*a|&a|!!str|a.b|ä|{}|[]
""".replace("\n", "|").split("|")
CHARACTERS = "\t\n\r \0\x07\x1b\x7f\x85\u2028\ufeff\ud800:-?,[]{}#&*!|>'\"%@`~=.<0aZä😀"

Path_ = tuple[str | int, ...]


@functools.cache
def bases() -> list[str]:
    shipped = [path.read_text(encoding="utf-8") for path in sorted(CONFIGS.glob("*.yaml"))]
    return [MODEL, RICH, OWN, NPZ, *shipped]


def spots(data: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every place of a tree that can be changed."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in pairs:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from spots(value, (*path, key))


def around(data: Any, path: Path_) -> Any:
    return functools.reduce(lambda value, key: value[key], path[:-1], data)


def edit_tree(draw: Any, data: Any, raw: list[str]) -> None:
    """Makes one change to a tree; YAML that no tree holds is left as `RAWn`, to be put in later."""

    def hole(texts: Sequence[str]) -> str:
        raw.append(draw(st.sampled_from(texts)))
        return f"RAW{len(raw) - 1}WAR"

    found = list(spots(data))
    if not found:
        return
    path = draw(st.sampled_from(found))
    place, key = around(data, path), path[-1]
    action = draw(st.sampled_from(["value", "value", "delete", "key", "typo", "wrap", "move"]))
    if action == "value":
        place[key] = hole(VALUES)
    elif action == "delete":
        del place[key]
    elif action == "wrap":
        place[key] = draw(st.sampled_from([[place[key]], {"Dense": place[key]}]))
    elif action == "move":
        value = place.pop(key)
        found = [(), *(spot for spot in spots(data) if isinstance(around(data, spot), dict))]
        there = around(data, draw(st.sampled_from(found))) if len(found) > 1 else data
        if isinstance(there, dict):
            there[str(key)] = value
    elif isinstance(place, dict):
        new = hole(KEYS)
        if action == "typo" and isinstance(key, str):
            at = draw(st.integers(0, len(key)))
            new = key[:at] + draw(st.sampled_from("aesx_ 1")) + key[at + draw(st.integers(0, 1)) :]
        place[new] = place.pop(key)
    else:
        place.insert(key, copy.deepcopy(place[key]))


def edit_text(draw: Any, text: str) -> str:
    """Makes one change to a text, as fingers and editors do."""
    at = draw(st.integers(0, len(text)))
    lines = text.split("\n")
    line = draw(st.integers(0, len(lines) - 1))
    match draw(st.sampled_from(["insert", "delete", "swap", "double", "drop", "indent", "odd"])):
        case "insert":
            return text[:at] + draw(st.sampled_from(CHARACTERS)) + text[at:]
        case "odd":
            return text[:at] + draw(st.text(max_size=5)) + text[at:]
        case "delete":
            return text[:at] + text[at + draw(st.integers(1, 20)) :]
        case "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[line], lines[other] = lines[other], lines[line]
        case "double":
            lines.insert(line, lines[line])
        case "drop":
            del lines[line]
        case _:
            lines[line] = draw(st.sampled_from([" ", "  ", "\t", "- ", "# "])) + lines[line]
    return "\n".join(lines)


@st.composite
def edited_configs(draw: Any, among: Sequence[str] | None = None) -> str:
    """A valid config with a few changes, of its tree first, then of its text."""
    text = draw(st.sampled_from(among or bases()))
    tree_edits, text_edits = draw(st.sampled_from([(1, 0), (2, 0), (3, 1), (0, 1), (0, 3), (5, 0)]))
    if tree_edits:
        data, raw = yaml.safe_load(text), []
        for _ in range(tree_edits):
            edit_tree(draw, data, raw)
        text = yaml.safe_dump(data, sort_keys=False, default_flow_style=draw(st.booleans()))
        for index, snippet in enumerate(raw):
            text = text.replace(f"RAW{index}WAR", snippet)
    for _ in range(text_edits):
        text = edit_text(draw, text)
    return text


@st.composite
def overrides(draw: Any) -> str:
    """Something that may be typed behind a config on the command line."""
    sign = draw(st.sampled_from(["", "", "", "+", "~", "--", "-", "++"]))
    known = ["training.epochs", "model.layers.0.units", "optimizer.learning_rate", "dataset.split"]
    parts = st.lists(st.sampled_from(KEYS), min_size=1, max_size=4).map(".".join)
    key = draw(st.one_of(st.sampled_from(known), parts, st.text(max_size=6)))
    equals = draw(st.sampled_from(["=", "=", "=", "", "==", " "]))
    return sign + key + equals + draw(st.one_of(st.sampled_from(VALUES), st.text(max_size=6)))


def all_of_it(num_examples: int) -> Any:
    """The same examples on every machine; a slow one is no mistake of theirs, an endless one is."""
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(
        max_examples=num_examples,
        derandomize=True,
        deadline=60_000,
        database=None,
        suppress_health_check=slow,
    )


def check_problems(error: ConfigError) -> None:
    assert error.problems
    for problem in error.problems:
        is_placed = problem.line is not None and problem.column is not None
        assert is_placed or problem.override is not None, problem
        assert problem.message
        assert not is_placed or (problem.line >= 1 and problem.column >= 1)  # type: ignore[operator]
    assert str(error).splitlines()[0].endswith(("problem", "problems"))


def check_round_trip(config: Config | ModelOnly) -> None:
    if isinstance(config, Config):
        again = parse_config(parse_yaml(to_yaml(config.to_dict()), "again.yaml")).config
        assert again == config
        assert again.to_dict() == config.to_dict()


def check_loading(folder: Path, text: str, changes: Sequence[str]) -> bool:
    """Loads a config; returns whether it is a valid one."""
    path = folder / "edited.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        check_round_trip(load_config(path, changes).config)
        is_valid = True
    except ConfigError as error:
        check_problems(error)
        is_valid = False
    assert [found.name for found in folder.iterdir()] == ["edited.yaml"]
    return is_valid


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edited")


@all_of_it(1000)
@given(text=edited_configs())
def test_an_edited_config_is_valid_or_has_problems_with_places(folder: Path, text: str) -> None:
    check_loading(folder, text, [])


@all_of_it(600)
@given(
    text=st.sampled_from([RICH, OWN, NPZ]), changes=st.lists(overrides(), min_size=1, max_size=3)
)
def test_random_overrides_are_applied_or_told(folder: Path, text: str, changes: list[str]) -> None:
    check_loading(folder, text, changes)


@all_of_it(100)
@given(text=edited_configs(), changes=st.lists(overrides(), max_size=2))
def test_edits_and_overrides_together(folder: Path, text: str, changes: list[str]) -> None:
    check_loading(folder, text, changes)


@all_of_it(300)
@given(text=edited_configs([MODEL]), changes=st.lists(overrides(), max_size=1))
def test_an_edited_model_is_valid_or_has_problems_with_places(
    folder: Path, text: str, changes: list[str]
) -> None:
    path = folder / "edited.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        is_model_only(read_yaml(path))
        load_model(path, changes)
    except ConfigError as error:
        check_problems(error)


def test_every_base_is_valid(folder: Path) -> None:
    for text in bases():
        if text is not MODEL:
            assert check_loading(folder, text, []), text
    (folder / "edited.yaml").write_text(MODEL)
    assert load_model(folder / "edited.yaml").name == "small"
