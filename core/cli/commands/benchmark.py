"""``benchmark``: how fast a version answers on this machine, in every way it can be run."""

from __future__ import annotations

import argparse
from typing import Any

from core.base.config import home
from core.cli.printing import plain, show
from core.cli.progress import consume
from core.cli.tables import load_texts, refuse_without_file
from core.cli.workflow import carry_out, request_of
from core.workflows.workspace import open_workspace


def benchmark(asked: argparse.Namespace) -> None:
    if asked.data is None:
        refuse_without_file(asked, "text")
        content = plain(carry_out(asked).benchmark)
    else:
        content = _of_file(asked)
    show(asked, content, as_text(content))


def _of_file(asked: argparse.Namespace) -> dict[str, Any]:
    from core.workflows.benchmark.run import benchmark_version

    request = request_of(asked)  # a typing error is said before a long file is read
    asked.text = asked.text or "text"
    texts, facts = load_texts(asked)
    events = benchmark_version(request, open_workspace(home()), texts=texts, source=asked.data.name)
    return {**plain(consume(events).benchmark), **facts}


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
