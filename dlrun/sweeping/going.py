"""A sweep under way: waves of steps become tasks, and what comes of them is taken down."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from dlrun.config import Config, Loaded
from dlrun.errors import DlrunError, MembersError
from dlrun.events import Event, FromTask, Message, Report, SweepStanding, TaskEnded
from dlrun.executors import Crew, Outcome, Task
from dlrun.members import plan_members
from dlrun.members.aggregation import is_finished, record_aggregate
from dlrun.runs import Run, Sweep, Trial
from dlrun.runs.create import amend_info, create_run
from dlrun.runs.environment import describe_environment
from dlrun.runs.record import Recorder
from dlrun.runs.record_sweep import SweepRecorder
from dlrun.runs.run import CONFIG, RUN
from dlrun.runs.sweep import FAILED, OPEN
from dlrun.stopping import StopRequest
from dlrun.sweeping.results import epochs_done, load_trial, runs_of, was_pruned, with_result
from dlrun.sweeping.schedule import Step
from dlrun.sweeping.telling import best_text, end_text

_LEAVING_SECONDS = 60.0
"""So long the processes of a driver that was killed may take to write their checkpoints."""


@dataclass(frozen=True)
class Limits:
    """What one call may spend, and what ends it.

    Attributes:
        seconds: Of the call; None: as long as it takes.
        trials: That are trained in it.
        trial_seconds: Of one trial's training.
        fail_fast: Whether the first trial that fails ends the sweep.
    """

    seconds: float | None = None
    trials: int | None = None
    trial_seconds: float | None = None
    fail_fast: bool = False


@dataclass
class Going:
    """One call's work on a sweep.

    Attributes:
        sweep: Its folder.
        recorder: Of it.
        crew: The workers.
        room: How much they may do at a time.
        share: Whether a task takes the room of its threads, or one place.
        limits: Of this call.
        report: Told everything.
        request: Whether someone, or a limit, asked to stop.
        ended_by: The limit that did, in words.
        num_begun: Trials that this call has begun.
    """

    sweep: Sweep
    recorder: SweepRecorder
    crew: Crew
    room: int
    share: bool
    limits: Limits
    report: Report
    request: StopRequest
    ended_by: str = ""
    num_begun: int = 0
    told: set[str] = field(default_factory=set)
    tried_again: set[str] = field(default_factory=set)

    def trial(self, number: int) -> Trial:
        """Returns a trial as it is now."""
        return self.recorder.trials[number]

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to begin."""
        return self.request.signum is not None or bool(self.ended_by)

    def load(self, trial: Trial) -> Loaded:
        """Returns a trial's config."""
        return load_trial(trial, str(self.sweep.info.get("source")))


@dataclass
class _Wave:
    """What a wave is at.

    Attributes:
        left: By trial, its tasks that have not ended.
        steps: By task.
        failures: By trial, how tasks ended that did not finish.
    """

    left: dict[int, list[Task]] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    failures: dict[int, list[Outcome]] = field(default_factory=dict)


def run_wave(going: Going, steps: Sequence[Step]) -> None:
    """Trains what is missing of a wave, and takes down what came of it."""
    wave = _Wave()
    waiting: Iterable[Task] = _begin(going, wave, [step for step in steps if _is_open(going, step)])
    while True:
        again = []
        for outcome in going.crew.run(waiting, going.room, _listen(going), going.request):
            step = wave.steps[outcome.task]
            left = wave.left[step.trial]
            if _is_to_be_tried_again(going, outcome):
                again += [task for task in left if task.name == outcome.task]
                continue
            left[:] = [task for task in left if task.name != outcome.task]
            if outcome.status != "finished":
                wave.failures.setdefault(step.trial, []).append(outcome)
            if not left:
                _conclude(going, step, wave.failures.get(step.trial, []))
        if not again or going.is_over:
            break
        waiting = again
    for step in dict.fromkeys(wave.steps.values()):  # stopped before all of its members began
        if wave.left[step.trial]:
            _conclude(going, step, wave.failures.get(step.trial, []), is_cut=True)


