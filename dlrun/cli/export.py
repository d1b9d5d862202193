"""`dlrun export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.arguments import JsonOption, MemberOption, QuietOption
from dlrun.cli.output import echo, echo_json, echo_lines

if TYPE_CHECKING:
    from dlrun.exporting import Exported


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, or `latest`.")],
    to: Annotated[
        str,
        typer.Option("--to", metavar="FORMAT", help="keras, savedmodel, onnx, tflite or python."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", help="The file; default: in the run's folder, exports/."),
    ] = None,
    member: MemberOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Hand a run's model on, scaling inside, or the plain Keras script that trains it; checked."""
    import dlrun
    from dlrun.cli.working import working
    from dlrun.runs import find_run, single_run

    found = single_run(find_run(run), member)
    with working(quiet=quiet) as report:
        exported = dlrun.export(found, to, output, report=report)
    if as_json:
        echo_json(_facts(exported))
    elif quiet:
        echo(exported.path)
    else:
        echo_lines(_lines(exported))


def _facts(exported: Exported) -> dict[str, Any]:
    agreement = exported.agreement
    return {
        "run": exported.run.id,
        "format": exported.format,
        "path": str(exported.path),
        "files": [str(path) for path in exported.files],
        "input": exported.input,
        "class_names": exported.class_names,
        "compared": agreement.compared,
        "largest_difference": agreement.largest_difference,
        "num_other_classes": agreement.num_other_classes,
        "remarks": exported.remarks,
    }


def _lines(exported: Exported) -> list[str]:
    """Returns what was written, what it takes and gives, and how far it is the run's model."""
    names = exported.class_names
    more = f", … ({len(names):,})" if len(names) > 12 else ""
    facts = [
        *[("beside", path) for path in exported.files],
        ("data" if exported.format == "python" else "input", exported.input),
        ("classes", f"{', '.join(names[:12])}{more}" if names else ""),
        ("checked", exported.agreement),
        *[("but", remark) for remark in exported.remarks],
    ]
    return [str(exported.path), *[f"  {name:<11} {text}" for name, text in facts if str(text)]]
