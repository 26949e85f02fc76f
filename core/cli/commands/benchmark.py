"""``benchmark``: how fast a version answers on this machine, in every way it can be run."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from core.base.config import build, home
from core.base.messages import Message
from core.cli.progress import consume
from core.cli.tables import load_texts, refuse_without_file
from core.workflows.benchmark.config import BenchmarkConfig
from core.workflows.workspace import open_workspace


def benchmark(asked: argparse.Namespace) -> None:
    from core.workflows.benchmark.run import BenchmarkRequest, benchmark_version

    settings = {
        "benchmark_texts": asked.texts,
        "benchmark_rounds": asked.rounds,
        "benchmark_threads": asked.threads,
        "benchmark_compiled": not asked.no_compile,
    }
    build(BenchmarkConfig, settings)  # a typing error is said before a long file is read
    request = build(BenchmarkRequest, {"classifier": asked.classifier, "version": asked.version, "settings": settings})
    texts, source = None, ""
    facts: dict[str, Any] = {}
    if asked.data is None:
        refuse_without_file(asked, "text")
    else:
        asked.text = asked.text or "text"
        texts, facts = load_texts(asked)
        source = asked.data.name
    done = consume(benchmark_version(request, open_workspace(home()), texts=texts, source=source))
    content = {**as_object(done.benchmark), **facts}
    sys.stdout.write((json.dumps(content, ensure_ascii=False) if asked.json else as_text(content)) + "\n")


def as_object(stored: dict[str, Any]) -> dict[str, Any]:
    """The stored measurement with sentences instead of messages."""
    missing = [{**way, "reason": str(Message.from_dict(way["reason"]))} for way in stored["missing"]]
    return {
        **stored,
        "missing": missing,
        "problems": [str(Message.from_dict(problem)) for problem in stored["problems"]],
    }


def as_text(benchmark: dict[str, Any]) -> str:
    """The machine, a line for each way, and what did not run."""
    from core.workflows.benchmark.contenders import Way, name_of

    def name(way: dict[str, Any]) -> str:
        return name_of(Way(way["runtime"], way["device"], way["precision"]))

    lines = [_machine(benchmark["machine"])]
    for row in benchmark["rows"]:
        times, speed = row["latency"], row["throughput"]
        gain = row.get("speedup")
        lines.append(
            f"{name(row):<24} {times['p50']:8.2f} / {times['p95']:.2f} / {times['p99']:.2f} ms   "
            f"{speed['median']:10,.0f} texts/s ({speed['low']:,.0f}–{speed['high']:,.0f})"
            + (f"   {gain['latency']['median']:.1f}× / {gain['throughput']['median']:.1f}×" if gain else "")
        )
    lines += [f"{name(way):<24} {way['reason']}" for way in benchmark["missing"]]
    return "\n".join([*lines, *benchmark["problems"]])


def _machine(machine: dict[str, Any]) -> str:
    parts = [machine["processor"], f"{machine['cores']} cores, {machine['threads']} threads", machine["card"]]
    parts += [f"PyTorch {machine['torch']}", f"ONNX Runtime {machine['onnxruntime']}"]
    if machine["load"] is not None:
        parts.append(f"load {machine['load']:.1f}")
    return " · ".join(part for part in parts if part)
