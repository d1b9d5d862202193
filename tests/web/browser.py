"""A real Chromium without a window, spoken to by its DevTools protocol over two pipes.

Needs nothing but the browser: messages are JSON, each ended by a zero byte.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
SECONDS = 30


def find_chromium() -> str | None:
    """The browser's path: that of CHROMIUM, else the first that is installed."""
    names = (named,) if (named := os.environ.get("CHROMIUM")) else NAMES
    return next((path for name in names if (path := shutil.which(name))), None)


class Browser:
    """One page in one browser."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = os.fdopen(to, "wb", 0), os.fdopen(back, "rb", 0)
        self._replies: queue.Queue[dict[str, Any]] = queue.Queue()
        self.events: list[dict[str, Any]] = []
        self._number, self._session = 0, None
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(f"{domain}.enable")

    def _listen(self) -> None:
        rest = b""
        while chunk := self._back.read(65536):
            *whole, rest = (rest + chunk).split(b"\0")
            for text in whole:
                message = json.loads(text)
                (self._replies.put if "id" in message else self.events.append)(message)

    def close(self) -> None:
        """Closes the pipes; the browser is gone."""
        self._listener.join()
        self._to.close()
        self._back.close()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        reply = self._replies.get(timeout=SECONDS)
        assert reply["id"] == self._number
        assert "error" not in reply, (method, reply["error"])
        return reply["result"]

    def run(self, script: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        result = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, condition: str) -> Any:
        """The value of an expression once it is true."""
        until = time.monotonic() + SECONDS
        while not (value := self.run(condition)):
            assert time.monotonic() < until, f"not within {SECONDS} s: {condition}"
            time.sleep(0.02)
        return value

    def open(self, address: str, width: int = 1280, height: int = 900, *, dark: bool = False,
             touch: bool = False, scale: float = 1) -> None:  # fmt: skip
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=scale, mobile=touch)  # fmt: skip
        self.call("Emulation.setTouchEmulationEnabled", enabled=touch)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=address)
        self.wait("document.getElementById('model')?.textContent")

    def text(self, name: str) -> str:
        return self.run(f"document.getElementById('{name}').textContent.trim()")

    def box(self, name: str) -> tuple[float, float, float, float]:
        return tuple(self.run(
            f"(() => {{ const b = document.getElementById('{name}').getBoundingClientRect(); "
            "return [b.x, b.y, b.width, b.height]; })()"
        ))  # fmt: skip

    def click(self, name: str) -> None:
        self.run(f"document.getElementById('{name}').scrollIntoView({{block: 'center'}})")
        x, y, width, height = self.box(name)
        for kind in ("mousePressed", "mouseReleased"):
            self._mouse(kind, x + width / 2, y + height / 2)

    def _mouse(self, kind: str, x: float, y: float) -> None:
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1,
                  clickCount=1)  # fmt: skip

    def stroke(self, points: list[tuple[float, float]], *, touch: bool = False) -> None:
        """Draws a line through points in parts of the paper's side."""
        self.run("document.getElementById('paper').scrollIntoView({block: 'center'})")
        left, top, width, height = self.box("paper")
        places = [(left + x * width, top + y * height) for x, y in points]
        if not touch:
            self._mouse("mousePressed", *places[0])
            for place in places[1:]:
                self._mouse("mouseMoved", *place)
            self._mouse("mouseReleased", *places[-1])
            return
        for i, (x, y) in enumerate(places):
            kind = "touchMove" if i else "touchStart"
            self.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def key(self, key: str, code: int = 0, modifiers: int = 0) -> None:
        text = {"Enter": "\r", " ": " "}.get(key, key if len(key) == 1 and not modifiers else "")
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if kind == "keyDown" and text else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, modifiers=modifiers,
                      windowsVirtualKeyCode=code or ord(key.upper()[0]), **more)  # fmt: skip

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        found = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    def complaints(self) -> list[Any]:
        """What the console and the log said that is no mere talk."""
        found = []
        for event in self.events:
            params = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                found.append(params["exceptionDetails"])
            if event["method"] == "Log.entryAdded" and params["entry"]["level"] == "error":
                found.append(params["entry"])
            if event["method"] == "Runtime.consoleAPICalled":
                found.append(params)
        return found

    def requested(self) -> list[str]:
        sent = [e for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]


@contextmanager
def started(chromium: str, profile: Path) -> Iterator[Browser]:
    """A fresh browser, which reads messages from descriptor 3 and writes them to 4."""
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    command = [chromium, *SWITCHES, f"--user-data-dir={profile}", "about:blank"]
    # By a shell: it gives the browser its two descriptors whatever numbers ours have.
    wired = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
    process = subprocess.Popen(
        ["/bin/bash", "-c", wired, "chromium", *command],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    browser = Browser(ours_out, ours_in)
    try:
        yield browser
    finally:
        process.kill()
        process.wait()
        browser.close()
