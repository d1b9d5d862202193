"""Ids of runs and sweeps, `20261124-101530-moons-8f3c`: when one began, its name, four digits.

The digits are 65,536ths of the second. A folder that was named by hand, or by
`dlrun resume --into`, has a name that is no id.
"""

from __future__ import annotations

import re
from datetime import datetime

_DATED = re.compile(r"\d{8}-\d{6}-.")
_ID = re.compile(r"\d{8}-\d{6}-.+-[0-9a-f]{4}")


def new_id(name: str) -> str:
    """Returns a new id for a run or a sweep of this name, which tells when it began."""
    now = datetime.now()
    return f"{_second(now)}-{name}-{_part_of_second(now)}"


def is_id(name: str) -> bool:
    """Returns whether a folder's name is an id."""
    return _ID.fullmatch(name) is not None


def began(name: str) -> str | None:
    """Returns `20261124-101530-8f3c`, which sorts by time; None where no date begins the name."""
    return f"{second_in(name)}-{digits_in(name)}" if _DATED.match(name) else None


def began_at(time: datetime) -> str:
    """Returns what `began` tells of an id of that time, the computer's."""
    return f"{_second(time)}-{_part_of_second(time)}"


def second_in(run_id: str) -> str:
    """Returns the date and time that an id begins with."""
    return run_id[:15]


def name_in(run_id: str) -> str:
    """Returns the name of the config or sweep in an id."""
    return run_id[16:-5]


def digits_in(run_id: str) -> str:
    """Returns the digits that an id ends in."""
    return run_id[-4:]


def _second(time: datetime) -> str:
    return time.strftime("%Y%m%d-%H%M%S")


def _part_of_second(time: datetime) -> str:
    return f"{time.microsecond * 65_536 // 1_000_000:04x}"
