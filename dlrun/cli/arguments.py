"""What several commands take on their line: overrides, and options that were mistyped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from dlrun.errors import DlrunError, nearest_name

OverridesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Overrides, such as training.epochs=5 optimizer.learning_rate=0.1; "
        "+key=value adds, ~key deletes.",
    ),
]

MemberOption = Annotated[
    int | None,
    typer.Option("--member", min=0, help="Which run of a RUN with repeats or folds, from 0."),
]

QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress and no messages; only the result.")
]

JsonOption = Annotated[bool, typer.Option("--json", help="The result as JSON.")]


class UsageError(DlrunError):
    """A command line that cannot be meant."""

    exit_code = 2


def check_options(context: typer.Context, tokens: Sequence[str]) -> None:
    """Refuses a mistyped option of the command itself; other `--x` are left to the overrides.

    Args:
        context: Of the command, which knows its options.
        tokens: What it took for overrides.

    Raises:
        UsageError: a token is nearly the name of an option.
    """
    own = [name for one in context.command.params for name in (*one.opts, *one.secondary_opts)]
    options = [name[2:] for name in [*own, *context.help_option_names] if name.startswith("--")]
    for token in tokens:
        if token.startswith("-") and len(token) > 1:
            name = token.split("=")[0]
            near = nearest_name(name.lstrip("-"), options)
            if near is not None:
                raise UsageError(f"no such option {name!r}; did you mean '--{near}'?")
