"""Prediction of a fine-tuned MiniLM on the graphics card and on the CPU, side by side in one run: what really ran, and how fast.

    python benchmarks/gpu.py --data ../shared/data                                trains the encoder first
    python benchmarks/gpu.py --data ../shared/data --home workspace --classifier "sst2 minilm"

PyTorch eager and compiled, ONNX Runtime on CUDA (TensorRT where it is installed) and on the CPU, with the files in float32,
float16 and int8. Columns: the provider of the session and its nodes by provider, as counted by the profiler; the median
over rounds with its range; the ratio to PyTorch eager on the same device in the same round; the largest difference of a
probability to it. Bars set beforehand: fp16 on CUDA at least 4 times as fast as fp32 eager, differences of at most 5e-3.

Without a usable card it says why, measures the CPU, and exits with 0. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from minilm import add_arguments, ready_folder, table, texts_of

from core.base.device import describe_device
from core.base.messages import Message
from core.cli.progress import consume
from core.networks.standalone.predict import Classifier
from core.serving.engines.graphs import recorded
from core.workflows.benchmark.config import BenchmarkConfig
from core.workflows.benchmark.contenders import Way, name_of
from core.workflows.benchmark.run import measure

FASTER, CLOSE = 4.0, 5e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    asked = parser.parse_args()
    device = describe_device()
    if device.kind != "cuda":
        print("No graphics card can be used here, so that the CPU alone is measured.\n")
    texts, _ = texts_of(table(asked.data), asked.texts)
    config = BenchmarkConfig(benchmark_texts=len(texts), benchmark_rounds=asked.rounds, benchmark_threads=asked.threads)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = ready_folder(asked, Path(scratch), "fp16" if device.kind == "cuda" else "int8")
        measured = consume(_measured(folder, texts, config))
        graphs = single_texts(folder)
    report(measured)
    print(f"\nCUDA graphs for single texts: {graphs}.")
    if device.kind == "cuda":
        judge(measured["rows"])


def _measured(folder: Path, texts: list[str], config: BenchmarkConfig) -> Iterator[Any]:
    """The events of the measurement, and its figures as the last one."""
    yield (yield from measure(folder, texts, config))


def single_texts(folder: Path) -> str:
    """Whether recorded graphs serve single texts here, as `core.serving.engines.graphs` decides it."""
    engine = Classifier(folder)
    single = recorded(engine, folder)
    return f"not used: {single}" if isinstance(single, str) else "used, since they answer the same in less time"


def report(measured: dict[str, Any]) -> None:
    """The machine, a row for each way, and what did not run."""
    machine = measured["machine"]
    print(
        f"{machine['card'] or 'no graphics card'}; {machine['processor']}, {machine['cores']} cores, {machine['threads']} "
        f"threads; PyTorch {machine['torch']}, ONNX Runtime {machine['onnxruntime']}; {measured['texts']:,} texts, "
        f"{measured['rounds']} interleaved rounds.\n"
    )
    for problem in measured["problems"]:
        print(f"- {Message.from_dict(problem)}")
    print("\n| way | nodes by provider | texts/s (range) | ÷ eager | one text, p50 / p99 ms | largest difference |")
    print("|---|---|---|---|---|---|")
    for row in measured["rows"]:
        nodes = ", ".join(f"{name} {count}" for name, count in row.get("placement", {}).items())
        speed, times, gain = row["throughput"], row["latency"], row.get("speedup")
        print(
            f"| {_name(row)} | {nodes} | {speed['median']:,.0f} ({speed['low']:,.0f}–{speed['high']:,.0f}) | "
            f"{gain['throughput']['median'] if gain else 1:.2f} | {times['p50']:.2f} / {times['p99']:.2f} | "
            f"{row.get('max_difference', 0):.0e} |"
        )
    for row in measured["missing"]:
        print(f"| {_name(row)} | {Message.from_dict(row['reason'])} | | | | |")


def judge(rows: list[dict[str, Any]]) -> None:
    """Whether the bars were reached, in words; nothing is taken for granted when a way did not run."""
    ours = next((row for row in rows if (row["device"], row["precision"]) == ("cuda", "fp16")), None)
    if ours is None:
        print("\nfp16 did not run on CUDA: all bars **missed**.")
        return
    ratio, difference = ours["speedup"]["throughput"]["median"], ours["max_difference"]
    on_card = sum(count for name, count in ours["placement"].items() if name.startswith("CUDA"))
    for bar, reached in (
        (f"{on_card} of {sum(ours['placement'].values())} nodes on CUDA", on_card > 0),
        (f"fp16 is {ratio:.2f} times as fast as fp32 eager, bar {FASTER}", ratio >= FASTER),
        (f"the largest difference is {difference:.1e}, bar {CLOSE}", difference <= CLOSE),
    ):
        print(f"\n{bar}: {'reached' if reached else '**missed**'}.")


def _name(row: dict[str, Any]) -> str:
    return name_of(Way(row["runtime"], row["device"], row["precision"]))


if __name__ == "__main__":
    main()
