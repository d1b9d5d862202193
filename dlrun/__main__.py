"""`python -m dlrun` is `dlrun`."""

from dlrun.cli import main

main()
