"""How models read texts in which they mark entities: token after token, each with its place in the text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tokenizers import Tokenizer

if __package__:
    from core.data.spans.tokens import HAN, Place, tokens_of
    from core.networks.standalone.pipeline import MEMORY, PADDING, UNKNOWN, TextPipeline, read_json
else:  # in a bundle, however it is started
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from pipeline import MEMORY, PADDING, UNKNOWN, TextPipeline, read_json  # type: ignore[import-not-found,no-redef]
    from tokens import HAN, Place, tokens_of  # type: ignore[import-not-found,no-redef]

FEATURES, NEIGHBOURS, PIECES = "features", "neighbours", "pieces"  # as options name these ways of reading
NARROW = 6  # features of a token for a network that sees its neighbours by itself
WIDE = 23  # and, with what stands beside it, for one that does not
_SHAPE = 12  # characters of a shape
_ENDS = ".!?。！？；;\n"  # after which a long text is rather cut


class TokenRow(NamedTuple):
    """A text, or a part of a long one, as a network reads it.

    Parameters
    ----------
    ids
        What the network gets.
    steps
        Which of the network's answers is that of each token.
    places
        Where each token stands in the text.
    """

    ids: list[int]
    steps: list[int]
    places: list[Place]


class TokenPipeline(TextPipeline):
    """Texts as tokens with places. Each token has some ids of its own; see the two that are made of it."""

    @classmethod
    def load(cls, folder: str | Path) -> TokenPipeline:
        """Read ``config.json`` and ``tokenizer.json`` of a version or bundle folder."""
        options = read_json(Path(folder) / "config.json")["text"]
        return PIPELINES[options["segmentation"]](Tokenizer.from_file(str(Path(folder) / "tokenizer.json")), options)

    def rows(self, text: str) -> list[TokenRow]:
        """The whole text, in as many parts as it takes; a text without any token is one part without places."""
        places = tokens_of(text)
        ids = self.ids_of(text, places)
        if not places:
            return [TokenRow(self.row_of([[UNKNOWN] * self.width])[0], [], [])]
        parts = []
        for start, end in self._parts(text, places, ids):
            row, steps = self.row_of(ids[start:end])
            parts.append(TokenRow(row, steps, places[start:end]))
        return parts

    def read(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """Ids of the first part of each text, and how many ids all of its tokens have."""
        read, held = [], []
        for text in texts:
            first, *others = self.rows(text)
            read.append(first.ids)
            held.append(len(first.ids) + sum(len(part.ids) for part in others))
        return read, held

    def segment(self, text: str, *, whole: bool = False) -> list[str]:
        """The tokens of one text as they stand in it."""
        parts = self.rows(text)
        return [text[start:end] for part in (parts if whole else parts[:1]) for start, end in part.places]

    def ids_of(self, text: str, places: Sequence[Place]) -> list[list[int]]:
        """The ids of each token."""
        raise NotImplementedError

    def row_of(self, ids: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
        """Tokens as one row for the network, and which of its answers is that of each token."""
        raise NotImplementedError

    def room(self) -> int:
        """How many ids of tokens a row holds."""
        raise NotImplementedError

    def _parts(self, text: str, places: Sequence[Place], ids: Sequence[Sequence[int]]) -> Iterable[tuple[int, int]]:
        """Cut tokens into parts that a row holds, where it can be after the end of a sentence."""
        most, start, held, ended = self.room(), 0, 0, 0
        for index, own in enumerate(ids):
            if held + len(own) > most and index > start:
                cut = ended if ended > start + (index - start) // 2 else index
                yield start, cut
                start, held = cut, sum(map(len, ids[cut:index]))
            held += len(own)
            if text[places[index][1] - 1] in _ENDS or "\n" in text[places[index][1] : places[index][1] + 2]:
                ended = index + 1
        yield start, len(ids)


class FeaturePipeline(TokenPipeline):
    """Each token by `NARROW` features: of a word itself, its shape, how it begins and ends; of a Chinese character itself, its
    neighbours, and the word that it stands in.

    Ids of a token's features follow each other.
    """

    width = NARROW

    def __init__(self, tokenizer: Tokenizer, options: dict[str, Any], further: Sequence[TextPipeline] = ()) -> None:
        super().__init__(tokenizer, options, further)
        self.limit *= self.width
        self._numbers: dict[str, int] = tokenizer.get_vocab()

    def names(self, text: str) -> list[list[str]]:
        """The features of each token, by name."""
        return self.named(text, tokens_of(text))

    def named(self, text: str, places: Sequence[Place]) -> list[list[str]]:
        """The same of tokens that stand there."""
        return named_features(text, places)

    def ids_of(self, text: str, places: Sequence[Place]) -> list[list[int]]:
        numbers, named = self._numbers, self.named(text, places)
        rows = [[numbers.get(name, UNKNOWN) for name in own] for own in named]
        return [[*row, *[PADDING] * (self.width - len(row))] for row in rows]

    def row_of(self, ids: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
        return [number for own in ids for number in own], list(range(len(ids)))

    def room(self) -> int:
        return self.limit


class NeighbourPipeline(FeaturePipeline):
    """Each token by up to `WIDE` features: its own, those of its neighbours, and pairs of them; what lacks is padding."""

    width = WIDE

    def named(self, text: str, places: Sequence[Place]) -> list[list[str]]:
        return features_with_neighbours(text, places)


class PiecePipeline(TokenPipeline):
    """Each token by the pieces that a pretrained tokenizer cuts it into; the network's answer to its first piece counts.

    Windows of so many pieces follow each other, each between the tokenizer's own marks.
    """

    def __init__(self, tokenizer: Tokenizer, options: dict[str, Any], further: Sequence[TextPipeline] = ()) -> None:
        super().__init__(tokenizer, options, further)
        tokenizer.no_truncation()
        marks = list(tokenizer.encode("").ids)
        self._before, self._after = marks[:1], marks[1:2]
        self._pieces = _Pieces(tokenizer)

    @property
    def brought(self) -> bool:
        return True

    def prepare(self, text: str) -> str:
        """The tokens with a blank between them: so each is cut into the same pieces as alone."""
        return " ".join(text[start:end] for start, end in tokens_of(text))

    def ids_of(self, text: str, places: Sequence[Place]) -> list[list[int]]:
        return [self._pieces[text[start:end]] for start, end in places]

    def row_of(self, ids: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
        size = self._inside()
        flat: list[int] = []
        firsts = []
        for own in ids:
            firsts.append(len(flat))
            flat += own
        flat = flat[: self.room()]
        windows = [[*self._before, *flat[start : start + size], *self._after] for start in range(0, len(flat), size)]
        whole = size + len(self._before) + len(self._after)
        steps = [first // size * whole + len(self._before) + first % size for first in firsts if first < len(flat)]
        return [number for window in windows for number in window], steps

    def room(self) -> int:
        return self._inside() * int(self.options.get("windows", 1))

    def _inside(self) -> int:
        """Pieces of a window, without its marks."""
        return int(self.options["max_length"]) - len(self._before) - len(self._after)


PIPELINES: dict[str, type[TokenPipeline]] = {
    FEATURES: FeaturePipeline,
    NEIGHBOURS: NeighbourPipeline,
    PIECES: PiecePipeline,
}


class _Pieces(dict[str, list[int]]):
    """The pieces of tokens that were met before."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer
        self._blank = tokenizer.token_to_id("▁")

    def __missing__(self, token: str) -> list[int]:
        if len(self) >= MEMORY:
            self.clear()
        ids = list(
            self._tokenizer.encode(token.encode("utf-8", "replace").decode("utf-8"), add_special_tokens=False).ids
        )
        if len(ids) > 1 and ids[0] == self._blank:  # the space that pieces begin with, alone
            ids = ids[1:]
        self[token] = ids = ids or [UNKNOWN]
        return ids


