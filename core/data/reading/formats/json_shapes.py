"""Finds the table in a JSON document: objects, lists, columns as pandas writes them, an object around rows, Label Studio tasks.

Knows nothing of files but their name; what holds no table is named for what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.base.errors import DataError
from core.base.messages import Message, message
from core.data.reading.formats.base import no_such_sheet
from core.data.reading.names import is_known_name

_WRAPPERS = ("data", "rows", "records", "results", "items", "examples", "instances")  # taken before other keys
_FEW = 4  # texts with a label each, from which they are told from a row
_DISTINCT = 0.9  # share of texts under their labels that come once
_SPLITS = frozenset(("train", "training", "validation", "valid", "val", "dev", "test", "testing"))


@dataclass(frozen=True)
class Records:
    """Rows as objects.

    Parameters
    ----------
    parts
        Keys of the document that hold rows, where it has several; the first is the one that is read.
    """

    rows: list[dict[str, Any]]
    parts: list[str] = field(default_factory=list)
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Columns:
    """A table by its columns."""

    names: list[str]
    values: list[list[Any]]
    notes: tuple[Message, ...] = ()


def shape_of(path: Path, values: list[Any], part: str | None) -> Records | Columns | list[Any]:
    """The table in the values of a file: one of a document, or one a line. Lists of cells come back as a list.

    Parameters
    ----------
    part
        The key that holds the rows, where a person chose it.
    """
    if len(values) > 1:
        return _rows(path, values)
    document = values[0]
    if isinstance(document, list):
        return _rows(path, document)
    if isinstance(document, dict):
        return _from_object(path, document, part)
    raise _no_table(path, [])


def _rows(path: Path, rows: list[Any]) -> Records | list[Any]:
    """A list of objects, or of lists."""
    if not rows:
        raise _no_table(path, [])
    if all(isinstance(row, list) for row in rows):
        return rows
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise DataError(
                "data.json_no_object",
                "Row {row:,} of '{file}' is not an object like {example}. Expected one object a row, whose keys name the "
                "columns.",
                row=number,
                file=path.name,
                example='{"text": "…", "label": "…"}',
            )
    if rows and all(_is_task(row) for row in rows):
        return _label_studio(rows)
    return Records(_without_envelopes(rows))


def _without_envelopes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose text or label stands one level deeper, such as ``{"data": {"text": …}, "meta": {"label": …}}``, made flat."""
    first = rows[0]
    if any(is_known_name(key) for key, value in first.items() if not isinstance(value, dict)):
        return rows
    envelopes = [key for key, value in first.items() if isinstance(value, dict)]
    inner = [key for name in envelopes for key in first[name]]
    others = [key for key in first if key not in envelopes]
    if not any(map(is_known_name, inner)) or len({*inner, *others}) < len(inner) + len(others):
        return rows
    if not all(isinstance(row.get(name, {}), dict) for row in rows for name in envelopes):
        return rows
    flat = []
    for row in rows:
        cells: dict[str, Any] = {}
        for key, value in row.items():
            cells |= value if key in envelopes else {key: value}
        flat.append(cells)
    return flat


def _from_object(path: Path, document: dict[str, Any], part: str | None) -> Records | Columns | list[Any]:
    """One object: the columns or rows of a table, or something around them."""
    if isinstance(document.get("columns"), list) and isinstance(document.get("data"), list):
        return _split(path, document)
    lists = {key: value for key, value in document.items() if _is_rows(value)}
    if part is not None and part not in lists:
        raise no_such_sheet(path, part, list(lists))
    if lists and set(lists) <= _SPLITS and part is None and len(lists) == len(document):
        return _with_splits(path, lists)
    if lists:
        keys = sorted(lists, key=lambda key: (key not in _WRAPPERS, -len(lists[key])))
        key = part or keys[0]
        shape = _rows(path, [row["row"] if _is_viewer_row(row) else row for row in lists[key]])
        return Records(shape.rows, keys if len(keys) > 1 else [], shape.notes) if isinstance(shape, Records) else shape
    columns = _by_label(document) or _by_text(document) or _columns(document)
    if columns is not None:
        return columns
    inner = [value for value in document.values() if isinstance(value, dict) and any(map(_is_rows, value.values()))]
    if len(inner) == 1:
        return _from_object(path, inner[0], part)
    if document and not any(isinstance(value, dict | list) for value in document.values()):
        return Records([document])
    raise _no_table(path, list(document))


