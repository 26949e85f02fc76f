"""What the characters of a decoded text say about the encoding: those of a language are few and frequent, misread ones are rare.

Both Chinese sets have an everyday half, where their authors sorted by frequency. Korean shows in its most frequent syllables,
Japanese in its kana, Russian in its most frequent letters.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from core.data.reading.source import open_content

_ENOUGH = 50_000  # characters outside ASCII that are counted as evidence
_OUTSIDE_ASCII = re.compile(r"[^\x00-\x7f]")
_BYTES_OUTSIDE_ASCII = re.compile(rb"[\x80-\xff]+")
_REPLACEMENT = "\ufffd"

# The most frequent characters of written Chinese, simplified and traditional: nearly half of any real text.
_FREQUENT = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还"
    "发成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工"
    "己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先"
    "快味吃送餐店买书质量服务错差非常感觉比较让"
    "這來個國說們為時會著過學對裡後麼沒於還發當無開經頭見動兩長樣現將與進實點種聲話兒問機給幾業間東氣關並內產買書質務錯較讓"
    "，。！？、：；“”‘’…（）《》—～"
)


# The most frequent syllables of written Korean: some two thirds of any real text.
_KOREAN = frozenset(
    "이다는에의을가고하지도로한기사어리나아를은자서대인시라일스그수정니있해전보들여부것제구게장주공만면안상동오원무"
    "성경신까과요조소유관용비년생세우방선중국마바모불내저회적했으습음좋않없음말때같너무거된네더와처럼"
)

# The most frequent letters of written Russian: some three quarters of any real text.
_RUSSIAN = frozenset("оеаинтсрвлкмдпу")


@dataclass(frozen=True)
class CharacterCounts:
    """The characters outside ASCII of a decoded text, counted.

    Parameters
    ----------
    all_characters
        Characters of the text, those of ASCII included.
    """

    counts: Mapping[str, int]
    all_characters: int = 0

    @staticmethod
    def of_bytes(counts: Mapping[int, int], codec: str) -> CharacterCounts:
        """For an encoding with one byte a character."""
        return CharacterCounts(
            {bytes([byte]).decode(codec, "replace"): count for byte, count in counts.items() if byte >= 0x80},
            sum(counts.values()),
        )

    @property
    def characters(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    @property
    def damaged(self) -> int:
        """How many stand for bytes that did not decode."""
        return self.counts.get(_REPLACEMENT, 0)

    def is_chinese(self, encoding: str) -> bool:
        """Whether they are mostly of the everyday half of the character set, or many of the most frequent ones."""
        return self._share(common_characters(encoding)) >= 0.8 or self._share(_FREQUENT) >= 0.2

    def likeness(self, encoding: str) -> float:
        """How much they look like the language that the encoding is for; 0 where they do not."""
        match encoding:
            case "gb18030" | "big5":
                likeness = self._share(common_characters(encoding)) + self._share(_FREQUENT)
                return likeness if self.is_chinese(encoding) else 0.0
            case "euc-kr":
                share = self._share(_KOREAN)
                return 1.0 + share if share >= 0.4 and self._between("\uac00", "\ud7a3") >= 0.8 else 0.0
            case "shift-jis" | "euc-jp":
                kana = self._between("\u3041", "\u30fe")
                return 1.0 + kana if kana >= 0.3 and self._share(_FREQUENT) + kana >= 0.4 else 0.0
            case _:
                small = self._between("\u0430", "\u044f")
                share = self._share(_RUSSIAN)
                return share if share >= 0.4 and small >= 0.6 else 0.0

    def _share(self, known: frozenset[str]) -> float:
        return sum(count for character, count in self.counts.items() if character in known) / max(1, self.characters)

    def _between(self, first: str, last: str) -> float:
        return sum(count for sign, count in self.counts.items() if first <= sign <= last) / max(1, self.characters)


def evidence(path: Path, compressed: bool, codec: str, errors: str) -> CharacterCounts | None:
    """Decode a whole file and count its characters; None when it does not decode."""
    decoder = codecs.getincrementaldecoder(codec)(errors)
    counts: Counter[str] = Counter()
    seen = 0
    chunk = b"-"
    with open_content(path, compressed) as stream:
        while chunk:
            chunk = stream.read(1 << 20)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError:  # also for UTF-16 without a byte order mark
                return None
            seen += len(text)
            if counts.total() < _ENOUGH and not text.isascii():
                counts.update(match.group() for match in islice(_OUTSIDE_ASCII.finditer(text), _ENOUGH))
    return CharacterCounts(counts, seen)


def share_of_runs(content: bytes) -> float:
    """The share of bytes outside ASCII that stand beside another: near 1 in Russian, small where a few letters have accents."""
    lengths = [len(run) for run in _BYTES_OUTSIDE_ASCII.findall(content)]
    return sum(length for length in lengths if length > 1) / max(1, sum(lengths)) if lengths else 0.0


@cache
def common_characters(encoding: str) -> frozenset[str]:
    """The symbols and the everyday level of a Chinese character set, where its authors sorted by frequency.

    GB 2312: symbols in rows A1 to A3, level 1 in B0 to D7. Big5: symbols in A1 to A3, level 1 in A4 to C6.
    """
    leads = (*range(0xA1, 0xA4), *range(0xB0, 0xD8)) if encoding == "gb18030" else range(0xA1, 0xC7)
    codec = "gb2312" if encoding == "gb18030" else "big5"
    trails = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    return frozenset("".join(bytes([lead, trail]).decode(codec, "ignore") for lead in leads for trail in trails)) - {
        " "
    }
