"""How fast a version answers on this machine, in every way it can be run; makes no version.

All ways take turns, round after round, so that a busy machine slows them alike; ratios are computed within a round.
Warming up, compiling and choosing a batch size happen before the first round and are not counted.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.base.config import build
from core.base.device import describe_device
from core.base.errors import CoreError, DataError
from core.base.events import Advanced, Ended, RunStarted, StageStarted
from core.base.messages import Message, message
from core.registry.records import BenchmarkStore, about_version, new_id
from core.serving.engines.providers import examine
from core.statistics.speed import latency, paired_ratio, spread
from core.workflows.benchmark.config import BenchmarkConfig, BenchmarkRequest, require_probabilities
from core.workflows.benchmark.contenders import Contender, Way, enter, line_up, name_of
from core.workflows.benchmark.machine import describe_machine
from core.workflows.learn.running import parts_of
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace

PREPARED, WARM = 0.02, 0.3  # of the whole job
SINGLES = 100  # texts a round that are answered one by one
SETTLING = 3  # answers before each of them that are not counted: the caches hold what another one left
AT_LEAST = 0.25  # seconds that a measurement takes
CHOICE = 256  # texts that a batch size is chosen on

ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Benchmarked(Ended):
    """The last event: the version that was measured, and the measurement as it is stored."""

    version: int
    benchmark: dict[str, Any]

    def outcome(self) -> dict[str, Any]:
        return {"benchmark": self.benchmark["id"]}


@dataclass
class _Measured:
    """A contender with what was measured of it: milliseconds of single answers and texts a second, by round."""

    contender: Contender
    answers: np.ndarray
    singles: list[list[float]] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)

    @property
    def medians(self) -> list[float]:
        return [float(np.median(times)) for times in self.singles]


def benchmark_version(
    request: BenchmarkRequest,
    workspace: Workspace,
    *,
    texts: Sequence[str] | None = None,
    source: str = "",
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Measure a version, yielding events; the last one is `Benchmarked`, and there is none when stopped.

    Parameters
    ----------
    texts
        The texts to measure with, in place of the request's; ``source`` is then their name.
    resume
        State that holds the id under which an interrupted run may have stored its figures; it measures anew, since rounds of
        two sittings cannot be compared.

    Raises
    ------
    CoreError
        When there is no such version or dataset, the version computes no probabilities, or the dataset holds no text.
    """
    began = time.monotonic()
    config = build(BenchmarkConfig, request.settings)
    identity = parts_of(resume)[0] or new_id()
    yield RunStarted(identity)
    yield StageStarted(message("benchmark.prepare", "Reading the texts."), 0.0)
    version = workspace.registry.resolve(request.classifier, request.version)
    folder = workspace.registry.folder_of(version)
    require_probabilities(VersionFolder(folder).task)
    if texts is None:
        source, texts = _texts(request, VersionFolder(folder), workspace)
    figures = yield from measure(folder, texts, config, should_stop)
    if figures is None:
        return
    benchmark = {
        "id": identity,
        **about_version(version, time.monotonic() - began),
        "source": source,
        "frozen_tests": request.dataset is None and not source,
        **figures,
    }
    BenchmarkStore(workspace.home).save(benchmark)
    yield Benchmarked(version.number, benchmark)


def measure(
    folder: Path, texts: Sequence[str], config: BenchmarkConfig, should_stop: ShouldStop = lambda: False
) -> Generator[Advanced, None, dict[str, Any] | None]:
    """Measure a version's folder; returns plain figures, or None when stopped.

    ``rows`` holds one entry a way that ran, PyTorch on the CPU first: ``latency`` (``p50``, ``p95``, ``p99`` of single
    answers in milliseconds, and the median of each of the ``rounds``), ``throughput`` (texts a second: ``median``, ``low``,
    ``high``, ``rounds``), ``batch``, and against PyTorch eager on the same kind of device ``speedup`` of both (``median``,
    ``low``, ``high``), ``agreement`` (share of equal labels) and ``max_difference`` of probabilities. ``missing`` holds
    the ways that did not run, with their reason.
    """
    before = torch.get_num_threads()
    threads = config.benchmark_threads or before
    torch.set_num_threads(threads)
    try:
        device = describe_device()
        machine = describe_machine(device, threads)
        sample = spread_out(texts, config.benchmark_texts)
        running, missing = yield from _warm_up(folder, sample, config, threads, should_stop)
        if should_stop():
            return None
        for number in range(config.benchmark_rounds):
            for index in _turns(len(running), number):
                if should_stop():
                    return None
                yield _advanced(running[index].contender.way, number, config.benchmark_rounds, index, len(running))
                _measure_once(running[index], sample)
        return {
            "texts": len(sample),
            "characters": round(float(np.mean([len(text) for text in sample])), 1),
            "rounds": config.benchmark_rounds,
            "machine": machine,
            "problems": [problem.to_dict() for problem in examine().problems],
            "rows": [_row(measured, running) for measured in running],
            "missing": missing,
        }
    finally:
        torch.set_num_threads(before)


def spread_out(texts: Sequence[str], count: int) -> list[str]:
    """So many of the texts, evenly spaced over all of them; all when there are fewer."""
    indices = np.linspace(0, len(texts) - 1, min(count, len(texts))).round().astype(int)
    return [texts[index] for index in indices]


