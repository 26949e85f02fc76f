"""Label texts with an exported classifier: needs onnxruntime, tokenizers, numpy and (for Chinese words) rjieba.

    python predict.py "The battery died after two days."        labels one text
    python predict.py < reviews.txt                             labels one text a line
    python predict.py --csv reviews.csv                         labels the rows of a table with a column text

A model that also reads further columns, such as a title or a price, finds them in columns of that name; or in lines of JSON,
``{"text": "…", "inputs": {"price": 12.5}}``, in place of lines of text. What is left out counts as missing.

or, in your own program::

    from predict import Classifier
    classifier = Classifier("path/to/the/folder/of/this/file")
    classifier.predict_proba(["快递很快，好吃"])                 # (texts, labels), rows sum to 1

The folder holds model.onnx, tokenizer.json, labels.json, config.json and inputs.py; serving.json, if there, names the file
that runs on each kind of device, such as {"cpu": "model.int8.onnx"}; decision.json, if there, holds a threshold: texts whose
most probable label is less probable are printed as "unsure", for a person to decide. Of a text that is longer than the model
reads, only the beginning counts: such texts are named on standard error, and `Classifier.answer` tells how much was read.
thresholds.json, if there, means that a text gets any number of labels: it holds the probability of each from which on it is
given; a text that gets none is printed as "-".
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tokenizers import Tokenizer

if __package__:
    from core.data.dataset import inputs as columns
else:  # in a bundle, however it is started
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    import inputs as columns  # type: ignore[import-not-found,no-redef]

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
# What Python's `str.split` takes for white space and the tokenizers do not.
ODD_SPACES = re.compile("[\x1c-\x1f]")
TASK = "text_classification"  # of versions that say none
PADDING = 0
UNKNOWN = 1
TOGETHER = -1  # no token: the whole text has to be looked at
FURTHER = 2**20  # what is added to the tokens of each further tokenizer of a blend, one after the other
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
BELOW = " > "  # between a label and one that stands below it, as in "Food > Pizza"
LIKELIER_THAN_NOT = 0.5  # from here on a label with others above it answers, unless a threshold says otherwise
TOKENS_AT_ONCE = {"cpu": 1024, "cuda": 32_768}  # in one batch, padding included: what fits a cache, what fills a GPU
MOST_NAMED = 20  # texts that are named for being too long
MOST_WASTE = 32  # tokens of padding that a batch on the CPU may hold: what starting another batch costs


class TextPipeline:
    """From text to token ids, the same in training and in use.

    Parameters
    ----------
    tokenizer
        What normalises, splits and looks up tokens; id 0 is padding, id 1 the unknown token.
    options
        ``segmentation`` ("words", "characters", "subwords", or "pretrained" for a tokenizer that came with an encoder),
        ``max_length`` (tokens) and ``stop_words``; with a pretrained one ``prefix``, which goes before every text. With
        ``windows``, a text may be so many times as long; a pretrained tokenizer then puts its marks around each window. Of
        a blend they are those of its first member, with ``further`` those of the others. Where texts have further columns,
        ``inputs``: those that are read, as `inputs.learned_inputs` describes them.
    further
        How the other members of a blend read texts.

    Attributes
    ----------
    parts
        One pipeline for each member of a blend; of any other model the pipeline itself.
    limit
        Number of tokens of a text that are read; of a blend the smallest of its members'.
    """

    def __init__(self, tokenizer: Tokenizer, options: dict[str, Any], further: Sequence[TextPipeline] = ()) -> None:
        self.tokenizer = tokenizer
        self.options = options
        own = {name: value for name, value in options.items() if name != "further"}
        self.parts: tuple[TextPipeline, ...] = (TextPipeline(tokenizer, own), *further) if further else (self,)
        self.limit: int = options["max_length"] * options.get("windows", 1)
        self.limit = min(self.limit, *(part.limit for part in further)) if further else self.limit
        ids = (tokenizer.token_to_id(word) for word in options.get("stop_words", ()))
        self._stop_ids = frozenset(number for number in ids if number is not None)
        self._pretrained = options["segmentation"] == "pretrained"
        self._letters = _Letters(tokenizer)
        self._known = _Words(tokenizer) if options["segmentation"] in ("words", "characters") else None
        normalizer = None if self._pretrained else tokenizer.normalizer
        self._kept: tuple[list[str], tuple[list[list[int]], list[int]]] | None = None
        self._lowers = normalizer is not None and normalizer.normalize_str("A") == "a"
        self.inputs: list[dict[str, Any]] = options.get("inputs", [])
        self._second = {
            known["name"]: self._own_words(known["name"]) for known in self.inputs if known["kind"] == "text"
        }
        self._values: dict[tuple[str, str], list[int]] = {}
        if self._pretrained:  # it adds marks of its own around a text, and knows where to cut so that they stay
            tokenizer.enable_truncation(options["max_length"])

    @classmethod
    def load(cls, folder: str | Path) -> TextPipeline:
        """Read ``config.json`` of a version or bundle folder, ``tokenizer.json``, and those of a blend's further members."""
        options = read_json(Path(folder) / "config.json")["text"]
        first, *others = (
            Tokenizer.from_file(str(Path(folder) / name))
            for name in tokenizer_files(1 + len(options.get("further", ())))
        )
        further = [cls(other, own) for other, own in zip(others, options.get("further", ()), strict=True)]
        return cls(first, options, further)

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
            return str(self.options.get("prefix", "")) + self.as_text(text)[0]
        if self.tokenizer.normalizer is not None:
            text = self.tokenizer.normalizer.normalize_str(text)
        if self.options["segmentation"] == "words" and HAN.search(text):
            import rjieba

            text = " ".join(rjieba.cut(text))
        return text

    def segment(self, text: str, *, whole: bool = False) -> list[str]:
        """The tokens of one text as the model will see them, unknown ones included as ``[UNK]``.

        With ``whole``, those that are not read follow.
        """
        first = self.parts[0]
        (ids,) = first._to_end([text])
        return [str(self.tokenizer.id_to_token(number)) for number in (ids if whole else ids[: first.limit])]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text: 1 to `limit` of them; a text without any token is one unknown token.

        Of a blend the tokens of its members follow each other, those of each further one with `FURTHER` more added.
        """
        return self.read(texts)[0]

    def read(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """The same, and how many tokens each text holds; where those are more than its ids, the text was cut."""
        kept, self._kept = self._kept, None
        if kept is not None and kept[0] == texts:
            return kept[1]
        if len(self.parts) > 1:
            ids, held = zip(*(part.read(texts) for part in self.parts), strict=True)
            moved = ([[number * FURTHER + token for token in own] for own in rows] for number, rows in enumerate(ids))
            return [list(chain.from_iterable(own)) for own in zip(*moved, strict=True)], [
                *map(sum, zip(*held, strict=True))
            ]
        whole = self._to_end(texts)
        return [ids[: self.limit] for ids in whole], [len(ids) for ids in whole]

    def _to_end(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, those that are not read included; those of its further columns come first."""
        if not self._pretrained and (self.inputs or any(columns.FIELD in text for text in texts)):
            rows = [columns.parse(text) for text in texts]
            beside = self.encode_inputs([columns.values_for(self.inputs, fields) for _, fields in rows])
            bodies = self._looked_up([body for body, _ in rows])
            read: Iterable[list[int]] = (
                [*chain(*chain(*row)), *body] for row, body in zip(beside, bodies, strict=True)
            )
        else:
            read = self._looked_up(texts)
        return [self._without_stop_words(ids) or [UNKNOWN] for ids in read]

    def encode_inputs(self, rows: Sequence[Sequence[str]]) -> list[list[list[list[int]]]]:
        """Token ids of further columns, for each row and each of `inputs`.

        Of a second text three lists: a token that stands before it, its words as those of every text, and the same words as
        those of this column alone where they are known (Daumé III 2007, "Frustratingly Easy Domain Adaptation"). Of others
        one; a category that was never met is the unknown token, what is missing has a token of its own where that was met.
        """
        result: list[list[list[list[int]]]] = [[] for _ in rows]
        for place, known in enumerate(self.inputs):
            name, values = known["name"], [row[place] for row in rows]
            second = self._second.get(name)
            if second is None:
                for parts, value in zip(result, values, strict=True):
                    parts.append([self._value(known, value)])
                continue
            border = self._known_ids([columns.border_name(name)])
            most = max(1, self.limit // 4)
            for parts, value, ids in zip(result, values, self._looked_up(values), strict=True):
                words = ids[:most]
                if value.strip():
                    parts.append([border, words, [second[number] for number in words if number in second]])
                else:
                    parts.append([self._value(known, "")])
        return result

    def unknown_values(self, text: str) -> dict[str, str]:
        """Column → value, for categories of a row that were never met: they count as unknown."""
        if self._pretrained or not self.inputs:
            return {}
        values = zip(self.inputs, columns.values_for(self.inputs, columns.parse(text)[1]), strict=True)
        return {
            known["name"]: value
            for known, value in values
            if known["kind"] == "category" and value.strip() and not self._known_ids(columns.tokens_of(known, value))
        }

    def as_text(self, text: str) -> tuple[str, list[int]]:
        """What a pretrained encoder reads of a row, and where each letter of it stood; see `inputs.as_text`."""
        if not self.inputs and columns.FIELD not in text:
            return text, list(range(len(text)))
        return columns.as_text(text, self.inputs, 2 * int(self.options["max_length"]))

    def column_tokens(self) -> np.ndarray:
        """Whether each token is one of a further column alone: bool (tokens)."""
        alone = np.zeros(self.tokenizer.get_vocab_size(), dtype=bool)
        alone[[number for name, number in self.tokenizer.get_vocab().items() if name.startswith(columns.MARK)]] = True
        return alone

    def has_own_word(self, name: str, number: int) -> bool:
        """Whether a word of a second text, by its id, is also known as a word of this column alone."""
        return number in self._second[name]

    def _own_words(self, name: str) -> dict[int, int]:
        """Id of a word → id of the same word in this column."""
        vocabulary = self.tokenizer.get_vocab()
        before = columns.token_name(name, "")
        own = {token[len(before) :]: number for token, number in vocabulary.items() if token.startswith(before)}
        return {vocabulary[word]: number for word, number in own.items() if word in vocabulary}

    def _value(self, known: dict[str, Any], value: str) -> list[int]:
        """Token ids of a value."""
        key = known["name"], value
        if key not in self._values:
            if len(self._values) >= MEMORY:
                self._values.clear()
            ids = self._known_ids(columns.tokens_of(known, value))
            strange = not ids and known["kind"] == "category" and value.strip()
            self._values[key] = [UNKNOWN] if strange else ids
        return self._values[key]

    def _known_ids(self, names: Sequence[str]) -> list[int]:
        ids = (self.tokenizer.token_to_id(name) for name in names)
        return [number for number in ids if number is not None]

    def _looked_up(self, texts: Sequence[str]) -> Iterable[list[int]]:
        if self.options["segmentation"] == "characters":
            return map(self._by_letters, texts)
        prepared = [self.prepare(text) for text in texts]
        if self._known is not None:
            return [self._look_up(text, self._known) for text in prepared]
        encodings = self.tokenizer.encode_batch_fast(prepared, add_special_tokens=self._pretrained)
        return [list(chain.from_iterable(window.ids for window in windows_of(encoding))) for encoding in encodings]

    def encode_early(self, texts: Sequence[str]) -> list[list[int]]:
        """The same for texts that somebody will ask for again, next: then they need not be read twice."""
        read = self.read(texts)
        self._kept = (list(texts), read)
        return read[0]

    def stands_alone(self, letter: str) -> bool:
        """Whether a character becomes the same tokens whatever stands beside it."""
        return TOGETHER not in self._letters[letter]

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

    def _without_stop_words(self, ids: list[int]) -> list[int]:
        return [number for number in ids if number not in self._stop_ids] if self._stop_ids else ids


def windows_of(encoding: Any) -> list[Any]:
    """What a tokenizer made of one text: all windows that it was cut into, the first of them being the encoding itself."""
    return [encoding, *encoding.overflowing]


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


def tokenizer_files(members: int = 1) -> list[str]:
    """Names of the files of a folder that hold tokenizers."""
    return ["tokenizer.json", *(f"tokenizer.{number}.json" for number in range(2, members + 1))]


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


class Answers(NamedTuple):
    """What a model makes of texts, and how much of each it looked at.

    Parameters
    ----------
    values
        What it computes, (texts, outputs).
    read, tokens
        Number of tokens that were read of each text, and that it holds: int64 (texts).
    """

    values: np.ndarray
    read: np.ndarray
    tokens: np.ndarray

    @property
    def truncated(self) -> np.ndarray:
        """Whether something of a text was not read: bool (texts)."""
        return np.asarray(self.read < self.tokens)


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
        self.thresholds = thresholds_in(folder)
        wanted = providers if providers is not None else usable_providers()
        config = read_json(folder / "config.json")
        self.task: str = config.get("task", TASK)
        members = config.get("architecture", {}).get("members") or [config]
        light = all(member.get("model") in LIGHT for member in members)
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
        return self.answer(texts, progress).values

    def answer(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> Answers:
        """What the model computes of each text, as `compute`, and how much of the text it looked at."""
        result = np.zeros((len(texts), len(self.labels)), dtype=np.float32)
        read, held = np.zeros((2, len(texts)), dtype=np.int64)
        for start in range(0, len(texts), CHUNK):
            rows, lengths = self.pipeline.read(texts[start : start + CHUNK])
            done, end = start, start + len(rows)
            read[start:end], held[start:end] = [len(row) for row in rows], lengths
            for numbers in batches_under_budget(rows, TOKENS_AT_ONCE[kind_of(self.provider)], self._padding):
                tokens, mask = pad([rows[number] for number in numbers])
                result[start + numbers] = self.run(tokens, mask)
                done += len(numbers)
                if progress is not None:
                    progress(done / len(texts))
        return Answers(result, read, held)

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


def thresholds_in(folder: Path) -> np.ndarray | None:
    """The probability of each label from which on it is given, where a text may have several; else None."""
    path = folder / "thresholds.json"
    return np.array(read_json(path)) if path.exists() else None


def chosen(probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Which labels each row is given where it may have several, bool (rows, labels)."""
    return np.asarray(probabilities >= np.asarray(thresholds) - ROUNDING)


def above(label: str) -> list[str]:
    """The label and those it stands below, from the top: of "Food > Pizza" "Food" and "Food > Pizza"."""
    steps = label.split(BELOW)
    return [BELOW.join(steps[:end]) for end in range(1, len(steps) + 1)]


def resolved(
    probabilities: np.ndarray, labels: Sequence[str], threshold: float | None = None
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """What is answered: label, probability, and whether it counts without a person, a value each for every row.

    Without labels that stand below others it is the most probable one. With them, the one above answers where the one below
    is too unsure: the lowest that is probable enough, where a label is as probable as all below it together.

    Parameters
    ----------
    probabilities
        Probability of each label, ``(rows, labels)``.
    threshold
        The probability from which an answer counts; without one all count, and the lowest that is likelier than not answers,
        or else the likeliest at the top.
    """
    answers, sure = [labels[column] for column in probabilities.argmax(axis=1)], probabilities.max(axis=1)
    enough = answered(probabilities, threshold or 0)
    if not any(BELOW in label for label in labels):
        return answers, sure, enough
    paths = [above(label) for label in labels]
    nodes = sorted({node for path in paths for node in path}, key=lambda node: (-node.count(BELOW), node))
    levels = np.array([node.count(BELOW) for node in nodes])
    holds = np.array([[node in path for node in nodes] for path in paths])
    totals = probabilities.astype(np.float64) @ holds
    reached = totals >= (LIKELIER_THAN_NOT if threshold is None else threshold) - ROUNDING
    # The lowest of those reached, of equals the likeliest; where none is, the likeliest at the top.
    rank = np.where(reached, levels + 1, np.where(levels == 0, 0, -1)) + np.minimum(totals, 1) / 2
    node = rank.argmax(axis=1)
    enough = reached.any(axis=1) if threshold is not None else np.ones(len(node), dtype=bool)
    for row in np.flatnonzero(enough):
        answers[row] = nodes[node[row]]
    return answers, np.where(enough, totals[np.arange(len(node)), node], sure), enough


def remark_on_length(answers: Answers, limit: int) -> str:
    """A line that names the texts of which not all was read, counted from 1."""
    cut = np.flatnonzero(answers.truncated)
    named = ", ".join(f"{row + 1} ({answers.tokens[row]:,} tokens)" for row in cut[:MOST_NAMED])
    more = f" and {len(cut) - MOST_NAMED:,} more" if len(cut) > MOST_NAMED else ""
    return f"Truncated after {limit:,} tokens, so that their ends were not read: texts {named}{more}.\n"


def asked_rows(arguments: list[str], inputs: list[dict[str, Any]]) -> list[str]:
    """The rows to label: of a table, of the arguments, or of the lines that come in; with the further columns that are read."""
    if arguments[:1] == ["--csv"]:
        with open(arguments[1], encoding="utf-8-sig", errors="replace", newline="") as file:
            table = csv.DictReader(file)
            if "text" not in (names := table.fieldnames or ()):
                sys.exit(f"The table has no column 'text'. Its columns are: {', '.join(names)}.")
            return [_composed(row["text"] or "", row, inputs) for row in table]
    texts = arguments or [line.rstrip("\r\n") for line in sys.stdin]
    return [_row(text, inputs) for text in texts] if inputs else texts


def _row(line: str, inputs: list[dict[str, Any]]) -> str:
    """A line of JSON or a plain text, as a row."""
    try:
        asked = json.loads(line)
        text, values = str(asked["text"]), asked.get("inputs") or {}
    except (ValueError, TypeError, KeyError, RecursionError):
        return columns.row_of(inputs, line, {})
    if not isinstance(values, dict):
        sys.exit(f"'inputs' is to be an object with a value for each column, not {json.dumps(values)}.")
    if strange := sorted(values.keys() - {known["name"] for known in inputs}):
        sys.exit(
            f"The model reads no column {strange[0]!r}. Its columns are: {', '.join(known['name'] for known in inputs)}."
        )
    return _composed(text, {name: None if value is None else str(value) for name, value in values.items()}, inputs)


def _composed(text: str, values: Mapping[str, str | None], inputs: list[dict[str, Any]]) -> str:
    """A text with its further columns; ends with a sentence where a value is not of its column's kind."""
    read = {known["name"]: values.get(known["name"]) or "" for known in inputs}
    for known in inputs:
        name, kind = known["name"], known["kind"]
        if not columns.readable(kind, columns.given(kind, read[name])):
            sys.exit(f"{read[name]!r} is no value for the column {name!r}, which holds values of the kind {kind}.")
    return columns.row_of(inputs, text, read)


def main(arguments: list[str]) -> None:
    for stream in (sys.stdin, sys.stdout):  # UTF-8 wherever it runs, and a broken byte stops nothing
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    folder = Path(__file__).resolve().parent
    if (folder / "write.py").exists():
        sys.exit(
            f"A language model stands in this folder: it labels nothing. Run {folder / 'write.py'} with a beginning."
        )
    classifier = Classifier(folder)
    texts = asked_rows(arguments, classifier.pipeline.inputs)
    read = classifier.answer(texts)
    probabilities, texts = read.values, [columns.body_of(text) for text in texts]
    if read.truncated.any():
        sys.stderr.write(remark_on_length(read, classifier.pipeline.limit))
    if not classifier.probable:
        for text, row in zip(texts, probabilities, strict=True):
            values = " ".join(f"{name}={value:g}" for name, value in zip(classifier.labels, row, strict=True))
            sys.stdout.write(f"{values}\t{text}\n")
        return
    if classifier.thresholds is not None:
        for text, row, labelled in zip(texts, probabilities, chosen(probabilities, classifier.thresholds), strict=True):
            given = [column for column in np.argsort(-row) if labelled[column]]
            names = ", ".join(classifier.labels[column] for column in given)
            stated = " ".join(f"{row[column]:.6f}" for column in given)
            sys.stdout.write(f"{names or '-'}\t{stated or '-'}\t{text}\n")
        return
    answers = resolved(probabilities, classifier.labels, classifier.threshold)
    for text, label, probability, counts in zip(texts, *answers, strict=True):
        sys.stdout.write(f"{label if counts else 'unsure'}\t{probability:.6f}\t{text}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
