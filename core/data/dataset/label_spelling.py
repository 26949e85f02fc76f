"""How labels are spelled: one spelling where nothing is in doubt, and spellings that are probably of one label.

Knows nothing of tables, files or models.

**Beyond doubt** (`canonical_labels`, done when a dataset is made): blanks and invisible signs around a label, quotation marks
around the whole cell, the sign between a label and one below it, a list of one, ``True`` and ``TRUE`` in a column of nothing
else, and ``1.0`` for ``1`` in a column of numbers. A column that holds both ``1.5`` and ``1.50`` may hold codes: there they are
only likely to be the same.

**Likely** (`likely_key`, only ever suggested): upper and lower case, full-width characters, blanks, hyphens and underscores
between words, quotation marks and full stops around them, blanks inside Chinese, the form of a dash or an emoji, ``1e0``
for ``1``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.base.files import parse_json
from core.data.dataset.inputs import MISSING
from core.data.dataset.label_tree import as_path

# Signs of no width that no label means: soft hyphen, zero-width blanks, byte order mark, marks of direction, control bytes.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
# The zero-width joiners are letters in Persian, Hindi and emoji; behind Latin, Chinese and Korean they mean nothing.
_JOINERS = "\u200c\u200d"
_IDLE_JOINER = re.compile(f"(?<![^\x00-\u024f\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef])[{_JOINERS}]")
_NUMBER = re.compile(r"([+-]?)(0|[1-9][0-9]*)(?:\.([0-9]+))?")
_POWER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?")
_BETWEEN_WORDS = re.compile(r"(?<=\w)[\s_\-]+(?=\w)")
# Chinese and Japanese set no blanks between words; a hyphen before a digit may be a minus.
_IDEOGRAPH = "\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_IN_CHINESE = re.compile(rf"(?<=[{_IDEOGRAPH}])(?:[\s_]+(?=\w)|[\s_\-]+(?=[^\W\d]))|(?<=\w)[\s_\-]+(?=[{_IDEOGRAPH}])")
# Signs that only change the look of the one before them: joiners, and whether an emoji is drawn in colour.
_LOOKS = dict.fromkeys((0x200C, 0x200D, *range(0xFE00, 0xFE10)))
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")
_TURKISH = {0x0130: "i", 0x0131: "i"}  # İ and ı: their other case is not that of I and i
_AROUND = " \t\r\n'\"`´‘’“”«».,;:!?。，；：！？、()[]{}（）【】「」"
_LONGEST_LIST = 1000  # characters; what is longer is a text that begins with a bracket


@dataclass(frozen=True)
class LabelMatch:
    """The labels of a batch against those that a classifier knows.

    Parameters
    ----------
    same
        Label of the batch → the classifier's own spelling of it, beyond doubt.
    likely
        Label of the batch → the classifier's label that it is probably a spelling of.
    among
        Labels that the classifier does not know → another such label that they are probably a spelling of.
    shared
        Labels of the batch that the classifier has as they stand.
    new
        All others.
    """

    same: dict[str, str]
    likely: dict[str, str]
    among: dict[str, str]
    shared: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def doubtful(self) -> dict[str, str]:
        """All that is only probable: what a merge would rename."""
        return {**self.likely, **self.among}


def canonical_labels(names: Sequence[str]) -> list[str]:
    """Each label of a column as it is meant, in the same order; ``""`` for none. All labels of the column must be there."""
    cleaned = [_clean(name) for name in names]
    meant = {name for name in cleaned if name and not looks_missing(name)}
    if meant and all(name.casefold() in ("true", "false") for name in meant):
        return [name.casefold() if name in meant else name for name in cleaned]
    if meant and all(map(_NUMBER.fullmatch, meant)):
        numbers = {name: _number(name) for name in meant}
        whole = all(_is_whole(name) for name in meant)
        if whole or len(set(numbers.values())) == len(meant):
            return [numbers.get(name, name) for name in cleaned]
    return cleaned


def respelled(names: Iterable[str], canonical: Iterable[str]) -> dict[str, str]:
    """Which labels were read as others, by more than the blanks around them: as written → as meant."""
    return {
        name.strip(): meant for name, meant in zip(names, canonical, strict=True) if meant and name.strip() != meant
    }


def looks_missing(label: str) -> bool:
    """Whether a label reads like what programs write where there is none."""
    return label.casefold() in MISSING


def likely_key(label: str) -> str:
    """What two labels share that are probably spellings of one."""
    plain = plain_key(_usual(_clean(label).translate(_LOOKS)))
    folded = plain.translate(_TURKISH).casefold()
    words = _BETWEEN_WORDS.sub(" ", _IN_CHINESE.sub("", folded))
    bare = words.strip(_AROUND) or words
    return next((_value(written) for written in (folded, bare) if _POWER.fullmatch(written)), bare)


def plain_key(label: str) -> str:
    """What two labels share that are the same beyond doubt, where one of them is known to be meant."""
    cleaned = _clean(label)
    if _NUMBER.fullmatch(cleaned):
        return _number(cleaned)
    return cleaned.casefold() if cleaned.casefold() in ("true", "false") else cleaned


def suggested_merges(counts: Mapping[str, int], known: Iterable[str] = ()) -> dict[str, str]:
    """Labels that are probably spellings of another → that one.

    Parameters
    ----------
    counts
        Label → rows, of the dataset in question.
    known
        Labels of a classifier: they stay as they are, and others become them. Without, the most frequent spelling stays; of
        equally frequent ones the plainest: the shortest in usual signs, then that in lower case.
    """
    fixed = dict.fromkeys(known)
    groups: dict[str, list[str]] = {}
    for label in dict.fromkeys((*fixed, *(label for label, rows in counts.items() if rows))):
        groups.setdefault(likely_key(label), []).append(label)
    merges: dict[str, str] = {}
    for labels in groups.values():
        of_classifier = [label for label in labels if label in fixed]
        target = (
            of_classifier[0] if of_classifier else min(labels, key=lambda label: (-counts[label], *_ornament(label)))
        )
        merges |= {label: target for label in labels if label != target and label not in fixed}
    return merges


def match_labels(counts: Mapping[str, int], known: Sequence[str]) -> LabelMatch:
    """Compare a batch's labels (label → rows) with those of a classifier."""
    present = [label for label, rows in counts.items() if rows]
    own: dict[str, list[str]] = {}
    fixed = frozenset(known)
    for label in known:
        own.setdefault(plain_key(label), []).append(label)
    shared = tuple(label for label in present if label in fixed)
    others = [label for label in present if label not in fixed]
    same = {label: own[key][0] for label in others if len(own.get(key := plain_key(label), ())) == 1}
    rest = {label: counts[label] for label in others if label not in same}
    merges = suggested_merges(rest, known)
    likely = {label: target for label, target in merges.items() if target in fixed}
    among = {label: target for label, target in merges.items() if target not in fixed}
    return LabelMatch(same, likely, among, shared, tuple(label for label in rest if label not in likely))


