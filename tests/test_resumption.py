"""From where a run goes on, and what it refuses; on a sample folder, without TensorFlow."""

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.errors import ConfigError, RunError
from dlrun.files import read_json, write_json
from dlrun.prepare import prepare_data
from dlrun.processes import this_process
from dlrun.resumption import check_same_data, plan_resume
from dlrun.runs import Run
from dlrun.runs.checkpoints import BestState, TrainingState, read_last, write_best, write_last
from dlrun.runs.endings import command_after_divergence, command_after_stop
from dlrun.runs.environment import VARIABLES, describe_environment, machine_facts
from dlrun.runs.find import typed_name

SAMPLE = Path(__file__).parent / "runs" / "format_1" / "20261124-001515-flowers-44d8"
EPOCHS = 4


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Run]:
    """A copy of the sample, made here and now, interrupted after an epoch unless told otherwise."""

    def copy(
        epoch: int | None = 2,
        step: int = 0,
        stopped: bool = False,
        rows: int | None = None,
        **info: Any,
    ) -> Run:
        run = Run(tmp_path / "runs" / "sample")
        shutil.copytree(SAMPLE, run.path)
        kept = (run.path / "history.csv").read_text().splitlines()[: (rows or epoch or 0) + 1]
        (run.path / "history.csv").write_text("\n".join([*kept, ""]))
        facts = run.environment | describe_environment()
        write_json(run.path / "environment.json", facts)
        info = {"status": "interrupted"} | info
        write_json(run.path / "run.json", read_json(run.path / "run.json") | info)
        if epoch is not None:
            best = epoch and 1
            state = TrainingState(epoch, step, [{"loss": 0.5}] * epoch, [], stopped=stopped)
            write_last(run, TrainingState(**{**vars(state), "best_epoch": best}))
            if best:
                write_best(run, BestState(1, 0.5, [np.ones(3)]))
        return Run(run.path)

    return copy


def edit_config(run: Run, old: str, new: str) -> Run:
    path = run.path / "config.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return Run(run.path)


def test_a_plan_goes_on_from_the_last_checkpoint_with_the_best_weights(
    make: Callable[..., Run],
) -> None:
    plan = plan_resume(make(2, 5))
    assert plan.state is not None
    assert plan.best is not None
    assert (plan.state.epoch, plan.state.step, plan.best.epoch) == (2, 5, 1)
    assert (plan.remarks, plan.notes, plan.learning_rate, plan.overrides) == ((), (), None, ())
    assert plan.loaded.config.to_dict() == plan.run.config.to_dict()
    entry = plan.record()["resumed"][0]
    assert {**entry, "time": ""} == {
        "time": "", "run": "sample", "from": "interrupted", "epoch": 2, "step": 5,
        "overrides": [], "exact": True, "remarks": [],
    }  # fmt: skip
    assert plan.record()["pid"] == os.getpid()


def test_a_dead_run_goes_on(make: Callable[..., Run]) -> None:
    run = make(status="running", pid=-1, host=this_process()["host"])
    assert plan_resume(run).source == ("sample", "dead")


@pytest.mark.parametrize(("overrides", "more"), [(["training.epochs=24"], None), ([], 20)])
def test_more_epochs_are_exact(
    make: Callable[..., Run], overrides: list[str], more: int | None
) -> None:
    plan = plan_resume(make(status="finished"), overrides, more)
    assert plan.loaded.config.training.epochs == 24
    assert plan.overrides == ("training.epochs=24",)
    assert plan.remarks == ()


@pytest.mark.parametrize(
    "text", ["training.epochs=10", "+training.epochs=10", "training={epochs: 10}"]
)
def test_epochs_are_not_said_twice(make: Callable[..., Run], text: str) -> None:
    message = re.escape(f"{text} and 2 more epochs each say how many there are; leave out one of")
    with pytest.raises(RunError, match=message) as refused:
        plan_resume(make(), ["note=longer", text], 2)
    assert refused.value.exit_code == 2


def test_without_a_checkpoint_it_begins_again(make: Callable[..., Run]) -> None:
    plan = plan_resume(make(None), ["optimizer.learning_rate=0.5"])
    assert (plan.state, plan.best, plan.remarks) == (None, None, ())
    assert plan.notes == ("there is no checkpoint: it begins again at the first epoch",)


