"""Takes the pieces out of a pretrained tokenizer that a language pair does not need; knows nothing of networks.

A piece only goes when each of its characters stays as a piece of its own. A word without its piece is then spelled by
smaller ones, and never becomes unknown. Pieces that the given texts use all stay, so those texts are cut as before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

WORD_MARK = "▁"  # begins a word in Unigram pieces
_ASCII_OR_HAN = re.compile("[▁\x21-\x7e\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
_BYTE = re.compile("<0x[0-9A-F]{2}>")  # stands for a character without a piece
_RESERVED = re.compile(r"\[unused\d+\]")
_AT_ONCE = 1000  # texts cut at a time, to keep memory small


def trim_vocabulary(
    tokenizer_json: dict[str, Any], texts: Sequence[str], kept_pieces: int
) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """A smaller tokenizer, and which rows of the embedding it keeps.

    What stays: special and added tokens, every piece of one character, every piece that ``texts`` use, and the
    ``kept_pieces`` first ones of the vocabulary, which is sorted by how common a piece is; of a Unigram vocabulary only
    those written in ASCII or Chinese characters count. Other kinds than Unigram and WordPiece stay whole.

    Parameters
    ----------
    tokenizer_json
        A whole ``tokenizer.json``; left unchanged.
    texts
        Texts to cut as before, prefixes included. WordPiece keeps the promise about unknown words for vocabularies
        that hold each character both at the start of a word and inside one, as those of BERT do.

    Returns
    -------
    tuple
        The new ``tokenizer.json``, and the old ids in the order of the new ones, ascending.
    """
    kind = tokenizer_json["model"].get("type")
    added = {token["content"]: int(token["id"]) for token in tokenizer_json.get("added_tokens", [])}
    if kind == "Unigram":
        pieces = [piece for piece, _ in tokenizer_json["model"]["vocab"]]
        kept = _kept_of_unigram(tokenizer_json["model"], pieces, kept_pieces, added)
    elif kind == "WordPiece":
        vocabulary = tokenizer_json["model"]["vocab"]
        pieces = sorted(vocabulary, key=lambda piece: int(vocabulary[piece]))
        ranked = [piece for piece in pieces if piece not in added and not _RESERVED.fullmatch(piece)]
        kept = {vocabulary[piece] for piece in _kept_of_wordpiece(tokenizer_json["model"], ranked, kept_pieces)}
    else:
        return tokenizer_json, np.arange(_tokenizer(tokenizer_json).get_vocab_size(), dtype=np.int64)
    kept |= set(added.values()) | _used(tokenizer_json, texts)
    old_ids = sorted(kept)
    return _with_ids(tokenizer_json, old_ids), np.array(old_ids, dtype=np.int64)


def _kept_of_unigram(model: dict[str, Any], pieces: list[str], kept_pieces: int, added: Collection[str]) -> set[int]:
    alone = {piece for piece in pieces if len(piece) == 1}
    wanted = (
        position for position, piece in enumerate(pieces) if piece not in added and _ASCII_OR_HAN.fullmatch(piece)
    )
    kept = set(islice(wanted, kept_pieces))
    kept |= {
        position
        for position, piece in enumerate(pieces)
        if _stays(piece, piece.removeprefix(WORD_MARK), alone) or _BYTE.fullmatch(piece)
    }
    scores = [score for _, score in model["vocab"]]
    kept.add(int(np.argmin(scores)))  # an unknown character costs ten more than the rarest piece
    if model.get("unk_id") is not None:
        kept.add(model["unk_id"])
    return kept


def _kept_of_wordpiece(model: dict[str, Any], pieces: list[str], kept_pieces: int) -> set[str]:
    mark = model["continuing_subword_prefix"]
    known = set(pieces)
    alone = {piece for piece in known if len(piece) == 1 and mark + piece in known}
    return {
        *pieces[:kept_pieces],
        *(piece for piece in pieces if _stays(piece.removeprefix(mark), piece.removeprefix(mark), alone)),
        model["unk_token"],
    }


def _stays(piece: str, bare: str, alone: set[str]) -> bool:
    """Whether a piece is one character (``bare``: without its mark), or holds one that has no piece of its own."""
    return len(bare) <= 1 or not alone.issuperset(piece)


def _tokenizer(tokenizer_json: dict[str, Any]) -> Tokenizer:
    plain = tokenizer_json | {"truncation": None, "padding": None}
    return Tokenizer.from_str(json.dumps(plain, ensure_ascii=False))


def _used(tokenizer_json: dict[str, Any], texts: Sequence[str]) -> set[int]:
    tokenizer = _tokenizer(tokenizer_json)
    used: set[int] = set()
    for start in range(0, len(texts), _AT_ONCE):
        for encoding in tokenizer.encode_batch_fast(list(texts[start : start + _AT_ONCE]), add_special_tokens=True):
            used.update(encoding.ids)
    return used


def _with_ids(tokenizer_json: dict[str, Any], old_ids: Iterable[int]) -> dict[str, Any]:
    """The tokenizer with only these ids, numbered anew from 0, wherever an id stands."""
    new_of = {old: new for new, old in enumerate(old_ids)}
    model = dict(tokenizer_json["model"])
    if model["type"] == "Unigram":
        model["vocab"] = [entry for position, entry in enumerate(model["vocab"]) if position in new_of]
        model["unk_id"] = None if model.get("unk_id") is None else new_of[model["unk_id"]]
    else:
        ordered = sorted(model["vocab"].items(), key=lambda entry: int(entry[1]))
        model["vocab"] = {piece: new_of[old] for piece, old in ordered if old in new_of}
    trimmed = tokenizer_json | {
        "model": model,
        "added_tokens": [token | {"id": new_of[token["id"]]} for token in tokenizer_json.get("added_tokens", [])],
        "post_processor": _renumbered(tokenizer_json.get("post_processor"), new_of.__getitem__),
    }
    if tokenizer_json.get("padding"):
        trimmed["padding"] = tokenizer_json["padding"] | {"pad_id": new_of[tokenizer_json["padding"]["pad_id"]]}
    return trimmed


def _renumbered(processor: dict[str, Any] | None, new_id: Callable[[int], int]) -> dict[str, Any] | None:
    if processor is None:
        return None
    changed = dict(processor)
    if "processors" in processor:
        changed["processors"] = [_renumbered(part, new_id) for part in processor["processors"]]
    if "special_tokens" in processor:
        changed["special_tokens"] = {
            name: token | {"ids": [new_id(old) for old in token["ids"]]}
            for name, token in processor["special_tokens"].items()
        }
    for end in ("sep", "cls"):
        if end in processor:
            token, old = processor[end]
            changed[end] = [token, new_id(old)]
    return changed
