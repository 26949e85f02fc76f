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

The folder holds model.onnx, tokenizer.json, labels.json, config.json, and the programs beside this one; serving.json, if
there, names the file that runs on each kind of device, such as {"cpu": "model.int8.onnx"}; decision.json, if there, holds a
threshold: texts whose most probable label is less probable are printed as "unsure", for a person to decide. Of a text that is
longer than the model reads, only the beginning counts: such texts are named on standard error, and `Classifier.answer` tells
how much was read. thresholds.json, if there, means that a text gets any number of labels: it holds the probability of each
from which on it is given; a text that gets none is printed as "-". personal.json, if there, holds settings of groups, such as
of a shop: which ones answered is told on standard error, and `Classifier.personal` tells it of each text.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

if __package__:
    from core.data.dataset import inputs as columns
    from core.networks.standalone.personal import FEATURES, Personal, personal_in
    from core.networks.standalone.pipeline import TextPipeline, batches_under_budget, pad, read_json
else:  # in a bundle, however it is started
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    import inputs as columns  # type: ignore[import-not-found,no-redef]
    from personal import FEATURES, Personal, personal_in  # type: ignore[import-not-found,no-redef]
    from pipeline import TextPipeline, batches_under_budget, pad, read_json  # type: ignore[import-not-found,no-redef]

