"""From a named file to a dataset, with all that a person should know of the way: rows left out, guesses, labels read otherwise.

The command line and the pages tell it, and the dataset keeps it. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas

from core.base.messages import Message, showable
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.input_columns import telling_inputs
from core.data.dataset.label_spelling import canonical_labels, suggested_merges
from core.data.dataset.multilabel import several_labels
from core.data.dataset.row_targets import SetAside
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.store import DatasetStore, StoredDataset
from core.data.loading.label_notes import label_notes, merged_note, merges_of, read_note
from core.data.loading.left_out_sentences import names_again, ragged, wanting
from core.data.reading.row_lines import FILE, lines_of
from core.data.reading.table_format import FormatCorrections, TableFormat, TableScan, form_of, notes_of, skipped_of
from core.data.reading.tables import detect_format, read_table
from core.data.recipe import RenameLabels, write_steps

FIRST = 5  # lines or rows named in a sentence
NOTHING = FormatCorrections()
TOLD_BY_ROWS = ("data.note_header_again", "data.note_second_header")  # notes of the reader that `LeftOut` says, too

Reason = Literal["ragged", "header_again", "second_header", "no_text", "no_label", "no_entities", "no_experience"]


@dataclass(frozen=True)
class LeftOut:
    """Rows of a file that are not in the dataset, for one reason.

    Parameters
    ----------
    first
        Where the first few of them are: lines of the file as an editor counts them for what the reader left out, otherwise
        rows counted from 1 below the header.
    lines
        Lines of a text file on which the first few begin, as an editor counts them; empty where that is not known.
    """

    reason: Reason
    rows: int
    first: tuple[int, ...]
    message: Message
    lines: tuple[int, ...] = ()

    @property
    def of_reader(self) -> bool:
        """Whether the reader left them out, so that ``first`` counts lines."""
        return not self.reason.startswith("no_")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as a dataset stores them; no text of the file is among them."""
        return {
            "reason": self.reason,
            "rows": self.rows,
            "first": list(self.first),
            "lines": list(self.lines),
            "message": self.message.to_dict(),
        }


@dataclass(frozen=True, eq=False)
class LoadedDataset:
    """A dataset and what happened on the way to it."""

    name: str
    dataset: TextDataset
    roles: ColumnRoles
    form: TableFormat | None
    left_out: tuple[LeftOut, ...]
    notes: tuple[Message, ...]
    origin: dict[str, Any]
    merges: Mapping[str, str]

    def source(self) -> dict[str, Any]:
        """Where the rows come from, to be stored with the dataset."""
        recipe = {"recipe": write_steps([RenameLabels(names=dict(self.merges))])} if self.merges else {}
        return {"file": self.name, **self.origin, **recipe}


def load_stored(store: DatasetStore, stored: StoredDataset) -> LoadedDataset:
    """A saved dataset as it was loaded, with what it kept of the way to it."""
    notes = tuple(Message.from_dict(note) for note in stored.source.get("notes", ()))
    left_out = left_out_of_source(stored.source)
    return LoadedDataset(
        stored.name, store.load(stored.id), stored.roles, None, left_out, notes, dict(stored.source), {}
    )


def load_table(path: Path, corrections: FormatCorrections = NOTHING) -> pandas.DataFrame:
    """Read a file as a table, as a person corrected its format; see `core.data.reading.tables.read_table`."""
    table = read_table(path, detect_format(path, corrections))
    table.attrs[FILE] = str(path)
    return table


def load_dataset(
    path: Path,
    roles: ColumnRoles,
    corrections: FormatCorrections = NOTHING,
    *,
    batch: bool = False,
    merge: bool = False,
) -> LoadedDataset:
    """Read a file and make a dataset of it.

    Parameters
    ----------
    batch
        Whether the rows are a batch for a classifier, as in `build_dataset`.
    merge
        Whether labels that are probably spellings of one are merged.

    Raises
    ------
    DataError
        As `read_table` and `build_dataset` do.
    """
    return dataset_of(load_table(path, corrections), roles, name=path.name, batch=batch, merge=merge)


def dataset_of(
    table: pandas.DataFrame,
    roles: ColumnRoles,
    *,
    name: str,
    batch: bool = False,
    merge: bool = False,
    need_label: bool = True,
) -> LoadedDataset:
    """Make a dataset of a table that was read, with all that is to be said of it."""
    dataset, set_aside = build_dataset(table, roles, batch=batch, need_label=need_label)
    merges = merges_of(dataset) if merge and roles.kind == "label" else {}
    if merges:
        dataset, _ = RenameLabels(names=merges).apply(dataset)
    left_out = left_out_of(table, set_aside, spans=roles.spans)
    reading, telling = reading_notes(table, roles, set_aside), telling_inputs(dataset)
    return LoadedDataset(
        showable(name),
        dataset,
        roles,
        form_of(table),
        left_out,
        (
            *reading,
            *(label_notes(dataset) if roles.kind in ("label", "nothing") else ()),
            *telling,
            *([merged_note(merges)] if merges else []),
        ),
        origin_of(left_out, [*reading, *telling], set_aside),
        merges,
    )


def merged_labels(table: pandas.DataFrame, column: str) -> pandas.DataFrame:
    """The table with labels merged that are probably spellings of one; as it is where there is no such column."""
    if column not in table.columns:
        return table
    written = table[column].fillna("")
    names = list(dict.fromkeys(written))
    meant = dict(zip(names, canonical_labels(names), strict=True))
    labels = written.map(meant)
    counts = {str(label): int(rows) for label, rows in labels.value_counts().items() if label}
    return table.assign(**{column: labels.replace(suggested_merges(counts))})


