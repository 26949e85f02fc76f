"""Continue texts with an exported language model: needs onnxruntime, tokenizers, numpy, and the programs beside this file.

    python write.py "The battery"                               writes how the text goes on
    python write.py < beginnings.txt                            goes on with one beginning a line

Of a beginning that is longer than the model looks back, only the end is read; standard error then says so.

or, in your own program::

    from write import Writer
    writer = Writer("path/to/the/folder/of/this/file")
    writer.write("送餐", temperature=0.5, seed=3)                 # the continuation, without the beginning

The folder holds model.onnx, tokenizer.json and config.json. What it writes is made up.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

if __package__:
    from core.networks.standalone.pipeline import PADDING, UNKNOWN, TextPipeline, read_json
    from core.networks.standalone.predict import open_session
else:  # in a bundle
    from predict import open_session  # type: ignore[import-not-found,no-redef]
    from pipeline import PADDING, UNKNOWN, TextPipeline, read_json  # type: ignore[import-not-found,no-redef]  # isort: skip

Floats = npt.NDArray[np.float32]
Cache = tuple[Floats, Floats]
INPUTS = ("tokens", "past_keys", "past_values")
OUTPUTS = ("logits", "keys", "values")
END = PADDING  # ends a text, and stands before its beginning
UNKNOWN_SIGN = "□"
SPACE = "▁"  # how a subword carries the space before it
NAMELESS = re.compile(r"\[forgotten \d+\]")  # a token whose word was forgotten
TEMPERATURE, TOP_P, TOKENS = 0.8, 0.9, 60


class Vocabulary:
    """The tokens of one version, and how they are read back.

    Parameters
    ----------
    pipeline
        Pipeline with ``segmentation`` "subwords" or "characters".
    """

    def __init__(self, pipeline: TextPipeline) -> None:
        self.pipeline = pipeline
        self.segmentation: str = pipeline.options["segmentation"]
        self.nameless = nameless_ids(pipeline.tokenizer)

    def __len__(self) -> int:
        return int(self.pipeline.tokenizer.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without any end; a text without a token is one unknown."""
        return self.pipeline.encode(texts)

    def encode_prompt(self, prompt: str) -> list[int]:
        """Ids of a beginning that is to be continued; none for an empty one."""
        return self.encode([prompt])[0] if prompt.strip() else []

    def decode(self, ids: Sequence[int]) -> str:
        """Readable text: subwords joined with their spaces, characters without any; an unknown one is □."""
        names = [
            UNKNOWN_SIGN
            if number == UNKNOWN or number in self.nameless
            else str(self.pipeline.tokenizer.id_to_token(number))
            for number in ids
            if number != END
        ]
        text = "".join(names)
        return text.replace(SPACE, " ").removeprefix(" ") if self.segmentation == "subwords" else text


def nameless_ids(tokenizer: Tokenizer) -> list[int]:
    """Ids whose word was forgotten, ascending: they stand for nothing."""
    return sorted(number for name, number in tokenizer.get_vocab().items() if NAMELESS.fullmatch(name))


