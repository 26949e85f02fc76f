"""Changes: what is in the batch, in plain sentences, each with the rows behind it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import pandas as pd
import streamlit as st

from core.base.errors import CoreError, DataError
from core.data.loading.entity_doubts import stretches
from core.data.loading.profiling import ProfileFinding
from core.data.spans.targets import types_of_outputs
from core.statistics.intervals import MINIMUM_ROWS
from dashboard.parts import tables
from dashboard.parts.marking.told import told, told_targets
from dashboard.parts.profile import kind_of
from dashboard.parts.scores import task_of_version
from dashboard.parts.tables import plain
from dashboard.shell import state
from dashboard.shell.errors import boundary, show_error
from dashboard.shell.i18n import t, t_message, tn
from dashboard.update import drift
from dashboard.update import labels as update_labels
from dashboard.update import page as update_page
from dashboard.update.compare import Changes, compared
from dashboard.update.page import Situation

NAMED = 8  # labels named in a sentence
WORTH_SAYING = (
    "contradictory",
    "differing_entities",
    "unmarked_mentions",
    "duplicates",
    "very_long",
)  # of the profile; the rest is said by other sentences
ICONS = {
    "info": ":gray[:material/info:]",
    "good": ":primary[:material/check:]",
    "new": ":primary[:material/new_label:]",
    "warning": ":orange[:material/warning:]",
}


def draw(situation: Situation) -> None:
    """What is new in the batch; before it is learned, with the way on."""
    if situation.batch is None:
        if situation.candidate is not None:  # its dataset was deleted since
            _line("good", _outcome(situation))
        else:
            update_page.missing(t("update.no_batch"), t("update.to_batch"), "batch")
        return
    update_page.about("changes")
    if situation.candidate is not None:
        _line("good", _outcome(situation))
    with st.spinner(t("update.comparing")):
        changes = compared(situation.champion, situation.batch)
    if isinstance(changes, CoreError):
        show_error(changes)
        return
    labelled = update_labels.is_labelled(situation)
    spans = task_of_version(situation.champion).reads == "spans"
    _content(situation, changes, "entities" if spans else "labels" if labelled else "texts")
    update_labels.section(situation)
    if labelled or spans:
        _labels(changes, update_labels.doubtful(situation), "types" if spans else "labels")
    _overlap(changes, spans=spans)
    drift.section(situation)
    if situation.candidate is None:
        _division(situation, changes)
    if situation.step == "changes" and not isinstance(changes.split, DataError):
        _way_on(situation)


def _way_on(situation: Situation) -> None:
    # While spellings stand to be merged, that is the step to take.
    kind: Literal["primary", "secondary"] = "secondary" if update_labels.doubtful(situation) else "primary"
    if st.button(t("update.learn_it"), key="update.learn_it", type=kind, icon=":material/arrow_forward:"):
        update_page.open_tab("learn")


def _outcome(situation: Situation) -> str:
    """What became of the rows, as the candidate recorded it."""
    assert situation.candidate is not None
    report = state.report(situation.candidate)
    record = report["experiences"][-1]
    parts = {part: tables.thousands(record[part]) for part in ("train", "validation", "test")}
    known, now = state.report(situation.champion)["classes"], report["classes"]
    key = "update.new_labels"
    if task_of_version(situation.champion).reads == "spans":
        known, now, key = types_of_outputs(known), types_of_outputs(now), "update.new_types"
    fresh = len(now) - len(known)
    sentences = [t("update.divided", **parts), *drift.outcome(report)]
    return " · ".join([*sentences, tn(key, fresh)] if fresh else sentences)


def _line(kind: str, sentence: str, *, button: str | None = None) -> bool:
    """One sentence with its sign; returns whether its rows were asked for."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.markdown(f"{ICONS[kind]} {sentence}", width="stretch")
        return button is not None and st.button(t("update.show_rows"), key=button, type="tertiary")


def _content(situation: Situation, changes: Changes, of: Literal["labels", "entities", "texts"]) -> None:
    """How many rows, and of which labels, or how many entities of which types."""
    counts = sorted(changes.profile.label_counts.items(), key=lambda pair: -pair[1])
    named = [f"{plain(label)} {tables.thousands(count)}" for label, count in counts[:NAMED] if count]
    if len(counts) > NAMED:
        named.append(t("update.and_more", count=len(counts) - NAMED))
    source = situation.batch.source if situation.batch else {}
    aside = 0 if "left_out" in source else int(source.get("set_aside") or 0)  # else each reason is named below
    rows = changes.profile.rows
    if of == "texts":
        sentence = tn("update.content_plain", rows)
    elif of == "entities":
        key = "update.content_entities" if named else "update.content_no_entities"
        sentence = tn(key, rows, labels=_listed(named))
    else:
        sentence = tn("update.content", rows, labels=_listed(named))
    if aside:
        sentence = t(
            "update.sentences",
            first=sentence,
            second=tn("update.content_aside_spans" if of == "entities" else "update.content_aside", aside),
        )
    _line("info", sentence)


