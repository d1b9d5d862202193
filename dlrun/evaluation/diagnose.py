"""What a run's curves say in words: a verdict, its evidence, and one thing to try.

Reads run folders alone. The rules stand in `diagnosis_rules`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlrun.errors import RunError
from dlrun.evaluation.advice import advise
from dlrun.evaluation.diagnosis_rules import Finding, find_verdict
from dlrun.evaluation.evidence import (
    Evidence,
    gather_evidence,
    kept_row,
    mean_history,
    num_measured,
)
from dlrun.evaluation.gap import Gap, find_gaps
from dlrun.runs import Run
from dlrun.runs.run import HISTORY_CSV, History

EVEN = 0.8
"""Of the longest member's epochs: how many each must have, for their curves to have a mean."""


@dataclass(frozen=True)
class Diagnosis:
    """What is said of a run.

    Attributes:
        run: Its id.
        finding: The verdict.
        others: What else is worth knowing, such as noise.
        advice: One thing to try, as `key=value`; empty for nothing.
        gaps: Where validation looks better than training, and why.
        remarks: What the verdict rests on, a sentence each.
    """

    run: str
    finding: Finding
    others: tuple[Finding, ...]
    advice: str
    gaps: tuple[Gap, ...]
    remarks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON holds it."""
        return {
            "run": self.run,
            "verdict": self.finding.verdict,
            "kind": self.finding.kind,
            "evidence": self.finding.evidence,
            "advice": self.advice or None,
            "others": [{"verdict": o.verdict, "evidence": o.evidence} for o in self.others],
            "gaps": [vars(gap) | {"text": str(gap)} for gap in self.gaps],
            "remarks": list(self.remarks),
        }


def diagnose(run: Run) -> Diagnosis:
    """Diagnoses a run; one with members by their mean curves, or by what most of them say.

    Raises:
        RunError: no epoch was finished, or the folder cannot be read.
    """
    members = _readable_members(run) if run.has_members else [run]
    histories = [_history(member) for member in members]
    lengths = [len(history["epoch"]) for history in histories]
    if min(lengths) < EVEN * max(lengths):
        return _most_frequent(run, members)
    kept = [kept_row(member, history) for member, history in zip(members, histories, strict=True)]
    evidence = gather_evidence(run, members, mean_history(histories), kept)
    finding, *others = find_verdict(evidence)
    parts, num_rows = run.dataset["parts"], evidence.num_rows
    advice = advise(finding.remedy, run.config, run.parameters.total, parts["train"]["num_rows"])
    gaps = find_gaps(evidence.reached, num_measured(members[0]), num_rows) if num_rows else []
    if run.config.training.class_weight is not None:  # Keras's training loss is weighed, ours not
        gaps = [gap for gap in gaps if gap.metric != "loss"]
    return Diagnosis(
        run=run.id,
        finding=finding,
        others=tuple(others),
        advice=advice,
        gaps=tuple(gaps),
        remarks=tuple(_remarks(run, members, evidence, has_gaps=bool(gaps))),
    )


def _readable_members(run: Run) -> list[Run]:
    """The finished members; where there are none, those that have finished an epoch."""
    there = [member for member in run.members if (member.path / HISTORY_CSV).is_file()]
    if not there:
        raise RunError(f"{run.path}: no member has finished an epoch; there is nothing to diagnose")
    return [member for member in there if member.status == "finished"] or there


def _history(run: Run) -> History:
    history = run.read_history() if (run.path / HISTORY_CSV).is_file() else {}
    if not history.get("epoch"):
        raise RunError(f"{run.path}: no epoch was finished; there is nothing to diagnose")
    return history


def _most_frequent(run: Run, members: Sequence[Run]) -> Diagnosis:
    """Of members that ran for other numbers of epochs, whose curves have no mean: what most say."""
    found = [diagnose(member) for member in members]
    counts = Counter(one.finding.kind for one in found)
    kind = max(counts, key=counts.__getitem__)
    chosen = next(one for one in found if one.finding.kind == kind)
    evidence = f"{chosen.run.removeprefix(run.id + '/')}: {chosen.finding.evidence}"
    others = ", ".join(f"{count} {other}" for other, count in counts.items() if other != kind)
    remark = f"{counts[kind]} of {len(found)} members, of unequal length, say so"
    return replace(
        chosen,
        run=run.id,
        finding=replace(chosen.finding, evidence=evidence),
        remarks=(f"{remark}; the others: {others}" if others else remark, *chosen.remarks),
    )


def _remarks(
    run: Run, members: Sequence[Run], evidence: Evidence, *, has_gaps: bool
) -> Iterator[str]:
    if run.has_members:
        total = len(run.info["members"])
        number = f"{len(members)}" if len(members) == total else f"{len(members)} of {total}"
        yield f"curves and values are means over {number} members"
    if run.status not in ("finished", "diverged"):
        yield f"the run is {run.status}; its {evidence.num_epochs} epochs are read"
    for name in run.config.target or {}:
        if name not in evidence.target:
            yield f"whether more of {name} is better is not known; its target is not judged"
    if has_gaps:
        yield "gaps are those of the weights that are kept"