@pytest.mark.parametrize(
    ("overrides", "keys"),
    [
        (["seed=1"], "seed"),
        (["training.batch_size=7"], "training.batch_size"),
        (["optimizer=adam"], ": optimizer cannot change"),
        (["model.activation=tanh"], ": model.activation cannot change"),
        (["dataset.split.train=0.5", "dataset.split.validation=0.3"], "dataset.split.train, data"),
        (["loss=mse", "seed=3"], "seed, loss"),
        (
            ["optimizer.learning_rate={CosineDecay: {initial_learning_rate: 1, decay_steps: 9}}"],
            "(a number and a schedule)",
        ),
        (["training.precision=float64"], "training.precision"),
        (["training.keep=last"], "training.keep"),
        (["training.monitor=loss"], "training.monitor"),
    ],
)
def test_what_would_make_another_run_is_refused_with_the_list(
    make: Callable[..., Run], overrides: list[str], keys: str
) -> None:
    with pytest.raises(RunError, match=r": .+ cannot change in a run that has begun, only ") as e:
        plan_resume(make(), overrides)
    assert keys in str(e.value)
    assert "optimizer.learning_rate, training.callbacks, training.engine" in str(e.value)


def test_other_keys_may_change_and_that_is_said(make: Callable[..., Run]) -> None:
    overrides = [
        "optimizer.learning_rate=0.5",
        "training.threads=2",
        "training.callbacks.0.patience=7",
    ]
    plan = plan_resume(make(), overrides)
    assert plan.learning_rate == 0.5
    assert plan.remarks == (
        "optimizer.learning_rate was changed after epoch 2",
        "training.callbacks was changed after epoch 2",
        "training.threads was changed after epoch 2",
    )
    assert plan.record()["resumed"][0]["exact"] is False


def test_a_wrong_override_is_a_config_error(make: Callable[..., Run]) -> None:
    with pytest.raises(ConfigError, match="did you mean 'epochs'"):
        plan_resume(make(), ["training.epoch=5"])


def test_a_run_that_runs_is_refused(make: Callable[..., Run]) -> None:
    run = make(status="running", **this_process())
    with pytest.raises(RunError, match=rf"it is running, process {os.getpid()} on .+; wait for it"):
        plan_resume(run)


def test_a_finished_run_says_so_and_how_to_extend_it(make: Callable[..., Run]) -> None:
    run = make(EPOCHS, status="finished")
    message = rf"finished after 4 epochs; to go on: dlrun resume {run.id} --more-epochs 4"
    with pytest.raises(RunError, match=message):
        plan_resume(run)


def test_a_finished_run_of_an_older_dlrun_has_nothing_to_go_on_from(
    make: Callable[..., Run],
) -> None:
    with pytest.raises(RunError, match="finished, and without a checkpoint to go on from"):
        plan_resume(make(None, status="finished"), more_epochs=3)


def test_a_run_that_a_callback_ended_is_not_simply_made_longer(make: Callable[..., Run]) -> None:
    run = make(2, stopped=True, status="finished")
    message = (
        "finished; a callback ended it after epoch 2, and would end a longer run there, too; "
        r"to go on, change the callback, such as training\.callbacks\.0\.patience=20$"
    )
    with pytest.raises(RunError, match=message):
        plan_resume(run, more_epochs=5)
    plan = plan_resume(run, ["training.callbacks=[terminate_on_nan]"], 5)
    assert plan.state is not None
    assert not plan.state.stopped


def test_a_run_that_a_callback_of_no_config_ended_is_told_what_it_can_do(
    make: Callable[..., Run],
) -> None:
    run = make(2, stopped=True, status="finished", callbacks_from_python=["EarlyStopping"])
    text = (run.path / "config.yaml").read_text(encoding="utf-8")
    (run.path / "config.yaml").write_text(
        re.sub(r"  callbacks:\n(  - .*\n(    .*\n)*)+", "  callbacks: []\n", text), encoding="utf-8"
    )
    message = (
        f"{run.path}: finished; a callback given in Python (EarlyStopping) ended it after epoch 2, "
        "and would end a longer run there, too; that is in no config, so that none can change it; "
        f"to train longer, begin anew without it: dlrun train {run.path}/config.yaml "
        "training.epochs=9"
    )
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        plan_resume(run, more_epochs=5)
    write_json(run.path / "run.json", run.info | {"callbacks_from_python": None})
    with pytest.raises(RunError, match=r"a callback that its config does not name ended it aft"):
        plan_resume(Run(run.path), more_epochs=5)


