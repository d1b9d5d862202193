"""Ids tell when a run began, and sort by it."""

from datetime import datetime

import pytest

from dlrun.runs import ids
from dlrun.runs.ids import began, began_at, digits_in, is_id, new_id, second_in


def test_an_id_tells_when_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    time = datetime(2026, 1, 2, 3, 4, 5, 500_000)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return time

    monkeypatch.setattr(ids, "datetime", Clock)
    made = new_id("two-moons_2")
    assert made == "20260102-030405-two-moons_2-8000"
    assert is_id(made)
    assert began(made) == began_at(time) == "20260102-030405-8000"
    assert (second_in(made), digits_in(made)) == ("20260102-030405", "8000")


@pytest.mark.parametrize(
    ("microsecond", "digits"), [(0, "0000"), (15, "0000"), (16, "0001"), (999_999, "ffff")]
)
def test_the_digits_are_the_part_of_the_second(microsecond: int, digits: str) -> None:
    time = datetime(2026, 1, 2, 3, 4, 5, microsecond)
    assert began_at(time) == f"20260102-030405-{digits}"


@pytest.mark.parametrize("name", ["longer", "latest", "2026-moons-0001", "20260102-030405-"])
def test_a_name_given_by_hand_tells_no_time(name: str) -> None:
    assert not is_id(name)
    assert began(name) is None


def test_a_dated_name_need_not_be_an_id() -> None:
    assert not is_id("20260102-030405-moons")
    assert began("20260102-030405-moons") == "20260102-030405-oons"
