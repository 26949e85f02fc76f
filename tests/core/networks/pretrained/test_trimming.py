"""Trimming: ids stay consistent, the given texts are cut as before, and nothing known becomes unknown."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from core.networks.pretrained.packaged import PACKAGED
from core.networks.pretrained.trimming import trim_vocabulary

SPECIAL = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
SCRIPTS = {
    "ASCII": (0x20, 0x7E),
    "Latin": (0xA0, 0x24F),
    "Greek": (0x370, 0x3FF),
    "Cyrillic": (0x400, 0x4FF),
    "Hebrew": (0x590, 0x5FF),
    "Arabic": (0x600, 0x6FF),
    "Devanagari": (0x900, 0x97F),
    "Thai": (0xE00, 0xE7F),
    "Kana": (0x3040, 0x30FF),
    "Han": (0x4E00, 0x9FFF),
    "rare Han": (0x3400, 0x4DBF),
    "rarest Han": (0x20000, 0x2A6DF),
    "Hangul": (0xAC00, 0xD7A3),
    "signs": (0x2000, 0x2BFF),
    "emoji": (0x1F300, 0x1FAFF),
}


def unigram() -> dict[str, Any]:
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("▁the", -3.0), ("был", -4.0)]
    pieces += [
        ("▁好", -5.0),
        ("好吃", -6.0),
        ("ñu", -7.0),
        *((letter, -9.0) for letter in "theбыл好吃u"),
        ("<mask>", 0.0),
    ]
    marks = {0: "<s>", 1: "<pad>", 2: "</s>", 3: "<unk>", len(pieces) - 1: "<mask>"}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": position, "content": content, **SPECIAL} for position, content in marks.items()],
        "normalizer": None,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<mask>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"<mask>": {"id": "<mask>", "ids": [len(pieces) - 1], "tokens": ["<mask>"]}},
        },
        "decoder": None,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": [list(piece) for piece in pieces]},
    }


def load(tokenizer: dict[str, Any]) -> Tokenizer:
    return Tokenizer.from_str(json.dumps(tokenizer | {"truncation": None, "padding": None}))


def names(tokenizer: dict[str, Any]) -> list[str]:
    return [piece for piece, _ in tokenizer["model"]["vocab"]]


def test_characters_used_pieces_and_the_commonest_ones_stay() -> None:
    trimmed, old_ids = trim_vocabulary(unigram(), ["好吃"], 2)
    # Asked for: ▁ and ▁the, the first two in ASCII; 好吃 is used; ñu has the only ñ; был is spelled by its letters.
    assert set(names(unigram())) - set(names(trimmed)) == {"был"}
    assert old_ids.tolist() == [position for position in range(len(names(unigram()))) if position != 6]


def test_every_id_is_numbered_anew() -> None:
    trimmed, old_ids = trim_vocabulary(unigram(), [], 0)
    mask = len(old_ids) - 1
    assert trimmed["added_tokens"][-1]["id"] == mask
    assert trimmed["post_processor"]["special_tokens"]["<mask>"]["ids"] == [mask]
    assert load(trimmed).encode("the").ids[-1] == mask
    assert trimmed["model"]["unk_id"] == 3


def test_older_kinds_of_endings_are_numbered_anew() -> None:
    tokenizer = unigram()
    last = len(names(tokenizer)) - 1
    roberta = {"type": "RobertaProcessing", "sep": ["<mask>", last], "cls": ["<s>", 0]}
    tokenizer["post_processor"] = {
        "type": "Sequence",
        "processors": [roberta | {"trim_offsets": True, "add_prefix_space": True}],
    }
    trimmed, old_ids = trim_vocabulary(tokenizer, [], 0)
    assert trimmed["post_processor"]["processors"][0]["sep"] == ["<mask>", len(old_ids) - 1]
    assert load(trimmed).encode("the").ids[-1] == len(old_ids) - 1


def test_the_given_tokenizer_is_left_unchanged() -> None:
    tokenizer = unigram()
    trim_vocabulary(tokenizer, ["the 好"], 1)
    assert tokenizer == unigram()


def test_texts_are_looked_at_whole_even_when_the_tokenizer_cuts() -> None:
    cutting = unigram() | {
        "truncation": {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    }
    trimmed, _ = trim_vocabulary(cutting, ["the the the был"], 0)
    assert "был" in names(trimmed)


def test_wordpiece_keeps_both_forms_of_each_character() -> None:
    pieces = ["[PAD]", "[unused0]", "[UNK]", "a", "##a", "b", "##b", "ab", "##ab", "ba"]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": 0, "content": "[PAD]", **SPECIAL}],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {piece: position for position, piece in enumerate(pieces)},
        },
    }
    trimmed, old_ids = trim_vocabulary(tokenizer, ["abab"], 1)
    assert [pieces[old] for old in old_ids] == ["[PAD]", "[UNK]", "a", "##a", "b", "##b", "ab", "##ab"]
    assert load(trimmed).encode("abab ba").tokens == ["ab", "##ab", "b", "##a"]


def test_a_tokenizer_of_another_kind_stays_whole() -> None:
    tokenizer = unigram()
    tokenizer["model"] = {"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<unk>": 0, "a": 1}}
    tokenizer |= {"added_tokens": [], "post_processor": None}
    trimmed, old_ids = trim_vocabulary(tokenizer, ["a"], 0)
    assert trimmed == tokenizer
    assert old_ids.tolist() == [0, 1]


def real(name: str) -> dict[str, Any]:
    paths = PACKAGED[name].paths()
    if paths is None:
        pytest.skip(f"not installed: {PACKAGED[name].info().install}")
    stored: dict[str, Any] = json.loads(paths[-1].read_text(encoding="utf-8"))
    return stored


def counts_unknown(ids: list[int], tokenizer: dict[str, Any]) -> int:
    model = tokenizer["model"]
    return ids.count(model["unk_id"] if model["type"] == "Unigram" else model["vocab"]["[UNK]"])


def random_texts(count: int) -> list[str]:
    choose = random.Random(4)
    mixed = list(SCRIPTS.values())
    texts = []
    for position in range(count):
        ranges = mixed if position % 2 else [mixed[position // 2 % len(mixed)]]
        letters = [chr(choose.randint(*choose.choice(ranges))) for _ in range(choose.randint(1, 25))]
        texts.append("".join(" " if choose.random() < 0.15 else letter for letter in letters))
    return texts


@pytest.mark.parametrize("name", ["multilingual-e5-small", "all-minilm-l6-v2"])
def test_nothing_known_becomes_unknown_in_any_script(name: str) -> None:
    tokenizer = real(name)
    trimmed, old_ids = trim_vocabulary(tokenizer, ["送餐很快，好吃！", "It wasn't good.", "👍🏽 ñandú"], 1000)
    assert len(old_ids) < load(tokenizer).get_vocab_size() / 2
    texts = random_texts(6000)
    # By id: the token of an unknown character is the character.
    before, after = (
        [counts_unknown(encoding.ids, version) for encoding in load(version).encode_batch(texts)]
        for version in (tokenizer, trimmed)
    )
    assert before == after
    assert any(before)


def test_texts_that_were_given_are_cut_as_before(data_folder: Path) -> None:
    tokenizer = real("multilingual-e5-small")
    texts = [
        line
        for file in ("zh/takeaway.csv", "en/sst2.csv")
        for line in (data_folder / file).read_text(encoding="utf-8").splitlines()[1:2001]
    ]
    trimmed, old_ids = trim_vocabulary(tokenizer, texts, 30_000)
    assert len(old_ids) < 50_000
    before, after = (load(version).encode_batch(texts) for version in (tokenizer, trimmed))
    assert all(np.array_equal(old_ids[a.ids], b.ids) for a, b in zip(after, before, strict=True))
