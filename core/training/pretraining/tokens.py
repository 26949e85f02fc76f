"""Texts as the token ids that are learned from; a tokenizer from one's own texts. Imports no torch."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece
from tokenizers.trainers import WordPieceTrainer

from core.base.errors import ModelError
from core.base.files import parse_json

PAD, UNKNOWN, CLS, SEP, MASK = MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CONTINUES = "##"  # before a piece inside a word
_SOMETHING = "a"  # any text: shows what marks a tokenizer puts around it
_LARGEST_ALPHABET = 8_000
_AT_ONCE = 500  # texts
_ROUGH = re.compile("[\u3400-\u9fff\uf900-\ufaff]|[^\\W\u3400-\u9fff\uf900-\ufaff]+|[^\\w\\s]")


def learn_tokenizer(texts: Sequence[str], size: int, *, lowercase: bool) -> Tokenizer:
    """WordPiece from these texts, as BERT has it; each Chinese character is a piece of its own.

    Parameters
    ----------
    size
        Pieces at most, the five marks included; every character that occurs at least twice has one in any case.
    """
    tokenizer = _empty(lowercase)
    # Named one by one and sorted: the trainer by itself would number them differently in every process.
    alphabet = _alphabet(texts, tokenizer)
    trainer = WordPieceTrainer(
        vocab_size=max(size, len(MARKS) + len(alphabet)),
        min_frequency=2,
        special_tokens=[*MARKS, *alphabet],
        limit_alphabet=0,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    learned = json.loads(tokenizer.to_str())["model"]["vocab"]
    ready = _empty(lowercase)
    ready.model = WordPiece(learned, unk_token=UNKNOWN, continuing_subword_prefix=CONTINUES)
    ready.add_special_tokens(list(MARKS))
    ready.post_processor = processors.TemplateProcessing(
        single=f"{CLS} $A {SEP}",
        pair=f"{CLS} $A {SEP} $B:1 {SEP}:1",
        special_tokens=[(mark, ready.token_to_id(mark)) for mark in (CLS, SEP)],
    )
    return ready


def _empty(lowercase: bool) -> Tokenizer:
    tokenizer = Tokenizer(WordPiece(unk_token=UNKNOWN, continuing_subword_prefix=CONTINUES))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.BertNormalizer(lowercase=lowercase, strip_accents=False)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _alphabet(texts: Sequence[str], tokenizer: Tokenizer) -> list[str]:
    """Every character that occurs at least twice, and its form inside a word where it is found there; sorted."""
    counts: Counter[str] = Counter()
    inside: set[str] = set()
    for text in texts:
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text)):
            counts.update(word)
            inside.update(word[1:])
    common = sorted((sign for sign, count in counts.items() if count > 1), key=lambda sign: (-counts[sign], sign))
    kept = set(common[:_LARGEST_ALPHABET])
    return sorted(kept | {CONTINUES + sign for sign in kept & inside})


class Reader:
    """Texts as pieces of at most ``max_length`` ids, each with the marks of its encoder around it.

    Parameters
    ----------
    tokenizer_json
        A whole ``tokenizer.json``.
    prefix
        What the encoder wants to read before every text; it is never hidden, since it is always the same.
    encoder
        The name of the encoder, for the error.

    Raises
    ------
    ModelError
        When the tokenizer has no mark that hides a token.
    """

    def __init__(self, tokenizer_json: str, max_length: int, *, prefix: str = "", encoder: str = "") -> None:
        self.tokenizer = Tokenizer.from_str(tokenizer_json)
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.max_length = max_length
        described: dict[str, Any] = parse_json(tokenizer_json)
        marks = {token["content"]: int(token["id"]) for token in described["added_tokens"]}
        self.padding = marks.get("<pad>", marks.get(PAD, 0))
        self.mask = marks.get("<mask>", marks.get(MASK, -1))
        if self.mask < 0:
            raise ModelError(
                "pretraining.no_mask",
                "The encoder '{place}' has no token that hides a word, [MASK] or <mask>, so it cannot learn to guess hidden "
                "words. Choose another encoder.",
                place=encoder,
            )
        special = {*marks.values(), *(self.tokenizer.token_to_id(name) for name in (UNKNOWN, "<unk>"))} - {None}
        self.special = np.zeros(self.tokenizer.get_vocab_size(), dtype=np.bool_)  # ids that nobody has to guess
        self.special[[number for number in special if number is not None]] = True
        around = self.tokenizer.encode(_SOMETHING)
        inside = [index for index, mark in enumerate(around.special_tokens_mask) if not mark] or [len(around.ids)]
        self.lead = around.ids[: inside[0]] + self._plain([prefix.strip()])[0]
        self.trail = around.ids[inside[-1] + 1 :]

    def fit_to(self, rows: int) -> None:
        """Let the vocabulary be as long as an embedding of this many rows, some of which may stand for nothing."""
        self.special = np.concatenate([self.special, np.ones(max(0, rows - len(self.special)), dtype=np.bool_)])

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """All pieces of all texts, in order; those in which there is nothing to guess are left out."""
        room = max(1, self.max_length - len(self.lead) - len(self.trail))
        kept = []
        for ids in self._plain(texts):
            for start in range(0, len(ids), room):
                part = ids[start : start + room]
                if not self.special[part].all():
                    kept.append([*self.lead, *part, *self.trail])
        return kept

    def _plain(self, texts: Sequence[str]) -> list[list[int]]:
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]  # a lone surrogate would stop it
        encoded: list[list[int]] = []
        for start in range(0, len(clean), _AT_ONCE):  # what is known of each token besides its id takes much memory
            part = self.tokenizer.encode_batch_fast(clean[start : start + _AT_ONCE], add_special_tokens=False)
            encoded += [encoding.ids for encoding in part]
        return encoded


def rough_tokens(texts: Sequence[str]) -> int:
    """About how many tokens these texts have: words, signs and Chinese characters, a third more for pieces of words."""
    words = han = 0
    for text in texts:
        for token in _ROUGH.findall(text):
            if "\u3400" <= token <= "\ufaff":
                han += 1
            else:
                words += 1
    return round(words * 4 / 3) + han
