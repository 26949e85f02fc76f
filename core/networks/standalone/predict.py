"""Label texts with an exported classifier: needs onnxruntime, tokenizers, numpy and (for Chinese words) rjieba.

    python predict.py "The battery died after two days."        labels one text
    python predict.py < reviews.txt                             labels one text a line

or, in your own program::

    from predict import Classifier
    classifier = Classifier("path/to/the/folder/of/this/file")
    classifier.predict_proba(["快递很快，好吃"])                 # (texts, labels), rows sum to 1

The folder holds model.onnx, tokenizer.json, labels.json and config.json; serving.json, if there, names the file that runs
on each kind of device, such as {"cpu": "model.int8.onnx"}; decision.json, if there, holds a threshold: texts whose most
probable label is less probable are printed as "unsure", for a person to decide. thresholds.json, if there, means that a text
gets any number of labels: it holds the probability of each from which on it is given; a text that gets none is printed as "-".
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
# What Python's `str.split` takes for white space and the tokenizers do not.
ODD_SPACES = re.compile("[\x1c-\x1f]")
TASK = "text_classification"  # of versions that say none
PADDING = 0
UNKNOWN = 1
TOGETHER = -1  # no token: the whole text has to be looked at
MEMORY = 200_000  # words whose tokens are kept
CHUNK = 8192  # texts tokenised at a time, so that memory stays bounded
PROVIDERS = {"tensorrt": "TensorrtExecutionProvider", "cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}
LIGHT = (
    "linear",
    "ngrams",
    "hashed",
)  # models that look up and add: waking a second thread would take longer than the work
SPIN_MICROSECONDS = (
    "100"  # long enough for the next part of a batch, too short to be missed by whoever else computes here
)
ROUNDING = 1e-6  # probabilities are float32: 0.9 of a file must reach a threshold of 0.9
TOKENS_AT_ONCE = {"cpu": 1024, "cuda": 32_768}  # in one batch, padding included: what fits a cache, what fills a GPU
MOST_WASTE = 32  # tokens of padding that a batch on the CPU may hold: what starting another batch costs


class TextPipeline:
    """From text to token ids, the same in training and in use.

    Parameters
    ----------
    tokenizer
        What normalises, splits and looks up tokens; id 0 is padding, id 1 the unknown token.
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
        self._letters = _Letters(tokenizer)
        self._known = _Words(tokenizer) if options["segmentation"] in ("words", "characters") else None
        normalizer = None if self._pretrained else tokenizer.normalizer
        self._lowers = normalizer is not None and normalizer.normalize_str("A") == "a"
        if self._pretrained:  # it adds marks of its own around a text, and knows where to cut so that they stay
            tokenizer.enable_truncation(options["max_length"])

    @classmethod
    def load(cls, folder: str | Path) -> TextPipeline:
        """Read ``tokenizer.json`` and ``config.json`` of a version or bundle folder."""
        config = read_json(Path(folder) / "config.json")
        return cls(Tokenizer.from_file(str(Path(folder) / "tokenizer.json")), config["text"])

    def remember(self, words: dict[str, list[int]]) -> None:
        """Take over the token ids of words without white space that somebody has looked up already."""
        if self._known is not None:
            self._known.update(words)

    def prepare(self, text: str) -> str:
        """Normalise one text and, where Chinese is to be split in words, put spaces between them."""
        if not self._pretrained and text.isascii():  # which the rest of normalising leaves alone
            return text.lower() if self._lowers else text
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
        if self.options["segmentation"] == "characters":
            return [self._finish(self._by_letters(text)) for text in texts]
        prepared = [self.prepare(text) for text in texts]
        if self._known is not None:
            return [self._finish(self._look_up(text, self._known)) for text in prepared]
        encodings = self.tokenizer.encode_batch_fast(prepared, add_special_tokens=self._pretrained)
        return [self._finish(encoding.ids) for encoding in encodings]

    def _by_letters(self, text: str) -> list[int]:
        ids = list(chain.from_iterable(map(self._letters.__getitem__, text)))
        if TOGETHER in ids:
            assert self._known is not None
            return self._look_up(self.prepare(text), self._known)
        return ids

    def _look_up(self, text: str, known: _Words) -> list[int]:
        """The same as asking the tokenizer, which cuts at white space first: every word is asked about once."""
        if not text.isprintable() and ODD_SPACES.search(text):
            return list(self.tokenizer.encode(text, add_special_tokens=False).ids)
        words: Iterable[str] = text.split()
        if self.options["segmentation"] == "characters":
            words = "".join(words)
        ids: list[int] = []
        for word in words:
            ids += known[word]
        return ids

    def _finish(self, ids: list[int]) -> list[int]:
        if self._stop_ids:
            ids = [number for number in ids if number not in self._stop_ids]
        return ids[: self.options["max_length"]] or [UNKNOWN]