def left_out_of(
    table: pandas.DataFrame, set_aside: SetAside | None = None, *, spans: bool = False
) -> tuple[LeftOut, ...]:
    """Rows of the file that are not in the dataset: those that the reader left out, and those without text or label;
    ``spans`` where the column of labels holds entities.
    """
    skipped = skipped_of(table)
    total = len(table) + len(skipped)
    parts = list(left_out_by_reader(skipped, total))
    if set_aside is not None:
        untold = "no_entities" if spans else "no_label"
        for reason, rows in (("no_text", set_aside.empty_text), (untold, set_aside.empty_label)):
            if rows:
                lines = lines_of(table, rows[:FIRST])
                parts.append(replace(left_out_rows(reason, row_numbers(rows, skipped), total), lines=lines))
    return tuple(parts)


def left_out_of_scan(scan: TableScan) -> tuple[LeftOut, ...]:
    """Rows of a scanned file that the reader left out."""
    return left_out_by_reader(scan.skipped, scan.rows)


def left_out_rows(reason: Any, rows: Sequence[int], total: int, column: str = "") -> LeftOut:
    """Rows, counted from 1 below the header, that are left out for want of something."""
    count, first = len(rows), tuple(int(row) for row in rows[:FIRST])
    facts: dict[str, Any] = {"count": count, "total": total, "rows": _listed(first)}
    return LeftOut(reason, count, first, wanting(reason, facts, column))


def row_numbers(rows: Sequence[int], skipped: Sequence[Mapping[str, Any]]) -> list[int]:
    """Rows of a table, counted from 0, as rows of its file, counted from 1 below the header.

    Rows that the reader left out are not in the table but count in the file: each moves all rows behind it by one.
    """
    numbers: npt.NDArray[np.int64] = np.array(rows, dtype=np.int64)
    absent = np.array(sorted(skip["row"] for skip in skipped), dtype=np.int64)
    moved: list[int] = (numbers + np.searchsorted(absent - np.arange(len(absent)), numbers, side="right") + 1).tolist()
    return moved


def reading_notes(table: pandas.DataFrame, roles: ColumnRoles, set_aside: SetAside | None = None) -> list[Message]:
    """What the reader did besides, labels that were read as others, and cells that hold several labels."""
    notes = [note for note in notes_of(table) if note.key not in TOLD_BY_ROWS]
    if set_aside is not None and set_aside.respelled:
        notes.append(read_note(set_aside.respelled))
    if roles.several or roles.spans:
        return [*notes, *(set_aside.notes if set_aside is not None else ())]
    several = several_labels(table[roles.label].tolist()) if roles.label in table.columns else None
    return notes if several is None else [*notes, several]


def origin_of(
    left_out: Iterable[LeftOut], notes: Iterable[Message], set_aside: SetAside | None = None
) -> dict[str, Any]:
    """What a dataset keeps of the way to it, for its ``source``."""
    parts = list(left_out)
    of_reader = sum(part.rows for part in parts if part.of_reader)
    return {
        "skipped": of_reader,
        "set_aside": set_aside.count if set_aside is not None else 0,
        "left_out": [part.to_dict() for part in parts],
        "notes": [note.to_dict() for note in notes],
    }


def left_out_of_source(source: Mapping[str, Any]) -> tuple[LeftOut, ...]:
    """What a stored dataset says of rows that were left out; nothing for datasets of old."""
    return tuple(
        LeftOut(
            part["reason"],
            part["rows"],
            tuple(part["first"]),
            Message.from_dict(part["message"]),
            tuple(part.get("lines", ())),
        )
        for part in source.get("left_out", ())
    )


def remarks_of(*sources: Mapping[str, Any]) -> list[Message]:
    """What datasets kept of the way to them, from their ``source``, each sentence once; none for datasets of old."""
    stored = [note for source in sources for note in source.get("left_out", ())]
    messages = [Message.from_dict(entry["message"]) for entry in stored]
    messages += [Message.from_dict(note) for source in sources for note in source.get("notes", ())]
    return list({str(sentence): sentence for sentence in messages}.values())


def left_out_by_reader(skipped: Sequence[Mapping[str, Any]], total: int) -> tuple[LeftOut, ...]:
    """What the reader left out, by reason.

    Parameters
    ----------
    skipped
        Rows left out, as `read_table` lists them in ``table.attrs``.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for skip in skipped:
        groups.setdefault(skip.get("reason", "ragged"), []).append(skip)
    return tuple(_skipped(reason, rows, total) for reason, rows in groups.items())


def _skipped(reason: Any, skipped: Sequence[Mapping[str, Any]], total: int) -> LeftOut:
    count = len(skipped)
    first = tuple(int(skip.get("line", skip["row"] + 1)) for skip in skipped[:FIRST])
    facts: dict[str, Any] = {"count": count, "total": total, "lines": _listed(first)}
    if reason != "ragged":
        return LeftOut(reason, count, first, names_again(reason, facts), first)
    widths = sorted({int(skip["found"]) for skip in skipped})
    facts |= {"found": _widths(widths), "expected": int(skipped[0]["expected"])}
    return LeftOut("ragged", count, first, ragged(facts, single_field=widths == [1]), first)


def _listed(numbers: Sequence[int]) -> list[str]:
    return [f"{number:,}" for number in numbers]


def _widths(widths: Sequence[int]) -> list[str]:
    return [*map(str, widths[:FIRST]), "…"] if len(widths) > FIRST else [*map(str, widths)]
