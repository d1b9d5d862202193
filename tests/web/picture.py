"""Draws the README's picture of the page again: `python tests/web/picture.py RUN FILE.png`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from browser import find_chromium, started

THREE = [(0.33, 0.3), (0.42, 0.21), (0.55, 0.2), (0.65, 0.28), (0.62, 0.4), (0.48, 0.47),
         (0.62, 0.53), (0.68, 0.66), (0.58, 0.78), (0.42, 0.8), (0.3, 0.7)]  # fmt: skip


def main(run: str, path: Path) -> None:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("no Chromium or Chrome was found; apt-get install chromium")
    command = [sys.executable, "-m", "dlrun", "serve", run, "--port", "0"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        assert server.stdout is not None
        try:
            address = server.stdout.readline().split()[-1]
            with started(chromium, Path(profile)) as browser:
                browser.open(address, width=1120, height=740)
                browser.stroke(THREE)
                browser.wait("document.getElementById('spoken').textContent.includes('%')")
                browser.run("scrollTo(0, 0)")
                browser.screenshot(path, whole=False)
        finally:
            server.terminate()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
