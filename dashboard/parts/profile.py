"""What is in a table, on the Data page: its figures, two charts, the findings with their rows, the division in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas
import streamlit as st

from core.base.errors import DataError
from core.base.messages import Message
from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import Split
from core.data.loading.entity_doubts import examples, stretches
from core.data.loading.load import row_numbers
from core.data.loading.profiling import Profile, ProfileFinding
from core.data.recipe import Step
from dashboard.parts import tables
from dashboard.parts.colors import of_labels
from dashboard.parts.marking.told import draw_types, readable, told
from dashboard.parts.plots import charts
from dashboard.parts.upload.files import excerpt
from dashboard.parts.upload.looked_over import built
from dashboard.parts.upload.upload import UploadedTable
from dashboard.parts.versions.verdict import joined
from dashboard.shell import layout
from dashboard.shell.errors import boundary, show_error
from dashboard.shell.i18n import t, t_message, tn
from dashboard.shell.layout import Card
from dashboard.shell.palette import palette, type_colors

LABELS_SHOWN = 12  # bars of the label chart; a long tail is summed up in its caption
BALANCED = 1.5  # largest label against smallest, up to which they count as equally frequent
BINS = 30
SEVERITIES = ("error", "warning", "info")
CLEAR = 0.9  # share of a language from which it is named alone
ICONS: dict[str, str] = {
    "info": ":gray[:material/info:]",
    "warning": ":orange[:material/warning:]",
    "error": ":red[:material/error:]",
    "good": ":green[:material/check_circle:]",
}


def overview(dataset: TextDataset, profile: Profile, set_aside: int) -> None:
    """The cards, how many rows were set aside, and the two charts."""
    layout.section(t("data.profile_title"))
    language, languages_help = _language(profile.languages)
    types = bool(profile.entities)
    layout.cards(
        [
            Card(
                t("data.card_rows"),
                tables.thousands(profile.rows),
                help=t("data.card_rows_entities_help" if types else "data.card_rows_help"),
            ),
            Card(
                t("data.card_types" if types else "data.card_labels"),
                tables.thousands(len(profile.label_counts)) if dataset.labelled else tables.NOTHING,
                help=t("data.card_types_help" if types else "data.card_labels_help"),
            ),
            Card(
                t("data.card_length"),
                tables.thousands(profile.length_quantiles["median"]),
                help=t("data.card_length_help", **_readable(profile.length_quantiles)),
            ),
            Card(t("data.card_language"), language, help=languages_help),
        ]
    )
    if set_aside:
        st.caption(tn("data.set_aside", set_aside, rows=tables.thousands(profile.rows + set_aside)))
    left, right = st.columns(2, gap="large")
    if dataset.labelled:
        with left:
            label_balance(profile.label_counts, key="data.labels", types=types)
    with right if dataset.labelled else left:
        _lengths(profile)
    if types:
        draw_types(profile.entities, key="data.types")


def _readable(quantiles: Mapping[str, int]) -> dict[str, str]:
    return {name: tables.thousands(value) for name, value in quantiles.items()}


def _language(shares: Mapping[str, float]) -> tuple[str, str]:
    """The main language in a word, and all with their shares."""
    named = [f"{t(f'data.language_{name}')} {tables.percent(share)}" for name, share in shares.items()]
    main, share = next(iter(shares.items()))
    shown = main if share >= CLEAR else "mixed"
    return t(f"data.language_{shown}"), t("data.card_language_help", shares=named)


def label_balance(counts: Mapping[str, int], *, key: str, types: bool = False) -> None:
    """Rows of each label, or entities of each of their types, most frequent on top."""
    kind = "types" if types else "labels"
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    shown = ordered[:LABELS_SHOWN][::-1]
    # With more labels than colours, a colour says nothing any more.
    many = len(counts) > len(palette().categorical)
    colors_of = type_colors if types else of_labels
    colors = dict.fromkeys(counts, palette().categorical[0]) if many and not types else colors_of(list(counts))
    chart = charts.figure(height=60 + 30 * len(shown))
    chart.add_bar(
        x=[count for _, count in shown],
        y=list(range(len(shown))),
        orientation="h",
        marker={"color": [colors[label] for label, _ in shown], "cornerradius": 4},
        text=[tables.thousands(count) for _, count in shown],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x:,}<extra></extra>",
    )
    most = shown[-1][1]
    chart.update_xaxes(range=[0, most * 1.18], showgrid=False, showticklabels=False)
    names = [charts.text(label, charts.TICK) for label, _ in shown]  # cut, since a label may be a whole sentence
    chart.update_yaxes(tickvals=list(range(len(shown))), ticktext=names, ticksuffix="  ", showgrid=False)
    chart.update_layout(bargap=0.35)
    described = [f"{label} {count:,}" for label, count in ordered[:LABELS_SHOWN]]
    charts.draw(chart, key=key, alt=t(f"data.{kind}_alt", labels=described), title=_balance(ordered, kind))
    if len(ordered) > LABELS_SHOWN:
        rest = sum(count for _, count in ordered[LABELS_SHOWN:])
        st.caption(t(f"data.{kind}_rest", count=len(ordered) - LABELS_SHOWN, rows=tables.thousands(rest)))


def _balance(ordered: list[tuple[str, int]], kind: str) -> str:
    """What the label chart shows, in a sentence."""
    if len(ordered) == 1:
        return t(f"data.{kind}_single")
    (most, largest), (least, smallest) = ordered[0], ordered[-1]
    if largest <= BALANCED * smallest:
        return t(f"data.{kind}_even")
    ratio = largest / smallest
    return t("data.labels_uneven", most=most, least=least, times=f"{ratio:.1f}" if ratio < 10 else f"{ratio:,.0f}")


def _lengths(profile: Profile) -> None:
    """How long the texts are; the longest hundredth shares the last bar, so that it does not flatten all others."""
    shortest, longest = int(profile.lengths.min()), int(np.quantile(profile.lengths, 0.99))
    # Bars of a whole number of characters each: others would hold now two lengths, now three, and look like a comb.
    width = (longest - shortest) // BINS + 1
    counts, edges = np.histogram(
        np.minimum(profile.lengths, longest), bins=np.arange(shortest, longest + width + 1, width)
    )
    chart = charts.figure(height=260)
    chart.add_bar(
        x=(edges[:-1] + edges[1:] - 1) / 2,
        y=counts,
        width=width * 0.9,
        marker={"color": palette().categorical[0], "cornerradius": 2},
        customdata=np.stack([edges[:-1], edges[1:] - 1], axis=1),
        hovertemplate="%{customdata[0]:.0f}–%{customdata[1]:.0f}: %{y:,}<extra></extra>",
    )
    chart.update_xaxes(title_text=t("data.lengths_axis"), showgrid=False)
    chart.update_yaxes(title_text=t("data.lengths_rows"), nticks=4)
    facts = _readable(profile.length_quantiles)
    charts.draw(chart, key="data.lengths", alt=t("data.lengths_alt", **facts), title=t("data.lengths_title", **facts))


def findings(
    uploaded: UploadedTable,
    profile: Profile,
    split: Split | DataError,
    *,
    accepted: Sequence[Step] = (),
    accept: Callable[[Step | None], None] = lambda _: None,
) -> None:
    """What is worth knowing before training, each with the rows behind it and, where there is one, its cure.

    Parameters
    ----------
    accepted
        Cures that were taken already; the dataset is as they made it.
    accept
        The function that is called when the reader takes a cure, or takes all of them back (None).
    """
    layout.section(t("data.findings_title"))
    remarks = [] if isinstance(split, DataError) else split.findings
    if not profile.findings and not remarks and not accepted:
        targets = uploaded.roles.label or uploaded.roles.labels
        key = "data.findings_none" if targets else "data.findings_none_texts"
        _line("good", t("data.findings_none_entities" if profile.entities else key))
    for step in accepted:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{ICONS['good']} {tables.plain(t_message(step.sentence()))}", width="stretch")
            st.button(t("data.undo"), key=f"data.undo.{step.kind}", type="tertiary", on_click=accept, args=(None,))
    for finding in sorted(profile.findings, key=lambda finding: SEVERITIES.index(finding.severity)):
        if _finding(finding, _words(finding, uploaded), accept):
            _show_rows(finding, uploaded)
    known = {finding.message.key for finding in profile.findings}
    for remark in remarks:
        if SAID_BY.get(remark.key) not in known:
            _line(kind_of(remark), tables.plain(t_message(remark)))


def kind_of(remark: Message) -> str:
    """How serious a remark on the division is."""
    return "warning" if remark.key == "data.groups_few" else "info"


# What the division has to say, and the finding that has said it already with its rows
SAID_BY = {
    "data.leaked_set_aside": "data.found_leakage",
    "data.doubled_set_aside": "data.found_validation_leakage",
    "data.rare_labels_train": "data.found_rare_labels",
}


def _finding(finding: ProfileFinding, words: Sequence[str], accept: Callable[[Step | None], None]) -> bool:
    """A finding, the first words that it speaks of, and its buttons; returns whether its rows are to be shown."""
    sentence = tables.plain(t_message(finding.message))
    more = [t("spans.such_as", examples=[tables.plain(word) for word in words])] if words else []
    if finding.advice is not None:
        more.append(tables.plain(t_message(finding.advice)))
    if finding.fix is None:
        button = f"data.rows.{finding.kind}" if finding.rows else None
        return _line(finding.severity, sentence, button=button, more=joined(more))
    shown = _line(finding.severity, sentence, button=f"data.rows.{finding.kind}")
    st.button(
        t(f"data.fix_{finding.kind}"),
        key=f"data.fix.{finding.kind}",
        icon=":material/merge:",
        on_click=accept,
        args=(finding.fix,),
    )
    return shown


def _line(kind: str, sentence: str, *, button: str | None = None, more: str = "") -> bool:
    """One finding, with more to be said below it in small; returns whether its button was pressed."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.markdown(ICONS[kind], width="content")
        with st.container(gap=None, width="stretch"):
            st.markdown(sentence)
            if more:
                st.caption(more)
        return button is not None and st.button(t("data.show_rows"), key=button, type="tertiary")


