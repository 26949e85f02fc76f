"""Names that people give to the columns of a labelled table, in English and Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

# fmt: off
TEXT_NAMES = [
    "text", "texts", "review", "reviews", "review_text", "review_body", "content", "sentence",
    "comment", "comments", "body", "message", "tweet", "question", "utterance", "query",
    "description", "document", "headline", "title", "文本", "评论", "評論", "内容", "內容", "评价",
    "評價", "句子", "正文", "评语", "留言", "评论内容", "标题", "標題", "问题",
]
LABEL_NAMES = [
    "label", "labels", "label_name", "class", "category", "target", "sentiment", "intent", "topic",
    "polarity", "rating", "stars", "score", "tag", "cat", "标签", "標籤", "情感", "情感倾向", "极性",
    "类别", "類別", "分类", "分類", "意图", "主题", "评分", "評分", "星级", "打分",
]
SPLIT_NAMES = [
    "split", "subset", "partition", "fold", "set", "划分", "数据划分", "集合",
]
GROUP_NAMES = [
    "group", "group_id", "groups", "分组", "组别",
]
TIME_NAMES = [
    "time", "timestamp", "created_at", "created", "date", "datetime", "year", "时间", "時間", "日期",
    "发布时间", "评论时间", "创建时间",
]
_OTHER_NAMES = [
    "id", "index", "domain", "source", "name", "user", "user_id", "author", "lang", "language",
    "template", "url", "编号", "序号", "来源", "用户",
]
# fmt: on

_LONGEST = 100  # characters of a known name, with blanks and signs that nobody sees
_KNOWN = frozenset((*TEXT_NAMES, *LABEL_NAMES, *SPLIT_NAMES, *GROUP_NAMES, *TIME_NAMES, *_OTHER_NAMES))


_JOINERS = "\u200c\u200d"  # letters in Persian and Hindi, nothing at the end of a word


def visible_names(names: Sequence[str]) -> list[str]:
    """Names without outer space and signs that nobody sees, such as zero-width blanks; where two would be alike, as written."""
    visible = [_visible(name) for name in names]
    counts = Counter(visible)
    return [new if counts[new] == 1 else name.strip() for name, new in zip(names, visible, strict=True)]


def _visible(name: str) -> str:
    name = name.strip()
    if name.isascii() and name.isprintable():
        return name
    kept = (
        sign for sign in name if sign in _JOINERS or sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cf")
    )
    return unicodedata.normalize("NFC", "".join(kept)).strip(_JOINERS).strip().strip(_JOINERS)


def canonical(name: str) -> str:
    """A column name in lower case, its words joined by underscores: ``"Review Text"`` is ``"review_text"``."""
    return re.sub(r"[\s\-./]+", "_", _visible(name).lower())


def is_known_name(cell: str) -> bool:
    """Whether a cell reads like the name of a column."""
    return len(cell) <= _LONGEST and _is_known(cell)


@lru_cache(4096)
def _is_known(cell: str) -> bool:
    return canonical(cell) in _KNOWN


def rank(name: str, names: list[str]) -> int | None:
    """How well a column's name fits one of ``names``: lower is better, None when not at all.

    The whole name counts first, then one of its words (``customer_review``, ``label_code``), or for Chinese a part
    of it (``商品评论``).
    """
    whole = canonical(name)
    if whole in names:
        return names.index(whole)
    words = set(whole.split("_"))
    parts = [index for index, known in enumerate(names) if known in words or (not known.isascii() and known in whole)]
    return len(names) + min(parts) if parts else None
