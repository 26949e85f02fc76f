"""The stream of a comparison: which datasets, in which order, cut by what; and what comes out of that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.config import Setting, build, home, settings_of
from core.base.errors import CoreError
from core.base.messages import Message
from core.tasks import DEFAULT, Task, task_of
from core.workflows.compare.request import CompareRequest, Cut, TypesConfig, task_for
from core.workflows.requests import DataConfig
from dashboard.lab import order, upload
from dashboard.lab.words import told
from dashboard.parts import choices, tables
from dashboard.parts.forms.forms import settings_form
from dashboard.shell import state
from dashboard.shell.i18n import t, t_message, tn

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset

SOURCE = "lab.kind"  # upload_table has "lab.source"
SOURCES = ("several", "single", "file")
DATASET = "lab.dataset"
CUT = "lab.cut"
FEWEST_TYPES = 2
FEWEST_LABELS = 3  # fewer cannot be cut into two experiences of which one holds two labels
SHOWN_LABELS = 6
SPOKEN = {"en", "zh"}


@dataclass(frozen=True)
class Choice:
    """What the reader chose, as fields of a `CompareRequest`; `missing` says what is still wanted, if anything is."""

    datasets: tuple[str, ...] = ()
    task: str = DEFAULT
    experience: Cut = "datasets"
    values: tuple[tuple[str, Any], ...] = ()
    name: str = ""
    missing: str = ""

    def fields(self) -> dict[str, Any]:
        """For the request; the name is the reader's to change."""
        return {"datasets": list(self.datasets), "experience": self.experience, **dict(self.values)}

    @property
    def for_task(self) -> Task:
        """What the models are for, which follows the datasets."""
        return task_of(self.task)


@dataclass(frozen=True)
class Preview:
    """The experiences as the comparison will have them, and what a person should know about them."""

    experiences: tuple[dict[str, Any], ...]
    findings: tuple[Message, ...]

    @property
    def rows(self) -> int:
        """Training rows of the whole stream."""
        return sum(int(experience["train"]) for experience in self.experiences)


def source() -> str:
    """Ask where the experiences come from: one of `SOURCES`."""
    names = {source: t(f"lab.source_{source}") for source in SOURCES}
    kind = choices.segmented(t("lab.source"), names, key=SOURCE, wrap=True, bare=True)
    st.caption(t(f"lab.about_{kind}"))
    return kind


def choose(source: str) -> Choice:
    """Draw the choice of a stream of this kind."""
    if source == "file":
        upload.draw()
        return Choice(missing=t("lab.missing_file"))
    return _several() if source == "several" else _single()


def _several() -> Choice:
    datasets = order.draw()
    identities = tuple(dataset.id for dataset in datasets)
    languages = {dataset.language for dataset in datasets} & SPOKEN
    tasks = list(dict.fromkeys(task_for(dataset.kind).name for dataset in datasets)) or [DEFAULT]
    missing = ""
    if len(datasets) < 2:
        missing = t("lab.missing_datasets") if datasets else t("lab.missing_all_datasets")
    elif len(tasks) > 1:
        missing = t("lab.missing_task")
    elif len(languages) > 1:
        missing = t("lab.missing_language")
    return Choice(identities, tasks[0], name=_name_of(datasets), missing=missing)


def _name_of(datasets: list[StoredDataset]) -> str:
    """Of the file and its column when all come from there, otherwise of the first dataset."""
    origins = {(dataset.source.get("file"), dataset.source.get("column")) for dataset in datasets}
    file, column = next(iter(origins)) if len(origins) == 1 else (None, None)
    if file and column:
        return t("lab.name_column", name=PurePath(str(file).removesuffix(".gz")).stem, column=column)
    if len(datasets) > 1:
        return tn("lab.name_several", len(datasets) - 1, first=datasets[0].name)
    return datasets[0].name if datasets else ""


def _single() -> Choice:
    datasets = order.listed()
    if not datasets:
        return Choice(missing=t("lab.no_datasets"))
    names = {dataset.id: order.describe(dataset) for dataset in datasets.values()}
    likely = [dataset.id for dataset in datasets.values() if cuts_of(dataset)] or [*datasets]
    worked_with = state.chosen_dataset()
    first = worked_with if worked_with in likely else likely[0]
    order.tell_left_out()
    dataset = datasets[choices.listed(t("lab.dataset"), names, key=DATASET, first=first)]
    possible, task = cuts_of(dataset), task_for(dataset.kind)
    if not possible:
        missing = told(task, "lab.missing_cut", name=tables.plain(dataset.name))
        return Choice((dataset.id,), task.name, missing=missing)
    cut = _cut(possible, task)
    values = _cut_values(cut, dataset, task)
    name = told(task, f"lab.name_{cut}", name=dataset.name)
    return Choice((dataset.id,), task.name, cut, tuple(values.items()), name)


def cuts_of(dataset: StoredDataset) -> list[Cut]:
    """By what a dataset can be cut into experiences."""
    possible: list[Cut] = []
    if dataset.roles.time is not None:
        possible.append("time")
    if dataset.roles.group is not None:
        possible.append("group")
    fewest = FEWEST_TYPES if task_for(dataset.kind).leaves_open else FEWEST_LABELS
    if len(dataset.label_rows) >= fewest:
        possible.append("labels")
    return possible