def _show_rows(finding: ProfileFinding, uploaded: UploadedTable) -> None:
    width: Literal["large"] = "large"

    def body() -> None:
        with boundary():
            st.markdown(tables.plain(t_message(finding.message)))
            rows = rows_behind(finding, uploaded)
            narrow = {str(rows.columns[0]): st.column_config.NumberColumn(width=90)}
            alt = t("data.rows_alt", count=tables.thousands(len(rows)))
            st.dataframe(excerpt(rows, slice(None)), hide_index=True, column_config=narrow, alt=alt)
            st.caption(t("data.rows_note", rows=tn("data.rows", len(rows))))
            tables.download_table(rows, f"{finding.kind}_rows", key=f"data.download.{finding.kind}")

    st.dialog(t(f"data.kind_{finding.kind}"), width=width)(body)()


def rows_behind(finding: ProfileFinding, uploaded: UploadedTable) -> pandas.DataFrame:
    """The rows of a finding with their numbers in the file, counted from 1 below the header."""
    if finding.kind == "ragged":
        ragged = [skip for skip in uploaded.skipped if skip["row"] in set(finding.rows)]
        names = {"line": t("data.line"), "found": t("data.fields_found"), "expected": t("data.fields_expected")}
        return pandas.DataFrame(ragged)[list(names)].rename(columns=names)
    if finding.notes:
        return _noted(finding, uploaded)
    rows = np.array(finding.rows, dtype=np.int64)
    numbers = row_numbers(finding.rows, uploaded.skipped)
    columns = list(uploaded.roles.columns().values())
    shown = readable(uploaded.table.iloc[rows][columns].reset_index(drop=True), uploaded.roles)
    number = t("data.row")
    while number in columns:  # the file may have a column of that name
        number += " "
    shown.insert(0, number, numbers)
    return shown


