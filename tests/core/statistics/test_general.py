"""What works on rows of statistics knows no task: it has none of a task's words. (`test_layers` walks the imports.)"""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[3] / "core"
TASK_WORDS = re.compile(r"(?<![a-z])(labels?|class|classes|f1)(?![a-z])", re.IGNORECASE)


def words(source: str) -> set[str]:
    """A task's words among the names, texts and comments of a module."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    kinds = (tokenize.NAME, tokenize.STRING, tokenize.COMMENT)
    told = [token.string for token in tokens if token.type in kinds and token.string != "class"]
    return {word for text in told for word in TASK_WORDS.findall(text)}


@pytest.mark.parametrize("path", sorted((CORE / "statistics").glob("*.py")), ids=lambda path: path.stem)
def test_statistics_have_none_of_a_task_s_words(path: Path) -> None:
    assert words(path.read_text(encoding="utf-8")) == set()


def test_a_task_s_words_would_be_seen() -> None:
    source = (CORE / "tasks" / "text_classification" / "row_statistics.py").read_text(encoding="utf-8")
    assert {"class", "classes", "f1"} <= {word.lower() for word in words(source)}
    assert words("class A:\n    macro_f1 = 'per-label'  # each class\n") == {"f1", "label", "class"}
    assert words("@dataclass\nclass A:\n    classifier = 1\n") == set()
