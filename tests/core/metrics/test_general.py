"""What works on rows of statistics knows no task: it imports none, and what it is made of has none of its words."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

METRICS = Path(__file__).resolve().parents[3] / "core" / "metrics"
STATISTICS = ("additive", "intervals", "paired", "permutation", "resampling", "slices", "learning_curve")
GENERAL = {*STATISTICS, "continual", "gate", "gate_evidence", "gate_rules", "gate_sentences"}
BASE = {"core", "core.config", "core.messages", "core.wording", "core.errors"}
TASK_WORDS = re.compile(r"(?<![a-z])(labels?|class|classes|f1)(?![a-z])", re.IGNORECASE)


def imported(source: str) -> set[str]:
    """Modules of ours that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names.add(str(node.module))
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] in ("core", "dashboard", "pages")}


def words(source: str) -> set[str]:
    """A task's words among the names, texts and comments of a module."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    kinds = (tokenize.NAME, tokenize.STRING, tokenize.COMMENT)
    told = [token.string for token in tokens if token.type in kinds and token.string != "class"]
    return {word for text in told for word in TASK_WORDS.findall(text)}


@pytest.mark.parametrize("name", sorted(GENERAL))
def test_a_general_module_imports_only_what_is_general(name: str) -> None:
    general = {f"core.metrics.{other}" for other in GENERAL}
    assert imported((METRICS / f"{name}.py").read_text(encoding="utf-8")) <= general | BASE


@pytest.mark.parametrize("name", STATISTICS)
def test_statistics_have_none_of_a_task_s_words(name: str) -> None:
    assert words((METRICS / f"{name}.py").read_text(encoding="utf-8")) == set()


def test_a_task_s_words_and_imports_would_be_seen() -> None:
    source = (METRICS / "classification_scores.py").read_text(encoding="utf-8")
    assert {"class", "classes", "f1"} <= {word.lower() for word in words(source)}
    late = "def run():\n    from core.metrics import macro_f1\n    import core.metrics.calibration\n"
    assert imported(late) == {"core.metrics", "core.metrics.calibration"}
    assert words("class A:\n    macro_f1 = 'per-label'  # each class\n") == {"f1", "label", "class"}
    assert words("@dataclass\nclass A:\n    classifier = 1\n") == set()
