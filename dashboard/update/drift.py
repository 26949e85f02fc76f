"""Among the changes: has anything changed, and what to do about it; with the comparisons that it rests on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import streamlit as st

from core.base.errors import CoreError
from core.base.messages import Message
from core.base.wording import percent
from core.data.spans.targets import NO_SPANS
from core.workflows.drift.run import DriftReport, LabelShare, detect_drift
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from dashboard.parts import scores, tables
from dashboard.parts.plots import charts
from dashboard.parts.tables import plain
from dashboard.shell import state
from dashboard.shell.errors import boundary, show_error
from dashboard.shell.i18n import t, t_message, tn
from dashboard.shell.palette import palette
from dashboard.update.page import Situation

if TYPE_CHECKING:
    from core.continual.drift.tests import DriftTest
    from core.continual.drift.word_shift import WordChange
    from core.data.dataset.store import StoredDataset
    from core.registry import VersionInfo

CHARTED = 10  # labels, those whose share changed most
WORDS = 12  # of each kind
ADVICE_ICONS = {
    "corrections": ":primary[:material/edit_note:]",
    "labels": ":orange[:material/warning:]",
    "new_labels": ":primary[:material/new_label:]",
    "too_few": ":gray[:material/hourglass_empty:]",
    "update": ":primary[:material/school:]",
    "optional": ":primary[:material/balance:]",
    "no_change": ":primary[:material/check:]",
}
VERDICT_ICONS = {
    "changed": ":orange[:material/change_circle:]",
    "perhaps": ":gray[:material/help:]",
    "same": ":primary[:material/check:]",
    "unjudged": ":gray[:material/remove:]",
}


def section(situation: Situation) -> None:
    """The advice first, then each comparison, label shares, and words whose frequency changed."""
    assert situation.batch is not None
    with st.spinner(t("drift.comparing")):
        report = measured(situation.champion, situation.batch)
    if isinstance(report, CoreError):
        show_error(report)
        return
    with st.container(border=True, key="drift", gap="small"):
        _advice(report, situation)
        _comparisons(report, types=scores.task_of_version(situation.champion).reads == "spans")
        if not report.shares:
            _word_changes(report)
            return
        left, right = st.columns(2, gap="large")
        with left:
            _label_shares(report)
        with right:
            _word_changes(report)


def outcome(report: dict[str, Any]) -> list[str]:
    """What was found when a candidate was made, in a few words; nothing for versions that were made without."""
    drift = report.get("drift")
    if not drift:
        return []
    judged = [test for test in drift["tests"] if test["judged"]]
    changed = sum(test["verdict"] == "changed" for test in judged)
    return [t("drift.outcome", changed=changed, judged=len(judged))] if judged else []


def measured(champion: VersionInfo, batch: StoredDataset) -> DriftReport | CoreError:
    """Compare a batch with what the champion learned; what goes wrong is an answer, so that it is remembered, too."""
    stored = tuple(dataset.id for dataset in state.datasets())
    return _measured(state.files_of(champion), batch.id, stored, champion, batch)


# `stored` is there to look again after a deletion.
@st.cache_resource(show_spinner=False, max_entries=6, ttl=3600)
def _measured(
    files: state.Files, batch: str, stored: tuple[str, ...], _champion: VersionInfo, _batch: StoredDataset
) -> DriftReport | CoreError:
    version = VersionFolder(Path(files.folder))
    picked = "corrections" in _batch.source
    try:
        past = read_past(version, state.workspace())
        dataset = state.workspace().datasets.load(batch)
        return detect_drift(version, dataset, past, picked=picked, classifier=state.engine(_champion))
    except CoreError as error:
        return error


def _advice(report: DriftReport, situation: Situation) -> None:
    advice = report.advice
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{ADVICE_ICONS[advice.kind]} **{plain(t_message(advice.message))}**", width="stretch")
        if advice.kind == "labels" and report.doubt is not None:
            shown = st.button(t("update.show_rows"), key="drift.rows", type="tertiary")
            if shown:
                _show_rows(report.doubt.rows, situation)


def _show_rows(rows: tuple[int, ...], situation: Situation) -> None:
    width: Literal["large"] = "large"

    def body() -> None:
        with boundary():
            st.markdown(t("drift.rows_about"))
            table = _rows_table(rows, situation)
            st.dataframe(table, hide_index=True, alt=t("update.rows_alt", count=tables.thousands(len(table))))
            tables.download_table(table, "doubtful_rows", key="drift.download")

    st.dialog(t("drift.rows_title"), width=width)(body)()


def _rows_table(rows: tuple[int, ...], situation: Situation) -> pd.DataFrame:
    """Rows of the batch beside the champion's answers, numbered from 1."""
    assert situation.batch is not None
    dataset = state.workspace().datasets.load(situation.batch.id).take(rows)
    engine = state.engine(situation.champion)
    answers = scores.task_of_version(situation.champion).read(engine, engine.compute(dataset.texts))
    return pd.DataFrame(
        {
            t("update.column_row"): [row + 1 for row in rows],
            t("update.column_text"): dataset.texts,
            t("update.column_label"): dataset.label_names(),
            t("update.column_after_answer", version=situation.champion.number): answers,
        }
    )


