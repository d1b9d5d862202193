"""`dlrun test`."""

from __future__ import annotations

from typing import Annotated

import typer

from dlrun.cli.arguments import JsonOption, MemberOption, QuietOption
from dlrun.cli.output import echo, echo_json, echo_lines


def test(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, or `latest`.")],
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", help="Look at this data set, or .npz file, instead."),
    ] = None,
    member: MemberOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a run's kept model on test rows; every look at them is dated and counted."""
    import dlrun
    from dlrun.cli.evaluation import metric_lines
    from dlrun.cli.working import working
    from dlrun.runs import find_run, single_run

    found = single_run(find_run(run), member)
    with working(quiet=quiet) as report:
        look = dlrun.test(found, dataset=dataset, report=report)
    looks = look.looks
    if as_json:
        facts = {"run": found.id, "dataset": look.dataset, "test_set": look.test_set}
        counted = {"is_new": look.is_new, "looks": looks.number, "first_look": looks.first}
        echo_json({**facts, **counted, **look.evaluation})
        return
    number = f"{look.evaluation['num_rows']:,} test rows of {look.dataset}"
    echo(f"{found.id}: {number}{'' if look.is_new else ', looked at before'}")
    echo_lines(metric_lines(look.evaluation))
    echo(f"  {'looks':<11} {looks}")
