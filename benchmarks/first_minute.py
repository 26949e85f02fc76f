"""The first minute, as a visitor lives it: from a click to an answer, and how long pages take, in a headless Chromium.

    python benchmarks/first_minute.py --data ../shared/data           both ways to a first answer, and all pages
    python benchmarks/first_minute.py --data ../shared/data --rounds 1 --only pages

Each round begins with an empty workspace, made ready as ``make run`` does, and a server that was just started. The sample: from
the click on its door to the answer to a typed text. The table: 5,000 real rows, from the dropped file, and from the click on
Train, to the answer. Pages: with the model that the sample gave and another server that was just started, the seconds from a
click in the sidebar until the page has its title and its script has ended; first, and again; the processor seconds of the
server meanwhile; and the share of a core that an open page takes of which nobody wants anything, beside what the server takes
with no page open. Prints Markdown.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import psutil

from core.jobs import JobQueue
from core.statistics.speed import spread

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PAGES = ("home", "overview", "data", "train", "evaluate", "update", "use", "settings", "lab")
PATIENCE = 180_000  # milliseconds
TABLE = "sst2.csv"
BARS = {
    "a sample, from click to answer": 20.0,
    "first visit of a page": 1.5,
    "later visit of a page": 0.5,
    "processor seconds of a visit": 0.7,
    "share of a core of an idle page": 0.0,
}
QUIET = "[data-testid=stApp][data-test-script-state=notRunning]"
OTHER_TITLE = "before => { const title = document.querySelector('h1'); return title && title.innerText !== before; }"
Figures = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help=f"folder with en/{TABLE}")
    parser.add_argument("--rows", type=int, default=5000, help="rows of the table of one's own")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--idle", type=float, default=20.0, help="seconds that each page is left alone, in the last round"
    )
    parser.add_argument("--only", choices=("answers", "pages"), help="one half of it")
    asked = parser.parse_args()
    answers: Figures = defaultdict(list)
    pages: dict[str, Figures] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        table = some_rows(asked.data / "en" / TABLE, asked.rows, Path(scratch) / "reviews.csv")
        for number in range(asked.rounds):
            home = Path(scratch) / f"workspace {number}"
            prepare(home)
            with server(home) as (address, process):
                from_sample(browser, address, process, answers)
                end_jobs(home)
                if asked.only != "pages":
                    from_table(browser, address, process, table, answers)
                    end_jobs(home)
            if asked.only != "answers":
                with server(home) as (address, process):
                    idle = asked.idle if number == asked.rounds - 1 else 0.0
                    visit(browser, address, process, pages, idle)
    report(answers, pages, asked.rounds)


def some_rows(source: Path, rows: int, target: Path) -> Path:
    """So many rows of a real table, drawn by chance and the same every time."""
    with source.open(encoding="utf-8", newline="") as stream:
        known = [(row["text"], row["label"]) for row in csv.DictReader(stream)]
    random.Random(0).shuffle(known)
    with target.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("text", "label"), *known[:rows]])
    return target


# -- the visitor's ways


def from_sample(browser: Any, address: str, process: psutil.Process, answers: Figures) -> None:
    """One click on the English sample, and a text."""
    with window(browser, address) as page:
        door = page.locator(".st-key-sample-reviews_en button")
        quiet(page)
        before, started = processor_seconds(process), time.monotonic()
        door.click()
        answer(page, "I returned it, it broke after two days")
        answers["a sample, from click to answer"].append(time.monotonic() - started)
        answers["… processor seconds, server and training"].append(spent(before, processor_seconds(process)))


def from_table(browser: Any, address: str, process: psutil.Process, table: Path, answers: Figures) -> None:
    """A file is chosen, its columns are seen, and Train is clicked."""
    with window(browser, address) as page:
        quiet(page)
        before, started = processor_seconds(process), time.monotonic()
        page.locator(".st-key-home-drop-zone input[type=file]").set_input_files(table)
        button = page.locator(".st-key-home-train-button button")
        button.wait_for()
        quiet(page)
        answers["a table, from drop to columns"].append(time.monotonic() - started)
        started = time.monotonic()
        button.click()
        answer(page, "a wonderful film with a tired ending")
        answers["a table, from Train to answer"].append(time.monotonic() - started)
        answers["… processor seconds, server and training of the table"].append(
            spent(before, processor_seconds(process))
        )


def answer(page: Any, text: str) -> None:
    """Type as soon as there is a box, and wait for what the model says."""
    box = page.locator("textarea").last
    box.wait_for()
    box.press_sequentially(text)
    page.locator(".answer").wait_for()


def visit(browser: Any, address: str, process: psutil.Process, pages: dict[str, Figures], idle: float) -> None:
    """All pages from the sidebar, twice; the first also as the first of all."""
    if idle:
        time.sleep(5)  # the process for the first run is ready
        pages["(no page open)"]["idle"].append(share(process, lambda: time.sleep(idle)))
    with window(browser, address, wait=False) as page:
        started = time.monotonic()
        page.goto(address)
        quiet(page)
        pages["(opening the address)"]["first"].append(time.monotonic() - started)
        tools = page.get_by_test_id("stSidebar").locator(".st-key-tools summary, .st-key-tools button").first
        for when in ("first", "again"):
            for name in (*PAGES[1:], PAGES[0]):
                link = page.get_by_test_id("stSidebar").locator(f'a[href*="{name if name != "home" else "/?"}"]')
                if name == "home":
                    link = page.get_by_test_id("stSidebar").get_by_test_id("stPageLink-NavLink").first
                if not link.first.is_visible():
                    tools.click()
                    link.first.wait_for()
                page.wait_for_timeout(600)
                title = page.locator("h1").first.inner_text()
                before, started = own_seconds(process), time.monotonic()
                link.first.click()
                page.wait_for_function(OTHER_TITLE, arg=title)
                page.locator(QUIET).wait_for()
                pages[name][when].append(time.monotonic() - started)
                page.wait_for_timeout(300)
                pages[name][f"processor {when}"].append(own_seconds(process) - before)
                if idle and when == "again":
                    page.wait_for_timeout(2000)
                    pages[name]["idle"].append(share(process, lambda: page.wait_for_timeout(1000 * idle)))


def quiet(page: Any) -> None:
    """Wait until the page has its title and its script has ended."""
    page.locator("h1").first.wait_for()
    page.wait_for_timeout(20)  # so that a script that begins is seen to
    page.locator(QUIET).wait_for()


# -- the machine


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def window(browser: Any, address: str, *, wait: bool = True) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    if wait:
        page.goto(address)
    yield page
    context.close()


def prepare(home: Path) -> None:
    environment = {**os.environ, "EVERGREEN_HOME": str(home)}
    subprocess.run(
        [sys.executable, "-m", "core", "prepare"], cwd=ROOT, env=environment, check=True, capture_output=True
    )


@contextmanager
def server(home: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A dashboard over a workspace; ends with everything that it has started."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.port", str(port), "--server.headless", "true", "--server.fileWatcherType", "none"]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", *options]
    log = home.parent / "server.log"
    with log.open("ab") as target:
        environment = {**os.environ, "EVERGREEN_HOME": str(home)}
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=target, stderr=target)
    process = psutil.Process(running.pid)
    try:
        address = f"http://localhost:{port}/"
        wait_for(address, log)
        time.sleep(3)  # a visitor takes longer to open the address; the server gets a process for the first run ready
        yield address, process
    finally:
        for one in (*process.children(recursive=True), process):
            with suppress(psutil.Error):
                one.kill()
        running.wait()


def wait_for(address: str, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{address}_stcore/health", timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"The dashboard did not start:\n{log.read_text(errors='replace')}")


def end_jobs(home: Path) -> None:
    """Stop what still learns, and wait for it."""
    jobs = JobQueue(home)
    while active := [job for job in jobs.look() if not job.ended]:
        for job in active:
            with suppress(Exception):  # it may end in this very moment
                jobs.stop(job.id)
        time.sleep(0.3)


def share(process: psutil.Process, wait: Callable[[], None]) -> float:
    """Of a core, that the server takes meanwhile."""
    before, started = own_seconds(process), time.monotonic()
    wait()
    return (own_seconds(process) - before) / (time.monotonic() - started)


def own_seconds(process: psutil.Process) -> float:
    """Processor seconds of the server itself."""
    times = process.cpu_times()
    return times.user + times.system


def processor_seconds(process: psutil.Process) -> dict[int, float]:
    """Of the server and of each process that it has started, by its number."""
    seconds = {process.pid: own_seconds(process)}
    for child in process.children(recursive=True):
        with suppress(psutil.Error):
            seconds[child.pid] = own_seconds(child)
    return seconds


def spent(before: dict[int, float], after: dict[int, float]) -> float:
    """Seconds between two looks; what a process that has ended meanwhile took since the first is not known."""
    return sum(seconds - before.get(number, 0.0) for number, seconds in after.items())


# -- what is printed


def report(answers: Figures, pages: dict[str, Figures], rounds: int) -> None:
    load = os.getloadavg()[0]
    print(f"{rounds} rounds, {os.cpu_count()} cores, load at the end {load:.1f}; medians (ranges)\n")
    if answers:
        print("| way | seconds |\n|---|---|")
        for name, seconds in answers.items():
            print(f"| {name} | {told(seconds)} |")
        print()
    if pages:
        print("| page | first, s | again, s | processor s, first | processor s, again | idle, share of a core |")
        print("|---|---|---|---|---|---|")
        for name, figures in pages.items():
            cells = [told(figures.get(key, [])) for key in ("first", "again", "processor first", "processor again")]
            idle = f"{100 * figures['idle'][0]:.2f} %" if figures.get("idle") else ""
            print(f"| {name} | {' | '.join(cells)} | {idle} |")
        print()
    print("Bars: " + "; ".join(f"{name} {bar:g}" for name, bar in BARS.items()) + ".")


def told(values: list[float]) -> str:
    if not values:
        return ""
    measured = spread(values)
    return f"{measured.median:.2f} ({measured.low:.2f}–{measured.high:.2f})"


if __name__ == "__main__":
    main()
