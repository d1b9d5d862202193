"""A wave trained: its steps become tasks, and what comes of them is taken down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from dlrun.config import Config
from dlrun.errors import RunError
from dlrun.events import Event, FromTask, Message, Report, TaskEnded
from dlrun.executors import Outcome, Task
from dlrun.members.aggregation import is_finished, why_no_best
from dlrun.runs import Run
from dlrun.runs.sweep import FAILED, OPEN
from dlrun.sweeping.call import Call, standing, stop
from dlrun.sweeping.results import epochs_done, runs_of, was_pruned, with_result
from dlrun.sweeping.schedule import Step
from dlrun.sweeping.tasks import close_parent, tasks_of
from dlrun.sweeping.telling import end_text


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


def run_wave(call: Call, steps: Sequence[Step]) -> None:
    """Trains what is missing of a wave, and takes down what came of it.

    Raises:
        ConfigError: this dlrun does not take a trial's config any more.
        StorageError: the sweep's folder cannot be written to.
    """
    wave = _Wave()
    waiting: Iterable[Task] = _begin(call, wave, [step for step in steps if _is_open(call, step)])
    while True:
        again = []
        for outcome in call.crew.run(waiting, call.room.places, _listen(call), call.request):
            step = wave.steps[outcome.task]
            left = wave.left[step.trial]
            if _is_to_be_tried_again(call, outcome):
                again += [task for task in left if task.name == outcome.task]
                continue
            left[:] = [task for task in left if task.name != outcome.task]
            if outcome.status != "finished":
                wave.failures.setdefault(step.trial, []).append(outcome)
            if not left:
                _conclude(call, step, wave.failures.get(step.trial, []))
        if not again or call.is_stopping:
            break
        waiting = again
    for step in dict.fromkeys(wave.steps.values()):  # stopped before all of its members began
        if wave.left[step.trial]:
            _conclude(call, step, wave.failures.get(step.trial, []), is_cut=True)
    if any(call.trial(step.trial).state == "interrupted" for step in wave.steps.values()):
        stop(call, "someone ended its processes")  # what follows depends on whole waves


def _begin(call: Call, wave: _Wave, steps: Sequence[Step]) -> Iterator[Task]:
    """Yields the tasks of steps, each when its turn comes; what has ended unnoted is noted."""
    for step in steps:
        most = call.limits.trials
        if call.trial(step.trial).state == "planned" and most is not None:
            if call.num_begun >= most:
                call.ended_by = f"its budget of {most} trials is spent"
                continue
            call.num_begun += 1
        tasks = tasks_of(call, step)
        wave.left[step.trial] = tasks
        wave.steps |= {task.name: step for task in tasks}
        if tasks:
            yield from list(tasks)
        else:
            _conclude(call, step, [])


def _is_open(call: Call, step: Step) -> bool:
    return call.trial(step.trial).state in OPEN


def _listen(call: Call) -> Report:
    """Passes on progress, and of what trials say the warnings, each once."""

    def listen(event: Event) -> None:
        if isinstance(event, FromTask):
            _note_begin(call, event.task)
        if isinstance(event, FromTask) and isinstance(event.event, Message):
            text = event.event.text
            is_warning = event.event.level == "warning" and not event.event.is_of_stop
            if not is_warning or text in call.told:
                return
            call.told.add(text)
            event = FromTask(event.task, replace(event.event, text=f"{event.task}: {text}"))
        call.report(event)

    return listen


def _note_begin(call: Call, task: str) -> None:
    """Takes down that a trial runs, for those who look at the folder meanwhile."""
    trial = call.trial(int(task.split("/")[1]))
    if trial.state in OPEN and trial.state != "running":
        call.recorder.put(replace(trial, state="running"))


def _is_to_be_tried_again(call: Call, outcome: Outcome) -> bool:
    """Whether a process was ended by someone else, for the first time: it may go on."""
    is_ended = outcome.is_killed or outcome.status == "interrupted"
    if not is_ended or call.is_stopping or outcome.task in call.tried_again:
        return False
    call.tried_again.add(outcome.task)
    text = f"{outcome.task}: {outcome.error}; it goes on from its checkpoint, this once"
    call.recorder.log(text)
    call.report(Message(text, level="warning"))
    return True


def _conclude(call: Call, step: Step, failures: Sequence[Outcome], *, is_cut: bool = False) -> None:
    """Takes down how a trial's step ended, or that it was cut short."""
    trial = call.trial(step.trial)
    config = call.load(trial).config
    runs = runs_of(call.sweep, trial, config)
    state, reason = _state(call, step, config, runs, failures)
    if is_cut and state not in FAILED:
        state = "interrupted"
    if config.has_members and state != "interrupted" and not (step.is_first and not reason):
        with suppress(RunError):  # someone took its folder away
            close_parent(call.sweep, trial, config, runs, reason)
    trial = replace(with_result(call.sweep, trial, config), state=state, reason=reason)
    call.recorder.put(trial)
    if state in OPEN:
        return
    text = end_text(trial, call.sweep)
    call.recorder.log(f"{trial.name}: {state}, {text}")
    done = sum(one.state not in OPEN for one in call.recorder.trials)
    total = int(call.sweep.info["planned"])
    call.report(TaskEnded(trial.name, state, text, done, total))
    call.report(standing(call))
    if state in FAILED and call.limits.fail_fast:
        stop(call, f"{trial.name} {state}, and --fail-fast was given")


def _state(
    call: Call, step: Step, config: Config, runs: Sequence[Run], failures: Sequence[Outcome]
) -> tuple[str, str]:
    """The trial's state, and why."""
    unfinished = [one for one in failures if one.status != "interrupted"]
    if unfinished:
        first = unfinished[0]
        inner = first.task.removeprefix(f"{call.trial(step.trial).name}")
        prefix = f"{inner.lstrip('/')}: " if inner else ""
        return first.status, prefix + _one_line(first.error)
    if failures:
        return "interrupted", ""
    if step.threshold is not None and was_pruned(runs[0], step.threshold):
        if reason := why_no_best(runs[0]):
            return "failed", reason
        return "pruned", "its best value so far was worse than the median of others"
    if step.is_first and len(runs) > 1:
        return "running", ""
    epochs = config.training.epochs
    is_rung = step.epochs is not None and step.epochs < epochs
    ended_early = epochs_done(runs[0]) < (step.epochs or epochs)
    if is_rung and not ended_early:
        return "running", ""
    if not all(map(is_finished, runs)):
        return "interrupted", ""
    for run in runs:
        if reason := why_no_best(run):
            inner = run.path.relative_to(call.sweep.path / call.trial(step.trial).name).as_posix()
            return "failed", reason if len(runs) == 1 else f"{inner}: {reason}"
    return "finished", ""


def _one_line(error: str) -> str:
    lines = error.strip().splitlines()
    return lines[-1] if lines and lines[0].startswith("Traceback") else " ".join(lines)