def pairs_of(renames: Mapping[str, str]) -> list[str]:
    """Renames as a sentence lists them, such as ``"BAD → bad"``."""
    return [f"{old} → {new}" for old, new in renames.items()]


def _ornament(label: str) -> tuple[bool, int, bool, str]:
    """Less for a label that is written more plainly than another spelling of it."""
    return label != _usual(label), len(label), label != label.lower(), label


def _usual(label: str) -> str:
    """A label in the signs of a keyboard, where it is written with full-width characters, ligatures or long dashes."""
    return unicodedata.normalize("NFKC", label.translate(_DASHES)).translate(_DASHES)


def _value(written: str) -> str:
    """A number as its value is written: ``"1e0"``, ``"+1"`` and ``"1.0"`` are ``"1"``."""
    value = Decimal(written)
    return _number(f"{value:f}").removeprefix("+") if value else "0"


def _clean(name: str) -> str:
    """One cell without what stands around the label: blanks, invisible signs, quotation marks, the brackets of a list."""
    if name.isascii() and name.isalnum():
        return name
    bare = _bare(name)
    if len(bare) > 1 and bare[0] == bare[-1] == '"' and '"' not in bare[1:-1]:
        bare = _bare(bare[1:-1])
    if bare.startswith("[") and bare.endswith("]") and len(bare) <= _LONGEST_LIST:
        bare = _bare(_only_member(bare))
    return as_path(bare)


def _bare(name: str) -> str:
    visible = _IDLE_JOINER.sub("", _INVISIBLE.sub("", name)).strip()
    return unicodedata.normalize("NFC", visible.strip(_JOINERS).strip())


def _only_member(cell: str) -> str:
    """The member of a list of one, ``""`` of an empty list, the cell itself where it is no such list."""
    members = list_members(cell)
    if members == []:
        return ""
    if members is None or len(members) > 1 or isinstance(members[0], list | dict) or members[0] is None:
        return cell
    member = members[0]
    return str(member).lower() if isinstance(member, bool) else str(member)


def list_members(cell: str) -> list[object] | None:
    """A cell that is written as a list, as JSON or Python writes it; None for any other."""
    for written in (cell, cell.replace("'", '"')):
        try:
            parsed = parse_json(written)
        except ValueError:
            continue
        return parsed if isinstance(parsed, list) else None
    return None


def is_list(cell: str) -> bool:
    """Whether a cell holds a list of several labels."""
    return cell.startswith("[") and len(list_members(cell) or ()) > 1


def _number(text: str) -> str:
    """A number without what does not change its value: ``"1.50"`` is ``"1.5"``, ``"-0.0"`` is ``"0"``."""
    sign, whole, fraction = _NUMBER.fullmatch(text).groups(default="")  # type: ignore[union-attr]
    fraction = fraction.rstrip("0")
    zero = whole == "0" and not fraction
    return ("" if zero else sign) + whole + (f".{fraction}" if fraction else "")


def _is_whole(text: str) -> bool:
    return "." not in _number(text)