class _Words(dict[str, list[int]]):
    """Token ids of words that were met before."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer

    def __missing__(self, word: str) -> list[int]:
        if len(self) >= MEMORY:
            self.clear()
        ids = self[word] = self._ids(word)
        return ids

    def _ids(self, word: str) -> list[int]:
        return list(self._tokenizer.encode(word, add_special_tokens=False).ids)


class _Letters(_Words):
    """Token ids of single characters as they were written, or `TOGETHER` where neighbours decide about them.

    Those are parts that normalising joins with what stands before (marks, Korean letters), the Greek letter whose small
    form depends on its place, and spaces that are none to a tokenizer.
    """

    def _ids(self, word: str) -> list[int]:
        if word == "\u03a3" or ODD_SPACES.search(word) or unicodedata.category(word) == "Cs":
            return [TOGETHER]
        normalizer = self._tokenizer.normalizer
        parts = word if normalizer is None else normalizer.normalize_str(word)
        if any(unicodedata.category(part)[0] == "M" or "\u1100" <= part <= "\u11ff" for part in parts):
            return [TOGETHER]
        return [number for part in "".join(parts.split()) for number in super(_Letters, self)._ids(part)]


def pad(rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Stack token ids of unequal length: tokens int64 and mask bool, both (rows, longest)."""
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    mask = np.arange(lengths.max())[None, :] < lengths[:, None]
    tokens = np.full(mask.shape, PADDING, dtype=np.int64)
    tokens[mask] = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(lengths.sum()))
    return tokens, mask


def batches_by_length(rows: Sequence[Sequence[int]], size: int) -> Iterable[np.ndarray]:
    """Row numbers in batches of rows of similar length, so that little is spent on padding."""
    order = np.argsort([len(row) for row in rows], kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]


def batches_under_budget(
    rows: Sequence[Sequence[int]], tokens: int, padding: int | None = None
) -> Iterable[np.ndarray]:
    """Row numbers in batches of rows of similar length.

    Each holds at most so many tokens with its padding, or one row; with ``padding``, also at most so much of that.
    """
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    lengths = [len(rows[row]) for row in order]
    most = tokens if padding is None else padding
    start = wasted = 0
    for end in range(1, len(order) + 1):
        if end < len(order):
            wasted += (end - start) * (lengths[end] - lengths[end - 1])
            if wasted <= most and (end + 1 - start) * lengths[end] <= tokens:
                continue
        yield np.array(order[start:end])
        start, wasted = end, 0


def usable_providers() -> list[str]:
    """Those of ``EVERGREEN_PROVIDERS`` (default ``cuda,cpu``; also ``tensorrt``) that ONNX Runtime was built for.

    Whether one then really runs, only a session can tell.
    """
    import onnxruntime

    available = onnxruntime.get_available_providers()
    wanted = os.environ.get("EVERGREEN_PROVIDERS", "cuda,cpu").lower().split(",")
    names = [PROVIDERS.get(name.strip(), "") for name in wanted]
    return [name for name in names if name in available] or ["CPUExecutionProvider"]


def kind_of(provider: str) -> str:
    """``"cpu"``, or ``"cuda"`` for those that run on a GPU."""
    return "cpu" if provider == "CPUExecutionProvider" else "cuda"