def _names(labels: Sequence[str]) -> str:
    named = [plain(label) for label in labels[:NAMED]]
    return _listed([*named, t("update.and_more", count=len(labels) - NAMED)] if len(labels) > NAMED else named)


def _listed(names: Sequence[str]) -> str:
    return t("update.comma").join(names)


def _labels(changes: Changes, doubtful: Collection[str], kind: Literal["labels", "types"]) -> None:
    """New and absent labels, or types of entities; what is probably a spelling of another was said before, with its merge."""
    fresh = [label for label in changes.fresh if label not in doubtful]
    if fresh:
        _line("new", tn("update.fresh_types" if kind == "types" else "update.fresh", len(fresh), labels=_names(fresh)))
    if changes.absent:
        _line("warning", tn("update.absent", len(changes.absent), labels=_names(changes.absent)))
    if not changes.fresh and not changes.absent:
        _line("good", tn(f"update.same_{kind}", len(changes.known)))


def _overlap(changes: Changes, *, spans: bool) -> None:
    findings = [
        *changes.seen.findings,
        *(finding for finding in changes.profile.findings if finding.kind in WORTH_SAYING),
    ]
    if not changes.seen.findings:
        _line("good", t("update.nothing_seen"))
    for finding in findings:
        kind = "warning" if finding.severity == "warning" else "info"
        sentence = plain(t_message(finding.message))
        if _line(kind, sentence, button=f"update.rows.{finding.kind}"):
            _show_rows(finding, sentence, changes, spans=spans)
    if changes.missing:
        _line("warning", t("update.missing", names=_names(changes.missing)))


def _show_rows(finding: ProfileFinding, sentence: str, changes: Changes, *, spans: bool) -> None:
    width: Literal["large"] = "large"

    def body() -> None:
        with boundary():
            st.markdown(sentence)
            rows = rows_behind(finding, changes, spans=spans)
            st.dataframe(rows, hide_index=True, alt=t("update.rows_alt", count=tables.thousands(len(rows))))
            tables.download_table(rows, f"{finding.kind}_rows", key=f"update.download.{finding.kind}")

    st.dialog(t(f"update.kind_{finding.kind}"), width=width)(body)()


def rows_behind(finding: ProfileFinding, changes: Changes, *, spans: bool = False) -> pd.DataFrame:
    """The rows of a finding, numbered from 1 as they stand in the batch."""
    names = changes.dataset.label_names()
    if spans:
        return _entities_behind(finding, changes, names)
    table = pd.DataFrame(
        {
            t("update.column_row"): [row + 1 for row in finding.rows],
            t("update.column_text"): [changes.dataset.texts[row] for row in finding.rows],
            t("update.column_label"): [names[row] for row in finding.rows],
        }
    )
    if finding.kind == "relabelled":
        table[t("update.column_earlier")] = [", ".join(changes.earlier.get(row, [])) for row in finding.rows]
    return table


def _entities_behind(finding: ProfileFinding, changes: Changes, targets: Sequence[str]) -> pd.DataFrame:
    """The same with what is marked in words, or what the finding says of it."""
    texts = [changes.dataset.texts[row] for row in finding.rows]
    table = pd.DataFrame(
        {
            t("update.column_row"): [row + 1 for row in finding.rows],
            t("update.column_text"): texts,
            t("spans.entities"): told_targets(texts, [targets[row] for row in finding.rows]),
        }
    )
    if finding.kind == "relabelled":
        earlier = [changes.earlier.get(row, []) for row in finding.rows]
        table[t("update.earlier_entities")] = [
            "; ".join(told_targets([text] * len(each), each)) for text, each in zip(texts, earlier, strict=True)
        ]
    if finding.notes:
        table[t("spans.mention")] = [
            told(text, stretches(note)) for text, note in zip(texts, finding.notes, strict=True)
        ]
    return table


def _division(situation: Situation, changes: Changes) -> None:
    """How the rows will be divided, or why they cannot be."""
    if isinstance(changes.split, DataError):
        show_error(changes.split)
        return
    split = changes.split
    for remark in split.findings:
        _line(kind_of(remark), plain(t_message(remark)))
    facts = {
        "train": tables.thousands(len(split.train)),
        "validation": tables.thousands(len(split.validation)),
        "test": tables.thousands(len(split.test)),
        "number": len(state.report(situation.champion)["experiences"]) + 1,
    }
    private = bool(state.report(situation.champion).get("privacy"))  # then no epoch is chosen by validation rows
    sentence = t("update.division_private" if private else "update.division", **facts)
    if len(split.set_aside):
        aside = tn("update.division_aside", len(split.set_aside))
        sentence = t("update.sentences", first=sentence, second=aside)
    _line("info", sentence)
    if len(split.test) < MINIMUM_ROWS:
        _line("warning", tn("update.small_test", len(split.test), needed=MINIMUM_ROWS))
