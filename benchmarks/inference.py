"""Prediction of a fine-tuned MiniLM on the CPU, four ways side by side in one run: texts a second, and one text alone.

    python benchmarks/inference.py --data ../shared/data                          trains the encoder first (minutes)
    python benchmarks/inference.py --data ../shared/data --home workspace --classifier "sst2 minilm"

The sides: `transformers.pipeline("text-classification")` at its defaults; PyTorch eager with batches sorted by length, at the
best of three batch sizes; ours in float32 and in int8. All have the same weights and the same tokenizer: the pipeline gets the
version's own network (encoder, mean pooling, linear head) behind the interface of a transformers model, since no class
of that library has this head. From raw text to probabilities, 2,000 sentences of SST-2, test rows first.

Rounds are interleaved, each begun by another side; ratios are those of one round. Accuracies are those of the test rows,
which neither training nor the choice of int8 has seen. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import torch
from minilm import add_arguments, ready_folder, table, texts_of

from core.base.device import DeviceInfo, describe_device
from core.networks.standalone.predict import Classifier
from core.statistics.speed import Spread, latency, paired_ratio, spread
from core.workflows.benchmark.contenders import Network, Way, enter
from core.workflows.benchmark.machine import describe_machine
from core.workflows.benchmark.run import choose_size
from core.workflows.versions.folder import VersionFolder

SINGLES, SETTLING, CHOICE = 200, 3, 256
CPU = ["CPUExecutionProvider"]
Answer = Callable[[Sequence[str]], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    asked = parser.parse_args()
    threads = asked.threads or torch.get_num_threads()
    torch.set_num_threads(threads)
    rows = table(asked.data)
    texts, test = texts_of(rows, asked.texts)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = ready_folder(asked, Path(scratch))
        machine = describe_machine(describe_device(), threads)
        sides, note = line_up(folder, texts, threads)
        measured = measure(sides, texts, asked.rounds)
        labels = VersionFolder(folder).outputs
    truth = np.array([labels.index(label) for label in rows["label"].iloc[test]])
    print(head(machine, len(texts), asked.rounds, note))
    report(measured, truth)


def line_up(folder: Path, texts: list[str], threads: int) -> tuple[dict[str, Answer], str]:
    """All sides, warmed up, and the batch size that suits eager PyTorch best."""
    eager = enter(Way("eager", "cpu", "fp32"), folder, threads, DeviceInfo("cpu", "", threads))
    assert isinstance(eager, Network)
    choose_size(eager, texts[:CHOICE])
    sides: dict[str, Answer] = {
        "transformers pipeline": pipeline(folder),
        "PyTorch eager, sorted": eager.answer,
        "ours fp32": Classifier(folder, CPU, threads, "fp32").predict_proba,
        "ours int8": Classifier(folder, CPU, threads, "int8").predict_proba,
    }
    for answer in sides.values():
        answer(texts[:CHOICE])
    return sides, f"eager in batches of {eager.size}"


def pipeline(folder: Path) -> Answer:
    """The version's network and tokenizer in `transformers.pipeline`, whose every setting is left as it comes."""
    import transformers
    from transformers.modeling_outputs import SequenceClassifierOutput
    from transformers.utils import logging

    logging.set_verbosity(logging.CRITICAL)  # the pipeline does not know the class by name
    version = VersionFolder(folder)
    network: Any = version.load_model()

    class MeanPooled(transformers.BertPreTrainedModel):  # type: ignore[misc]
        """The encoder, mean pooling and linear head of the version."""

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.ours = network

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None, **_: Any) -> Any:
            return SequenceClassifierOutput(logits=self.ours(input_ids, attention_mask.bool()))

    config = network.shape
    config.num_labels = len(version.outputs)
    config.id2label = dict(enumerate(version.outputs))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )
    ready = transformers.pipeline("text-classification", model=MeanPooled(config), tokenizer=tokenizer)

    def answer(texts: Sequence[str]) -> np.ndarray:
        answers = ready(list(texts))
        predicted = np.array([version.outputs.index(answer["label"]) for answer in answers])
        sure = np.array([answer["score"] for answer in answers], dtype=np.float32)
        # It names the most probable label alone: the others share the rest, which is all that labels are compared by.
        rows = np.tile(((1 - sure) / max(1, len(version.outputs) - 1))[:, None], (1, len(version.outputs)))
        rows[np.arange(len(answers)), predicted] = sure
        return rows

    return answer


def measure(sides: dict[str, Answer], texts: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Answers, texts a second of each round, and milliseconds of single answers of each round."""
    measured: dict[str, dict[str, Any]] = {name: {"speeds": [], "singles": []} for name in sides}
    singles = texts[:: max(1, len(texts) // SINGLES)][:SINGLES]
    names = list(sides)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            answer = sides[name]
            for text in singles[:SETTLING]:
                answer([text])
            measured[name]["singles"].append([1000 * seconds(answer, [text])[0] for text in singles])
            took, measured[name]["answers"] = seconds(answer, texts)
            measured[name]["speeds"].append(len(texts) / took)
        sys.stderr.write(f"round {number + 1} of {rounds}\n")
    return measured


def seconds(answer: Answer, texts: Sequence[str]) -> tuple[float, np.ndarray]:
    started = time.perf_counter()
    answers = answer(texts)
    return time.perf_counter() - started, answers


def head(machine: dict[str, Any], texts: int, rounds: int, note: str) -> str:
    load = "" if machine["load"] is None else f", load {machine['load']:.1f} at the start"
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads a side{load}; "
        f"PyTorch {machine['torch']}, ONNX Runtime {machine['onnxruntime']}; "
        f"{texts:,} texts, {rounds} interleaved rounds, {note}.\n"
    )


def report(measured: dict[str, dict[str, Any]], truth: np.ndarray) -> None:
    """The table of all sides, then the ratios that are asked about."""
    exact = measured["ours fp32"]["answers"].argmax(axis=1)
    print(
        "| side | texts/s, median (range) | one text, p50 / p95 / p99 ms | test accuracy | same labels as ours fp32 |"
    )
    print("|---|---|---|---|---|")
    for name, side in measured.items():
        predicted, times = side["answers"].argmax(axis=1), latency(side["singles"])
        print(
            f"| {name} | {shown(spread(side['speeds']), 0)} | {times.p50:.2f} / {times.p95:.2f} / {times.p99:.2f} | "
            f"{100 * (predicted[: len(truth)] == truth).mean():.2f} | {100 * (predicted == exact).mean():.2f} % |"
        )
    print("\n| ratio | median (range over rounds) |\n|---|---|")
    slow = {"pipeline": "transformers pipeline", "eager": "PyTorch eager, sorted"}
    for fast in ("ours int8", "ours fp32"):
        for word, other in slow.items():
            ratio = paired_ratio(measured[fast]["speeds"], measured[other]["speeds"])
            print(f"| texts/s, {fast} ÷ {word} | {shown(ratio, 2)} |")
        middles = {name: [float(np.median(times)) for times in measured[name]["singles"]] for name in measured}
        ratio = paired_ratio(middles[slow["eager"]], middles[fast])
        print(f"| one text p50, eager ÷ {fast} | {shown(ratio, 2)} |")


def shown(spread: Spread, digits: int) -> str:
    return f"{spread.median:,.{digits}f} ({spread.low:,.{digits}f}–{spread.high:,.{digits}f})"


if __name__ == "__main__":
    main()
