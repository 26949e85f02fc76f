"""Label texts with an exported classifier: needs onnxruntime, tokenizers, numpy and (for Chinese words) rjieba.

    python predict.py "The battery died after two days."        labels one text
    python predict.py < reviews.txt                             labels one text a line

or, in your own program::

    from predict import Classifier
    classifier = Classifier("path/to/the/folder/of/this/file")
    classifier.predict_proba(["快递很快，好吃"])                 # (texts, labels), rows sum to 1

The folder holds model.onnx, tokenizer.json, labels.json and config.json.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
PADDING = 0
UNKNOWN = 1


class TextPipeline:
    """From text to token ids, the same in training and in use.

    Parameters
    ----------
    tokenizer
        Normalises, splits and looks up tokens; id 0 is padding, id 1 the unknown token.
    options
        ``segmentation`` ("words", "characters", "subwords", or "pretrained" for a tokenizer that came with an encoder),
        ``max_length`` (tokens) and ``stop_words``; with a pretrained one ``prefix``, which goes before every text.
    """

    def __init__(self, tokenizer: Tokenizer, options: dict[str, Any]) -> None:
        self.tokenizer = tokenizer
        self.options = options
        ids = (tokenizer.token_to_id(word) for word in options.get("stop_words", ()))
        self._stop_ids = frozenset(number for number in ids if number is not None)
        self._pretrained = options["segmentation"] == "pretrained"
        if self._pretrained:  # it adds marks of its own around a text, and knows where to cut so that they stay
            tokenizer.enable_truncation(options["max_length"])

    @classmethod
    def load(cls, folder: str | Path) -> TextPipeline:
        """Read ``tokenizer.json`` and ``config.json`` of a version or bundle folder."""
        config = json.loads((Path(folder) / "config.json").read_text("utf-8"))
        return cls(Tokenizer.from_file(str(Path(folder) / "tokenizer.json")), config["text"])

    def prepare(self, text: str) -> str:
        """Normalise one text and, where Chinese is to be split in words, put spaces between them."""
        text = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate would stop the tokenizer
        if self._pretrained:
            return str(self.options.get("prefix", "")) + text
        if self.tokenizer.normalizer is not None:
            text = self.tokenizer.normalizer.normalize_str(text)
        if self.options["segmentation"] == "words" and HAN.search(text):
            import rjieba

            text = " ".join(rjieba.cut(text))
        return text

    def segment(self, text: str) -> list[str]:
        """The tokens of one text as the model will see them, unknown ones included as ``[UNK]``."""
        return [str(self.tokenizer.id_to_token(number)) for number in self.encode([text])[0]]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text: 1 to ``max_length`` of them; a text without any token is one unknown token."""
        prepared = [self.prepare(text) for text in texts]
        encodings = self.tokenizer.encode_batch_fast(prepared, add_special_tokens=self._pretrained)
        return [self._finish(encoding.ids) for encoding in encodings]

    def _finish(self, ids: list[int]) -> list[int]:
        if self._stop_ids:
            ids = [number for number in ids if number not in self._stop_ids]
        return ids[: self.options["max_length"]] or [UNKNOWN]


def pad(rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Stack token ids of unequal length: tokens int64 and mask bool, both (rows, longest)."""
    lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
    mask = np.arange(lengths.max())[None, :] < lengths[:, None]
    tokens = np.full(mask.shape, PADDING, dtype=np.int64)
    tokens[mask] = np.fromiter((number for row in rows for number in row), dtype=np.int64, count=int(lengths.sum()))
    return tokens, mask


def batches_by_length(rows: Sequence[Sequence[int]], size: int) -> Iterable[np.ndarray]:
    """Row numbers in batches of rows of similar length, so that little is spent on padding."""
    order = np.argsort([len(row) for row in rows], kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]


def open_session(model: Path, providers: Sequence[str] | None, threads: int | None) -> Any:
    """An ONNX Runtime session on the GPU when one can be used, else on the CPU; ask it which (`get_providers`)."""
    import onnxruntime

    if providers is None:
        available = onnxruntime.get_available_providers()
        providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]
        if "CUDAExecutionProvider" in providers:
            onnxruntime.set_default_logger_severity(4)  # a missing CUDA library is reported through `provider`
            with contextlib.redirect_stdout(io.StringIO()):  # it prints what is missing
                onnxruntime.preload_dlls()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if threads is not None:
        options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(model), options, providers=list(providers))


class Classifier:
    """An exported classifier: texts in, probabilities out.

    Attributes
    ----------
    labels
        Names of the columns of what `predict_proba` returns.
    provider
        The execution provider that really runs, such as ``"CPUExecutionProvider"``.
    """

    def __init__(self, folder: str | Path, providers: Sequence[str] | None = None, threads: int | None = None) -> None:
        folder = Path(folder)
        self.labels: list[str] = json.loads((folder / "labels.json").read_text("utf-8"))
        self.pipeline = TextPipeline.load(folder)
        self._session = open_session(folder / "model.onnx", providers, threads)
        self.provider: str = self._session.get_providers()[0]

    def predict_proba(
        self, texts: Sequence[str], batch_size: int = 64, progress: Callable[[float], None] | None = None
    ) -> np.ndarray:
        """Probability of each label for each text: float32, (texts, labels), in the order of the texts."""
        rows = self.pipeline.encode(texts)
        result = np.zeros((len(rows), len(self.labels)), dtype=np.float32)
        done = 0
        for numbers in batches_by_length(rows, batch_size):
            tokens, mask = pad([rows[number] for number in numbers])
            result[numbers] = self._session.run(["probabilities"], {"tokens": tokens, "mask": mask})[0]
            done += len(numbers)
            if progress is not None:
                progress(done / len(rows))
        return result

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The most probable label of each text."""
        return [self.labels[column] for column in self.predict_proba(texts).argmax(axis=1)]


def main(arguments: list[str]) -> None:
    for stream in (sys.stdin, sys.stdout):  # UTF-8 wherever it runs, and a broken byte stops nothing
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    texts = arguments or [line.rstrip("\r\n") for line in sys.stdin]
    classifier = Classifier(Path(__file__).resolve().parent)
    for text, row in zip(texts, classifier.predict_proba(texts), strict=True):
        best = int(row.argmax())
        sys.stdout.write(f"{classifier.labels[best]}\t{row[best]:.6f}\t{text}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
