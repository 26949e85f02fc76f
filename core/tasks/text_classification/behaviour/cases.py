"""The tests: what is asked, and what is expected. Made from given texts, and from templates where labels are a sentiment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from core.data.dataset.language import han_share

AbilityKind = Literal["invariance", "direction", "minimum"]
Side = Literal["good", "bad"]
MOST_CASES = 100  # of one test
SEED = 0

_WORD = re.compile(r"[A-Za-z]{5,}")
_NAMES_EN = (
    "John",
    "Mary",
    "David",
    "Sarah",
    "Michael",
    "Linda",
    "London",
    "Paris",
    "Berlin",
    "Boston",
    "Chicago",
    "Tokyo",
)
_NAMES_ZH = ("小王", "小李", "小张", "老陈", "北京", "上海", "广州", "成都", "杭州", "武汉")
_WIDE = str.maketrans(",!?:;()0123456789", "，！？：；（）０１２３４５６７８９")
_NARROW = str.maketrans("，！？：；（）０１２３４５６７８９", ",!?:;()0123456789")
_THINGS_EN = ("The food", "The service", "This phone", "The hotel", "This book", "The film")
_THINGS_ZH = ("味道", "服务", "质量", "酒店", "这本书", "包装")
_WORDS: dict[str, dict[Side, tuple[str, ...]]] = {
    "en": {"good": ("good", "great", "excellent", "wonderful"), "bad": ("bad", "terrible", "awful", "horrible")},
    "zh": {"good": ("很好", "不错", "非常棒", "让人满意"), "bad": ("很差", "太差了", "非常糟糕", "让人失望")},
}
_NEGATED: dict[str, dict[Side, tuple[str, ...]]] = {
    "en": {
        "bad": ("{} is not good.", "{} was not great at all.", "I don't think {} is good."),
        "good": ("{} is not bad at all.",),
    },
    "zh": {"bad": ("{}不好。", "{}一点也不好。", "我不觉得{}好。"), "good": ("{}一点也不差。",)},
}
_STRONGER = {
    "en": (("{} is {}.", "{} is really {}."), ("{} is {}.", "{} is extremely {}!")),
    "zh": (("{}{}。", "{}真的{}！"),),
}


@dataclass(frozen=True)
class Case:
    """A text and, but for a minimum, what it is compared with.

    Parameters
    ----------
    side
        The label that is expected, or whose probability must not fall; None where the answer must stay what it is.
    """

    text: str
    changed: str | None = None
    side: Side | None = None


@dataclass(frozen=True)
class AbilityTest:
    """Cases that ask for one ability.

    Parameters
    ----------
    kind
        ``"invariance"``: the label stays. ``"direction"``: the side's probability does not fall. ``"minimum"``: the side's
        label is the answer.
    """

    capability: str
    kind: AbilityKind
    cases: tuple[Case, ...]


def make_tests(texts: Sequence[str], *, sentiment: bool) -> list[AbilityTest]:
    """All tests that can be made; one without cases is left out.

    Parameters
    ----------
    texts
        Texts of the classifier's own tests; at most 100 changed ones of each kind are taken, evenly spaced.
    sentiment
        Whether the labels have a good and a bad side, which templates need.
    """
    changes: dict[str, Callable[[str, np.random.Generator], str]] = {
        "typos": _typo,
        "case": _other_case,
        "punctuation": _punctuation,
        "width": _other_width,
        "names": _other_name,
    }
    tests = [AbilityTest(name, "invariance", tuple(_changed(texts, change))) for name, change in changes.items()]
    if sentiment:
        languages = _languages(texts)
        tests += [
            AbilityTest("intensifiers", "direction", tuple(_intensified(languages))),
            AbilityTest("negation", "minimum", tuple(_negated(languages))),
            AbilityTest("vocabulary", "minimum", tuple(_plain(languages))),
        ]
    return [test for test in tests if test.cases]


def _changed(texts: Sequence[str], change: Callable[[str, np.random.Generator], str]) -> list[Case]:
    generator = np.random.default_rng(SEED)
    cases = [Case(text, changed) for text in texts if (changed := change(text, generator)) != text and changed.strip()]
    indices = np.linspace(0, len(cases) - 1, min(MOST_CASES, len(cases))).round().astype(int)
    return [cases[index] for index in indices]


def _languages(texts: Sequence[str]) -> list[str]:
    """Languages of the templates: those that a tenth of the texts are in."""
    chinese = float(np.mean([han_share(text) > 0.5 for text in texts])) if texts else 0.0
    return [name for name, share in (("en", 1 - chinese), ("zh", chinese)) if share >= 0.1]


# -- texts changed in a way that must not matter


def _typo(text: str, generator: np.random.Generator) -> str:
    """Two neighbouring letters inside one longer Latin word change places."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = words[int(generator.integers(len(words)))]
    index = word.start() + 1 + int(generator.integers(len(word.group()) - 3))
    return text[:index] + text[index + 1] + text[index] + text[index + 2 :]


def _other_case(text: str, generator: np.random.Generator) -> str:
    return text.lower() if text != text.lower() else text.upper()


def _punctuation(text: str, generator: np.random.Generator) -> str:
    """The sign at the end goes, or one comes where there is none."""
    bare = text.rstrip(" .。!！")
    if bare != text:
        return bare
    return text + ("。" if han_share(text) > 0.5 else ".")


def _other_width(text: str, generator: np.random.Generator) -> str:
    """In Chinese texts, punctuation and digits in the other width."""
    if han_share(text) <= 0.5:
        return text
    wide = text.translate(_WIDE)
    return wide if wide != text else text.translate(_NARROW)


def _other_name(text: str, generator: np.random.Generator) -> str:
    """A name from the list becomes another one of about the same kind."""
    for names in (_NAMES_EN, _NAMES_ZH):
        for index, name in enumerate(names):
            if re.search(rf"\b{name}\b", text) if name.isascii() else name in text:
                half = len(names) // 2
                start = 0 if index < half else half
                others = [other for other in names[start : start + half] if other != name]
                return text.replace(name, others[int(generator.integers(len(others)))])
    return text


# -- templates of a sentiment


def _things(language: str) -> tuple[str, ...]:
    return _THINGS_ZH if language == "zh" else _THINGS_EN


def _sides() -> tuple[Side, Side]:
    return "good", "bad"


def _plain(languages: Sequence[str]) -> Iterator[Case]:
    for language in languages:
        pattern = "{}{}。" if language == "zh" else "{} is {}."
        for side in _sides():
            for thing, word in product(_things(language), _WORDS[language][side]):
                yield Case(pattern.format(thing, word), side=side)


def _negated(languages: Sequence[str]) -> Iterator[Case]:
    for language in languages:
        for side in _sides():
            for thing, pattern in product(_things(language), _NEGATED[language][side]):
                inside = thing if pattern.startswith("{}") else thing[:1].lower() + thing[1:]
                yield Case(pattern.format(inside), side=side)


def _intensified(languages: Sequence[str]) -> Iterator[Case]:
    for language in languages:
        for side in _sides():
            words = [
                word for word in _WORDS[language][side] if language == "en" or word in ("不错", "让人满意", "让人失望")
            ]
            for thing, word, (before, after) in product(_things(language), words, _STRONGER[language]):
                yield Case(before.format(thing, word), after.format(thing, word), side)
