"""From text to the tokens that a model reads, the same in training, in use and in a bundle; needs tokenizers and numpy."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

if __package__:
    from core.data.dataset import inputs as columns
    from core.networks.standalone.words import HAN, HiddenWords
else:  # in a bundle, however it is started
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    import inputs as columns  # type: ignore[import-not-found,no-redef]
    from words import HAN, HiddenWords  # type: ignore[import-not-found,no-redef]

# What Python's `str.split` takes for white space and the tokenizers do not.
ODD_SPACES = re.compile("[\x1c-\x1f]")
PADDING = 0
UNKNOWN = 1
TOGETHER = -1  # no token: the whole text has to be looked at
FURTHER = 2**20  # what is added to the tokens of each further tokenizer of a blend, one after the other
MEMORY = 200_000  # words whose tokens are kept


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
        ``inputs``: those that are read, as `inputs.learned_inputs` describes them. With ``hidden``, words that no model may see,
        and ``shown``, phrases that hold one and mean something else.
    further
        How the other members of a blend read texts.

    Attributes
    ----------
    parts
        One pipeline for each member of a blend; of any other model the pipeline itself.
    limit
        Number of ids of a text that are read; of a blend the smallest of its members'.
    width
        Number of ids of a token.
    """

    width = 1

    def __init__(self, tokenizer: Tokenizer, options: dict[str, Any], further: Sequence[TextPipeline] = ()) -> None:
        self.tokenizer = tokenizer
        self.options = options
        own = {name: value for name, value in options.items() if name != "further"}
        self.parts: tuple[TextPipeline, ...] = (TextPipeline(tokenizer, own), *further) if further else (self,)
        self.limit: int = options["max_length"] * options.get("windows", 1)
        self.limit = min(self.limit, *(part.limit for part in further)) if further else self.limit
        ids = (tokenizer.token_to_id(word) for word in options.get("stop_words", ()))
        self._stop_ids = frozenset(number for number in ids if number is not None)
        self._pretrained: bool = options["segmentation"] == "pretrained"
        self._letters = _Letters(tokenizer)
        self._known = _Words(tokenizer) if options["segmentation"] in ("words", "characters") else None
        normalizer = None if self._pretrained else tokenizer.normalizer
        self._kept: tuple[list[str], tuple[list[list[int]], list[int]]] | None = None
        self._lowers = normalizer is not None and normalizer.normalize_str("A") == "a"
        self._hidden = HiddenWords(options.get("hidden", ()), options.get("shown", ()))
        self.inputs: list[dict[str, Any]] = options.get("inputs", [])
        self._second = {
            known["name"]: self._own_words(known["name"]) for known in self.inputs if known["kind"] == "text"
        }
        self._values: dict[tuple[str, str], list[int]] = {}
        if self._pretrained:  # it adds marks of its own around a text, and knows where to cut so that they stay
            tokenizer.enable_truncation(options["max_length"])

    @property
    def brought(self) -> bool:
        """Whether the tokenizer came with a pretrained encoder, and was not made from the texts."""
        return self._pretrained

    @property
    def hides(self) -> bool:
        """Whether it leaves out words of texts."""
        return any(bool(part._hidden) for part in self.parts)

    @property
    def reach(self) -> int:
        """Number of tokens of a text that are read."""
        return self.limit // self.width

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
        """Normalise one text and, where Chinese is to be split in words, put spaces between them; hidden words are left out."""
        if not self._pretrained:
            text = self._hidden.hide(text)
        if not self._pretrained and text.isascii():  # which the rest of normalising leaves alone
            return text.lower() if self._lowers else text
        text = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate would stop the tokenizer
        if self._pretrained:
            return str(self.options.get("prefix", "")) + self._hidden.hide(self.as_text(text)[0])
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
        for number, known in enumerate(self.inputs):
            name, values = known["name"], [row[number] for row in rows]
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
        text = self._hidden.hide(text)
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


def read_json(path: Path) -> Any:
    """What a JSON file says; `ValueError` for whatever is none, also for what is nested too deeply to be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
