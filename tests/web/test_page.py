"""A real Chromium draws on the page of a real server; run by `make test-web`."""

from __future__ import annotations

import base64
import csv
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, find_chromium, started

from tests.web.conftest import SEVEN, png_of_page

pytestmark = pytest.mark.web

ROOT = Path(__file__).parent.parent.parent
NONE_FOUND = (
    "no Chromium or Chrome was found; apt-get install chromium, or name one by CHROMIUM=/path/to/it"
)

ONE = [(0.5, 0.2), (0.5, 0.5), (0.5, 0.8)]
ZERO = [(0.5, 0.2), (0.35, 0.3), (0.3, 0.5), (0.35, 0.7), (0.5, 0.8), (0.65, 0.7), (0.7, 0.5),
        (0.65, 0.3), (0.5, 0.2)]  # fmt: skip
PREDICTED = "document.getElementById('predicted').textContent"


def serving(run: str, folder: Path, runs_dir: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dlrun", "serve", run, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | {"DLRUN_RUNS_DIR": str(runs_dir), "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.send_signal(signal.SIGINT)
    assert "Traceback" not in process.communicate(timeout=20)[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="module")
def digits(folder: Path) -> Iterator[str]:
    """The address of a model of digits, trained for this."""
    runs = folder / "runs"
    subprocess.run(
        [sys.executable, "-m", "dlrun", "train", "configs/digits_deep.yaml", "repeat=1", "-q"],
        cwd=ROOT,
        env=os.environ | {"DLRUN_RUNS_DIR": str(runs)},
        check=True,
    )
    yield from serving("latest", folder, runs)


@pytest.fixture(scope="module")
def flowers(folder: Path) -> Iterator[str]:
    yield from serving("20261124", folder, ROOT / "tests" / "runs" / "format_1")


@pytest.fixture(scope="module")
def chromium(folder: Path) -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        pytest.fail(NONE_FOUND)
    with started(path, folder / "profile") as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The browser; nothing that happens in it is wrong, or leaves the machine."""
    chromium.events.clear()
    yield chromium
    assert chromium.complaints() == []
    assert chromium.requested()
    assert all(url.startswith(("http://127.0.0.1:", "about:")) for url in chromium.requested())


def ink(browser: Browser) -> int:
    """Pixels of the paper that have ink."""
    return browser.run(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {"
        "const c = document.getElementById('paper');"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; done(n); })))"
    )


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "finger"])
def test_strokes_are_predicted_undone_and_cleared(
    browser: Browser, digits: str, touch: bool
) -> None:
    browser.open(digits, width=390 if touch else 1280, touch=touch)
    assert browser.text("predicted") == "–"
    for strokes, likely in ((ONE, "1"), (ZERO, "0")):
        browser.stroke(strokes, touch=touch)
        browser.wait(f"{PREDICTED} === '{likely}'")
        seen = "document.getElementById('seen').getContext('2d').getImageData(0, 0, 8, 8).data"
        assert browser.run(f"Math.max(...{seen}.filter((_, i) => i % 4 < 3))") == 255
        texts = browser.run("[...document.querySelectorAll('#bars tr')].map(r => r.innerText)")
        assert len(texts) == 10
        assert all(text.endswith("%") for text in texts)
        browser.click("clear")
        browser.wait(f"{PREDICTED} === '–'")
        assert ink(browser) == 0
    browser.stroke(ONE, touch=touch)
    first = ink(browser)
    browser.stroke([(0.2, 0.9), (0.8, 0.9)], touch=touch)
    assert ink(browser) > first
    browser.click("undo")
    assert ink(browser) == first


def test_keys_alone_are_enough(browser: Browser, digits: str) -> None:
    browser.open(digits)
    browser.run("document.getElementById('paper').focus()")
    for key in ["ArrowUp"] * 7 + [" "] + ["ArrowDown"] * 14 + [" ", "ArrowLeft"]:
        browser.key(key)
    browser.wait(f"{PREDICTED} !== '–'")
    assert browser.run("document.getElementById('paper').ariaLabel") == "Paper, 1 stroke"
    browser.wait("document.getElementById('spoken').textContent.includes('%')")
    browser.key("z", modifiers=2)  # Ctrl
    browser.wait(f"{PREDICTED} === '–'")
    browser.key(" ")
    browser.key("ArrowRight")
    browser.key("c")
    browser.wait("document.getElementById('paper').ariaLabel === 'Paper, empty'")
    reached = []
    browser.run("document.activeElement.blur()")
    for _ in range(12):
        browser.key("Tab", 9)
        reached.append(browser.run("document.activeElement.id || document.activeElement.tagName"))
    assert {"paper", "choose", "width", "begin", "SUMMARY", "A"} <= set(reached)


@pytest.mark.parametrize("way", ["drop", "paste", "choose"])
def test_an_image_is_taken(browser: Browser, digits: str, folder: Path, way: str) -> None:
    browser.open(digits)
    if way == "choose":
        (folder / "seven.png").write_bytes(SEVEN)
        root = browser.call("DOM.getDocument")["root"]["nodeId"]
        node = browser.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        browser.call("DOM.setFileInputFiles", nodeId=node, files=[str(folder / "seven.png")])
    else:
        event = {"drop": "DragEvent", "paste": "ClipboardEvent"}[way]
        field = {"drop": "dataTransfer", "paste": "clipboardData"}[way]
        browser.run(
            f"(() => {{ const bytes = Uint8Array.from(atob('{base64.b64encode(SEVEN).decode()}'),"
            " c => c.charCodeAt(0)); const files = new DataTransfer();"
            " files.items.add(new File([bytes], 'seven.png', {type: 'image/png'}));"
            f" document.dispatchEvent(new {event}('{way}', {{{field}: files, bubbles: true}}));"
            " })()"
        )
    browser.wait(f"{PREDICTED} !== '–'")
    assert ink(browser) > 0
    assert browser.run("document.getElementById('paper').ariaLabel") == "Paper, picture seven.png"
    browser.stroke(ONE)
    browser.wait("document.getElementById('paper').ariaLabel === 'Paper, 1 stroke'")


def test_a_page_of_many_figures_is_answered_figure_by_figure(
    browser: Browser, digits: str, folder: Path
) -> None:
    browser.open(digits)
    (folder / "page.png").write_bytes(png_of_page(["0123", "456"]))
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    node = browser.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    browser.call("DOM.setFileInputFiles", nodeId=node, files=[str(folder / "page.png")])
    browser.wait(f"{PREDICTED} === '7 figures'")
    tiles = "[...document.querySelectorAll('#figures li')]"
    assert browser.run(f"{tiles}.length") == 7
    assert browser.run(f"{tiles}.every((tile) => /^\\d$/.test(tile.innerText.trim()))")
    assert browser.run("getComputedStyle(document.querySelector('.bars')).display") == "none"
    browser.stroke(ONE)  # takes its place
    browser.wait(f"/^\\d$/.test({PREDICTED})")
    assert browser.run("document.getElementById('figures').hidden")
    assert browser.run("getComputedStyle(document.querySelector('.bars')).display") != "none"


def test_a_file_that_is_no_image_is_told(browser: Browser, digits: str) -> None:
    browser.open(digits)
    browser.run(
        "(() => { const files = new DataTransfer(); files.items.add(new File(['x'], 'a.txt'));"
        " document.dispatchEvent(new DragEvent('drop', {dataTransfer: files})); })()"
    )
    browser.wait("document.getElementById('remarks').textContent.includes('not an image')")
    assert [c["url"] for c in browser.complaints()] == [f"{digits}api/predict?page=auto"]  # its 422
    browser.events[:] = [e for e in browser.events if e["method"] != "Log.entryAdded"]


def test_a_round_keeps_twenty_drawings(browser: Browser, digits: str, folder: Path) -> None:
    browser.open(digits)
    browser.click("begin")
    browser.wait("!document.getElementById('next').hidden")
    browser.key("Enter")  # nothing is drawn: nothing is kept
    wishes = []
    for count in range(1, 21):
        wishes.append(browser.text("task").split()[-1])
        browser.stroke(ONE if wishes[-1] == "1" else ZERO, touch=False)
        if count % 2:
            browser.key("Enter")
        else:
            browser.click("next")
        browser.wait(f"document.getElementById('tiles').children.length === {count}")
    browser.wait("!document.getElementById('done').hidden")
    assert browser.text("round-title").endswith("of 20 right")
    kept = folder / browser.text("folder")
    assert browser.text("command").startswith("dlrun predict 2")
    assert browser.text("command").endswith(browser.text("folder"))
    with (kept / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["label"] for row in rows] == wishes
    assert sorted(wishes) == sorted("0123456789" * 2)
    assert {row["path"] for row in rows} == {path.name for path in kept.glob("*.png")}
    marked = browser.run("document.querySelectorAll('#tiles .is-wrong').length")
    right = int(browser.text("round-title").split()[0])
    assert marked == 20 - right
    assert right >= 2


def test_a_round_can_be_stopped(browser: Browser, digits: str) -> None:
    browser.open(digits)
    browser.click("begin")
    browser.wait("!document.getElementById('next').hidden")
    browser.stroke(ZERO)
    browser.key("Enter")
    browser.wait("document.getElementById('tiles').children.length === 1")
    browser.key("Escape", 27)
    browser.wait("document.getElementById('next').hidden")
    assert browser.text("round-title").endswith("of 1 right")


def test_a_form_is_predicted_as_it_is_filled_in(browser: Browser, flowers: str) -> None:
    browser.open(flowers)
    browser.wait(f"{PREDICTED} !== '–'")
    for number, value in enumerate(("5.1", "3.5", "1.4", "0.2")):
        browser.run(f"document.getElementById('field-{number}').focus()")
        for character in value:
            browser.key(character, 190 if character == "." else 0)
    browser.wait(f"{PREDICTED} === 'setosa'")
    browser.click("clear")
    browser.wait("document.getElementById('field-0').value === ''")


@pytest.mark.parametrize("width", [320, 360, 768, 1280, 1920])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_fit_every_screen(
    browser: Browser, digits: str, flowers: str, width: int, dark: bool
) -> None:
    for address in (digits, flowers):
        browser.open(address, width=width, dark=dark, touch=width < 700)
        assert browser.run("document.documentElement.scrollWidth") <= width
        ground = browser.run("getComputedStyle(document.body).backgroundColor")
        assert (int(ground.split("(")[1].split(",")[0]) < 128) == dark
