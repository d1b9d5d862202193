"""Whether the best trial is better than the next ones, or lucky: a sentence from their folders."""

from __future__ import annotations

from itertools import takewhile

from dlrun.errors import DlrunError
from dlrun.evaluation.compare import Comparison, compare
from dlrun.runs import Sweep, Trial
from dlrun.runs.sweep import rank_trials

MOST_COMPARED = 10
"""Trials next to the best that are compared with it."""


def compare_best(sweep: Sweep) -> str:
    """Returns what can be said of the best trial beside the next ones; empty for nothing.

    They are compared as `dlrun compare` does, by pairs of seeds where trials have several.
    """
    ranked = [trial for trial in rank_trials(sweep) if trial.state == "finished"]
    ranked = ranked[: MOST_COMPARED + 1]
    if len(ranked) < 2:
        return ""
    try:
        found = compare([sweep.run(trial.number) for trial in ranked], sweep.metric)
    except DlrunError:  # metrics of training rows, damaged folders: there is no verdict
        return ""
    return _sentence(ranked, found)


def _sentence(ranked: list[Trial], found: Comparison) -> str:
    best, others = ranked[0], ranked[1:]
    first = found.judgements[0]
    about = "" if first.about == "configs" else " as trained models"
    if first.verdict == "too few runs":
        return (
            f"{best.name} is ahead of {others[0].name} by too little to tell without seeds: "
            "repeat=5 tells"
        )
    # Down to the first that can be told from the best: after it comes, here and there, one whose
    # seeds lie so far apart (some learned, some did not) that no mean of theirs is settled.
    alike = [
        trial.name
        for trial, _ in takewhile(
            lambda pair: pair[1].verdict not in ("worse", "better", "different"),
            zip(others, found.judgements, strict=True),
        )
    ]
    if first.verdict == "not distinguishable":
        shown = ", ".join(alike[:4]) + (f" and {len(alike) - 4} more" if len(alike) > 4 else "")
        return f"{best.name} is not distinguishable{about} from {shown} ({first.text})"
    return f"{best.name} is better{about} than {others[0].name}, the next: {first.text}"
