"""`dlrun gc`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli.arguments import JsonOption
from dlrun.cli.output import cell, echo, echo_json, new_table, print_table

if TYPE_CHECKING:
    from dlrun.errors import DlrunError
    from dlrun.runs import Run, Sweep
    from dlrun.runs.leftovers import Removal


def gc(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would be removed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove runs of no epoch, temporary files, and weights of worse runs; never a history."""
    from dlrun.runs.cleanup import plan_cleanup, remove, resumable_runs

    plan, kept = plan_cleanup(), resumable_runs()
    if not as_json:
        _show(plan, kept)
    agreed = bool(plan) and not dry_run and (yes or _asked())
    removed, problems = remove(plan) if agreed else ([], [])
    if as_json:
        echo_json(_facts(plan, kept, removed, problems))
    elif agreed:
        freed = _size(sum(one.size_bytes for one in removed))
        echo(f"removed {len(removed):,} of {len(plan):,}, {freed} are free again")
    elif plan and not dry_run:
        echo("nothing was removed")
    for problem in problems:
        echo(f"dlrun: error: {problem}", err=True)
    if problems:
        raise typer.Exit(1)


def _asked() -> bool:
    return typer.confirm("remove these?", default=False, err=True)


def _show(plan: Sequence[Removal], kept: Sequence[Run | Sweep]) -> None:
    from dlrun.runs import resolve_runs_dir

    if plan:
        _print_table(plan, resolve_runs_dir())
        total = _size(sum(removal.size_bytes for removal in plan))
        echo(f"{len(plan):,} to remove, {total}; every history stays")
    else:
        echo(f"nothing to remove in {resolve_runs_dir()}")
    for run in kept:
        echo(f"kept: {run.id} goes on by `dlrun resume {run.id}`")


def _print_table(plan: Sequence[Removal], runs_dir: Path) -> None:
    """Prints one line a removal."""
    table = new_table("what", "kind", "why")
    table.add_column("size", justify="right", no_wrap=True)
    for one in plan:
        cells = (str(one.path.relative_to(runs_dir)), one.kind, one.reason, _size(one.size_bytes))
        table.add_row(*map(cell, cells))
    print_table(table)


def _size(num_bytes: int) -> str:
    """Returns a size as a person reads it: `812 bytes`, `3.4 MB`."""
    if num_bytes < 1000:
        return f"{num_bytes} byte{'s' if num_bytes != 1 else ''}"
    return f"{num_bytes / 1e3:,.1f} kB" if num_bytes < 1e6 else f"{num_bytes / 1e6:,.1f} MB"


def _facts(
    plan: Sequence[Removal],
    kept: Sequence[Run | Sweep],
    removed: Sequence[Removal],
    problems: Sequence[DlrunError],
) -> dict[str, Any]:
    return {
        "removals": [
            {
                "path": str(removal.path),
                "kind": removal.kind,
                "run": removal.run_id,
                "reason": removal.reason,
                "size_bytes": removal.size_bytes,
                "removed": removal in removed,
            }
            for removal in plan
        ],
        "size_bytes": sum(removal.size_bytes for removal in plan),
        "kept": [run.id for run in kept],
        "problems": [str(problem) for problem in problems],
    }
