"""The command line: one short function a command; options, one library call, output."""

import sys


def main() -> None:
    """Runs the command line; Ctrl-C ends it with 130, even while it is still loading."""
    try:
        from dlrun.cli.app import run_app

        run_app()
    except KeyboardInterrupt:
        sys.stderr.write("dlrun: interrupted\n")
        sys.exit(130)
