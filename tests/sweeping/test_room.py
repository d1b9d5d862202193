"""How many trials run side by side: as many as cores and memory allow, or as is asked for."""

import psutil
import pytest

from dlrun.sweeping import room
from dlrun.sweeping.room import Room, find_room


def test_no_more_trials_run_at_a_time_than_cores_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Memory:
        available = 2.5 * room.BYTES_A_WORKER

    monkeypatch.setattr(psutil, "virtual_memory", Memory)
    for cores, expected in ((1, 1), (2, 2), (16, 2)):
        monkeypatch.setattr(room, "count_cpus", lambda cores=cores: cores)
        assert find_room(None) == Room(expected, by_threads=True)
    Memory.available = 1.0
    assert find_room(None) == Room(1, by_threads=True)
    assert find_room(7) == Room(7, by_threads=False)


def test_a_trial_takes_a_place_for_each_of_its_threads_unless_workers_are_asked_for() -> None:
    assert [Room(4, by_threads=True).taken_by(one) for one in (1, 2, "auto")] == [1, 2, 1]
    assert Room(4, by_threads=False).taken_by(2) == 1