def read_json(path: Path) -> Any:
    """What a JSON file says; `ValueError` for whatever is none, also for what is nested too deeply to be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def model_file(folder: Path, kind: str, precision: str | None) -> str:
    """Name of the file that runs on this kind of device; ``model.onnx`` where nothing else was made or asked for."""
    if precision is not None:
        return "model.onnx" if precision == "fp32" else f"model.{precision}.onnx"
    serving = folder / "serving.json"
    if not serving.exists():
        return "model.onnx"
    return str(read_json(serving).get(kind, "model.onnx"))


def open_session(
    model: Path,
    providers: Sequence[str] | None,
    threads: int | None,
    profile: str | None = None,
    recorded: bool = False,
) -> Any:
    """An ONNX Runtime session on the GPU when one can be used, else on the CPU; ask it which (`get_providers`).

    With ``profile``, the beginning of a file name, `end_profiling` of the session names a file of what ran where. With
    ``recorded``, CUDA graphs are recorded for runs that name one.
    """
    import onnxruntime

    requested: list[Any] = list(providers if providers is not None else usable_providers())
    if kind_of(requested[0]) == "cuda":
        onnxruntime.set_default_logger_severity(4)  # a missing CUDA library is reported through `provider`
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what is missing
            onnxruntime.preload_dlls()
        # Ask for memory as it is needed; by default each request is rounded up to the next power of two.
        arena = {"arena_extend_strategy": "kSameAsRequested"}
        if limit := os.environ.get("EVERGREEN_GPU_MEMORY_MB"):
            arena["gpu_mem_limit"] = str(int(limit) << 20)
        if recorded:
            arena["enable_cuda_graph"] = "1"
        requested = [(name, arena) if name == "CUDAExecutionProvider" else name for name in requested]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Idle threads leave the cores to others: at once between two runs, and soon within one.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.add_session_config_entry("session.intra_op.spin_duration_us", SPIN_MICROSECONDS)
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, profile
    if threads is not None:
        options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(model), options, providers=requested)


class Classifier:
    """An exported model: texts in, what it computes of each out, such as probabilities of labels. May be shared by threads.

    Parameters
    ----------
    providers
        Execution providers of ONNX Runtime, best first; by default the GPU when one can be used, else the CPU.
    precision
        ``"fp32"``, ``"fp16"`` or ``"int8"`` to run that file; by default what ``serving.json`` names.

    Attributes
    ----------
    labels
        Names of the columns of what `compute` returns.
    provider
        The execution provider that really runs, such as ``"CPUExecutionProvider"``.
    precision
        The precision of the file that really runs.
    threshold
        The bundle's probability from which on an answer counts without a person; None where it always does.
    thresholds
        Where a text may have several labels, the probability of each from which on it is given, (labels); None where it has one.
    """

    def __init__(
        self,
        folder: str | Path,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
        precision: str | None = None,
    ) -> None:
        folder = Path(folder)
        self.labels: list[str] = read_json(folder / "labels.json")
        self.pipeline = TextPipeline.load(folder)
        decision = folder / "decision.json"
        self.threshold: float | None = read_json(decision)["threshold"] if decision.exists() else None
        thresholds = folder / "thresholds.json"
        self.thresholds = np.array(read_json(thresholds)) if thresholds.exists() else None
        wanted = providers if providers is not None else usable_providers()
        config = read_json(folder / "config.json")
        self.task: str = config.get("task", TASK)
        light = config.get("model") in LIGHT
        if threads is None and light:
            threads = 1
        name = model_file(folder, kind_of(wanted[0]), precision)
        self.session = open_session(folder / name, wanted, threads)
        self.provider: str = self.session.get_providers()[0]
        self._output = self.session.get_outputs()[0].name
        if model_file(folder, kind_of(self.provider), precision) != name:  # the GPU did not come, so the CPU's own file
            name = model_file(folder, kind_of(self.provider), precision)
            self.session = open_session(folder / name, [self.provider], threads)
        # What answers single texts faster than the session, or leaves them to it with None; found out by who serves.
        self.single: Callable[[np.ndarray, np.ndarray], np.ndarray | None] | None = None
        self._padding = MOST_WASTE if kind_of(self.provider) == "cpu" and not light else None
        self.precision = name.removeprefix("model.").removesuffix("onnx").strip(".") or "fp32"

    @property
    def probable(self) -> bool:
        """Whether it answers with probabilities; else with plain numbers."""
        return bool(self._output == "probabilities")

    def predict_proba(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> np.ndarray:
        """Probability of each label for each text: float32, (texts, labels), in the order of the texts."""
        return self.compute(texts, progress)

    def compute(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> np.ndarray:
        """What the model computes of each text: float32, (texts, outputs), in the order of the texts."""
        result = np.zeros((len(texts), len(self.labels)), dtype=np.float32)
        for start in range(0, len(texts), CHUNK):
            rows = self.pipeline.encode(texts[start : start + CHUNK])
            done = start
            for numbers in batches_under_budget(rows, TOKENS_AT_ONCE[kind_of(self.provider)], self._padding):
                tokens, mask = pad([rows[number] for number in numbers])
                result[start + numbers] = self.run(tokens, mask)
                done += len(numbers)
                if progress is not None:
                    progress(done / len(texts))
        return result

    def run(self, tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """What the model computes of one padded batch: (rows, outputs)."""
        if self.single is not None and len(tokens) == 1:
            probabilities = self.single(tokens, mask)
            if probabilities is not None:
                return probabilities
        if kind_of(self.provider) == "cpu":
            return np.asarray(self.session.run([self._output], {"tokens": tokens, "mask": mask})[0])
        binding = self.session.io_binding()  # nothing waits on the CPU between copying, computing and copying back
        binding.bind_cpu_input("tokens", tokens)
        binding.bind_cpu_input("mask", mask)
        binding.bind_output(self._output)
        self.session.run_with_iobinding(binding)
        return np.asarray(binding.copy_outputs_to_cpu()[0])

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The most probable label of each text."""
        return [self.labels[column] for column in self.predict_proba(texts).argmax(axis=1)]