def _begin(going: Going, wave: _Wave, steps: Sequence[Step]) -> Iterator[Task]:
    """Yields the tasks of steps, each when its turn comes; what has ended unnoted is noted."""
    for step in steps:
        most = going.limits.trials
        if going.trial(step.trial).state == "planned" and most is not None:
            if going.num_begun >= most:
                going.ended_by = f"its budget of {most} trials is spent"
                continue
            going.num_begun += 1
        tasks = _tasks(going, step)
        wave.left[step.trial] = tasks
        wave.steps |= {task.name: step for task in tasks}
        if tasks:
            yield from list(tasks)
        else:
            _conclude(going, step, [])


def _is_open(going: Going, step: Step) -> bool:
    return going.trial(step.trial).state in OPEN


def _tasks(going: Going, step: Step) -> list[Task]:
    """What is to be trained, members that have finished left out."""
    trial = going.trial(step.trial)
    loaded = going.load(trial)
    config = loaded.config
    if config.has_members:
        _open_parent(going.sweep, trial, config)
        members = plan_members(config)
        chosen = members[:1] if step.is_first else members
        configs = [(f"{trial.name}/{member.name}", member.config) for member in chosen]
    else:
        configs = [(trial.name, config)]
    parent = f"{going.sweep.id}/{trial.name}" if config.has_members else going.sweep.id
    tasks = [_task(going, step, name, one, parent) for name, one in configs]
    return [replace(task, data_hash=trial.data_hash) for task in tasks if task is not None]


def _task(going: Going, step: Step, name: str, config: Config, parent: str) -> Task | None:
    run = Run(going.sweep.path / name)
    epochs = step.epochs or config.training.epochs
    overrides: tuple[str, ...] = ()
    if os.path.lexists(run.path / RUN):
        _wait_for(run, going.report)
        done = epochs_done(run)
        if done >= epochs or (done and done < _planned_epochs(run)):
            return None
        if epochs != _planned_epochs(run):
            overrides = (f"training.epochs={epochs}",)
    elif step.epochs is not None:
        config = replace(config, training=replace(config.training, epochs=epochs))
    threads = config.training.threads
    return Task(
        name=name,
        run_dir=run.path,
        loaded=Loaded(config),
        overrides=overrides,
        member_of=parent,
        threshold=step.threshold,
        limit_seconds=going.limits.trial_seconds,
        weight=int(threads) if going.share and threads != "auto" else 1,
        scores_train=False,  # a pass over all rows that no choice depends on: 4 % of a short trial
    )


def _planned_epochs(run: Run) -> int:
    with suppress(DlrunError):
        return run.config.training.epochs
    return 0 if not (run.path / CONFIG).is_file() else 1


def _wait_for(run: Run, report: Report) -> None:
    """Lets the process of a driver that was killed write its checkpoint."""
    until, is_told = time.monotonic() + _LEAVING_SECONDS, False
    with suppress(DlrunError):
        while Run(run.path).status == "running" and time.monotonic() < until:
            if not is_told:
                is_told = True
                report(Message(f"{run.id}: waiting for its process to write a checkpoint"))
            time.sleep(0.1)


def _open_parent(sweep: Sweep, trial: Trial, config: Config) -> None:
    """Makes the folder of a trial with members, where it is not there."""
    path = sweep.path / trial.name
    if not os.path.lexists(path / RUN):
        names = [member.name for member in plan_members(config)]
        create_run(config, run_dir=path, member_of=sweep.id, members=names)


def _listen(going: Going) -> Report:
    """Passes on progress, and of what trials say the warnings, each once."""

    def listen(event: Event) -> None:
        if isinstance(event, FromTask):
            _note_begin(going, event.task)
        if isinstance(event, FromTask) and isinstance(event.event, Message):
            text = event.event.text
            if event.event.level != "warning" or text in going.told or "keeps" in text:
                return
            going.told.add(text)
            event = FromTask(event.task, replace(event.event, text=f"{event.task}: {text}"))
        going.report(event)

    return listen


def _note_begin(going: Going, task: str) -> None:
    """Takes down that a trial runs, for those who look at the folder meanwhile."""
    trial = going.trial(int(task.split("/")[1]))
    if trial.state in OPEN and trial.state != "running":
        going.recorder.put(replace(trial, state="running"))


