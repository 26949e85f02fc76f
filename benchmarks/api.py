"""The REST API under load: 64 callers at once against one at a time and against the engine's best batches.

    python benchmarks/api.py --home workspace --classifier "Shop reviews"
    python benchmarks/api.py --home workspace --classifier "Shop reviews" --data texts.csv --texts 2000 --rounds 5

Works on a copy of the workspace, with `python -m core serve` in a process of its own; the callers share this machine's
cores with it. The three ways take turns, round after round, so that a busy machine slows all. At last the champion
changes under load. Prints Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np

from core.data.dataset.columns import guess_roles
from core.data.dataset.samples import sample_path
from core.data.reading.tables import read_table
from core.networks.standalone.predict import Classifier
from core.registry import Registry
from core.serving.api.keys import KeyStore

HEAD_END = b"\r\n\r\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="a workspace; it stays as it is")
    parser.add_argument("--classifier", required=True)
    parser.add_argument(
        "--data", type=Path, default=sample_path("reviews_en", "first"), help="table with a text column"
    )
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    texts = read_texts(asked.data, asked.texts)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = copy_workspace(asked.home, Path(folder))
        registry = Registry(home)
        champion = registry.champion(asked.classifier)
        if champion is None:
            sys.exit(f"No version of '{asked.classifier}' serves in {asked.home}.")
        version = registry.folder(asked.classifier, champion.number)
        engine = Classifier(version)
        with running_server(home) as address:
            target = Target(address, KeyStore(home).create("benchmark"), asked.classifier)
            print(f"{os.cpu_count()} cores, {engine.precision}, {engine.provider}, {len(texts):,} texts\n", flush=True)
            rounds = [one_round(target, engine, texts, asked.callers) for _ in range(asked.rounds + 1)][1:]  # warm-up
            print_rounds(rounds, asked.callers)
            second = add_copy(registry, asked.classifier, version)
            change_champion(registry, target, texts, asked.callers, (second, champion.number, second))


def read_texts(path: Path, count: int) -> list[str]:
    """So many texts of a table, from its beginning again where there are fewer."""
    table = read_table(path)
    column = guess_roles(table).text
    texts = [text for text in table[column].tolist() if text.strip()]
    return [texts[row % len(texts)] for row in range(count)]


def copy_workspace(home: Path, target: Path) -> Path:
    """What serving needs of a workspace."""
    shutil.copy(home / "mlflow.db", target / "mlflow.db")
    shutil.copytree(home / "artifacts", target / "artifacts")
    return target


def add_copy(registry: Registry, classifier: str, folder: Path) -> int:
    """The same files again as a further version."""
    run_id = registry.start_run("train", classifier, {})
    return registry.register(classifier, folder, run_id=run_id, parent=None, summary={"accuracy": 0.0})


@contextlib.contextmanager
def running_server(home: Path) -> Iterator[str]:
    """``python -m core serve`` on a free port; ended as Ctrl+C would."""
    command = [sys.executable, "-m", "core", "serve", "--port", "0"]
    environment = {**os.environ, "EVERGREEN_HOME": str(home)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            yield server.stderr.readline().split()[2]
        finally:
            server.terminate()


@dataclass(frozen=True)
class Target:
    """Where to call, with which key, for which classifier."""

    address: str
    key: str
    classifier: str

    def request(self, text: str) -> bytes:
        """A whole request, as bytes: the callers must cost little beside the server."""
        url = urlsplit(self.address)
        body = json.dumps({"classifier": self.classifier, "text": text}).encode()
        head = (
            f"POST {url.path}/predict HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@dataclass
class Load:
    """What many callers met: seconds of each request, and how many had which status and version."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    total: float = 0.0

    @property
    def throughput(self) -> float:
        return len(self.seconds) / self.total

    @property
    def failed(self) -> int:
        return sum(count for status, count in self.statuses.items() if status != 200)

    def note(self, seconds: float, answer: bytes) -> None:
        status = int(answer[9:12])
        self.seconds.append(seconds)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 200:
            start = answer.index(b'"version": ') + 11
            version = int(answer[start : answer.index(b",", start)])
            self.versions[version] = self.versions.get(version, 0) + 1


