"""`dlrun diagnose`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dlrun.cli.arguments import MemberOption

if TYPE_CHECKING:
    from dlrun.evaluation.diagnose import Diagnosis


def diagnose(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, or `latest`.")],
    member: MemberOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say in words what a run's curves mean, by which numbers, and one thing to try next."""
    import dlrun
    from dlrun.cli.text import json_text, shown
    from dlrun.runs import find_run

    diagnosis = dlrun.diagnose(find_run(run), member=member)
    if as_json:
        typer.echo(json_text(diagnosis.to_dict()))
        return
    typer.echo(shown(f"{diagnosis.run}: {diagnosis.finding.verdict}"))
    for line in diagnosis_lines(diagnosis)[1:]:
        typer.echo(line)
    for gap in diagnosis.gaps:
        typer.echo(f"  {'gap':<11} {gap}")
    for remark in diagnosis.remarks:
        typer.echo(shown(f"  {'note':<11} {remark}"))


def diagnosis_lines(diagnosis: Diagnosis) -> list[str]:
    """Returns the verdict, its evidence, what else is worth knowing, and what to try."""
    import shlex

    from dlrun.cli.text import shown

    lines = [f"  {'diagnosis':<11} {diagnosis.finding.verdict}"]
    lines.append(f"  {'because':<11} {shown(diagnosis.finding.evidence)}")
    lines += [f"  {'also':<11} {one.verdict}: {one.evidence}" for one in diagnosis.others]
    if diagnosis.advice:
        lines.append(f"  {'try':<11} {shown(shlex.quote(diagnosis.advice))}")
    return lines
