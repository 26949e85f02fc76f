"""``inspect``: what may be wrong with a dataset."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from core.base.config import home
from core.base.wording import counted
from core.cli.printing import plain, show
from core.cli.progress import consume
from core.cli.tables import facts, left_out_object, read, refuse_without_file, tell
from core.cli.workflow import carry_out, request_of
from core.data.dataset.columns import ColumnRoles, guess_roles, with_spans
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import DatasetStore
from core.data.loading.entity_doubts import examples
from core.data.loading.entity_survey import type_figures
from core.data.loading.label_notes import label_counts
from core.data.loading.load import dataset_of, left_out_of_source, remarks_of
from core.data.quality import Finding
from core.data.reading.names import LABEL_NAMES, TEXT_NAMES, rank
from core.data.spans.targets import counts_of
from core.workflows.workspace import open_workspace

MARKS = {"error": "!!", "warning": " !", "info": "  "}


def inspect(asked: argparse.Namespace) -> None:
    inspection = plain(_saved(asked) if asked.data is None else _file(asked))
    show(asked, inspection, as_text(inspection))


def _saved(asked: argparse.Namespace) -> dict[str, Any]:
    """The inspection of a saved dataset, which is kept, with what the dataset knows of the file it came from."""
    refuse_without_file(asked, "text", "label", "split", "group")
    stored = DatasetStore(home()).find(asked.dataset)
    inspection: dict[str, Any] = carry_out(asked, dataset=stored.id).inspection
    remarks = [str(remark) for remark in remarks_of(stored.source)]
    for remark in remarks:
        sys.stderr.write(f"{remark}\n")
    # A dataset of old counted the rows and did not say which they were.
    rows = int(stored.source.get("skipped") or 0) + int(stored.source.get("set_aside") or 0)
    left_out = {**left_out_object(left_out_of_source(stored.source)), "rows": rows}
    roles = stored.roles.columns()
    dataset = DatasetStore(home()).load(stored.id)
    types = _types(stored.roles, dataset)
    return {
        **_with_examples(inspection, dataset),
        "columns": list(roles.values()),
        "roles": roles,
        "labels": stored.label_rows,
        **types,
        "left_out": left_out,
        "guessed": {},
        "notes": remarks,
    }


def _file(asked: argparse.Namespace) -> dict[str, Any]:
    """The inspection of a file, of which nothing is kept; without a label column, of its texts alone."""
    from core.workflows.inspect.run import InspectionDone, frozen_tests, look_over

    workspace = open_workspace(home())
    table = read(asked)
    columns = [str(column) for column in table.columns]
    guess = guess_roles(table)
    roles = with_spans(table, roles_of(asked, guess))
    if roles.kind == "nothing":
        sys.stderr.write(f"{_why_no_label(guess)}, so only the texts were looked at. Name it with --label.\n")
    loaded = dataset_of(table, roles, name=asked.data.name, batch=True, need_label=False)
    tell(loaded.left_out, [note for note in loaded.notes if note.key not in FOUND])
    request = request_of(asked, dataset="")
    frozen = frozen_tests(workspace)

    def events() -> Any:
        made = yield from look_over(loaded.dataset, request, workspace, kind=roles.kind, frozen=frozen)
        assert made is not None, "only what is told to stop comes to nothing"
        yield InspectionDone(made)

    known = {
        "columns": columns,
        "labels": _labels(roles, loaded.dataset),
        **_types(roles, loaded.dataset),
        **facts(loaded),
    }
    known["guessed"] |= guessed_columns(asked, roles)
    made = _with_examples(consume(events()).inspection, loaded.dataset)
    return {"dataset_name": asked.data.name, **made, **known}


def _labels(roles: ColumnRoles, dataset: TextDataset) -> dict[str, int]:
    """Label → rows, of entities type → their number."""
    if roles.spans:
        return counts_of(dataset.label_names())
    return {} if roles.label is None else label_counts(dataset)


def _types(roles: ColumnRoles, dataset: TextDataset) -> dict[str, Any]:
    """The types of entities, where texts have them; never stored, since their surfaces are words of texts."""
    if not roles.spans:
        return {}
    return {"entity_types": [each._asdict() for each in type_figures(dataset.texts, dataset.label_names())]}


FOUND = ("spelling.likely", "spelling.missing")  # what the inspection finds anew, with its rows and its cure


def roles_of(asked: argparse.Namespace, guess: ColumnRoles) -> ColumnRoles:
    """The columns' roles: as the program guesses them, but for those that are named."""
    text, label = asked.text or guess.text, asked.label or guess.label
    if asked.text and not asked.label and label == text:
        label = None
    others = {name: getattr(asked, name, None) or getattr(guess, name) for name in ("split", "group", "time")}
    free = {name: column if column not in (text, label) else None for name, column in others.items()}
    return ColumnRoles(text, label, free["split"], free["group"], free["time"])


