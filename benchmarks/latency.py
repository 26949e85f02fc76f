"""How fast one text is answered: ONNX Runtime against PyTorch eager, and the answer on screen in a real browser.

    python benchmarks/latency.py                               the English sample, all three models, and the browser
    python benchmarks/latency.py --data reviews.csv --no-browser

Every text goes through both runtimes one right after the other, round after round, so that a busy machine slows both.
Training is short: speed does not depend on what the weights are. Prints Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import torch

from core.base.events import last_of
from core.data.dataset.columns import guess_roles
from core.data.dataset.rows import build_dataset
from core.data.dataset.samples import sample_path
from core.data.reading.tables import read_table
from core.networks.standalone.pipeline import pad
from core.networks.standalone.predict import Classifier
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace

MODELS = ("ngrams", "bilstm", "transformer")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SENTENCE = (
    "the battery died after two days and the support never answered my letters but the sound is really lovely "
    "so I would still buy this little kettle again for my old mother because it boils fast"
).split()
# Notes the last keystroke and, once the changed answer has been painted, how long that took.
WATCH = """() => {
  const answer = () => document.querySelector('.answer')?.textContent ?? '';
  window.latency = { last: 0, shown: answer(), took: null };
  document.addEventListener('input', () => { window.latency.last = performance.now(); }, true);
  new MutationObserver(() => {
    const now = answer();
    if (!now || now === window.latency.shown) return;
    window.latency.shown = now;
    requestAnimationFrame(() => setTimeout(() => { window.latency.took = performance.now() - window.latency.last; }));
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=sample_path("reviews_en", "first"), help="table of labelled texts")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, help="of both runtimes; each one's own default without")
    parser.add_argument("--no-browser", action="store_true")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        workspace = open_workspace(Path(home))
        folders = {model: train(workspace, asked.data, model) for model in asked.models.split(",")}
        print(f"{os.cpu_count()} cores, torch threads {torch.get_num_threads()}, load {os.getloadavg()[0]:.1f}\n")
        print(
            "| model | provider | text → label, ONNX p50 / p95 | model only, ONNX | model only, eager | eager ÷ ONNX |"
        )
        print("|---|---|---|---|---|---|", flush=True)
        for model, folder in folders.items():
            print(compare(model, folder, texts_of(folder, asked.texts), asked.rounds, asked.threads), flush=True)
        if not asked.no_browser:
            print()
            for line in on_screen(Path(home), list(folders)):
                print(line, flush=True)


def train(workspace: Workspace, data: Path, model: str) -> Path:
    """Folder of a version of this model, trained for one epoch."""
    table = read_table(data)
    roles = guess_roles(table)
    dataset, _ = build_dataset(table, roles)
    stored = workspace.datasets.save(dataset, name=data.name, roles=roles)
    request = TrainRequest(classifier=model, dataset=stored.id, model=model, settings={"epochs": 1})
    completed = last_of(train_classifier(request, workspace))
    return workspace.registry.folder(model, completed.version)


def texts_of(folder: Path, count: int) -> list[str]:
    """Texts of the frozen test, which the model has not seen."""
    return [str(text) for text in VersionFolder(folder).predictions(1)["text"].head(count)]


def compare(model: str, folder: Path, texts: list[str], rounds: int, threads: int | None) -> str:
    """One row of the table: milliseconds at batch size 1."""
    engine = Classifier(folder, threads=threads)
    eager = VersionFolder(folder).load_model()
    names = ("whole", "session", "eager")
    times: dict[str, list[list[float]]] = {name: [] for name in names}
    for number in range(rounds + 1):
        round_times: dict[str, list[float]] = {name: [] for name in names}
        for text in texts:
            tokens, mask = pad(engine.pipeline.encode([text]))
            round_times["whole"].append(timed(lambda text=text: engine.predict_proba([text])))
            inputs = {"tokens": tokens, "mask": mask}
            round_times["session"].append(timed(lambda inputs=inputs: engine.session.run(["probabilities"], inputs)))
            tensors = torch.from_numpy(tokens), torch.from_numpy(mask)
            round_times["eager"].append(timed(lambda tensors=tensors: run_eager(eager, *tensors)))
        if number:  # the first round warms up
            for name in names:
                times[name].append(round_times[name])
    ratios = [
        statistics.median(slow) / statistics.median(fast)
        for slow, fast in zip(times["eager"], times["session"], strict=True)
    ]
    whole = np.concatenate(times["whole"])
    return (
        f"| {model} | {engine.provider.removesuffix('ExecutionProvider')} | "
        f"{np.median(whole):.2f} / {np.quantile(whole, 0.95):.2f} ms | {spread(times['session'])} | "
        f"{spread(times['eager'])} | {statistics.median(ratios):.1f}× ({min(ratios):.1f}–{max(ratios):.1f}) |"
    )


def run_eager(model: torch.nn.Module, tokens: torch.Tensor, mask: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        return torch.softmax(model(tokens, mask), dim=1).numpy()


def timed(work: Callable[[], Any]) -> float:
    """Milliseconds that the work takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def spread(rounds: list[list[float]]) -> str:
    values = np.concatenate(rounds)
    return f"{np.median(values):.2f} / {np.quantile(values, 0.95):.2f} ms"


def on_screen(home: Path, classifiers: list[str]) -> Iterator[str]:
    """Rows of the second table: last keystroke to painted answer on the Predict page."""
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        browser = None
    if browser is None:
        yield "No browser: install Chromium and `pip install playwright` to measure the answer on screen."
        return
    yield "| classifier | words typed | answer on screen p50 / p95 | of it the model, p50 |"
    yield "|---|---|---|---|"
    with serving(home) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        for name in classifiers:
            page = chromium.new_page()
            page.goto(f"{address}/predict?lang=en&classifier={name}")
            yield type_words(page, name)
            page.close()
        chromium.close()


def type_words(page: Any, name: str) -> str:
    """Type a sentence word by word; after each word wait for the answer to change."""
    box = page.locator("textarea").first
    box.wait_for(timeout=60_000)
    page.wait_for_timeout(1000)
    box.press_sequentially("it", delay=40)
    page.locator(".answer").wait_for(timeout=30_000)
    page.wait_for_timeout(500)
    page.evaluate(WATCH)
    screen, model = [], []
    for word in SENTENCE:
        page.evaluate("() => { window.latency.took = null; }")
        box.press_sequentially(f" {word}", delay=40)
        with contextlib.suppress(Exception):  # a word that changes no shown digit has nothing to wait for
            page.wait_for_function("() => window.latency.took !== null", timeout=3000, polling=10)
            screen.append(float(page.evaluate("() => window.latency.took")))
        match = re.search(
            r"([\d.]+) ms",
            page.locator("[data-testid=stCaptionContainer]", has_text="ONNX Runtime").first.text_content(),
        )
        model.append(float(match.group(1)) if match else float("nan"))
        page.wait_for_timeout(150)
    return (
        f"| {name} | {len(screen)} of {len(SENTENCE)} changed the answer | "
        f"{np.median(screen):.0f} / {np.quantile(screen, 0.95):.0f} ms | {np.nanmedian(model):.1f} ms |"
    )


@contextlib.contextmanager
def serving(home: Path) -> Iterator[str]:
    """The dashboard over this workspace, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py"), "--server.port", str(port)]
    process = subprocess.Popen(
        [*command, "--server.fileWatcherType", "none"],
        cwd=ROOT,
        env={**os.environ, "EVERGREEN_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://localhost:{port}/_stcore/health"):
                break
            time.sleep(0.2)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main()