TASK = "text_classification"  # of versions that say none
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
    personal
        What groups have of their own; None where all share everything.
    """

    pipeline_class: type[TextPipeline] = TextPipeline

    def __init__(
        self,
        folder: str | Path,
        providers: Sequence[str] | None = None,
        threads: int | None = None,
        precision: str | None = None,
    ) -> None:
        folder = Path(folder)
        self.labels: list[str] = read_json(folder / "labels.json")
        self.pipeline = self.pipeline_class.load(folder)
        decision = folder / "decision.json"
        self.threshold: float | None = read_json(decision)["threshold"] if decision.exists() else None
        self.thresholds = thresholds_in(folder)
        self.personal: Personal | None = personal_in(folder)
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
        features: np.ndarray | None = None
        read, held = np.zeros((2, len(texts)), dtype=np.int64)
        for start in range(0, len(texts), CHUNK):
            rows, lengths = self.pipeline.read(texts[start : start + CHUNK])
            done, end = start, start + len(rows)
            read[start:end], held[start:end] = [len(row) for row in rows], lengths
            for numbers in batches_under_budget(rows, TOKENS_AT_ONCE[kind_of(self.provider)], self._padding):
                tokens, mask = pad([rows[number] for number in numbers])
                if self.personal is not None and self.personal.reads_features:
                    result[start + numbers], encoded = self._computed([self._output, FEATURES], tokens, mask)
                    features = np.zeros((len(texts), encoded.shape[1]), np.float32) if features is None else features
                    features[start + numbers] = encoded
                else:
                    result[start + numbers] = self.run(tokens, mask)
                done += len(numbers)
                if progress is not None:
                    progress(done / len(texts))
        if self.personal is not None:
            result = self.personal.applied(texts, result, features)
        return Answers(result, read, held)

    def run(self, tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """What the model that all share computes of one padded batch: (rows, outputs)."""
        if self.single is not None and len(tokens) == 1:
            probabilities = self.single(tokens, mask)
            if probabilities is not None:
                return probabilities
        return self._computed([self._output], tokens, mask)[0]

    def _computed(self, names: list[str], tokens: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
        """The outputs of these names for one padded batch."""
        if kind_of(self.provider) == "cpu":
            return [np.asarray(value) for value in self.session.run(names, {"tokens": tokens, "mask": mask})]
        binding = self.session.io_binding()  # nothing waits on the CPU between copying, computing and copying back
        binding.bind_cpu_input("tokens", tokens)
        binding.bind_cpu_input("mask", mask)
        for name in names:
            binding.bind_output(name)
        self.session.run_with_iobinding(binding)
        return [np.asarray(value) for value in binding.copy_outputs_to_cpu()]

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


def remark_on_groups(personal: Personal, texts: Sequence[str]) -> str:
    """A line that tells how many texts were answered with the settings of which group."""
    counts: dict[str, int] = {}
    for text in texts:
        if (name := personal.group_of(text)) is not None:
            counts[name] = counts.get(name, 0) + 1
    own = "".join(f"{name} ({count:,}), " for name, count in sorted(counts.items()))
    return f"Answered with the settings of {personal.column}: {own}shared by all ({len(texts) - sum(counts.values()):,}).\n"


def asked_rows(arguments: list[str], inputs: list[dict[str, Any]]) -> list[str]:
    """The rows to label: of a table, of the arguments, or of the lines that come in; with the further columns that are read."""
    if arguments[:1] == ["--csv"]:
        return [_composed(row["text"] or "", row, inputs) for row in _table(arguments[1])]
    texts = arguments[arguments[:1] == ["--"] :] or [line.rstrip("\r\n") for line in sys.stdin]
    return [_row(text, inputs) for text in texts] if inputs else texts


def told_at_once(arguments: list[str], about: str) -> bool:
    """Whether all that was asked for is what this program does: that is printed. Ends the program where arguments are none."""
    first = arguments[0] if arguments else ""
    if first in ("-h", "--help"):
        sys.stdout.write(about)
        return True
    if first == "--csv" and len(arguments) != 2:
        refuse("After --csv comes the name of one table, such as reviews.csv.")
    if first.startswith("--") and first not in ("--", "--csv"):
        refuse(f"There is no option {first}. --help tells what there is; a text that begins so stands behind --.")
    return False


def refuse(sentence: str) -> NoReturn:
    """End the program with a sentence on what is wrong with what was asked."""
    sys.stderr.write(f"{sentence}\n")
    raise SystemExit(2)


def _table(name: str) -> list[dict[str, str]]:
    try:
        with open(name, encoding="utf-8-sig", errors="replace", newline="") as file:
            table = csv.DictReader(file)
            columns_there = table.fieldnames or ()
            rows = list(table)
    except (OSError, csv.Error) as error:
        refuse(f"The table {name} cannot be read: {getattr(error, 'strerror', None) or error}.")
    if "text" not in columns_there:
        refuse(f"The table has no column 'text'. Its columns are: {', '.join(columns_there)}.")
    return rows


def _row(line: str, inputs: list[dict[str, Any]]) -> str:
    """A line of JSON or a plain text, as a row."""
    try:
        asked = json.loads(line)
        text, values = str(asked["text"]), asked.get("inputs") or {}
    except (ValueError, TypeError, KeyError, RecursionError):
        return columns.row_of(inputs, line, {})
    if not isinstance(values, dict):
        refuse(f"'inputs' is to be an object with a value for each column, not {json.dumps(values)}.")
    if strange := sorted(values.keys() - {known["name"] for known in inputs}):
        refuse(
            f"The model reads no column {strange[0]!r}. Its columns are: {', '.join(known['name'] for known in inputs)}."
        )
    return _composed(text, {name: None if value is None else str(value) for name, value in values.items()}, inputs)


def _composed(text: str, values: Mapping[str, str | None], inputs: list[dict[str, Any]]) -> str:
    """A text with its further columns; ends with a sentence where a value is not of its column's kind."""
    read = {known["name"]: values.get(known["name"]) or "" for known in inputs}
    for known in inputs:
        name, kind = known["name"], known["kind"]
        if not columns.readable(kind, columns.given(kind, read[name])):
            refuse(f"{read[name]!r} is no value for the column {name!r}, which holds values of the kind {kind}.")
    return columns.row_of(inputs, text, read)


def main(arguments: list[str]) -> None:
    for stream in (sys.stdin, sys.stdout):  # UTF-8 wherever it runs, and a broken byte stops nothing
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    folder = Path(__file__).resolve().parent
    if (folder / "write.py").exists():
        refuse(
            f"A language model stands in this folder: it labels nothing. Run {folder / 'write.py'} with a beginning."
        )
    if (folder / "extract.py").exists():  # the model marks entities
        import_module("extract").main(arguments)
        return
    if told_at_once(arguments, __doc__ or ""):
        return
    classifier = Classifier(folder)
    texts = asked_rows(arguments, classifier.pipeline.inputs)
    read = classifier.answer(texts)
    if classifier.personal is not None:
        sys.stderr.write(remark_on_groups(classifier.personal, texts))
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
