from __future__ import annotations

import pytest

from dlrun import events
from dlrun.catalog.datasets import CARDS
from dlrun.config.schema import DatasetConfig
from dlrun.data import LOADERS, Dataset, load_dataset, register_dataset
from dlrun.errors import DatasetError


def named(name: str, **options: object) -> DatasetConfig:
    return DatasetConfig(name, options)


def test_every_card_has_a_loader_and_every_built_in_loader_a_card() -> None:
    assert set(CARDS) == set(LOADERS)


def test_a_registered_function_is_loaded_by_its_name_with_its_options(
    monkeypatch, make_dataset
) -> None:
    monkeypatch.setattr("dlrun.data.registry.LOADERS", {})

    @register_dataset("mine")
    def mine(num_rows: int = 3) -> Dataset:
        return make_dataset([num_rows, num_rows])

    assert load_dataset(named("mine", num_rows=5)).num_rows == 10
    assert load_dataset(named("mine")).num_rows == 6


def test_a_later_registration_takes_the_place_of_the_earlier(monkeypatch, make_dataset) -> None:
    monkeypatch.setitem(LOADERS, "iris", lambda: make_dataset([2, 2]))
    assert load_dataset(named("iris")).num_rows == 4


def test_a_loader_that_asks_for_it_is_given_the_report(monkeypatch, make_dataset, listener) -> None:
    def load(report: events.Report) -> Dataset:
        report(events.Message("hello"))
        return make_dataset([2, 2])

    monkeypatch.setitem(LOADERS, "mine", load)
    load_dataset(named("mine"), listener)
    assert listener.texts() == ["hello"]


def test_a_loader_of_any_options_gets_them_all(monkeypatch, make_dataset) -> None:
    monkeypatch.setitem(LOADERS, "mine", lambda **options: make_dataset([options["n"], 2]))
    assert load_dataset(named("mine", n=7)).num_rows == 9


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (named("two_moon"), "unknown data set 'two_moon'; did you mean 'two_moons'?; there are"),
        (named("nothing_like_it"), "unknown data set 'nothing_like_it'; there are breast_cancer"),
        (
            named("two_moons", nois=1),
            "two_moons: unknown option 'nois'; did you mean 'noise'?; "
            "it accepts num_samples, noise, seed",
        ),
        (named("iris", noise=1), "iris: unknown option 'noise'; it has no options"),
        (named("mnist", report=1), "mnist: unknown option 'report'; it has no options"),
        (named("npz"), "npz: the option 'path' is missing; add it to dataset.options"),
    ],
)
def test_what_is_not_known_is_refused(config, message: str) -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset(config)
    assert str(caught.value).startswith(message)


def test_a_loader_must_return_a_dataset(monkeypatch) -> None:
    monkeypatch.setitem(LOADERS, "mine", lambda: (1, 2))
    with pytest.raises(DatasetError, match="mine: its function returned tuple; it must return"):
        load_dataset(named("mine"))