def _comparisons(report: DriftReport, *, types: bool) -> None:
    """One line a comparison: what was asked, found, and how sure that is; ``types`` where labels are types of entities."""
    facts = {
        "rows": tables.thousands(report.rows[1]),
        "batch": tables.thousands(report.batch_rows),
        "held_out": tables.thousands(report.rows[0]),
    }
    sentence = t("drift.compared", **facts)
    if report.repeated_rows:
        sentence = t("update.sentences", first=sentence, second=tn("drift.repeated", report.repeated_rows))
    st.caption(sentence, help=t("drift.compared_help"))
    judged = sum(test.judged for test in report.tests)
    for test in report.tests if judged else ():  # with too few rows for any, the advice has said so
        name = "types" if types and test.name == "labels" else test.name
        st.markdown(
            f"{_icon(test)} **{t(f'drift.test_{name}')}** · {finding(test, name)}",
            help=f"{t(f'drift.about_{name}')}\n\n{t('drift.about', rate=f'{test.false_alarm_rate:.0%}', count=judged)}",
        )


def _icon(test: DriftTest) -> str:
    return ":primary[:material/trending_up:]" if test.rose else VERDICT_ICONS[test.verdict]


def finding(test: DriftTest, name: str) -> str:
    """What a comparison found, how sure that is, and what it means."""
    if test.p_value is None or test.effect is None:
        return plain(t_message(test.reason or Message("", "")))
    facts = {
        "share": percent(test.effect),
        "before": "" if test.before is None else percent(test.before),
        "after": "" if test.after is None else percent(test.after),
    }
    if test.interval is not None:
        facts |= {
            "gain": tables.points(test.interval.value),
            "interval": tables.points_interval(test.interval.low, test.interval.high),
        }
    sure = "< 0.001" if test.p_value < 0.001 else f"= {test.p_value:.3f}"
    return t(
        "drift.finding_accuracy" if test.interval is not None else "drift.finding",
        effect=t(f"drift.effect_{name}", **facts),
        p=plain(sure),
        verdict=_verdict(test),
    )


def _verdict(test: DriftTest) -> str:
    """In words; the one-sided test of accuracy says only whether it fell, so a rise is named by its interval."""
    if test.rose:
        return t("drift.verdict_rose")
    return t(f"drift.verdict_accuracy_{test.verdict}" if test.name == "accuracy" else f"drift.verdict_{test.verdict}")


def _word_changes(report: DriftReport) -> None:
    """Words that are new, more frequent and less frequent, as chips with their texts in 1,000 now and before."""
    charts.head(t("drift.words"))
    words = report.words
    groups: dict[str, list[WordChange]] = {
        "new": [change for change in words.more if not change.before],
        "more": [change for change in words.more if change.before],
        "fewer": list(words.fewer),
    }
    if not any(groups.values()):
        st.caption(t("drift.no_word_changes"))
        return
    for name, changes in groups.items():
        if changes:
            color = "gray" if name == "fewer" else "green"
            chips = " ".join(f":{color}-badge[{plain(change.word)} {_per_1000(change)}]" for change in changes[:WORDS])
            st.markdown(f"{t(f'drift.words_{name}')} {chips}")
    read = {"earlier": tables.thousands(words.texts[0]), "read": tables.thousands(words.texts[1])}
    st.caption(t("drift.words_note", **read), help=t("drift.words_help"))


def _per_1000(change: WordChange) -> str:
    now, before = (
        f"{value:,.0f}" if value >= 10 else f"{value:g}" for value in (change.after_per_1000, change.before_per_1000)
    )
    return f"{now} / {before}"


def _label_shares(report: DriftReport) -> None:
    """Shares of the labels before and in the batch: two bars a label."""
    if not any(share.after for share in report.shares):
        return
    ordered = sorted(report.shares, key=lambda share: -abs(share.after - share.before))
    shown = sorted(ordered[:CHARTED], key=lambda share: share.label, reverse=True)
    test = next(test for test in report.tests if test.name == "labels")
    most = ordered[0]
    facts = {"label": _named(most), "before": f"{most.before:.0%}", "after": f"{most.after:.0%}"}
    title = t("drift.shares_changed", **facts) if test.verdict == "changed" else t("drift.shares_same")
    colors = palette()
    chart = charts.figure(height=70 + 44 * len(shown))
    for name, values, color in (
        (t("drift.batch"), [share.after for share in shown], colors.categorical[0]),
        (t("drift.held_out"), [share.before for share in shown], colors.muted),
    ):
        chart.add_bar(
            x=values,
            y=[charts.text(_named(share)) for share in shown],
            name=name,
            orientation="h",
            marker={"color": color, "cornerradius": 3},
            text=[f"{value:.0%}" for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"{name}: %{{x:.1%}}<extra></extra>",
        )
    chart.update_xaxes(range=[0, 1.18 * max(max(share.before, share.after) for share in shown)], showgrid=False)
    chart.update_xaxes(showticklabels=False)
    chart.update_yaxes(showgrid=False, type="category", ticksuffix="  ")
    # What is cut only where it is shown: two labels that begin alike are two rows.
    chart.update_yaxes(
        tickvals=[charts.text(_named(share)) for share in shown],
        ticktext=[charts.text(_named(share), charts.TICK) for share in shown],
    )
    chart.update_layout(bargap=0.3, bargroupgap=0.1, legend={"traceorder": "reversed"})
    charts.draw(chart, key="drift.shares", alt=t("drift.shares_alt", shares=_described(shown)), title=title)
    if len(ordered) > CHARTED:
        st.caption(tn("drift.more_labels", len(ordered) - CHARTED))


def _named(share: LabelShare) -> str:
    """The label; of texts in which nothing is marked that."""
    return t("spans.none") if share.label == NO_SPANS else share.label


def _described(shares: list[LabelShare]) -> list[str]:
    return [f"{_named(share)} {share.before:.0%} → {share.after:.0%}" for share in reversed(shares)]
