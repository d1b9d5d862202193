"""`dlrun diagnose`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dlrun.cli.arguments import JsonOption, MemberOption
from dlrun.cli.output import echo, echo_json, echo_lines

if TYPE_CHECKING:
    from dlrun.evaluation.diagnose import Diagnosis


def diagnose(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, or `latest`.")],
    member: MemberOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say in words what a run's curves mean, by which numbers, and one thing to try next."""
    import dlrun
    from dlrun.runs import find_run

    diagnosis = dlrun.diagnose(find_run(run), member=member)
    if as_json:
        echo_json(diagnosis.to_dict())
        return
    echo(f"{diagnosis.run}: {diagnosis.finding.verdict}")
    echo_lines(diagnosis_lines(diagnosis)[1:])
    echo_lines(f"  {'gap':<11} {gap}" for gap in diagnosis.gaps)
    echo_lines(f"  {'note':<11} {remark}" for remark in diagnosis.remarks)


def diagnosis_lines(diagnosis: Diagnosis) -> list[str]:
    """Returns the verdict, its evidence, what else is worth knowing, and what to try."""
    import shlex

    lines = [f"  {'diagnosis':<11} {diagnosis.finding.verdict}"]
    lines.append(f"  {'because':<11} {diagnosis.finding.evidence}")
    lines += [f"  {'also':<11} {one.verdict}: {one.evidence}" for one in diagnosis.others]
    if diagnosis.advice:
        lines.append(f"  {'try':<11} {shlex.quote(diagnosis.advice)}")
    return lines
