"""The audit log: who or what did what, newest first, whether it is as it was written, and the whole of it to take along."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.base.audit import COMMAND, PAGE, POLICY, PROGRAM, RUN, AuditLog, Entry, as_lines
from core.base.config import home, settings_of
from core.base.messages import Message
from core.evolve.policy import Policy
from core.registry import Statements
from core.serving.monitor.keeping import Keeping
from dashboard.parts import tables
from dashboard.parts.versions.decisions import reason_of
from dashboard.shell import layout
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import setting_label, t, t_message, tn

SHOWN = 200
KEY = "settings.audit"


@guarded_fragment()
def log() -> None:
    """The entries of all models; nothing where nothing was done yet."""
    layout.section(t("audit.title"), help=t("audit.help"))
    audit = AuditLog(home())
    verified = audit.verify()
    if not verified.entries and not verified.faults:
        st.caption(t("audit.empty"))
        return
    for fault in verified.faults[:5]:
        st.error(tables.plain(t_message(fault)), icon=":material/gpp_bad:")
    entries = audit.entries()
    if not verified.faults:
        st.markdown(f":material/verified_user: {tn('audit.whole', len(entries))}")
    shown = pd.DataFrame(map(_row, reversed(entries[-SHOWN:])))
    st.dataframe(shown, hide_index=True, alt=t("audit.alt"), key=KEY, height=tables.height_of(len(shown)))
    if len(entries) > SHOWN:
        st.caption(t("audit.newest", count=SHOWN))
    with st.container(horizontal=True):
        st.download_button(
            t("audit.download"),
            lambda: as_lines(entries).encode(),
            file_name="audit.jsonl",
            mime="application/jsonl",
            key=f"{KEY}.lines",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
        tables.download_table(lambda: pd.DataFrame(map(_row, entries)), "audit", key=f"{KEY}.csv")
    st.caption(t("audit.last", hash=verified.last))


def _row(entry: Entry) -> dict[str, str]:
    return {
        t("audit.number"): str(entry.number),
        t("audit.when"): tables.moment(entry.at),
        t("audit.who"): _who(entry.who),
        t("audit.did"): t(f"audit.did_{entry.did}"),
        t("audit.what"): _what(entry),
        t("audit.reason"): _reason(entry),
        t("audit.figures"): _figures(entry),
    }


WATCHED = {
    "by": "by",
    "column": "column",
    "positive": "positive",
    "terms": "words",
}  # what fairness is watched for, in its words


def _who(who: str) -> str:
    """In words, with the name of who it was where one is known."""
    for kind in (COMMAND, RUN, PAGE, PROGRAM, POLICY):
        if who == kind or who.startswith(f"{kind} "):
            return t(f"audit.who_{kind.replace(' ', '_')}", name=who.removeprefix(kind).strip()).strip()
    return who


def _what(entry: Entry) -> str:
    if entry.model:
        return entry.model if entry.version is None else t("audit.version", model=entry.model, version=entry.version)
    facts = entry.facts
    return str(facts.get("name") or facts.get("dataset") or facts.get("key") or "")


def _reason(entry: Entry) -> str:
    """Why it was done, who asked for it and who confirmed it, and which of the owner's statements were changed."""
    messages = [t_message(Message.from_dict(stored)) for stored in entry.facts.get("reasons") or ()]
    told = messages or ([reason_of({"reason": entry.reason})] if entry.reason else [])
    roles = [role for role in ("asked_by", "confirmed_by") if entry.facts.get(role)]
    told += [t(f"audit.{role}", name=str(entry.facts[role])) for role in roles]
    if entry.did == "card_changed":
        labels = {field.name: setting_label(field) for field in settings_of(Statements)}
        changed = [labels.get(name, name) for name in entry.facts.get("changed") or ()]
        told.append(t("audit.statements_changed", fields=changed))
    if entry.did in ("policy_set", "keeping_set", "fairness_watched"):
        changes = (entry.facts.get("changed") or {}).items()
        told.append(t("audit.rules_changed", fields=[f"{_rule(name)}: {_value(value)}" for name, value in changes]))
    if entry.did in ("rows_taken", "rows_decided") and "file" in entry.facts:
        file, rows = str(entry.facts["file"]), entry.facts.get("rows")
        told.insert(0, file if rows is None else t("audit.table_read", file=file, rows=tables.thousands(rows)))
    return " · ".join(told)


def _rule(name: str) -> str:
    """What a rule of a policy, or of what is kept, is called on screen."""
    if name == "strategy":  # chosen from what suits the model, so no setting of a form
        return t("autopilot.strategy")
    if name in WATCHED:
        return t(f"fairness.{WATCHED[name]}")
    fields = {field.name: field for field in (*settings_of(Policy), *settings_of(Keeping))}
    field = fields.get({"texts": "kept_texts", "days": "kept_days"}.get(name, name))
    return name if field is None else setting_label(field)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return t(f"audit.{'on' if value else 'off'}")
    return str(value) if value not in ("", None) else tables.NOTHING


def _figures(entry: Entry) -> str:
    """The deciding score of a version when it was made, and a threshold."""
    if "threshold" in entry.facts:
        return tables.score(float(entry.facts["threshold"]))
    after = (entry.facts.get("figures") or {}).get("after") or {}
    return tables.score(next(iter(after.values()))) if after else ""
