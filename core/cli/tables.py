"""Reads the file that a command names, and says on standard error what was guessed, left out and read otherwise."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas

from core.base.config import home
from core.base.errors import ConfigError
from core.base.messages import Message
from core.base.wording import counted
from core.cli.arguments.tables import PARTS
from core.data.dataset.columns import ColumnRoles, guess_roles
from core.data.dataset.input_columns import inputs_asked
from core.data.dataset.multilabel import separated
from core.data.dataset.row_targets import SetAside
from core.data.dataset.store import DatasetStore, StoredDataset
from core.data.labelling.corrections import JOINED, Correction, join_corrections
from core.data.loading.label_notes import label_notes, matched_note, merged_note
from core.data.loading.load import LeftOut, LoadedDataset, dataset_of, left_out_of, load_stored, load_table
from core.data.reading.tables import FormatCorrections, TableFormat, form_of, notes_of
from core.serving.engines.tables import check_column, input_notes
from core.tasks import Task
from core.workflows.versions.label_matching import in_own_words
from core.workflows.workspace import Workspace

Inputs = Sequence[Mapping[str, Any]]  # further columns, as a version keeps them

MERGE = "Add --merge-labels to make them one."


def read(asked: argparse.Namespace, path: Path | None = None, prefix: str = "") -> pandas.DataFrame:
    """The table of ``--data`` or of another file, as it was corrected; says what was guessed and is not certain."""
    table = load_table(path or asked.data, corrections_of(asked, prefix))
    tell_format(form_of(table), prefix)
    return table


def load(
    asked: argparse.Namespace, *, batch: bool = False, known: Sequence[str] | None = None, inputs: Inputs = ()
) -> LoadedDataset:
    """The labelled dataset of ``--data`` or ``--dataset``; says what was left out and what is to be known of its labels.

    Parameters
    ----------
    known
        Labels of the classifier that it is for: its own spelling of them is taken.
    inputs
        Further columns that the version reads which it is for.
    """
    merge = asked.merge_labels
    if asked.data is None:
        loaded = load_saved(asked)
    else:
        table = read(asked)
        roles = roles_of(asked, table, inputs)
        loaded = dataset_of(table, roles, name=asked.data.name, batch=batch, merge=merge and known is None)
    if known is not None:
        loaded = _in_own_words(loaded, known, merge=merge)
    tell(loaded.left_out, loaded.notes, merge=not merge)
    return loaded


def load_saved(asked: argparse.Namespace) -> LoadedDataset:
    """The dataset of ``--dataset``, with what it kept of the way from its file."""
    refuse_without_file(asked, "text", "label", "split", "group", "input", "labels", "separator", "below")
    store = DatasetStore(home())
    return load_stored(store, store.find(asked.dataset))


def roles_of(asked: argparse.Namespace, table: pandas.DataFrame, known: Inputs = ()) -> ColumnRoles:
    """What the columns of ``--data`` are, as they are named.

    Parameters
    ----------
    known
        Further columns that a version reads: those that the table has are read without being named.
    """
    named = getattr(asked, "input", None)
    if named is None:
        inputs = tuple((each["name"], each["kind"]) for each in known if each["name"] in table.columns)
        for note in input_notes(known, [str(column) for column in table.columns]):
            _line(str(note))
    else:
        kinds = {each["name"]: each["kind"] for each in known}
        inputs = tuple((name, kinds.get(name, kind)) for name, kind in inputs_asked(named, table))
    labels = getattr(asked, "labels", None) or ()  # of commands for any task
    return ColumnRoles(
        text=asked.text,
        label=None if labels else asked.label,
        split=asked.split,
        group=asked.group,
        inputs=inputs,
        labels=labels,
        separator=getattr(asked, "separator", None),
        below=getattr(asked, "below", None) or (),
    )


def _in_own_words(loaded: LoadedDataset, known: Sequence[str], *, merge: bool) -> LoadedDataset:
    before = label_notes(loaded.dataset)
    dataset, match, merges = in_own_words(loaded.dataset, known, merge=merge)
    kept = [note for note in loaded.notes if note not in before]  # of the reader; those on labels are said anew
    notes = [*kept, *label_notes(dataset, replace(match, likely={}, among={}) if merge else match)]
    if merges:
        notes.append(merged_note(merges))
    origin = dict(loaded.origin)
    if match.same:
        origin["notes"] = [*origin.get("notes", ()), matched_note(match.same).to_dict()]
    return replace(loaded, dataset=dataset, notes=tuple(notes), origin=origin, merges=merges)


def load_texts(asked: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    """The texts of a column of ``--data``, empty ones left out, and what ``--json`` shows of them."""
    table = read(asked)
    check_column(asked.text, [str(column) for column in table.columns])
    texts = table[asked.text].tolist()
    empty = tuple(row for row, text in enumerate(texts) if not text.strip())
    left_out = left_out_of(table, SetAside(empty, (), ()))
    notes = notes_of(table)
    tell(left_out, notes)
    return [text for text in texts if text.strip()], facts_of(left_out, form_of(table), notes)


def load_for(
    task: Task, asked: argparse.Namespace, *, known: Sequence[str] | None = None, inputs: Inputs = ()
) -> LoadedDataset:
    """The rows of ``--data`` or ``--dataset`` as a task needs them.

    Parameters
    ----------
    known
        Outputs of the version that they are for; None where there is none yet.
    inputs
        Further columns that it reads.

    Raises
    ------
    ConfigError
        When the task reads targets, and no column of them is named, or several are where a row has one.
    """
    if not task.reads_sets and (getattr(asked, "labels", None) or getattr(asked, "separator", None)):
        raise ConfigError(
            "config.one_label_task",
            "--labels and --separator are for a model that gives a text several labels. Leave them out, or train with --task "
            "multilabel_classification.",
        )
    if task.reads == "spans":
        return load_spans(asked, inputs)
    if task.reads_targets and asked.data is not None and asked.label is None and not (task.reads_sets and asked.labels):
        raise ConfigError("config.no_label_column", "The following arguments are required: --label.")
    if task.reads_sets:
        return load_sets(asked, known=known, inputs=inputs)
    if not task.distribution:
        return load_unlabelled(asked, inputs)
    return load(asked, batch=known is not None, known=known, inputs=inputs)


def load_sets(asked: argparse.Namespace, *, known: Sequence[str] | None, inputs: Inputs = ()) -> LoadedDataset:
    """The dataset of ``--data`` or ``--dataset`` whose rows may have several labels; see `load_for`."""
    if asked.data is None:
        return load_saved(asked)
    table = read(asked)
    roles = separated(table, roles_of(asked, table, inputs), known or ())
    loaded = dataset_of(table, roles, name=asked.data.name, batch=known is not None)
    tell(loaded.left_out, loaded.notes)
    return loaded


def load_spans(asked: argparse.Namespace, inputs: Inputs = ()) -> LoadedDataset:
    """The dataset of ``--data`` or ``--dataset`` in whose texts entities are marked; columns that are not named are guessed."""
    if asked.data is None:
        return load_saved(asked)
    table = read(asked)
    loaded = dataset_of(table, span_roles(asked, table, inputs), name=asked.data.name, batch=True)
    tell(loaded.left_out, loaded.notes)
    return loaded


def span_roles(asked: argparse.Namespace, table: pandas.DataFrame, inputs: Inputs = ()) -> ColumnRoles:
    """What the columns of a table are in whose texts entities are marked: as they are named, or as what they hold says."""
    guessed = guess_roles(table)
    asked.text = asked.text or guessed.text
    roles = roles_of(asked, table, inputs)
    if roles.label is None and guessed.spans and roles.text == guessed.text:
        roles = replace(
            roles, label=guessed.label, group=roles.group or guessed.group, split=roles.split or guessed.split
        )
    return replace(roles, spans=True)


def load_unlabelled(asked: argparse.Namespace, inputs: Inputs = ()) -> LoadedDataset:
    """The dataset of ``--data`` or ``--dataset`` where labels need not be."""
    if asked.data is None:
        return load_saved(asked)
    table = read(asked)
    loaded = dataset_of(table, roles_of(asked, table, inputs), name=asked.data.name, batch=True, need_label=False)
    tell(loaded.left_out, loaded.notes)
    return loaded


def corrections_of(asked: argparse.Namespace, prefix: str = "") -> FormatCorrections:
    """What was said of a file."""
    start = prefix.replace("-", "_")
    return FormatCorrections(**{part: getattr(asked, start + part) for part in PARTS})


def refuse_without_file(asked: argparse.Namespace, *others: str, prefix: str = "") -> None:
    """Raise `ConfigError` where something is said of a file and none is named, rather than leave it out in silence."""
    start = prefix.replace("-", "_")
    given = [name for name in (*(start + part for part in PARTS), *others) if getattr(asked, name, None) is not None]
    if given:
        raise ConfigError(
            "config.no_file",
            "{options}: this belongs to a file, and none is named. Name one with {file}, or leave it out.",
            options=[f"--{name.replace('_', '-')}" for name in given],
            file=f"--{prefix.rstrip('-') or 'data'}",
        )


def save_for(
    loaded: LoadedDataset, workspace: Workspace, corrections: Sequence[Correction] = ()
) -> AbstractContextManager[StoredDataset]:
    """Store what was loaded, with corrections that join it, for learning; when that is refused, nothing is left behind."""
    source = loaded.source()
    if corrections:
        source[JOINED] = len(corrections)
        sys.stderr.write(f"{counted(len(corrections), 'correction')} joined the batch.\n")
    dataset = join_corrections(loaded.dataset, corrections)
    return workspace.datasets.saved_for(dataset, name=loaded.name, roles=loaded.roles, source=source)


def save(loaded: LoadedDataset, workspace: Workspace) -> StoredDataset:
    """Store what was loaded, with where it came from."""
    return workspace.datasets.save(loaded.dataset, name=loaded.name, roles=loaded.roles, source=loaded.source())


def tell(left_out: Iterable[LeftOut], notes: Iterable[Message] = (), *, merge: bool = False) -> None:
    """A line for each reason to leave rows out, and for all else that is worth knowing.

    Parameters
    ----------
    merge
        Whether to say how labels in several spellings are made one.
    """
    for part in left_out:
        _line(str(part.message))
    for note in notes:
        advised = merge and note.key in ("spelling.likely", "spelling.doubtful")
        _line(f"{note} {MERGE}" if advised else str(note))


def tell_format(form: TableFormat | None, prefix: str = "") -> None:
    """How a file was read and how sure that is, where anything of it is a guess."""
    if form is None or all(guess.sure for guess in form.guesses):
        return
    parts = ", ".join(f"{guess.sentence()} ({guess.confidence_sentence()})" for guess in form.guesses)
    names = [guess.part.replace("_", "-") for guess in form.guesses if not guess.sure]
    options = " ".join(f"--{'no-' if name == 'header' and form.header else ''}{prefix}{name}" for name in names)
    _line(f"Read as: {parts}. Where that is wrong, say so: {options}.")


def facts_of(left_out: Iterable[LeftOut], form: TableFormat | None, notes: Iterable[Message] = ()) -> dict[str, Any]:
    """What ``--json`` shows of the way from the file to the dataset."""
    return {"left_out": left_out_object(left_out), "guessed": guessed(form), "notes": [str(note) for note in notes]}


def facts(loaded: LoadedDataset) -> dict[str, Any]:
    """`facts_of` what was loaded."""
    return facts_of(loaded.left_out, loaded.form, loaded.notes)


def left_out_object(left_out: Iterable[LeftOut]) -> dict[str, Any]:
    """All rows that were left out as one object, with a part for each reason."""
    groups = list(left_out)
    parts = [
        {
            "reason": part.reason,
            "rows": part.rows,
            **({} if part.of_reader else {"first_rows": list(part.first)}),
            **({"first_lines": list(lines)} if (lines := _first_lines(part)) else {}),
            "sentence": str(part.message),
        }
        for part in groups
    ]
    return {
        "rows": sum(part.rows for part in groups),
        "first_lines": next((list(lines) for part in groups if (lines := _first_lines(part))), []),
        "reason": " ".join(str(part.message) for part in groups) or None,
        "parts": parts,
    }


def _first_lines(part: LeftOut) -> tuple[int, ...]:
    """Lines of the file where they are known; a dataset of old knows only those of the reader."""
    return part.first if part.of_reader else part.lines


def guessed(form: TableFormat | None) -> dict[str, Any]:
    """Part of the format → value, and whether it is sure or was told."""
    guesses = form.guessed() if form is not None else []
    return {guess["part"]: {name: value for name, value in guess.items() if name != "part"} for guess in guesses}


def _line(text: str) -> None:
    sys.stderr.write(f"{text}\n")
