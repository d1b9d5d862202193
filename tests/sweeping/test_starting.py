"""Which sweep a call goes on with."""

from pathlib import Path

import pytest

from dlrun.events import ignore
from dlrun.runs import Sweep
from dlrun.sweeping import load_sweep, starting
from dlrun.sweeping.starting import same_plan
from tests.sweeping.made_up import SHIPPED, make_sweep


def test_a_sweep_is_known_by_its_name_and_plan_whatever_its_folder_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = load_sweep(SHIPPED, search={"optimizer.learning_rate": [0.1]})
    monkeypatch.setattr(starting, "plan_key", lambda _: "0" * 12)
    make_sweep(tmp_path, [0.1], name="another")
    assert same_plan(definition, tmp_path, ignore) is None
    made = make_sweep(tmp_path, [0.1], name=definition.config.name)
    named = Sweep(made.path.rename(tmp_path / "by_hand"))
    assert same_plan(definition, tmp_path, ignore) == named
