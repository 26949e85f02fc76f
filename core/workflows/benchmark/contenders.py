"""Who takes part in a measurement of speed: a version's network in PyTorch, and its files in ONNX Runtime.

Each answers texts with probabilities, tokenising included, so that the same work is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch

from core.base.device import DeviceInfo
from core.base.errors import ModelError
from core.networks.encoders import TextNetwork
from core.networks.standalone.pipeline import batches_by_length, pad
from core.networks.standalone.predict import (
    PROVIDERS,
    TOKENS_AT_ONCE,
    Classifier,
    kind_of,
    model_file,
    usable_providers,
)
from core.serving.engines.providers import placement
from core.workflows.versions.folder import VersionFolder

Runtime = Literal["eager", "compiled", "onnx"]
PRECISIONS = ("fp32", "fp16", "int8")
BATCH_SIZES: tuple[int, ...] = (8, 32, 128)


@dataclass(frozen=True)
class Way:
    """One way to run a version.

    Parameters
    ----------
    device
        ``"cpu"`` or ``"cuda"``; for ONNX Runtime also ``"tensorrt"``.
    precision
        ``"fp32"``, ``"fp16"`` or ``"int8"``; PyTorch runs in fp32.
    """

    runtime: Runtime
    device: str
    precision: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def name_of(way: Way) -> str:
    """A way in words that are the same in all languages: ``ONNX int8 (CPU)``."""
    runtime = {"eager": "PyTorch eager", "compiled": "PyTorch compiled", "onnx": f"ONNX {way.precision}"}[way.runtime]
    return f"{runtime} ({'TensorRT' if way.device == 'tensorrt' else way.device.upper()})"


class Contender(Protocol):
    """What is measured: texts in, probabilities (texts, labels) out."""

    way: Way
    sizes: tuple[int, ...]  # texts in a batch to choose from; empty when it makes up its batches itself
    size: int  # the one chosen

    def answer(self, texts: Sequence[str]) -> np.ndarray: ...

    def facts(self) -> dict[str, Any]:
        """What else is worth storing about it."""
        ...


class Network:
    """The network in PyTorch, rows sorted by length."""

    sizes: tuple[int, ...] = BATCH_SIZES

    def __init__(self, way: Way, folder: VersionFolder, model: TextNetwork) -> None:
        self.way, self.size = way, self.sizes[0]
        self._device = torch.device(way.device)
        model = model.to(self._device)
        self._run: Callable[..., Any] = torch.compile(model, dynamic=True) if way.runtime == "compiled" else model
        self._pipeline = folder.load_pipeline()
        self._labels, self._temperature = len(folder.outputs), folder.temperature

    def answer(self, texts: Sequence[str]) -> np.ndarray:
        rows = self._pipeline.encode(texts)
        result = np.zeros((len(rows), self._labels), dtype=np.float32)
        with torch.inference_mode():
            for numbers in batches_by_length(rows, self.size):
                tokens, mask = (torch.from_numpy(part).to(self._device) for part in pad([rows[n] for n in numbers]))
                logits = self._run(tokens, mask) / self._temperature
                result[numbers] = torch.softmax(logits, dim=1).cpu().numpy()
        return result

    def facts(self) -> dict[str, Any]:
        return {"batch": {"texts": self.size}}


class Served:
    """A file of the version in ONNX Runtime, just as it serves."""

    sizes: tuple[int, ...] = ()
    size = 0

    def __init__(self, way: Way, folder: Path, threads: int, *, serves: bool) -> None:
        self.way = way
        provider = PROVIDERS[way.device]
        kind = kind_of(provider)
        self._model = folder / model_file(folder, kind, way.precision)
        if not self._model.exists():
            raise ModelError("benchmark.no_file", "This version was not made in {precision}.", precision=way.precision)
        self._classifier = Classifier(folder, [provider], threads, way.precision)
        if self._classifier.provider != provider:
            raise ModelError(
                "benchmark.fell_back",
                "{provider} does not run here: ONNX Runtime fell back to the CPU.",
                provider=provider,
            )
        self._served = serves and model_file(folder, kind, None) == self._model.name
        self._tokens = TOKENS_AT_ONCE[kind]

    def answer(self, texts: Sequence[str]) -> np.ndarray:
        return self._classifier.compute(texts)

    def facts(self) -> dict[str, Any]:
        tokens, mask = pad(self._classifier.pipeline.encode(["a"]))
        inputs = {"tokens": tokens, "mask": mask}
        return {
            "batch": {"tokens": self._tokens},
            "provider": self._classifier.provider,
            "placement": placement(self._model, inputs, [self._classifier.provider]),
            "size": self._model.stat().st_size,
            "served": self._served,
        }


def line_up(device: DeviceInfo, *, compiled: bool) -> list[Way]:
    """All ways that are worth a try on this machine, PyTorch first.

    Parameters
    ----------
    compiled
        Whether PyTorch also compiles the network, which takes up to a minute.
    """
    runtimes: tuple[Runtime, ...] = ("eager", "compiled") if compiled else ("eager",)
    names = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    networks = [Way(runtime, name, "fp32") for name in names for runtime in runtimes]
    # ONNX Runtime lists providers for cards that are not there.
    wanted = {PROVIDERS["cpu"], *(usable_providers() if device.kind == "cuda" else ())}
    providers = [name for name in ("cpu", "cuda", "tensorrt") if PROVIDERS[name] in wanted]
    return networks + [Way("onnx", name, precision) for name in providers for precision in PRECISIONS]


def enter(way: Way, folder: Path, threads: int, device: DeviceInfo) -> Contender:
    """Load what this way runs; raises where it is not there or does not run."""
    if way.runtime == "onnx":
        return Served(way, folder, threads, serves=way.device == device.kind)
    version = VersionFolder(folder)
    return Network(way, version, version.load_model())
