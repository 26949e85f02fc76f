"""No visible word stands in the code of a page or of the shell: all come from the catalogues."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = sorted([*(ROOT / "pages").glob("*.py"), *(ROOT / "dashboard").rglob("*.py")])
VISIBLE = {
    "title", "header", "subheader", "caption", "text", "markdown", "write", "write_stream", "info", "warning", "error",
    "success", "toast", "button", "download_button", "form_submit_button", "link_button", "checkbox", "toggle", "radio",
    "selectbox", "multiselect", "slider", "select_slider", "number_input", "text_input", "text_area", "file_uploader",
    "segmented_control", "pills", "metric", "expander", "tabs", "popover", "spinner", "status", "progress", "badge",
    "data_editor", "feedback", "date_input", "dialog", "heading", "section", "empty_state", "needs_classifier", "Card",
}  # fmt: skip
WORDED = {
    "label", "help", "placeholder", "body", "caption", "text", "alt", "title", "page_title", "delta_description",
    "row_title", "column_title", "axis", "title_text", "annotation_text", "action", "note",
}  # fmt: skip


def has_words(text: str) -> bool:
    """Whether letters remain without icons, Markdown's colour names and colour values."""
    return any(sign.isalpha() for sign in re.sub(r":material/\w+:|:[a-z]+(-[a-z]+)?\[|#[0-9a-f]{6}\b", "", text))


def literals(node: ast.expr) -> Iterator[str]:
    """String constants with letters that would be seen: in f-strings and lists, too, but not what a call returns."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if has_words(node.value):
            yield node.value
    elif isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        if has_words(text):
            yield text
    elif isinstance(node, ast.List | ast.Tuple):
        for item in node.elts:
            yield from literals(item)
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def visible_literals(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "log":
            continue  # the log is not the page
        # options with a format_func are values; without one they are what the reader sees
        first = 1 if any(keyword.arg == "format_func" for keyword in node.keywords) else 2
        arguments = list(node.args[:first]) if name in VISIBLE else []
        arguments += [keyword.value for keyword in node.keywords if keyword.arg in WORDED]
        for argument in arguments:
            found += [f"line {node.lineno}: {text!r}" for text in literals(argument)]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_visible_literal(path: Path) -> None:
    assert visible_literals(path.read_text(encoding="utf-8")) == []


def test_the_search_finds_literals() -> None:
    source = (
        'st.button("Go")\nst.title(f"Hello {name}")\nst.metric(t("a.b"), "1", help="What")\nst.tabs(["One", t("x.y")])'
    )
    assert len(visible_literals(source)) == 4
    assert visible_literals('st.button(t("a.go"), icon=":material/add:", key="go")\nst.write(f"{a} · {b}")') == []


SHOWS_MARKDOWN = {
    "title", "header", "subheader", "caption", "markdown", "write", "info", "warning", "error", "success", "toast", "button",
    "checkbox", "toggle", "radio", "expander", "badge", "metric", "tabs", "popover", "heading", "section", "empty_state",
}  # fmt: skip
ESCAPES = {"plain", "escape"}


def unescaped_sentences(source: str) -> list[str]:
    """Sentences of core, whose facts may be names from a file, on their way into Markdown without being escaped."""

    def search(node: ast.AST, shown: bool) -> Iterator[str]:
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ESCAPES:
                return
            if name == "t_message" and shown:
                yield f"line {node.lineno}"
            shown = shown or name in SHOWS_MARKDOWN
        for child in ast.iter_child_nodes(node):
            yield from search(child, shown)

    return list(search(ast.parse(source), False))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_from_files_are_never_markdown(path: Path) -> None:
    assert unescaped_sentences(path.read_text(encoding="utf-8")) == []


def test_the_search_finds_sentences_that_are_not_escaped() -> None:
    source = (
        'st.error(t_message(a))\nst.error(plain(t_message(a)))\nst.markdown(f"**{t_message(a)}**")\nx = t_message(a)'
    )
    assert unescaped_sentences(source) == ["line 1", "line 3"]
