"""What a busy neighbour costs: training, `predict` and the API beside other processes that compute.

    python benchmarks/neighbour.py --data DATA                                        none, one and two busy processes
    python benchmarks/neighbour.py --data DATA --tree ../older                        the same with another checkout's program
    python benchmarks/neighbour.py --data DATA --only steps                           a learning step, by threads and waiting

Each work is a process of its own, as the command line starts it. Who computes on `t` threads beside `b` busy processes on
`c` cores is due the share that makes it (t + b) / c times as slow, and never faster than alone; *of its share* says how much
longer than that it took. The worst that is allowed is 1.2. Takes turns, round after round. Prints Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import psutil

ROOT = Path(__file__).resolve().parents[1]
CORES = len(os.sched_getaffinity(0))
ALLOWED = 1.2
WORKS = ("train", "predict", "api")

STEPS = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import pandas as pd
import torch
from pathlib import Path
import core.training.loop as loop
from core.base.events import StepDone
from core.networks.sources import open_sources
from core.workflows.requests import resolve_update
from core.workflows.learn.learners import first_learner, make_experience, make_strategy
model, threads, seconds, data, encoder, home = sys.argv[2:]
torch.set_num_threads(int(threads))
if hasattr(loop, "learning_threads"):  # measured here is what it would decide
    import contextlib
    loop.learning_threads = lambda weights: contextlib.nullcontext()
table = pd.read_csv(data).sample(4000, random_state=1)
settings, own = resolve_update(model, {}, "replay", {"encoder": encoder} if model == "encoder" else {})
texts, labels = list(table.text), list(table.label)
learner = first_learner(model, texts, tuple(sorted(set(labels))), settings, open_sources(Path(home)))
experience = make_experience(1, learner, (texts[:3500], labels[:3500]), (texts[3500:], labels[3500:]))
events = loop.train(learner.model, make_strategy("replay", own, settings), experience, settings.training)
done, began, spent = 0, None, 0.0
for event in events:
    if isinstance(event, StepDone):
        if began is None:
            began, spent = time.monotonic(), time.process_time()  # the first step has more to do than others
            continue
        done += 1
        if time.monotonic() - began > float(seconds):
            break
print(1000 * (time.monotonic() - began) / done, 1000 * (time.process_time() - spent) / done)
events.close()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--tree", type=Path, default=ROOT, help="a checkout; default: this one")
    parser.add_argument(
        "--only", default=",".join(WORKS), help="of train, predict, api, steps; default: the first three"
    )
    parser.add_argument("--models", default="ngrams,bilstm", help="that predict and serve; default: ngrams,bilstm")
    parser.add_argument("--busy", default=",".join(map(str, range(CORES + 1))), help="busy processes, none first")
    parser.add_argument("--rows", type=int, default=20_000, help="that predict labels")
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement of steps")
    asked = parser.parse_args()
    print(f"{CORES} cores, load {os.getloadavg()[0]:.1f} at the start, {asked.tree}\n", flush=True)
    counts = [int(count) for count in asked.busy.split(",")]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if asked.only == "steps":
            measure_steps(asked, Path(folder), counts)
            return
        program = Program(asked.tree.resolve(), Path(folder))
        print("| work | busy | wall s | processor s | times as slow as alone | due | of its share |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for name, work in works(asked, program).items():
            report(name, work, counts, asked.rounds)


@dataclass(frozen=True)
class Program:
    """A checkout's command line with a workspace of its own."""

    tree: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "EVERGREEN_HOME": str(self.home), "MLFLOW_DISABLE_TELEMETRY": "true"}

    def run(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "core", *arguments]
        done = subprocess.run(
            command, cwd=self.tree, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout


Work = Callable[[], tuple[float, float]]  # wall and processor seconds


def works(asked: argparse.Namespace, program: Program) -> dict[str, Work]:
    """Everything that is measured, by name; what it needs is prepared here."""
    wanted = asked.only.split(",")
    table = asked.data / "en" / "sst2.csv"
    columns = ("--data", str(table), "--text", "text", "--label", "label")
    works: dict[str, Work] = {}
    if "train" in wanted:
        works["train, n-gram bag, 9,613 rows"] = lambda: timed(
            program, "train", *columns, "--model", "ngrams", "--classifier", "n"
        )
    texts = pd.read_csv(table).text
    for model in asked.models.split(",") if {"predict", "api"} & set(wanted) else ():
        program.run("train", *columns, "--model", model, "--classifier", model, "--set", "epochs=1")
        if "predict" in wanted:
            source, target = program.home / f"{model}.csv", program.home / f"{model}-out.csv"
            pd.DataFrame({"text": [texts[row % len(texts)] for row in range(asked.rows)]}).to_csv(source, index=False)
            words = ("--classifier", model, "--data", str(source), "--text", "text", "--out", str(target))
            works[f"predict, {model}, {asked.rows:,} rows"] = lambda words=words: timed(program, "predict", *words)
        if "api" in wanted:
            works[f"API, {model}, {asked.requests:,} texts one by one"] = lambda model=model: served(
                program, model, list(texts[: asked.requests])
            )
    return works


def timed(program: Program, *arguments: str) -> tuple[float, float]:
    """A whole command, from its start to its end."""
    before, began = children(), time.monotonic()
    program.run(*arguments)
    return time.monotonic() - began, children() - before


def children() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


def served(program: Program, classifier: str, texts: list[str]) -> tuple[float, float]:
    """Single texts, each sent when the one before was answered; seconds of the server's processor."""
    key = program.run("keys", "create", "--name", f"{classifier}-{time.monotonic_ns()}").strip()
    with running_server(program) as (server, address):
        url = urlsplit(address)
        connection = http.client.HTTPConnection(url.hostname or "", url.port)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

        def ask(text: str) -> None:
            body = json.dumps({"classifier": classifier, "text": text})
            connection.request("POST", f"{url.path}/predict", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit(f"The API answered {answer.status}.")

        for text in texts[:20]:
            ask(text)
        before, began = processor(server), time.monotonic()
        for text in texts:
            ask(text)
        return time.monotonic() - began, processor(server) - before


@contextlib.contextmanager
def running_server(program: Program) -> Iterator[tuple[psutil.Process, str]]:
    command = [sys.executable, "-m", "core", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=program.tree, env=program.environment, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        try:
            yield psutil.Process(server.pid), server.stderr.readline().split()[2]
        finally:
            server.terminate()


def processor(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return spent.user + spent.system


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that compute without end."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def report(name: str, work: Work, counts: list[int], rounds: int) -> None:
    measured: dict[int, list[tuple[float, float]]] = {count: [] for count in counts}
    for _ in range(rounds):
        for count in counts:
            with busy(count):
                measured[count].append(work())
    alone = statistics.median(wall for wall, _ in measured[counts[0]])
    threads = max(1.0, statistics.median(spent for _, spent in measured[counts[0]]) / alone)
    for count in counts:
        wall, spent = (statistics.median(values) for values in zip(*measured[count], strict=True))
        due = max(1.0, (threads + count) / CORES) if count else 1.0
        share = wall / alone / due
        mark = "" if share <= ALLOWED else " **too much**"
        print(
            f"| {name} | {count} | {wall:.2f} | {spent:.2f} | {wall / alone:.2f} | {due:.2f} | {share:.2f}{mark} |",
            flush=True,
        )


def measure_steps(asked: argparse.Namespace, home: Path, counts: list[int]) -> None:
    """Milliseconds of a step with one thread and with all, spinning and asleep while they wait."""
    tables = {"sentences": asked.data / "en" / "sst2.csv", "reviews": asked.data / "en" / "reviews_8_domains.csv"}
    ways = [(1, "ACTIVE"), (CORES, "ACTIVE"), (CORES, "PASSIVE")]
    print(
        "| model | texts | busy | threads | waiting | ms a step | processor ms a step |\n|---|---|---|---|---|---|---|"
    )
    for model in asked.models.split(","):
        for texts, table in tables.items():
            for count in counts:
                spent: dict[tuple[int, str], list[list[float]]] = {way: [] for way in ways}
                for _ in range(asked.rounds):
                    for threads, waiting in ways:
                        with busy(count):
                            spent[threads, waiting].append(step(asked, model, threads, waiting, table, home))
                for (threads, waiting), values in spent.items():
                    wall, cpu = (statistics.median(numbers) for numbers in zip(*values, strict=True))
                    print(
                        f"| {model} | {texts} | {count} | {threads} | {waiting.lower()} | {wall:.2f} | {cpu:.2f} |",
                        flush=True,
                    )


def step(asked: argparse.Namespace, model: str, threads: int, waiting: str, table: Path, home: Path) -> list[float]:
    encoder = "packaged:all-minilm-l6-v2"
    words = [str(asked.tree.resolve()), model, str(threads), str(asked.seconds), str(table), encoder, str(home)]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", STEPS, *words],
        env={**environment, "OMP_WAIT_POLICY": waiting},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [float(value) for value in done.stdout.split()]


if __name__ == "__main__":
    main()