def _texts(finding: ProfileFinding, uploaded: UploadedTable) -> list[str]:
    """The text of each row of a finding."""
    looked = built(uploaded.token, uploaded)
    assert not isinstance(looked, DataError), "findings are of rows that were read"
    dataset, set_aside = looked
    position = {row: index for index, row in enumerate(set_aside.kept)}
    return [dataset.texts[position[row]] for row in finding.rows]


def _words(finding: ProfileFinding, uploaded: UploadedTable) -> list[str]:
    if not finding.notes:
        return []
    return examples(finding.rows, finding.notes, dict(zip(finding.rows, _texts(finding, uploaded), strict=True)))


def _noted(finding: ProfileFinding, uploaded: UploadedTable) -> pandas.DataFrame:
    """The same of what is marked: the words that each row is about, and what is to be said of them."""
    texts = _texts(finding, uploaded)
    return pandas.DataFrame(
        {
            t("data.row"): row_numbers(finding.rows, uploaded.skipped),
            t("spans.mention"): [told(text, stretches(note)) for text, note in zip(texts, finding.notes, strict=True)],
            t("data.remark"): [t_message(note) for note in finding.notes],
            t("data.text"): texts,
        }
    )


def division(split: Split | DataError) -> None:
    """How the rows will be divided, in a sentence."""
    if isinstance(split, DataError):
        show_error(split)
        st.caption(t("data.division_impossible"))
        return
    facts = {
        part: tables.thousands(len(rows))
        for part, rows in (("train", split.train), ("validation", split.validation), ("test", split.test))
    }
    sentence = t("data.division", **facts)
    if len(split.set_aside):
        sentence += tn("data.division_aside", len(split.set_aside))
    st.markdown(sentence, help=t("data.division_help"))