class Caller(asyncio.Protocol):
    """One connection that sends the next request as soon as the last is answered."""

    def __init__(self, requests: Iterator[bytes], load: Load) -> None:
        self._requests, self._load = requests, load
        self._received = b""
        self._sent = 0.0
        self._finished = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send_next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._finished = True
            self._transport.close()
        else:
            self._sent = time.perf_counter()
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, ended, body = self._received.partition(HEAD_END)
        if not ended:
            return
        start = head.lower().index(b"content-length:") + 15
        if len(body) >= int(head[start:].split(b"\r\n", 1)[0]):
            self._load.note(time.perf_counter() - self._sent, self._received)
            self._received = b""
            self.send_next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._finished:  # the server hung up on a request: that is a failure, too
            self._load.statuses[0] = self._load.statuses.get(0, 0) + 1
        self.done.set_result(None)


def call(target: Target, texts: list[str], callers: int, until: Callable[[], bool] | None = None) -> Load:
    """Send every text as a request of its own, over so many connections; with ``until`` again and again."""

    def requests() -> Iterator[bytes]:
        prepared = [target.request(text) for text in texts]
        yield from prepared
        while until is not None and not until():
            yield from prepared

    async def run() -> Load:
        url, load, shared = urlsplit(target.address), Load(), requests()
        loop = asyncio.get_running_loop()
        opened = [
            (await loop.create_connection(lambda: Caller(shared, load), url.hostname, url.port))[1]
            for _ in range(callers)
        ]
        started = time.perf_counter()
        for caller in opened:
            caller.send_next()
        await asyncio.gather(*(caller.done for caller in opened))
        load.total = time.perf_counter() - started
        return load

    return asyncio.run(run())


@dataclass(frozen=True)
class Round:
    """Texts per second of each way; ``alone`` is one request at a time."""

    batch: float
    alone: float
    together: Load


def one_round(target: Target, engine: Classifier, texts: list[str], callers: int) -> Round:
    started = time.perf_counter()
    engine.predict_proba(texts)
    batch = len(texts) / (time.perf_counter() - started)
    alone = call(target, texts[: max(50, len(texts) // 4)], 1).throughput
    return Round(batch, alone, call(target, texts, callers))


def spread(values: list[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def print_rounds(rounds: list[Round], callers: int) -> None:
    """The table: medians of the rounds, smallest and largest in brackets."""
    together = [measured.together.throughput for measured in rounds]
    latencies = [float(np.percentile(measured.together.seconds, 99)) for measured in rounds]
    rows = [
        (
            "engine, all texts in one call, in process",
            spread([measured.batch for measured in rounds], ",.0f"),
            "texts/s",
        ),
        ("one request at a time", spread([measured.alone for measured in rounds], ",.0f"), "texts/s"),
        (f"{callers} callers at once", spread(together, ",.0f"), "texts/s"),
        (
            "÷ one at a time",
            spread([measured.together.throughput / measured.alone for measured in rounds], ".2f"),
            "≥ 1.5",
        ),
        (
            "÷ engine in process",
            spread([measured.together.throughput / measured.batch for measured in rounds], ".2f"),
            "≥ 0.80",
        ),
        ("p50", spread([1000 * statistics.median(measured.together.seconds) for measured in rounds], ".0f"), "ms"),
        ("p99", spread([1000 * seconds for seconds in latencies], ".0f"), "ms"),
        (
            f"p99 ÷ ({callers} ÷ throughput)",
            spread([late * rate / callers for late, rate in zip(latencies, together, strict=True)], ".2f"),
            "≤ 2",
        ),
        ("failed requests", f"{sum(measured.together.failed for measured in rounds)}", "0"),
    ]
    print(f"| what | median of {len(rounds)} rounds (smallest–largest) | unit or bar |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def change_champion(registry: Registry, target: Target, texts: list[str], callers: int, turns: tuple[int, ...]) -> None:
    """Promote each of the versions while all callers call; from this process, which is not the server's."""
    import threading

    over = threading.Event()

    def promote() -> None:
        for number in turns:
            registry.promote(target.classifier, number)
            over.wait(1.0)
        over.set()

    changing = threading.Thread(target=promote)
    changing.start()
    load = call(target, texts, callers, over.is_set)
    changing.join()
    seen = ", ".join(f"version {number}: {count:,}" for number, count in sorted(load.versions.items()))
    print(f"\n{len(turns)} promotions under load: {len(load.seconds):,} requests, {load.failed} failed ({seen}).")


if __name__ == "__main__":
    main()
