"""What serving costs: from start to a usable page, processor seconds of a new tab, bytes of a first load, watching a job.

    python benchmarks/serving.py                                 this checkout
    python benchmarks/serving.py --tree /path/to/older/checkout  another one, to put both side by side

Starts the dashboard as `make run` does, on a workspace and a port of its own, and looks at it with Chromium. It needs
nothing of the tree that it measures but ``core prepare``, ``core train`` and the server, so any commit can be measured.
Seconds of the wall clock depend on what else the machine does; processor seconds (user and system, of the server
alone) hardly do. The running job is made up: a process that writes its progress four times a second and an epoch every
three, as a training does. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
USABLE = '[data-testid="stApp"][data-test-script-state="notRunning"] h1'
ENDED_JOBS = 40  # in the folder of jobs, as after some weeks of work
EPOCHS = 200
CLASSIFIER = "Reviews"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, default=ROOT, help="the checkout to measure")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long each kind of tab is watched")
    parser.add_argument("--workspace", type=Path, help="a workspace that is kept, to save its training the next time")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evergreen-serving-") as folder:
        home = (asked.workspace or Path(folder) / "workspace").resolve()
        rows = Measured(asked.tree.resolve(), home, asked.seconds).all()
    print(f"| {asked.tree.resolve().name} | wall s | processor s | other |\n|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


class Measured:
    """The figures of one checkout, as rows of a table: what, wall seconds, processor seconds, anything else."""

    def __init__(self, tree: Path, home: Path, seconds: float) -> None:
        self.tree, self.home, self.seconds = tree, home, seconds
        self.environment = {**os.environ, "EVERGREEN_HOME": str(home), "MLFLOW_DISABLE_TELEMETRY": "true"}
        self.python = str(tree / ".venv/bin/python") if (tree / ".venv").exists() else sys.executable
        self.rows: list[tuple[str, str, str, str]] = []

    def all(self) -> list[tuple[str, str, str, str]]:
        """Everything, in order."""
        self.home.mkdir(parents=True, exist_ok=True)
        if not (self.home / "datasets").exists():
            self._row("first `prepare`", *self._core("prepare"))
        if not (self.home / "artifacts").exists():
            self._train()
        write_ended_jobs(self.home)
        prepared = self._core("prepare")
        self._row("`prepare` again", *prepared)
        with self._server() as (server, began), browser() as chromium:
            self._row("server answers", time.monotonic() - began, spent(server), f"{resident(server)} MB resident")
            context = chromium.new_context()
            before = spent(server)
            received = self._open(context)
            wall = time.monotonic() - began
            self._row("first page usable, from the server's start", wall, spent(server), received)
            self._row("`make run` again: both", wall + prepared[0], spent(server) + prepared[1])
            self._row("of it the first page", 0.0, spent(server) - before)
            self._tabs(context, server)
            context.close()
            self._watch(chromium, server)
        return self.rows

    def _tabs(self, context: Any, server: psutil.Process) -> None:
        """More tabs of the same browser, one after the other; only the last stays open."""
        before, began = spent(server), time.monotonic()
        for _ in range(5):
            received = self._open(context)
        self._row("each further tab (of 5)", (time.monotonic() - began) / 5, (spent(server) - before) / 5, received)

    def _watch(self, chromium: Any, server: psutil.Process) -> None:
        self._idle(server, "no tab")
        context = chromium.new_context()
        self._open(context)
        self._idle(server, "1 idle tab")
        self._open(context), self._open(context)
        self._idle(server, "3 idle tabs")
        context.close()
        with running_job(self.home):
            for path, told in (
                ("/train", "a tab on Train, watching a job"),
                ("/", "a tab on Overview, while a job runs"),
            ):
                context = chromium.new_context()
                self._open(context, path)
                self._idle(server, told)
                context.close()

    def _idle(self, server: psutil.Process, told: str) -> None:
        time.sleep(5.0)  # what was begun before is over
        before, began = spent(server), time.monotonic()
        time.sleep(self.seconds)
        passed, cost = time.monotonic() - began, spent(server) - before
        self._row(told, passed, cost, f"{cost / passed:.2%} of a core")

    def _open(self, context: Any, path: str = "/") -> str:
        """Open a tab and wait until it is usable; what came over the wire, in words."""
        page = context.new_page()
        session = context.new_cdp_session(page)
        sizes: list[float] = []
        session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        session.send("Network.enable")
        page.goto(f"http://localhost:{self.port}{path}")
        page.wait_for_selector(USABLE, timeout=120_000)
        # What is loaded for later (page chunks, fonts) belongs to the load, too.
        page.wait_for_load_state("networkidle")
        return f"{sum(sizes) / 1e6:.2f} MB in {len(sizes)} files"

    def _core(self, *arguments: str) -> tuple[float, float]:
        began, before = time.monotonic(), os.times()
        subprocess.run(
            [self.python, "-m", "core", *arguments],
            cwd=self.tree,
            env=self.environment,
            check=True,
            capture_output=True,
        )
        after = os.times()
        cost = after.children_user + after.children_system - before.children_user - before.children_system
        return time.monotonic() - began, cost

    def _train(self) -> None:
        rows = (
            (self.tree / "core/data/dataset/samples/reviews_en_first.csv")
            .read_text(encoding="utf-8")
            .splitlines()[:501]
        )
        data = self.home / "rows.csv"
        data.write_text("\n".join(rows) + "\n", encoding="utf-8")
        named = ("--data", str(data), "--text", "text", "--label", "label", "--classifier", CLASSIFIER)
        self._core("train", *named, "--model", "ngrams", "--json")
        data.unlink()

    @contextmanager
    def _server(self) -> Iterator[tuple[psutil.Process, float]]:
        """The server as `make run` starts it; the time it was started at."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        command = [self.python, "-m", "streamlit", "run", "dashboard/app.py", "--server.port", str(self.port)]
        began = time.monotonic()
        process = subprocess.Popen(
            [*command, "--logger.hideWelcomeMessage", "true"],
            cwd=self.tree,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while process.poll() is None:
                with suppress(OSError):
                    urllib.request.urlopen(f"http://localhost:{self.port}/_stcore/health", timeout=5).close()
                    break
                time.sleep(0.02)
            yield psutil.Process(process.pid), began
        finally:
            process.kill()
            process.wait()

    def _row(self, told: str, wall: float, cost: float, other: str = "") -> None:
        self.rows.append((told, f"{wall:.2f}" if wall else "", f"{cost:.2f}", other))
        print(told, f"{wall:.2f} s, {cost:.2f} processor s", other, sep="  ", file=sys.stderr)


def spent(process: psutil.Process) -> float:
    """Processor seconds of a process so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def resident(process: psutil.Process) -> int:
    return round(process.memory_info().rss / 2**20)


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    installed = os.environ.get("CHROMIUM") or next(
        (path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=installed, args=CHROMIUM_ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()


def write_ended_jobs(home: Path) -> None:
    """The folders of jobs that ended long ago, each with its epochs."""
    for number in range(ENDED_JOBS):
        folder = home / "jobs" / f"20260101-0000{number:02}-abcdef"
        if folder.exists():
            continue
        _write_job(folder, created=f"2026-01-01T00:00:{number:02}.000000+00:00")
        _replace(folder / "claim.json", {"queued": "2026-01-01T00:00:00.000000+00:00", "pid": 1, "began": 0.0})
        ended = {
            "fraction": 1.0,
            "ended": "finished",
            "finished": "2026-01-01T00:01:00+00:00",
            "result": {"version": 1},
        }
        _replace(folder / "progress.json", ended)


def _write_job(folder: Path, *, created: str) -> None:
    folder.mkdir(parents=True)
    config = {"classifier": CLASSIFIER, "dataset": "0" * 16, "model": "ngrams", "settings": {"epochs": EPOCHS}}
    job = {"kind": "train", "title": CLASSIFIER, "classifier": CLASSIFIER, "config": config, "created": created}
    _replace(folder / "job.json", job)


@contextmanager
def running_job(home: Path) -> Iterator[None]:
    """A job that is at work, as a screen sees it: this process executes it, without learning anything."""
    folder = home / "jobs" / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-fedcba"
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00", time.gmtime())
    _write_job(folder, created=now)
    me = psutil.Process()
    _replace(folder / "claim.json", {"queued": now, "pid": me.pid, "began": me.create_time()})
    over = threading.Event()
    writer = threading.Thread(target=_work, args=(folder, now, over), daemon=True)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()
        shutil.rmtree(folder)


def _work(folder: Path, started: str, over: threading.Event) -> None:
    began, epoch = time.monotonic(), 0
    while not over.wait(0.25):
        passed = time.monotonic() - began
        done = min(0.9, 0.03 + 0.87 * passed / 3.0 / EPOCHS)
        _replace(
            folder / "progress.json",
            {
                "started": started,
                "fraction": done,
                "message": {"key": "stage.learning", "text": "Learning", "facts": {}},
                "seconds_left": round(600 - passed, 1),
                "texts_per_second": 1234.5 + passed,
                "memory_mb": 512.0,
                "device": "CPU",
            },
        )
        if passed / 3.0 > epoch + 1:
            epoch += 1
            figures = {"epoch": epoch, "training_loss": 1.0 / epoch, "validation_loss": 1.1 / epoch, "best": True}
            with (folder / "epochs.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(figures | {"validation_macro_f1": 1.0 - 0.5 / epoch, "seconds": 3.0}) + "\n")


def _replace(path: Path, value: dict[str, Any]) -> None:
    part = path.with_name(f".{path.name}-part")
    part.write_text(json.dumps(value), encoding="utf-8")
    os.replace(part, path)


if __name__ == "__main__":
    main()