def _is_to_be_tried_again(going: Going, outcome: Outcome) -> bool:
    """Whether a process was killed by someone else, for the first time: it may go on."""
    if not outcome.is_killed or going.is_over or outcome.task in going.tried_again:
        return False
    going.tried_again.add(outcome.task)
    text = f"{outcome.task}: {outcome.error}; it goes on from its checkpoint, this once"
    going.recorder.log(text)
    going.report(Message(text, level="warning"))
    return True


def _conclude(
    going: Going, step: Step, failures: Sequence[Outcome], *, is_cut: bool = False
) -> None:
    """Takes down how a trial's step ended, or that it was cut short."""
    trial = going.trial(step.trial)
    config = going.load(trial).config
    runs = runs_of(going.sweep, trial, config)
    state, reason = _state(going, step, config, runs, failures)
    if is_cut and state not in FAILED:
        state = "interrupted"
    if config.has_members and state != "interrupted" and not (step.is_first and not reason):
        _close_parent(going.sweep, trial, config, runs, reason)
    trial = replace(with_result(going.sweep, trial, config), state=state, reason=reason)
    going.recorder.put(trial)
    if state in OPEN:
        return
    text = end_text(trial, going.sweep)
    going.recorder.log(f"{trial.name}: {state}, {text}")
    done = sum(one.state not in OPEN for one in going.recorder.trials)
    total = int(going.sweep.info["planned"])
    going.report(TaskEnded(trial.name, state, text, done, total))
    going.report(standing(going))
    if state in FAILED and going.limits.fail_fast:
        stop(going, f"{trial.name} {state}, and --fail-fast was given")


def _state(
    going: Going, step: Step, config: Config, runs: Sequence[Run], failures: Sequence[Outcome]
) -> tuple[str, str]:
    """The trial's state, and why."""
    unfinished = [one for one in failures if one.status != "interrupted"]
    if unfinished:
        first = unfinished[0]
        inner = first.task.removeprefix(f"{going.trial(step.trial).name}")
        prefix = f"{inner.lstrip('/')}: " if inner else ""
        return first.status, prefix + _one_line(first.error)
    if failures:
        return "interrupted", ""
    if step.threshold is not None and was_pruned(runs[0], step.threshold):
        return "pruned", "its best value so far was worse than the median of others"
    if step.is_first and len(runs) > 1:
        return "running", ""
    epochs = config.training.epochs
    is_rung = step.epochs is not None and step.epochs < epochs
    ended_early = epochs_done(runs[0]) < (step.epochs or epochs)
    if is_rung and not ended_early:
        return "running", ""
    return ("finished", "") if all(map(is_finished, runs)) else ("interrupted", "")


def _one_line(error: str) -> str:
    lines = error.strip().splitlines()
    return lines[-1] if lines and lines[0].startswith("Traceback") else " ".join(lines)


def _close_parent(
    sweep: Sweep, trial: Trial, config: Config, runs: Sequence[Run], reason: str
) -> None:
    """Adds up the members in the folder of their trial."""
    parent = Run(sweep.path / trial.name)
    finished = [run for run in runs if is_finished(run)]
    seconds = sum(run.info.get("duration_seconds") or 0.0 for run in finished)
    amend_info(parent, duration_seconds=seconds)  # else that of adding them up
    with suppress(MembersError), Recorder(parent) as recorder:
        recorder.environment(describe_environment() | {"seed": config.seed})
        if finished:
            recorder.dataset_facts(finished[0].dataset)
        record_aggregate(recorder, config, evaluates=False)
        if reason:
            raise MembersError(reason)


def stop(going: Going, reason: str) -> None:
    """Has everything that runs end at a checkpoint, and nothing begin, by no one's wish."""
    import signal

    if not going.is_over:
        going.ended_by = reason
        going.request.signum = signal.SIGTERM


def standing(going: Going) -> SweepStanding:
    """Returns how the sweep stands."""
    trials = going.recorder.trials
    total = int(going.sweep.info["planned"])
    done = sum(trial.state not in OPEN for trial in trials)
    return SweepStanding(
        done=done,
        total=total,
        failed=sum(trial.state in FAILED for trial in trials),
        best=best_text(trials, going.sweep),
    )