def answered(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Whether the most probable label of each row, (rows, labels), is probable enough to count without a person: bool (rows,)."""
    return np.asarray(probabilities.max(axis=1) >= threshold - ROUNDING)


def chosen(probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Which labels each row is given where it may have several, bool (rows, labels)."""
    return np.asarray(probabilities >= np.asarray(thresholds) - ROUNDING)


def main(arguments: list[str]) -> None:
    for stream in (sys.stdin, sys.stdout):  # UTF-8 wherever it runs, and a broken byte stops nothing
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    texts = arguments or [line.rstrip("\r\n") for line in sys.stdin]
    folder = Path(__file__).resolve().parent
    if (folder / "write.py").exists():
        sys.exit(
            f"A language model stands in this folder: it labels nothing. Run {folder / 'write.py'} with a beginning."
        )
    classifier = Classifier(folder)
    probabilities = classifier.compute(texts)
    if not classifier.probable:
        for text, row in zip(texts, probabilities, strict=True):
            values = " ".join(f"{name}={value:g}" for name, value in zip(classifier.labels, row, strict=True))
            sys.stdout.write(f"{values}\t{text}\n")
        return
    if classifier.thresholds is not None:
        for text, row, given in zip(texts, probabilities, chosen(probabilities, classifier.thresholds), strict=True):
            labels = [classifier.labels[column] for column in np.argsort(-row) if given[column]]
            stated = " ".join(f"{row[column]:.6f}" for column in np.argsort(-row) if given[column])
            sys.stdout.write(f"{', '.join(labels) or '-'}\t{stated or '-'}\t{text}\n")
        return
    for text, row, sure in zip(texts, probabilities, answered(probabilities, classifier.threshold or 0), strict=True):
        best = int(row.argmax())
        sys.stdout.write(f"{classifier.labels[best] if sure else 'unsure'}\t{row[best]:.6f}\t{text}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