class Writer:
    """An exported language model: steps with a cache of keys and values, and what it writes by them.

    Attributes
    ----------
    context
        Number of tokens that the model was taught to look back on.
    provider
        The execution provider that really runs, such as ``"CPUExecutionProvider"``.
    """

    def __init__(self, folder: str | Path, providers: Sequence[str] | None = None, threads: int | None = None) -> None:
        folder = Path(folder)
        config = read_json(folder / "config.json")
        shape = config["settings"]
        self.vocabulary = Vocabulary(TextPipeline.load(folder))
        self.context: int = shape["context"]
        self._cache_shape = (shape["layers"], shape["heads"], shape["embedding_size"] // shape["heads"])
        self._session = open_session(folder / "model.onnx", providers, threads)
        self.provider: str = self._session.get_providers()[0]

    def empty_cache(self, batch: int) -> Cache:
        """The cache before the first token."""
        layers, heads, size = self._cache_shape
        nothing = np.zeros((layers, batch, heads, 0, size), dtype=np.float32)
        return nothing, nothing

    def step(self, tokens: npt.NDArray[np.int64], cache: Cache) -> tuple[Floats, Cache]:
        """Logits (batch, new, vocabulary) of the token after each of tokens (batch, new), and the longer cache."""
        given = dict(zip(INPUTS, (tokens, *cache), strict=True))
        logits, keys, values = self._session.run(list(OUTPUTS), given)
        return logits, (keys, values)

    def reach(self, tokens: int = TOKENS) -> int:
        """Number of tokens of a beginning that are read, its last ones, where so many are written."""
        return max(1, self.context - min(tokens, self.context))

    def truncated(self, prompt: str, tokens: int = TOKENS) -> int:
        """Number of tokens at the start of a beginning that are not read, where so many are written; mostly 0."""
        return max(0, len(self.vocabulary.encode_prompt(prompt.rstrip())) - self.reach(tokens))

    def pieces(
        self,
        prompt: str,
        *,
        temperature: float = TEMPERATURE,
        top_p: float = TOP_P,
        tokens: int = TOKENS,
        seed: int = 0,
    ) -> Iterator[str]:
        """Continue a beginning, piece by piece; ends where the model ends its text, or after so many tokens.

        An empty prompt lets the model begin by itself. Of a beginning longer than the model looks back, the end is read.

        Yields
        ------
        str
            What to append to the prompt; joined, the continuation.
        """
        generator = np.random.default_rng(seed)
        most = min(tokens, self.context)
        begun = self.vocabulary.encode_prompt(prompt.rstrip())
        shown = self.vocabulary.decode(begun)
        unreadable = [UNKNOWN, *self.vocabulary.nameless]
        written: list[int] = []
        asked, cache = np.array([[END, *begun][-self.reach(most) :]], dtype=np.int64), self.empty_cache(1)
        while len(written) < most:
            logits, cache = self.step(asked, cache)
            allowed = logits[0, -1].copy()
            allowed[unreadable if written else [END, *unreadable]] = -np.inf  # no end before a beginning
            token = choose(allowed, temperature, top_p, generator)
            if token == END:
                return
            written.append(token)
            text = self.vocabulary.decode([*begun, *written])
            yield text[len(shown) :]
            shown = text
            asked = np.array([[token]], dtype=np.int64)

    def write(self, prompt: str, **options: Any) -> str:
        """The whole continuation at once; ``options`` are those of `pieces`."""
        return "".join(self.pieces(prompt, **options))


def choose(logits: Floats, temperature: float, top_p: float, generator: np.random.Generator) -> int:
    """Draw one token from the nucleus (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration").

    The most likely tokens are taken until their probabilities reach ``top_p``; one of them is drawn in proportion.
    """
    chances: npt.NDArray[np.float64] = np.exp(log_probabilities(logits / temperature))
    order = np.argsort(-chances, kind="stable")
    reached = np.cumsum(chances[order])
    nucleus = order[: int(np.searchsorted(reached, min(top_p, reached[-1]))) + 1]
    weights = chances[nucleus] / chances[nucleus].sum()
    return int(generator.choice(nucleus, p=weights))


def log_probabilities(logits: Floats) -> npt.NDArray[np.float64]:
    """Natural logarithm of the softmax over the last axis, in float64."""
    wide = logits.astype(np.float64)
    shifted = wide - wide.max(axis=-1, keepdims=True)
    result: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def main(arguments: list[str]) -> None:
    for stream in (sys.stdin, sys.stdout):  # UTF-8 wherever it runs, and a broken byte stops nothing
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    if arguments[:1] in (["-h"], ["--help"]):
        sys.stdout.write(__doc__ or "")
        return
    writer = Writer(Path(__file__).resolve().parent)
    for prompt in arguments or [line.rstrip("\r\n") for line in sys.stdin]:
        if cut := writer.truncated(prompt):
            sys.stderr.write(f"Truncated: the first {cut:,} tokens of the beginning were not read.\n")
        sys.stdout.write(prompt + writer.write(prompt) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