def test_epochs_that_are_past_cannot_be_taken_back(
    make: Callable[..., Run], tmp_path: Path
) -> None:
    with pytest.raises(RunError, match=r"training\.epochs=2, and epoch 3 has begun; write 3 or mo"):
        plan_resume(make(2, 5), ["training.epochs=2"])
    assert plan_resume(Run(tmp_path / "runs" / "sample"), ["training.epochs=3"]).remarks == ()


def test_more_epochs_do_not_stretch_a_schedule(make: Callable[..., Run]) -> None:
    schedule = """
      CosineDecay:
        initial_learning_rate: 0.1
        decay_steps: 1000"""
    run = edit_config(make(), " 0.1\n    momentum", f"{schedule}\n    momentum")
    assert plan_resume(run).notes == ()
    notes = plan_resume(run, more_epochs=1).notes
    assert notes == (
        "more epochs do not stretch the schedule CosineDecay, whose decay_steps stay 1,000",
    )


@pytest.mark.parametrize(("epoch", "again"), [(2, "epochs 3 to 4"), (3, "epoch 4")])
def test_epochs_after_the_checkpoint_are_named(
    make: Callable[..., Run], epoch: int, again: str
) -> None:
    assert plan_resume(make(epoch, rows=4)).notes == (
        f"{again} came after the last checkpoint: computed again",
    )


@pytest.mark.parametrize(
    ("losses", "command"),
    [
        ([], "dlrun resume sample optimizer.learning_rate=0.1"),
        ([3.0, 2.0, 4.0], "dlrun resume sample optimizer.learning_rate=0.1"),
        ([3.0, None, 2.0, 7.0], "dlrun train {path}/config.yaml optimizer.learning_rate=0.1"),
    ],
)
def test_weights_that_exploded_are_not_gone_on_from(
    make: Callable[..., Run], losses: list[float | None], command: str
) -> None:
    run = make()
    found = command_after_divergence(run, "optimizer.learning_rate=0.1", losses)
    assert found == command.format(path=run.path)