def _is_rows(value: Any) -> bool:
    """Whether a value is a list of objects, or of lists of the same length."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(row, dict) for row in value) or (
        all(isinstance(row, list) for row in value) and len({len(row) for row in value}) == 1
    )


def _is_viewer_row(row: Any) -> bool:
    """A row as the viewer of the Hugging Face Hub hands it out."""
    return isinstance(row, dict) and isinstance(row.get("row"), dict) and "row_idx" in row


def _split(path: Path, document: dict[str, Any]) -> Columns:
    """As pandas writes with ``orient="split"``: names once, then rows as lists."""
    names, rows = [str(name) for name in document["columns"]], document["data"]
    if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        raise _no_table(path, list(document))
    return Columns(names, [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names])


def _with_splits(path: Path, lists: dict[str, list[Any]]) -> Records | list[Any]:
    """Rows under the names of the parts of a split: one table, with a column that says which."""
    if all(isinstance(row, dict) for rows in lists.values() for row in rows):
        return Records([{**row, "split": row.get("split", key)} for key, rows in lists.items() for row in rows])
    if all(isinstance(row, list) for rows in lists.values() for row in rows):
        return [[*row, key] for key, rows in lists.items() for row in rows]
    raise _no_table(path, list(lists))


def _by_label(document: dict[str, Any]) -> Columns | None:
    """Lists of texts under their labels; None where the keys may as well be names of columns."""
    lists = list(document.values())
    if len(lists) < 2 or any(map(is_known_name, document)):
        return None
    if not all(isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts) for texts in lists):
        return None
    texts = [text for texts in lists for text in texts]
    if any(2 * len(set(texts)) <= len(texts) for texts in lists) or len(set(texts)) < _DISTINCT * len(texts):
        return None
    labels = [label for label, texts in document.items() for _ in texts]
    return Columns(["text", "label"], [texts, labels], (_note_keys("label"),))


def _by_text(document: dict[str, Any]) -> Columns | None:
    """A label under each text; None for an object that may be a row."""
    labels = list(document.values())
    if (
        len(labels) < _FEW
        or any(map(is_known_name, document))
        or any(isinstance(label, dict | list) for label in labels)
    ):
        return None
    if 2 * len(set(map(str, labels))) > len(labels):
        return None
    return Columns(["text", "label"], [list(document), labels], (_note_keys("text"),))


def _note_keys(column: str) -> Message:
    return message(
        "data.note_json_keys",
        "The keys of the JSON object are read as column '{column}', since none of them is a usual name of a column.",
        column=column,
    )


def _columns(document: dict[str, Any]) -> Columns | Records | None:
    """An object whose values are the columns, or the rows by their number, as pandas writes them; None for others."""
    values = list(document.values())
    if not values:
        return None
    if all(isinstance(value, list) for value in values):
        same_length = len({len(value) for value in values}) == 1 and len(values[0]) > 0
        return Columns(list(document), values) if same_length and len(values) > 1 else None
    if not all(isinstance(value, dict) for value in values):
        return None
    inner = list(dict.fromkeys(key for value in values for key in value))
    by_number = all(key.lstrip("-").isdecimal() for key in document)
    if by_number or (not all(key.lstrip("-").isdecimal() for key in inner) and any(map(is_known_name, inner))):
        return Records(values)
    if all(key.lstrip("-").isdecimal() for key in inner) or any(map(is_known_name, document)):
        return Columns(list(document), [[value.get(key) for key in inner] for value in values])
    return None


def _is_task(row: dict[str, Any]) -> bool:
    """Whether an object is a task as Label Studio exports it: the text in one key, its annotations in another."""
    return isinstance(row.get("data"), dict) and isinstance(row.get("annotations", row.get("completions")), list)


def _label_studio(tasks: Sequence[dict[str, Any]]) -> Records:
    """The data of each task, with what its first annotation chose; a question has its column."""
    first_answers: list[dict[str, Any]] = []
    differing = 0
    for task in tasks:
        given: list[Any] = task.get("annotations") or task.get("completions") or []
        annotations = [annotation for annotation in given if isinstance(annotation, dict)]
        kept = [_choices(each) for each in annotations if not each.get("was_cancelled") and not each.get("skipped")]
        kept = [answers for answers in kept if answers]
        differing += any(answers != kept[0] for answers in kept)
        first_answers.append(kept[0] if kept else {})
    questions = list(dict.fromkeys(name for answers in first_answers for name in answers))
    names = {questions[0]: "label"} if len(questions) == 1 else {name: name for name in questions}
    rows = [
        {**task["data"], **{name: answers.get(question) for question, name in names.items()}}
        for task, answers in zip(tasks, first_answers, strict=True)
    ]
    notes = [
        message(
            "data.note_label_studio",
            "Read as an export of Label Studio; the labels are what was chosen in: {questions}.",
            questions=questions or ["–"],
        )
    ]
    if differing:
        notes.append(
            message(
                "data.note_annotators",
                "Tasks that were annotated differently by several people: {count:,}. The first annotation of each is taken.",
                count=differing,
            )
        )
    return Records(rows, notes=tuple(notes))


def _choices(annotation: dict[str, Any]) -> dict[str, Any]:
    """Question → what was chosen; a list where that was more than one thing."""
    answers: dict[str, list[Any]] = {}
    for result in annotation.get("result") or []:
        value = result.get("value") if isinstance(result, dict) else None
        if not isinstance(value, dict):
            continue
        given = value.get("choices", value.get("rating", value.get("taxonomy")))
        if given is not None:
            question = str(result.get("from_name", "label"))
            answers.setdefault(question, []).extend(given if isinstance(given, list) else [given])
    return {question: given[0] if len(given) == 1 else given for question, given in answers.items()}


def _no_table(path: Path, keys: Sequence[str]) -> DataError:
    return DataError(
        "data.json_form",
        "'{file}' is JSON, but no list of rows was found in it (its keys: {keys}). Expected a list of objects such as {example}, "
        "one object a line, or one object around such a list.",
        file=path.name,
        keys=list(keys)[:20] or ["–"],
        example='{"text": "…", "label": "…"}',
    )
