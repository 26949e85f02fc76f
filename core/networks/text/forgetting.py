"""Take words out of a tokenizer that stand in forgotten texts alone.

Their ids stay, under a name that no text can contain, so that every other text is read as before.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from tokenizers import Tokenizer

from core.data.dataset.inputs import FIELD, MARK, parse, token_name
from core.networks.standalone.marking import FeaturePipeline
from core.networks.standalone.pipeline import TextPipeline
from core.networks.standalone.write import NAMELESS
from core.networks.text.tokenizing import input_tokens, written_texts

MAXIMUM = 2**31
CONTINUES = "##"  # how WordPiece marks a piece inside a word


def split_words(pipeline: TextPipeline, texts: Iterable[str]) -> set[str]:
    """The different words of these texts, as the tokenizer cuts them before it looks them up; of further columns the names of
    their tokens, too.
    """
    texts = list(texts)
    if isinstance(pipeline, FeaturePipeline):
        return {name for text in texts for own in pipeline.names(text) for name in own}
    splitter, normalizer = pipeline.tokenizer.pre_tokenizer, pipeline.tokenizer.normalizer
    normalises = pipeline.brought and normalizer is not None
    words: set[str] = set()
    if not normalises and any(FIELD in text for text in texts):
        words.update(input_tokens(pipeline.inputs, texts, MAXIMUM))
        for column in (known["name"] for known in pipeline.inputs if known["kind"] == "text"):
            values = [field.value for text in texts for field in parse(text)[1] if field.name == column]
            words.update(token_name(column, word) for word in split_words(pipeline, values))
        texts = written_texts(texts, pipeline.inputs)
    for text in texts:
        prepared = pipeline.prepare(text)
        if normalises:
            prepared = normalizer.normalize_str(prepared)
        words.update(word for word, _ in splitter.pre_tokenize_str(prepared))
    return words


def way_of_splitting(pipeline: TextPipeline) -> str:
    """The same for pipelines that cut texts into the same words."""
    described = json.loads(pipeline.tokenizer.to_str())
    parts = [described["normalizer"], described["pre_tokenizer"], pipeline.options["segmentation"]]
    inputs = [pipeline.inputs] if pipeline.inputs else []
    return json.dumps([*parts, pipeline.options.get("prefix", ""), *inputs])


def words_to_forget(tokenizer: Tokenizer, gone: Collection[str], left: Collection[str]) -> set[str]:
    """Names of the tokens that only forgotten texts can contain.

    Parameters
    ----------
    gone, left
        Words (`split_words`) of the texts that are forgotten, and of those that stay.
    """
    described = json.loads(tokenizer.to_str())
    kind, vocabulary = described["model"]["type"], described["model"]["vocab"]
    lost = set(gone) - set(left)
    if kind == "WordLevel":
        return (lost & set(vocabulary)) - _special(described)
    columns = {name for name in lost & set(vocabulary) if name.startswith(MARK)}
    lost -= {name for name in lost if name.startswith(MARK)}
    if kind not in ("BPE", "WordPiece") or not lost:
        return columns
    longest = max(map(len, vocabulary))
    parts = {part for word in lost for part in _parts(word, longest)}
    names = {name for name in vocabulary if _plain(name, kind) in parts} - _special(described)
    kept = {part for word in left for part in _parts(word, longest) if part in parts}
    forgotten = {name for name in names if _plain(name, kind) not in kept}
    # What is made of such a piece can stand in no text that stays either.
    inside = {_plain(name, kind) for name in forgotten}
    longer = {name for name in vocabulary if any(part in name for part in inside)}
    return ((forgotten | longer) - _special(described)) | columns


def forget_words(tokenizer: Tokenizer, names: Collection[str]) -> tuple[Tokenizer, list[int]]:
    """A copy without these tokens, and the ids that stand for nothing now, ascending."""
    described = json.loads(tokenizer.to_str())
    model = described["model"]
    numbers = {name: number for name, number in model["vocab"].items() if name in names}
    model["vocab"] = {
        f"[forgotten {number}]" if name in numbers else name: number for name, number in model["vocab"].items()
    }
    described["added_tokens"] = [
        token for token in described.get("added_tokens", ()) if token["content"] not in numbers
    ]
    if "merges" in model:
        pairs = (pair if isinstance(pair, list) else pair.split(" ") for pair in model["merges"])
        model["merges"] = [pair for pair in pairs if not {*pair, "".join(pair)} & numbers.keys()]
    return Tokenizer.from_str(json.dumps(described, ensure_ascii=False)), sorted(numbers.values())


def _special(described: dict[str, Any]) -> set[str]:
    known = {token["content"] for token in described.get("added_tokens", ())} | {"[PAD]", "[UNK]"}
    return known | {name for name in described["model"]["vocab"] if NAMELESS.fullmatch(name)}


def _plain(name: str, kind: str) -> str:
    """A piece as it stands in a text."""
    return name.removeprefix(CONTINUES) if kind == "WordPiece" else name


def _parts(word: str, longest: int) -> Iterator[str]:
    """Every piece of at most so many characters that a word may hold."""
    for start in range(len(word)):
        for end in range(start + 1, min(start + longest, len(word)) + 1):
            yield word[start:end]
