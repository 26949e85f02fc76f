"""What every task shares speaks of targets and outputs: labels, classes and F1 are words of one task."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "core"
SHARED = ("base", "statistics", "networks", "continual", "training", "registry", "jobs")
IN_IDENTIFIERS = re.compile(r"label|(?:^|_)(?:f1|classes|n_classes)(?:_|$)", re.IGNORECASE)
IN_TEXTS = re.compile(r"label|\bclasses\b|\bf1\b|macro_f1", re.IGNORECASE)
FOR_PEOPLE = re.compile(
    "message|setting|like|parameter|[A-Z][a-z]+Error"
)  # calls whose arguments are captions and facts of sentences
EXEMPT = {
    # The programs that go into bundles: their names are a contract with whoever took one home.
    "networks/standalone/predict.py": None,
    "networks/standalone/extract.py": None,
    # The caption of a field in a form.
    "base/config.py": {"label"},
    # Rules of the gate by the names that reports and command lines have.
    "continual/gate/rules.py": {"check_labels", "label_tolerance"},
    "continual/gate/strata.py": {"label_tolerance"},
    "continual/gate/judging.py": {"check_labels", "label_tolerance"},
    "continual/gate/sentences.py": {"label_tolerance"},
}


def identifiers(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that a module gives or uses, with its line; but the name of a caption or of a fact in a sentence."""
    captions = {
        keyword
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        if re.fullmatch(FOR_PEOPLE, getattr(call.func, "id", getattr(call.func, "attr", "")))
        for keyword in call.keywords
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg) or (isinstance(node, ast.keyword) and node.arg and node not in captions):
            yield node.lineno, str(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.alias):
            yield node.lineno, node.asname or node.name.rpartition(".")[2]
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.lineno, node.name


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text


def comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def words_of_a_task(source: str, allowed: frozenset[str] | set[str] = frozenset()) -> list[str]:
    """Where a source says label, classes or F1, as "line: word"."""
    tree = ast.parse(source)
    allowed_words = re.compile("|".join(map(re.escape, allowed)) or "(?!)")
    names = [(line, name) for line, name in identifiers(tree) if name not in allowed and IN_IDENTIFIERS.search(name)]
    texts = [
        (line, match[0])
        for line, text in (*docstrings(tree), *comments(source))
        for match in IN_TEXTS.finditer(allowed_words.sub("", text))
    ]
    return [f"{line}: {word}" for line, word in sorted(names + texts)]


@pytest.mark.parametrize("folder", SHARED)
def test_what_serves_every_task_has_no_word_of_one(folder: str) -> None:
    wrong = {}
    for path in sorted((CORE / folder).rglob("*.py")):
        name = path.relative_to(CORE).as_posix()
        allowed = EXEMPT.get(name, set())
        if allowed is not None:
            wrong[name] = words_of_a_task(path.read_text(encoding="utf-8"), allowed)
    assert len(wrong) > 5
    assert {name: lines for name, lines in wrong.items() if lines} == {}


def test_the_walk_reads_names_docstrings_and_comments_but_no_captions() -> None:
    source = '''
"""Rows of each label."""
import labels  # by macro_f1

class LabelShare:
    strength: float = setting(1.0, label="Weight of old labels")

    def classes(self, n_classes):
        return message("gate.labels", "{labels} lost", labels=self.names.label_names(wanted=n_classes))

raise DataError("data.gone", "{label} is gone", label=counted(labels=1))
'''
    assert words_of_a_task(source) == [
        "1: label",
        "3: labels",
        "3: macro_f1",
        "5: LabelShare",
        "8: classes",
        "8: n_classes",
        "9: label_names",
        "9: n_classes",
        "11: labels",
    ]
    assert words_of_a_task("rules.label_tolerance  # label_tolerance", {"label_tolerance"}) == []
    assert words_of_a_task("class Open:\n    subclass = classified(dataclasses)") == []
