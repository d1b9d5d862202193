"""The command line: one short function a command; options, one library call, output."""

from dlrun.cli.app import main

__all__ = ["main"]
