"""What follows the encoder in an exported file, run by itself on features that were kept.

An encoder that never learns says the same of a text for ever. Whoever measures version after version on the same tests has
its features from the first time, and runs the rest of the very file that serves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from core.networks.architectures.base import FEATURES
from core.networks.standalone.personal import FEATURES as PERSONAL_FEATURES
from core.networks.standalone.personal import Personal, personal_in
from core.networks.standalone.pipeline import TextPipeline, batches_by_length, pad, read_json
from core.networks.standalone.predict import Answers, thresholds_in

ENCODED_AT_ONCE = 64
Features = Callable[[np.ndarray, np.ndarray], np.ndarray]


class TailEngine:
    """Answers as a version's exact file does on a processor.

    Parameters
    ----------
    folder
        The version's folder.
    tail
        What `tail_of` makes of its ``model.onnx``.
    pipeline
        From text to the version's tokens.
    features
        What the file computes as `FEATURES`, (rows, width), from tokens int64 and mask bool (rows, length).
    """

    precision = "fp32"
    provider = "CPUExecutionProvider"

    def __init__(self, folder: Path, tail: onnx.ModelProto, pipeline: TextPipeline, features: Features) -> None:
        import onnxruntime

        self.labels: list[str] = read_json(folder / "labels.json")
        self.task: str = read_json(folder / "config.json")["task"]
        self.thresholds = thresholds_in(folder)
        self.personal: Personal | None = personal_in(folder)
        self.pipeline = pipeline
        self._features = features
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(tail.SerializeToString(), options, providers=[self.provider])
        self._inputs = [needed.name for needed in self._session.get_inputs()]
        self._output = self._session.get_outputs()[0].name

    @property
    def probable(self) -> bool:
        """Whether it computes probabilities."""
        return bool(self._output == "probabilities")

    def compute(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> np.ndarray:
        """What the model computes of each text: float32, (texts, outputs), in the order of the texts."""
        return self.answer(texts, progress).values

    def answer(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> Answers:
        """The same, and how much of each text was read for it."""
        result = np.zeros((len(texts), len(self.labels)), dtype=np.float32)
        features: np.ndarray | None = None
        names = [self._output]
        if self.personal is not None and self.personal.reads_features:
            names.append(PERSONAL_FEATURES)
        (ids, held), done = self.pipeline.read(texts), 0
        for rows in batches_by_length(ids, ENCODED_AT_ONCE):
            tokens, mask = pad([ids[row] for row in rows])
            values = {FEATURES: self._features(tokens, mask), "tokens": tokens, "mask": mask}
            result[rows], *encoded = self._session.run(names, {name: values[name] for name in self._inputs})
            if encoded:
                features = np.zeros((len(texts), encoded[0].shape[1]), np.float32) if features is None else features
                features[rows] = encoded[0]
            done += len(rows)
            if progress is not None:
                progress(done / len(texts))
        if self.personal is not None:
            result = self.personal.applied(texts, result, features)
        return Answers(result, np.array([len(own) for own in ids], dtype=np.int64), np.array(held, dtype=np.int64))


def tail_of(model: onnx.ModelProto) -> onnx.ModelProto | None:
    """The operations of a file that its output needs once `FEATURES` is given; None where it has no such value.

    Of a blend other members read the tokens, too.
    """
    graph = model.graph
    maker = {name: node for node in graph.node for name in node.output}
    if maker.pop(FEATURES, None) is None:
        return None
    needed: set[str] = set()
    wanted = [output.name for output in graph.output]
    while wanted:
        name = wanted.pop()
        needed.add(name)
        wanted += maker[name].input if name in maker else []
    tail = helper.make_graph(
        [node for name, node in maker.items() if name in needed],
        "tail",
        [
            helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["rows", "width"]),
            *(given for given in graph.input if given.name in needed),
        ],
        list(graph.output),
        [constant for constant in graph.initializer if constant.name in needed],
    )
    return helper.make_model(tail, opset_imports=model.opset_import, ir_version=model.ir_version)
