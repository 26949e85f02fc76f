"""What tells how unlike what a version learned a text is: kept in one file a version, and read by whoever counts its answers.

`core.workflows.versions.novelty` makes it. Imports no torch: a process that only answers can use it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from core.base.files import writing
from core.continual.drift.novelty import Neighbours, Spelling, Usual, lengths_of
from core.networks.architectures.base import FEATURES
from core.networks.standalone.pipeline import TextPipeline, batches_by_length, pad
from core.serving.monitor.records import SAMPLE
from core.statistics.conformal import p_values

FORMAT = "1"
RATE = 0.05  # of usual texts that are marked
MOST_ENCODED = 64  # texts of a day that an encoder is asked about: each takes as long as an answer
ENCODED_AT_ONCE = 16
Floats = NDArray[np.float64]
Encode = Callable[[Sequence[str]], NDArray[Any]]  # texts → what an encoder says of each, (texts, width)


@dataclass(frozen=True, eq=False)
class Reference:
    """What texts that a version learned are like, and how far from it texts lie that are as usual.

    Parameters
    ----------
    usual
        Distances of texts that the version has not learned, ascending: (texts).
    learned
        How many learned texts it stands on.
    spelling
        Whether texts are told apart by their spelling, and how; None where an encoder tells it.
    neighbours
        What the version's encoder says of learned texts; None likewise.
    """

    usual: Floats
    learned: int
    spelling: tuple[Spelling, Usual] | None = None
    neighbours: Neighbours | None = None

    @property
    def most(self) -> int:
        """How many texts of a day's sample are compared with it: those with the smallest keys."""
        return SAMPLE if self.neighbours is None else MOST_ENCODED

    def distances(self, texts: Sequence[str], encode: Encode | None = None) -> Floats:
        """How far each text lies from what was learned, (texts)."""
        if self.spelling is not None:
            counted, usual = self.spelling
            return usual.distances(counted.features(texts), lengths_of(texts))
        assert self.neighbours is not None
        assert encode is not None
        return self.neighbours.distances(encode(texts))

    def p_values(self, texts: Sequence[str], encode: Encode | None = None) -> Floats:
        """Share of usual texts that lie as far or farther, (texts)."""
        return p_values(self.distances(texts, encode), self.usual)

    def save(self, path: Path) -> None:
        """Keep it; a reader never sees half of it."""
        arrays: dict[str, Any] = {"usual": self.usual}
        if self.spelling is not None:
            counted, usual = self.spelling
            arrays |= {"counts": counted.counts, "level": usual.level, "spread": usual.spread, "factor": usual.factor}
        if self.neighbours is not None:
            arrays["vectors"] = self.neighbours.vectors
        counts = self.spelling[0].texts if self.spelling is not None else 0
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path, durable=False) as part:
            whole = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
            save_file(whole, part, metadata={"format": FORMAT, "learned": str(self.learned), "counted": str(counts)})

    @staticmethod
    def load(path: Path) -> Reference | None:
        """The inverse of `save`; None where there is none, or none that can be read."""
        try:
            with safe_open(path, "numpy") as stored:
                facts = stored.metadata()
                if facts["format"] != FORMAT:
                    return None
                arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - no dictionary
                learned, counted = int(facts["learned"]), int(facts["counted"])
            if "vectors" in arrays:
                return Reference(arrays["usual"], learned, neighbours=Neighbours(arrays["vectors"]))
            usual = Usual(arrays["level"], arrays["spread"], arrays["factor"])
            return Reference(arrays["usual"], learned, spelling=(Spelling(arrays["counts"], counted), usual))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None


class Encoded:
    """What the frozen encoder in a version's exact file says of texts; takes as much memory as the file is large."""

    def __init__(self, session: Any, pipeline: TextPipeline) -> None:
        self._session, self._pipeline = session, pipeline

    @staticmethod
    def open(folder: Path, pipeline: TextPipeline) -> Encoded | None:
        """That of the version in this folder, which reads texts so; None where none of its encoders is frozen."""
        import onnx
        import onnxruntime

        model = onnx.load(str(folder / "model.onnx"))
        if not any(FEATURES in node.output for node in model.graph.node):
            return None
        told = onnx.helper.make_tensor_value_info(FEATURES, onnx.TensorProto.FLOAT, ["rows", "width"])
        del model.graph.output[:]
        model.graph.output.append(told)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 4
        providers = ["CPUExecutionProvider"]
        return Encoded(onnxruntime.InferenceSession(model.SerializeToString(), options, providers=providers), pipeline)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Features float32 (texts, width)."""

        def features(tokens: NDArray[Any], mask: NDArray[Any]) -> NDArray[Any]:
            values: NDArray[Any] = self._session.run([FEATURES], {"tokens": tokens, "mask": mask})[0]
            return values

        return encoded(texts, self._pipeline, features)


def encoded(
    texts: Sequence[str], pipeline: TextPipeline, features: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
) -> NDArray[np.float32]:
    """What an encoder says of texts, (texts, width), asked for a few at a time with their tokens and mask."""
    ids, _ = pipeline.read(texts)
    parts, order = [], []
    for rows in batches_by_length(ids, ENCODED_AT_ONCE):
        parts.append(features(*pad([ids[row] for row in rows])))
        order += list(rows)
    whole: NDArray[np.float32] = np.concatenate(parts)[np.argsort(order)]
    return whole
