"""Forget rows: choose a person's rows or single texts, see what that concerns, remove them, keep the receipt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.config import home
from core.base.errors import DataError
from core.registry.records import receipts, solved, unfinished
from core.workflows.forget.rows import Matches, find_rows, groups_of
from dashboard.parts import tables
from dashboard.parts.forgetting import ASKED, KIND, STARTED, is_half_done, submit
from dashboard.parts.run_view import run_view
from dashboard.shell import state
from dashboard.shell.errors import guarded_fragment, show_error
from dashboard.shell.i18n import t, tn

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workflows.forget.champions import Learned

SHOWN_GROUPS = 2000
LONGEST = 80  # characters of a text that was not found


def forget(classifier: str) -> None:
    """The whole section, folded until it is needed."""
    job = _open_job(classifier)
    started_here = st.session_state.get(STARTED) == classifier
    section = st.expander(
        t("forget.title"),
        icon=":material/person_remove:",
        expanded=started_here or job is not None,
        key=f"forget.section.{classifier}",
        on_change="rerun",
    )
    if not section.open:  # what stands in it takes reading every dataset of the classifier
        return
    with section:
        if job is not None:
            run_view(job.id)
            return
        if is_half_done():
            st.caption(t("forget.finish_first"))
        else:
            st.markdown(t("forget.what"))
            _choose(classifier)
        done = [receipt for receipt in receipts(home()) if receipt["classifier"] == classifier]
        if done:
            _show_receipts(done)


def _open_job(classifier: str) -> Job | None:
    """The newest run of this kind, while it goes on or when it could not end well."""
    jobs = [job for job in state.jobs().list() if job.kind == KIND and job.classifier == classifier]
    return jobs[0] if jobs and jobs[0].result is None else None


@guarded_fragment()
def _choose(classifier: str) -> None:
    groups = groups_of(classifier, state.workspace())
    with st.form("forget.form", border=False):
        people = []
        if groups:
            people = st.multiselect(
                t("forget.groups"),
                groups[:SHOWN_GROUPS],
                key=f"forget.groups.{classifier}",
                help=t("forget.groups_help"),
                placeholder=t("forget.groups_none"),
                accept_new_options=len(groups) > SHOWN_GROUPS,
            )
        written = st.text_area(
            t("forget.texts"), key=f"forget.texts.{classifier}", help=t("forget.texts_help"), height=110
        )
        pressed = st.form_submit_button(t("forget.find"), key="forget.find", icon=":material/search:")
    lines = {
        number: line.strip() for number, line in enumerate(tables.typed(written or "").split("\n"), 1) if line.strip()
    }
    if pressed:
        st.session_state[ASKED] = (classifier, tuple(people), lines)
    asked = st.session_state.get(ASKED)
    if asked is None or asked[0] != classifier:
        return
    if not asked[1] and not asked[2]:
        st.info(t("forget.nothing_chosen"))
        return
    _preview(classifier, asked[1], asked[2])


def _preview(classifier: str, groups: tuple[str, ...], lines: dict[int, str]) -> None:
    """What would be removed, and what of the request is nowhere."""
    texts = tuple(lines.values())
    try:
        matches = find_rows(classifier, state.workspace(), groups=groups, texts=texts)
    except DataError as error:
        show_error(error)
        return
    st.markdown(_amount(matches))
    _not_found(matches, groups, texts)
    shown = [
        {
            t("forget.column_dataset"): dataset.name,
            t("forget.column_rows"): len(dataset.rows),
            **{t(f"forget.column_{part}"): count for part, count in dataset.parts.items()},
            t("forget.column_left"): dataset.left,
        }
        for dataset in matches.datasets
    ]
    if shown:
        table = pd.DataFrame(shown)
        counts = tables.counts(table)
        st.dataframe(table, hide_index=True, key="forget.preview", column_config=counts, alt=t("forget.preview_alt"))
    if matches.missing:
        st.warning(
            t("forget.missing", datasets=[tables.plain(name) for name in matches.missing]), icon=":material/info:"
        )
    for line in _outlook(matches):
        st.markdown(line)
    if state.active_jobs():
        st.info(t("forget.busy"), icon=":material/hourglass_top:")
        return
    sure = st.checkbox(t("forget.sure"), key=f"forget.sure.{hash((groups, texts))}")
    if st.button(t("forget.start"), key="forget.start", type="primary", disabled=not sure):
        _start(classifier, matches, list(lines))


def _not_found(matches: Matches, groups: tuple[str, ...], texts: tuple[str, ...]) -> None:
    """Which texts and groups are nowhere: a request met in part must not look as if it were met."""
    for kind, asked, missing in (
        ("texts", matches.texts, [texts[index] for index in matches.missing_texts]),
        ("groups", matches.groups, [groups[index] for index in matches.missing_groups]),
    ):
        if missing:
            named = [tables.plain(name if len(name) <= LONGEST else f"{name[:LONGEST]}…") for name in missing]
            found_of_them = asked - len(missing)
            st.warning(
                t(
                    f"forget.not_found_{kind}",
                    found=found_of_them,
                    asked=asked,
                    missing=t("forget.between").join(named),
                ),
                icon=":material/search_off:",
            )


def _amount(matches: Matches) -> str:
    """How many rows of datasets there are, and what lies elsewhere: a text may wait in a queue alone."""
    parts = [tn("forget.found", matches.count) if matches.count else t("forget.found_no_rows")]
    for name, count in (
        ("corrections", matches.corrections),
        ("labelling", matches.labelling),
        ("monitor", matches.monitor),
        ("kept", matches.kept),
    ):
        if count:
            parts.append(tn(f"forget.found_{name}", count))
    return t("forget.sentences_between").join(parts)


def _outlook(matches: Matches) -> list[str]:
    """What becomes of the versions in use that learned these rows, of all classifiers, and what else will carry them."""
    from core.workflows.forget.champions import champions_that_learned
    from core.workflows.forget.holders import holders_of

    learned = list(champions_that_learned(matches.rows, state.workspace()))
    lines = []
    for name, its in (("exact", "solved"), ("private", "private"), ("weights", "steps")):
        versions = [
            _version(champion.version.classifier, champion.version.number)
            for champion in learned
            if _became(champion) == its
        ]
        if versions:
            lines.append(t(f"forget.{name}", versions=versions))
    in_use = {_version(champion.version.classifier, champion.version.number) for champion in learned}
    others = [name for name in _carrying(holders_of(matches, state.workspace())) if name not in in_use]
    lines = lines or [t("forget.not_in_use")]
    return [*lines, t("forget.others", versions=others)] if others else lines


def _became(champion: Learned) -> str:
    """How it carries its rows: in sums, behind noise, or in weights that were learned step by step."""
    if champion.solved:
        return "solved"
    return "steps" if champion.epsilon is None else "private"


def _carrying(holders: Mapping[str, Any]) -> list[str]:
    """Versions, language models and encoders whose weights learned some of the rows, by their names."""
    named = [_version(holder["classifier"], holder["version"]) for holder in holders["versions"] if holder["train"]]
    named += [
        t("forget.generator", generator=tables.plain(holder["generator"]), version=holder["version"])
        for holder in holders.get("generators", [])  # receipts of old have none, nor encoders
        if holder["train"]
    ]
    return [
        *named,
        *(t("forget.encoder", encoder=tables.plain(known["encoder"])) for known in holders.get("encoders", [])),
    ]


def _version(classifier: str, number: int) -> str:
    return t("forget.version", classifier=tables.plain(classifier), version=number)


def _start(classifier: str, matches: Matches, lines: list[int]) -> None:
    from core.workflows.forget.run import ForgetRequest

    request = ForgetRequest(
        classifier=classifier,
        rows=matches.rows,
        digests=sorted(matches.digests),
        wanted=sorted(matches.wanted),
        people=sorted(matches.people),
        asked={"texts": matches.texts, "groups": matches.groups},
        not_found=matches.not_found(lines),
    )
    submit(classifier, request.model_dump())


def _show_receipts(known: list[dict[str, Any]]) -> None:
    names = {receipt["id"]: tables.moment(receipt["created"]) for receipt in known}
    shown = known[0]
    if len(known) > 1:
        picked = st.selectbox(
            t("forget.receipts"), list(names), format_func=lambda identity: names[identity], key="forget.receipt"
        )
        shown = next(receipt for receipt in known if receipt["id"] == picked)
    with st.container(border=True, key="forget-receipt"):
        heading = "forget.receipt_unfinished" if unfinished(shown) else "forget.receipt"
        st.markdown(t(heading, when=names[shown["id"]]))
        st.markdown("\n".join(f"- {line}" for line in receipt_lines(shown)))
        st.download_button(
            t("forget.download"),
            json.dumps(shown, ensure_ascii=False, indent=1),
            f"receipt_{shown['id']}.json",
            "application/json",
            key="forget.download",
            icon=":material/download:",
        )


def receipt_lines(receipt: dict[str, Any]) -> list[str]:
    """What was removed, what came of it, and what still carries the rows: a sentence each."""
    lines = [
        tn(
            "forget.line_dataset",
            dataset["rows"],
            dataset=tables.plain(dataset["name"]),
            left=tables.thousands(dataset["left"]),
        )
        for dataset in receipt["datasets"]
    ]
    lines += _not_found_lines(receipt)
    holders = [*receipt["versions"], *receipt.get("generators", [])]  # receipts of old have no generators
    removed = {part: sum(holder[part] for holder in holders) for part in ("memory", "test")}
    waiting = {name: receipt.get(name, 0) for name in ("corrections", "labelling", "monitor")}
    lines.append(t("forget.line_stores", **removed, **waiting))
    if "uploads" in receipt:
        lines.append(t("forget.line_words", words=sum(holder.get("words", 0) for holder in receipt["versions"])))
        lines.append(t("forget.line_copies", **{name: receipt[name] for name in ("uploads", "checkpoints", "orphans")}))
    for made in solved(receipt):
        version, change = _version(made["classifier"], made["version"]), f"{made['coefficient_change']:.2g}"
        lines.append(tn("forget.line_exact", made["rows"], version=version, change=change))
        if made["encoder_carries"]:
            lines.append(t("forget.line_encoder", version=version))
    carrying = _carrying(receipt)
    lines.append(t("forget.line_carrying", versions=carrying) if carrying else t("forget.line_clean"))
    return lines


def _not_found_lines(receipt: dict[str, Any]) -> list[str]:
    """What of the request was nowhere; receipts of old do not say."""
    asked, missing = receipt.get("asked", {}), receipt.get("not_found", {})
    return [
        t(f"forget.line_not_found_{kind}", found=asked[kind] - len(places), asked=asked[kind], places=places)
        for kind, places in missing.items()
        if places
    ]
