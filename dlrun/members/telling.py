"""What is told while members are trained: each thing once, and how each ended."""

from __future__ import annotations

from collections.abc import Sequence

from dlrun.columns import shown_columns
from dlrun.errors import MembersError
from dlrun.events import Event, FromTask, Message, Report, TaskEnded
from dlrun.executors import Outcome
from dlrun.members.aggregation import why_no_best
from dlrun.runs import Run
from dlrun.runs.endings import command_to_go_on
from dlrun.runs.find import typed_name
from dlrun.runs.record import Recorder
from dlrun.wording import short_number


def told_end(parent: Run, outcome: Outcome) -> str:
    """Returns in a line how a member ended: its best values, or why there are none."""
    if outcome.status != "finished":
        return outcome.error.strip().splitlines()[-1] if outcome.error else outcome.status
    member = Run(parent.path / outcome.task)
    if reason := why_no_best(member):
        return reason
    best = shown_columns(member.metrics["best"])
    shown = "  ".join(f"{name} {short_number(value)}" for name, value in best.items())
    return f"{shown} (epoch {member.metrics.get('best_epoch')})"


class Once:
    """A report that passes on each message once.

    What members say is mostly said before them or alike; of what is good to know, that of the
    first member is passed on, whose data were prepared before, of warnings all that are new.
    """

    def __init__(self, report: Report, first: str) -> None:
        self._report = report
        self._told: set[str] = set()
        self._first = first

    def __call__(self, event: Event) -> None:
        """Passes an event on, unless it says what was said."""
        if isinstance(event, FromTask):
            is_warning = isinstance(event.event, Message) and event.event.level == "warning"
            if isinstance(event.event, Message) and event.task != self._first and not is_warning:
                return
        inner = event.event if isinstance(event, FromTask) else event
        if isinstance(inner, Message):
            if inner.text in self._told:
                return
            self._told.add(inner.text)
        self._report(event)


def logging(recorder: Recorder, report: Report) -> Report:
    """Writes down what is told of the members together, and passes everything on."""

    def listen(event: Event) -> None:
        if isinstance(event, Message):
            recorder.log(event.text)
        elif isinstance(event, TaskEnded):
            recorder.log(f"{event.task}: {event.status}, {event.text}")
        report(event)

    return listen


def raise_failures(parent: Run, outcomes: Sequence[Outcome], total: int) -> None:
    """Names the members that did not finish.

    Args:
        parent: The run with members.
        outcomes: How those ended that were trained now.
        total: How many were to be trained.

    Raises:
        MembersError: there are some.
    """
    failed = [outcome for outcome in outcomes if outcome.status != "finished"]
    if not failed:
        return
    shown = "; ".join(f"{one.task} {one.status}, {one.error.strip()}" for one in failed[:3])
    more = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""
    goes_on = f"once that is mended, dlrun resume {typed_name(parent)} goes on"
    if all(outcome.status == "diverged" for outcome in failed):
        diverged = Run(parent.path / failed[0].task)
        goes_on = f"to go on with a change: {command_to_go_on(diverged)}"
    raise MembersError(
        f"{parent.path}: {len(failed)} of {total} members did not finish: {shown}{more}; {goes_on}"
    )