def named_features(text: str, places: Sequence[Place]) -> list[list[str]]:
    """`NARROW` features of each token, the token itself first; it alone is no pair of a letter and a value."""
    words = _chinese_words(text) if HAN.search(text) else {}
    names = []
    for index, (start, end) in enumerate(places):
        token = text[start:end]
        if HAN.match(token):
            before = text[start - 1] if start else "^"
            after = text[end] if end < len(text) else "$"
            word, within = words.get(start, (token, "S"))
            names.append([token, f"b={before}{token}", f"a={token}{after}", f"w={word}", f"p={within}", "k=han"])
            continue
        low = token.lower()
        first = "first" if index == 0 else "word"
        names.append([low, f"s={_shape(token)}", f"i={low[:3]}", f"e={low[-3:]}", f"f={low[-2:]}", f"k={first}"])
    return names


def features_with_neighbours(text: str, places: Sequence[Place]) -> list[list[str]]:
    """What is known of each token: its own features, those of two on either side, and pairs of neighbours."""
    own = named_features(text, places)
    words = [names[0] for names in own]
    rows = []
    for index, names in enumerate(own):
        row = list(names)
        for step in (-2, -1, 1, 2):
            beside = index + step
            if 0 <= beside < len(words):
                row.append(f"{step}:{words[beside]}")
                if abs(step) == 1:
                    row += [f"{step}:{name}" for name in own[beside][1:]]
            else:
                row.append(f"{step}:{'^' if step < 0 else '$'}")
        if index:
            row.append(f"-10:{words[index - 1]}|{words[index]}")
        if index + 1 < len(words):
            row.append(f"01:{words[index]}|{words[index + 1]}")
        if 0 < index < len(words) - 1:
            row.append(f"-11:{words[index - 1]}|{words[index + 1]}")
        rows.append(row)
    return rows


def _shape(word: str) -> str:
    """Large and small letters, digits and signs, each run of more than two as two."""
    shape = ""
    for letter in word[: 4 * _SHAPE]:
        kind = "X" if letter.isupper() else "x" if letter.isalpha() else "d" if letter.isdigit() else letter
        if not shape.endswith(kind * 2):
            shape += kind
    return shape[:_SHAPE]


def _chinese_words(text: str) -> dict[int, tuple[str, str]]:
    """For each Chinese character, by its place, the word that it stands in, and where: begin, middle, end or single."""
    import rjieba

    words, start = {}, 0
    for word in rjieba.cut(text):
        for index in range(len(word)):
            within = "S" if len(word) == 1 else "B" if index == 0 else "E" if index == len(word) - 1 else "M"
            words[start + index] = (word, within)
        start += len(word)
    return words