def test_what_to_type_names_a_run_so_that_it_is_found(
    make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = make(status="diverged")
    part = Run(run.path / "repeats" / "0")
    (part.path).mkdir(parents=True)
    write_json(part.path / "run.json", run.info | {"member_of": "sample"})
    change = "optimizer.learning_rate=0.1"
    exploded = [1.0, 99.0]  # of a member, it does not begin anew: it is not trained alone
    assert command_after_divergence(part, change, exploded) == f"dlrun resume sample {change}"
    assert command_after_stop(part) == "dlrun resume sample"
    monkeypatch.setenv("DLRUN_RUNS_DIR", str(tmp_path / "usual"))
    assert command_after_stop(run) == command_after_stop(part) == f"dlrun resume {run.path}"
    assert command_after_divergence(part, change, []) == f"dlrun resume {run.path} {change}"
    moved = run.path.rename(tmp_path / "runs" / "a place")
    assert typed_name(Run(moved)) == f"'{moved}'"
    (moved / "sweep.json").write_text("{}")
    assert command_after_divergence(Run(moved / "repeats" / "0"), change, []) is None


def test_another_machine_or_version_is_not_exact(make: Callable[..., Run]) -> None:
    run = make(not_repeatable=["GPU:0: a GPU adds in no fixed order"])
    facts = run.environment
    facts["packages"]["keras"] = "3.0.0"
    facts["cpu"]["name"] = "Abacus"
    write_json(run.path / "environment.json", facts)
    here = describe_environment()
    assert plan_resume(Run(run.path)).remarks == (
        f"keras was 3.0.0 and is {here['packages']['keras']}",
        f"the processor was Abacus and is {here['cpu']['name']}",
        "GPU:0: a GPU adds in no fixed order",
    )
    (run.path / "environment.json").unlink()
    (remark,) = plan_resume(Run(run.path)).remarks
    assert remark.startswith("environment.json cannot be read, so that nothing is known")


@pytest.mark.parametrize(
    ("is_swapped", "epoch", "overrides", "is_told"),
    [
        (True, 4, ["training.epochs=6"], True),
        (True, 3, ["training.epochs=6"], False),  # the last planned epoch had not come
        (False, 4, ["training.epochs=6"], False),  # without `swap_on_epoch`
        (True, 4, ["note=none"], False),
    ],
)
def test_averages_that_took_the_weights_place_are_not_exact(
    make: Callable[..., Run], is_swapped: bool, epoch: int, overrides: list[str], is_told: bool
) -> None:
    run = make(epoch)
    states = [("EarlyStopping", None), ("SwapEMAWeights", {"_ema_weights_in_model": is_swapped})]
    state = TrainingState(epoch, 0, [{"loss": 0.5}] * epoch, [], callbacks=states)
    write_last(run, state)
    told = (
        "SwapEMAWeights gave up the weights for their averages after epoch 4, the last that was "
        "planned",
    )
    assert plan_resume(run, overrides).remarks == (told if is_told else ())


def test_the_machine_of_the_checkpoint_counts_and_not_that_of_a_resume_that_came_to_nothing(
    make: Callable[..., Run],
) -> None:
    run, here = make(), machine_facts()
    amend_environment(run, variables={"TF_ENABLE_ONEDNN_OPTS": "0"})
    state = read_last(run)
    assert state is not None
    write_last(run, replace(state, machine=here))
    assert plan_resume(Run(run.path)).remarks == ()
    there = here | {"variables": {"TF_ENABLE_ONEDNN_OPTS": "0"}}
    write_last(run, replace(state, machine=there))
    amend_environment(run, variables={})
    remark = "TF_ENABLE_ONEDNN_OPTS was 0 and is not set"
    assert plan_resume(Run(run.path)).remarks == (remark,)


@pytest.mark.parametrize(
    ("is_swapped", "step", "epochs", "is_told"),
    [
        (True, 0, 3, True),
        (True, 0, 5, False),  # an epoch is still to come, and does what the last one does
        (True, 5, 4, False),
        (False, 0, 3, False),  # without `swap_on_epoch`
    ],
)
def test_averages_beside_the_weights_of_a_run_cut_short_are_not_exact(
    make: Callable[..., Run], is_swapped: bool, step: int, epochs: int, is_told: bool
) -> None:
    run = edit_config(make(3), "epochs: 4", "epochs: 6")
    states = [("SwapEMAWeights", {"_ema_weights_in_model": is_swapped})]
    write_last(run, TrainingState(3, step, [{"loss": 0.5}] * 3, [], callbacks=states))
    told = (
        "SwapEMAWeights did not copy the averages over the weights after epoch 3, since 6 were "
        "planned",
    )
    assert plan_resume(run, [f"training.epochs={epochs}"]).remarks == (told if is_told else ())


def amend_environment(run: Run, **facts: Any) -> Run:
    write_json(run.path / "environment.json", run.environment | facts)
    return Run(run.path)


def test_a_changed_module_of_ones_own_is_not_exact(
    make: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, text = tmp_path / "own_factor.py", "FACTOR = 2\n"
    path.write_text(text, encoding="utf-8")
    then = hashlib.sha256(text.encode()).hexdigest()[:12]
    run = edit_config(make(), "imports: []", "imports: [own_factor]")
    assert plan_resume(run).remarks == ()  # older runs do not say
    run = amend_environment(run, imports={"own_factor": then})
    assert plan_resume(run).remarks == ()
    path.write_text("FACTOR = 3\n", encoding="utf-8")
    now = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    assert plan_resume(run).remarks == (f"the source of own_factor was {then} and is {now}",)


def test_other_environment_variables_are_not_exact(
    make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    run = make()
    facts = run.environment
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    run = amend_environment(run, variables={"XLA_FLAGS": "--a", "OMP_NUM_THREADS": "3"})
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert plan_resume(run).remarks == (
        "TF_ENABLE_ONEDNN_OPTS was not set and is 0",
        "XLA_FLAGS was --a and is not set",
    )
    del facts["variables"]  # as in an older run
    write_json(run.path / "environment.json", facts)
    assert plan_resume(Run(run.path)).remarks == ()


def test_the_data_must_be_those_that_the_run_began_with(make: Callable[..., Run]) -> None:
    run = make()
    data = prepare_data(run.config)
    check_same_data(run, data)
    with np.load(run.path / "splits.npz") as arrays:
        rows = {part: arrays[part] for part in arrays.files}
    rows["train"] = rows["train"][::-1]
    np.savez(run.path / "splits.npz", **rows)
    with pytest.raises(RunError, match="this dlrun splits the data into other parts than"):
        check_same_data(run, data)
    (run.path / "splits.npz").write_bytes(b"PK")
    with pytest.raises(RunError, match=r"splits\.npz: cannot be read, .+; train anew"):
        check_same_data(run, data)
    write_json(run.path / "dataset.json", run.dataset | {"content_hash": "0" * 64})
    with pytest.raises(RunError, match=r"the data set iris has changed since .+ then 000000000000"):
        check_same_data(Run(run.path), data)
    (run.path / "splits.npz").unlink()
    check_same_data(Run(run.path), data)
