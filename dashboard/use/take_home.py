"""The Take home tab: the version as files that answer without Evergreen, how exact they are, and its model card."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.tasks.text_classification.reported import has_labels
from dashboard.parts import scores, tables
from dashboard.parts.names import provider_name
from dashboard.parts.versions import report_download, serving
from dashboard.shell import layout, state
from dashboard.shell.i18n import DEFAULT as ENGLISH
from dashboard.shell.i18n import catalogue, t
from dashboard.use import precision

if TYPE_CHECKING:
    from core.registry import VersionInfo

BAR = re.compile(r"(?<!\\)\|")  # between two cells
ESCAPED = re.compile(r"\\([^\w\s]|_)")
CODE = re.compile(r"((?<!\\)`[^`\\]+`)")  # the card's own: a backtick in a name is escaped
STEP = re.compile(r"\d+\. ")


def draw(version: VersionInfo) -> None:
    """The whole tab."""
    st.markdown(t("use.home_what", version=version.number))
    serving.download(version)
    _contents(version)
    report_download.draw(version, key="use")
    layout.section(t("models.tab_onnx"))
    _onnx(version)
    with st.expander(t("models.tab_card"), icon=":material/article:"):
        _card(version)


def _contents(version: VersionInfo) -> None:
    """Each file of the bundle, how large it is, and what it is for."""
    from core.workflows.bundle import bundle_files, programs

    folder, task = state.version_folder(version), scores.task_of_version(version).name
    files = [folder / name for name in bundle_files(folder)]
    rows = [(file.name, file.stat().st_size if file.exists() else None, _purpose(file.name)) for file in files]
    rows += [(program.name, program.stat().st_size, _purpose(program.name)) for program in programs(task)]
    total = tables.size(sum(size for _, size, _ in rows if size is not None))
    with st.expander(t("use.home_contents", count=len(rows), size=total), icon=":material/folder_zip:"):
        shown = [
            {
                t("use.home_file"): name,
                t("models.size"): tables.NOTHING if size is None else tables.size(size),
                t("use.home_purpose"): purpose,
            }
            for name, size, purpose in rows
        ]
        st.dataframe(pd.DataFrame(shown), hide_index=True, alt=t("use.home_contents_alt"), key="use.contents")


def _purpose(name: str) -> str:
    if name.endswith(".onnx"):
        return t("use.file_exact" if name == "model.onnx" else "use.file_variant")
    if name.startswith("tokenizer"):
        return t("use.file_tokenizer")
    key = f"use.file_{Path(name).stem}"
    return t(key) if key in catalogue(ENGLISH) else tables.NOTHING


def _onnx(version: VersionInfo) -> None:
    report = state.report(version)
    parity = report["parity"]
    facts = {
        "texts": tables.thousands(parity["texts"]),
        "difference": tables.tiny(parity["max_abs_diff"]),
        "agreement": f"{parity['label_agreement']:.1%}",
        "provider": provider_name(parity["provider"]),
    }
    st.markdown(t("models.onnx" if has_labels(report) else "models.onnx_of", **facts))
    st.caption(t("models.onnx_note"))
    precision.draw(version)


def _card(version: VersionInfo) -> None:
    from core.workflows.report.statements import with_statements

    written = (state.version_folder(version) / "model_card.md").read_text(encoding="utf-8")
    card = with_statements(written, state.statements(version.classifier))
    st.caption(t("models.card_note"))
    with st.container(border=True):
        st.markdown(quiet_markdown(card))


def quiet_markdown(card: str) -> str:
    """The card with smaller headings and its tables; all else is text, so that no label and no dataset's name is markup."""
    return "\n".join(_quiet(line) for line in card.splitlines())


def _quiet(line: str) -> str:
    if line.startswith("|"):
        return "|".join(cell if set(cell) <= {"-"} else _text(cell) for cell in BAR.split(line))
    if (step := STEP.match(line)) is not None:
        return step.group() + _text(line[step.end() :])
    marks, _, title = line.partition(" ")
    return f"###{marks} {_text(title)}" if marks and set(marks) == {"#"} else _text(line)


def _text(written: str) -> str:
    """What somebody reads who sees the card's Markdown, as text; what the card sets as code stays code."""
    parts = CODE.split(written)
    return "".join(part if index % 2 else tables.plain(ESCAPED.sub(r"\1", part)) for index, part in enumerate(parts))