def _texts(request: BenchmarkRequest, folder: VersionFolder, workspace: Workspace) -> tuple[str, list[str]]:
    """Texts, and the name of the dataset; the frozen tests have none."""
    if request.dataset is not None:
        return workspace.datasets.info(request.dataset).name, list(workspace.datasets.load(request.dataset).texts)
    texts = [str(text) for record in folder.experiences() for text in folder.predictions(record.number)["text"]]
    if not texts:
        raise DataError(
            "benchmark.no_texts",
            "The frozen tests of this version hold no text any more. Choose a dataset to measure with.",
        )
    return "", texts


def _warm_up(
    folder: Path, texts: list[str], config: BenchmarkConfig, threads: int, should_stop: ShouldStop
) -> Generator[Advanced, None, tuple[list[_Measured], list[dict[str, Any]]]]:
    """Load every way, let it answer all texts once, and choose its batch size."""
    device = describe_device()
    ways = line_up(device, compiled=config.benchmark_compiled)
    running: list[_Measured] = []
    missing: list[dict[str, Any]] = []
    for index, way in enumerate(ways):
        if should_stop():
            break
        progress = message("benchmark.warming", "Loading and warming up: {way}.", way=name_of(way))
        yield Advanced(progress, PREPARED + (WARM - PREPARED) * index / len(ways))
        try:
            contender = enter(way, folder, threads, device)
            choose_size(contender, texts[:CHOICE])
            contender.answer(texts[:1])
            running.append(_Measured(contender, contender.answer(texts)))
        except CoreError as error:
            missing.append({**way.to_dict(), "reason": error.message.to_dict()})
        except (
            Exception
        ) as error:  # a compiler or a runtime may fail in any manner: the others are measured all the same
            missing.append({**way.to_dict(), "reason": _failure(way, error).to_dict()})
    gc.collect()
    return running, missing


def _failure(way: Way, error: Exception) -> Message:
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    if way.runtime == "compiled":
        return message("benchmark.not_compiled", "torch.compile does not work here: {reason}", reason=reason)
    return message("benchmark.failed", "It does not run here: {reason}", reason=reason)


def choose_size(contender: Contender, texts: list[str]) -> None:
    """Take the fastest batch size; each is tried twice, in turn, after one answer that is not counted."""
    seconds: dict[int, float] = {}
    for attempt in range(3 if contender.sizes else 0):
        for size in contender.sizes:
            contender.size = size
            took = _timed(contender, texts)
            if attempt:
                seconds[size] = min(took, seconds.get(size, took))
    contender.size = min(seconds, key=seconds.__getitem__, default=0)


def _turns(count: int, number: int) -> list[int]:
    """Places in the order of one round: each round another one begins."""
    return [(index + number) % count for index in range(count)]


def _measure_once(measured: _Measured, texts: list[str]) -> None:
    singles = spread_out(texts, SINGLES)
    for text in singles[:SETTLING]:
        measured.contender.answer([text])
    times = []
    for _ in _long_enough():
        times += [1000 * _timed(measured.contender, [text]) for text in singles]
    measured.singles.append(times)
    passes = [_timed(measured.contender, texts) for _ in _long_enough()]
    measured.speeds.append(len(texts) * len(passes) / sum(passes))


def _long_enough() -> Iterator[None]:
    """Once, and again until a quarter of a second is over: what is shorter shows the scheduler more than the network."""
    until = time.perf_counter() + AT_LEAST
    yield
    while time.perf_counter() < until:
        yield


def _timed(contender: Contender, texts: Sequence[str]) -> float:
    """Seconds that an answer takes."""
    started = time.perf_counter()
    contender.answer(texts)
    return time.perf_counter() - started


def _row(measured: _Measured, running: Sequence[_Measured]) -> dict[str, Any]:
    eager = _eager_beside(measured.contender.way, running)
    row = {
        **measured.contender.way.to_dict(),
        **measured.contender.facts(),
        "latency": {**latency(measured.singles).to_dict(), "rounds": measured.medians},
        "throughput": {**spread(measured.speeds).to_dict(), "rounds": measured.speeds},
    }
    if eager is None or eager is measured:
        return row
    difference = np.abs(measured.answers - eager.answers)
    return row | {
        "speedup": {
            "latency": paired_ratio(eager.medians, measured.medians).to_dict(),
            "throughput": paired_ratio(measured.speeds, eager.speeds).to_dict(),
        },
        "agreement": float((measured.answers.argmax(axis=1) == eager.answers.argmax(axis=1)).mean()),
        "max_difference": float(difference.max()),
    }


def _eager_beside(way: Way, running: Sequence[_Measured]) -> _Measured | None:
    """PyTorch eager on the same kind of device, else on the CPU."""
    device = "cpu" if way.device == "cpu" else "cuda"
    eager = {
        measured.contender.way.device: measured for measured in running if measured.contender.way.runtime == "eager"
    }
    return eager.get(device, eager.get("cpu"))


def _advanced(way: Way, number: int, rounds: int, index: int, count: int) -> Advanced:
    progress = message(
        "benchmark.measuring",
        "Measuring {way}, round {round} of {rounds}.",
        way=name_of(way),
        round=number + 1,
        rounds=rounds,
    )
    turn = (index - number) % count
    return Advanced(progress, WARM + (1 - WARM) * (number + turn / count) / rounds)