def _why_no_label(guess: ColumnRoles) -> str:
    """Why there is no label column, where none was named."""
    if guess.label is None:
        return "No column looks like a label"
    return f"Column '{guess.label}', which looks like the labels, was named as the text"


def guessed_columns(asked: argparse.Namespace, roles: ColumnRoles) -> dict[str, Any]:
    """Which columns were taken for text and label, and whether by their name (sure), their content, or as told."""
    columns = {}
    for role, names in (("text", TEXT_NAMES), ("label", LABEL_NAMES)):
        told, value = getattr(asked, role), getattr(roles, role)
        sure = bool(told) or (value is not None and rank(value, names) is not None)
        columns[role] = {"value": value, "sure": sure, "told": bool(told)}
    return columns


def as_text(inspection: dict[str, Any]) -> str:
    """Which columns were looked at, a line for each finding, and what to do below it."""
    lines = [
        f"{inspection['dataset_name']}: {inspection['rows']:,} rows, {len(inspection['findings'])} findings",
        _columns(inspection),
        *map(_type, inspection.get("entity_types", ())),
    ]
    for finding in inspection["findings"]:
        seen = f" ({finding['seen']:,} rows looked at)" if finding["seen"] else ""
        lines.append(f"{MARKS[finding['severity']]} {finding['sentence']}{seen}")
        rows = ", ".join(f"{row + 1:,}" for row in finding["rows"][:5])
        lines.append(f"     {finding['advice']}" + (f" Rows {rows} …" if rows else ""))
        if finding.get("examples"):
            lines.append(f"     Such as {', '.join(finding['examples'])}")
        lines += [f"     → {fix['sentence']}" for fix in finding["fixes"]]
    if inspection["clean"]:
        lines.append(f"   Nothing found by: {', '.join(inspection['clean'])}.")
    return "\n".join(lines)


def _with_examples(inspection: dict[str, Any], dataset: TextDataset) -> dict[str, Any]:
    """The inspection, with the words that findings speak of; never stored, since they are of texts."""
    findings = []
    for stored in inspection["findings"]:
        finding = Finding.from_dict(stored)
        texts = {row: dataset.texts[row] for row in finding.rows}
        named = examples(finding.rows, finding.notes, texts)
        findings.append({**stored, "examples": named} if named else stored)
    return {**inspection, "findings": findings}


def _type(figures: dict[str, Any]) -> str:
    surfaces = ", ".join(f"{surface} ({count:,})" for surface, count in figures["surfaces"])
    return (
        f"   {figures['name']}: entities {figures['entities']:,}, in {counted(figures['texts'], 'text')}, typically of "
        f"{counted(figures['length'], 'character')}; {surfaces}"
    )


def _columns(inspection: dict[str, Any]) -> str:
    """Which columns hold text and label; of a file, also how sure that is."""
    if not inspection["guessed"]:  # a saved dataset: somebody chose them
        return "   " + ", ".join(f"{role}: column '{column}'" for role, column in inspection["roles"].items())
    taken = {role: inspection["guessed"][role] for role in ("text", "label")}
    named = [f"{role}: {_column(part)}" for role, part in taken.items()]
    doubtful = [f"--{role}" for role, part in taken.items() if part["value"] is not None and not part["sure"]]
    advice = f". Where that is wrong, say so: {' '.join(doubtful)}" if doubtful else ""
    return f"   {', '.join(named)}{advice}"


def _column(part: dict[str, Any]) -> str:
    if part["value"] is None:
        return "none"
    return f"column '{part['value']}' ({'as you said' if part['told'] else 'sure' if part['sure'] else 'a guess'})"