def _cut(possible: list[Cut], task: Task) -> Cut:
    names = {cut: told(task, f"choices.experience_{cut}") for cut in possible}
    return choices.segmented(t("lab.cut"), names, key=CUT, help=t("lab.cut_help"), wrap=True)


def _cut_values(cut: Cut, dataset: StoredDataset, task: Task) -> dict[str, Any]:
    """The fields that this way of cutting needs."""
    declared = {setting.name: setting for setting in settings_of(CompareRequest)}
    if cut == "time":
        return settings_form([declared["periods"]], key="lab")
    if cut == "group":
        return {}
    if task.leaves_open:
        return _type_values(len(dataset.label_rows), declared)
    count = len(dataset.classes)
    most = max(2, count - 1)
    size = _bounded(declared["labels_per_experience"], most)
    # another dataset has another number of labels, so each number has a field of its own
    values = settings_form([size], key=f"lab.{count}", defaults={"labels_per_experience": max(2, round(count / 5))})
    values |= settings_form([declared["label_order"]], key="lab")
    if values["label_order"] == "random":
        values |= settings_form([replace(declared["order_seed"], advanced=False)], key="lab")
    return values


def _type_values(count: int, declared: dict[str, Setting]) -> dict[str, Any]:
    """The same for types of entities; the seed also says which texts are in which batch."""
    size, turn = settings_of(TypesConfig)
    shown = [_bounded(size, max(2, count - 1)), turn, replace(declared["order_seed"], advanced=False)]
    asked = settings_form(shown, key=f"lab.types.{count}", defaults={size.name: max(1, round(count / 4))})
    return {
        "labels_per_experience": asked[size.name],
        "label_order": asked[turn.name],
        "order_seed": asked["order_seed"],
    }


def _bounded(setting: Setting, most: int) -> Setting:
    return replace(setting, maximum=min(float(most), setting.maximum or most))


def preview(choice: Choice) -> Preview | CoreError:
    """The stream's experiences; what goes wrong is an answer, so that it is remembered, too."""
    # The name changes with the language, and nothing else with the name.
    return _preview(str(home()), replace(choice, name=""), tuple(dataset.id for dataset in state.datasets()))


# A resource, since errors cannot be copied. `stored` is there to look again after a deletion.
@st.cache_resource(show_spinner=False, max_entries=20, ttl=3600)
def _preview(folder: str, choice: Choice, stored: tuple[str, ...]) -> Preview | CoreError:
    from core.workflows.compare.streams import read_stream

    try:
        request = build(CompareRequest, {**choice.fields(), "strategies": []})
        stream = read_stream(request, DataConfig(), state.workspace())
    except CoreError as error:
        return error
    experiences = tuple(
        {
            "name": experience.name,
            "train": len(experience.train[0]),
            "test": len(experience.test[0]),
            "labels": experience.labels,
        }
        for experience in stream.experiences
    )
    return Preview(experiences, stream.findings)


def draw_preview(preview: Preview, task: Task) -> None:
    """The experiences in a table, and a line for each thing to know."""
    table = experience_table(list(preview.experiences))
    st.dataframe(
        table,
        hide_index=True,
        key="lab.preview",
        column_config=experience_columns(task),
        alt=told(task, "lab.experiences_alt"),
    )
    notes = [tables.plain(t_message(finding)) for finding in preview.findings]
    if disjoint(preview.experiences):
        notes.append(told(task, "lab.disjoint"))
    for note in notes:
        st.caption(f":material/info: {note}")


def disjoint(experiences: tuple[dict[str, Any], ...]) -> bool:
    """Whether no label or type comes in two experiences, so that each brings only new ones."""
    labels = [label for experience in experiences for label in experience["labels"]]
    return len(labels) == len(set(labels))


def experience_table(experiences: list[dict[str, Any]]) -> pd.DataFrame:
    """One row an experience: its rows, its labels or types, and which of them are new."""
    known: set[str] = set()
    rows = []
    for number, experience in enumerate(experiences, start=1):
        fresh = [label for label in experience["labels"] if label not in known]
        known.update(experience["labels"])
        rows.append(
            {
                "number": str(number),
                "name": experience["name"],
                "train": experience["train"],
                "test": experience["test"],
                "labels": len(experience["labels"]),
                "new": _listed(fresh) if number > 1 else tables.NOTHING,
            }
        )
    return pd.DataFrame(rows)


def experience_columns(task: Task) -> dict[str, Any]:
    """How its columns are headed."""
    number = st.column_config.NumberColumn
    return {
        "number": st.column_config.TextColumn(t("lab.column_number"), width=40),
        "name": st.column_config.TextColumn(t("lab.column_name")),
        **{
            name: number(told(task, f"lab.column_{name}"), format="localized", width=70)
            for name in ("train", "test", "labels")
        },
        "new": st.column_config.TextColumn(told(task, "lab.column_new")),
    }


def _listed(labels: list[str]) -> str:
    if not labels:
        return tables.NOTHING
    shown = t("lab.list", names=labels[:SHOWN_LABELS])
    return shown if len(labels) <= SHOWN_LABELS else t("lab.and_more", names=shown, count=len(labels) - SHOWN_LABELS)
