from __future__ import annotations

import subprocess
import sys

import pytest

from dlrun.catalog.datasets import CARDS, FROM_FILES, card_with_options
from dlrun.config.schema import DatasetConfig
from dlrun.data import load_dataset

WITHOUT_DOWNLOAD = [
    name for name, card in CARDS.items() if not card.download and name not in FROM_FILES
]


@pytest.mark.parametrize("name", WITHOUT_DOWNLOAD)
def test_a_card_says_what_loading_shows(name: str) -> None:
    card = card_with_options(name, {})
    found = load_dataset(DatasetConfig(name))
    assert card is not None
    assert card.task == found.task
    assert card.num_rows == found.num_rows
    assert card.num_official_test == found.num_official_test
    assert card.input_shape == found.input_shape
    assert card.num_classes == found.num_classes
    assert card.class_names == found.class_names
    assert (card.title, card.licence) == (found.title, found.licence)


@pytest.mark.parametrize("num_classes", [2, 5])
def test_options_fill_in_what_they_decide(num_classes: int) -> None:
    options = {"num_samples": 50, "num_classes": num_classes}
    card = card_with_options("spirals", options)
    found = load_dataset(DatasetConfig("spirals", options))
    assert card is not None
    assert (card.num_rows, card.num_classes, card.task) == (50, num_classes, found.task)
    assert card.class_names == found.class_names


def test_an_option_of_a_wrong_type_leaves_its_fact_open() -> None:
    card = card_with_options("spirals", {"num_samples": "many", "num_classes": None})
    assert card is not None
    assert (card.num_rows, card.num_classes, card.task) == (None, None, None)


def test_the_task_of_an_npz_file_is_its_option() -> None:
    card = card_with_options("npz", {"path": "x.npz", "task": "regression"})
    assert card is not None
    assert card.task == "regression"
    assert CARDS["npz"].task is None


def test_an_unknown_name_has_no_card() -> None:
    assert card_with_options("mine", {}) is None


def test_cards_load_nothing_heavy() -> None:
    text = "import sys, dlrun.catalog.datasets; print('numpy' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", text], text=True).strip() == "False"
