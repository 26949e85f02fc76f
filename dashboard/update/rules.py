"""The gate on the Update page: its verdict rule by rule, and the rules as sentences whose figures can be edited."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import Setting, build, settings_of
from core.continual.gate.rules import GateConfig, Rule
from core.workflows.versions.decide import judge_again, stored_rules, unfit_rules
from dashboard.parts.scores import task_of_report
from dashboard.parts.tables import plain
from dashboard.shell.i18n import choice_label, setting_help, setting_label, t, t_message
from dashboard.update.page import test_name
from dashboard.update.strategy import joined

if TYPE_CHECKING:
    from core.continual.gate.judging import GateVerdict
    from core.registry import VersionInfo

# One line each: the switch, and the fields that its sentence has places for.
RULES = {
    "check_older_tests": ("tolerance", "loss_judged_by"),
    "check_labels": ("label_tolerance",),
    "check_newest_test": ("minimum_gain",),
    "check_calibration": ("calibration_tolerance",),
    "check_groups": ("group_tolerance",),
    "check_gap": ("gap_tolerance",),
}
WATCHED = ("check_groups", "check_gap")  # rules that are in force only where fairness is watched
MARK = "\x00"  # stands for a field while its sentence is taken apart


def gate(report: dict[str, Any], candidate: VersionInfo) -> tuple[GateVerdict | None, GateConfig]:
    """Draw the rules in force with what was measured, and their editor; returns the verdict by the rules as edited."""
    place = st.container(gap="small")
    recorded = stored_rules(report)
    watched = (report.get("gate_evidence") or {}).get("groups") is not None
    unfit = (*unfit_rules(task_of_report(report)), *(() if watched else WATCHED))
    types = task_of_report(report).reads == "spans"
    rules = _editor(recorded, unfit, types=types, key=f"update.gate.{candidate.classifier}.{candidate.number}")
    verdict = judge_again(report, rules, test_name)
    if verdict is not None:
        with place:
            for rule in verdict.rules:
                st.markdown(f"{_icon(rule)} {plain(_sentence(rule))}", help=_term(rule))
            if not verdict.rules:
                st.markdown(t("update.no_rules"))
            st.caption(summary(rules, types=types, watched=watched))
    return verdict, rules


def conclusion(report: dict[str, Any], verdict: GateVerdict, rules: GateConfig, candidate: VersionInfo) -> None:
    """What the gate says, and what it said when the candidate was made where that is something else."""
    changed = rules != stored_rules(report)
    sentence = f"update.gate_{'promote' if verdict.promote else 'keep'}"
    sentence = t(f"{sentence}_changed" if changed else sentence, parent=candidate.parent)
    if not verdict.judged:
        sentence = t("update.gate_unjudged")
    st.markdown(f"**{sentence}**", help=t("update.gate_help"))
    before = "keep" if candidate.refused else "promote"
    if changed:
        st.caption(f":orange[:material/edit:] {t(f'update.rules_changed_{before}', parent=candidate.parent)}")
    elif verdict.promote == candidate.refused:  # rows were forgotten since
        st.caption(f":orange[:material/history:] {t(f'update.judged_then_{before}', parent=candidate.parent)}")


def _icon(rule: Rule) -> str:
    if not rule.judged:
        return ":gray[:material/help:]"
    return ":primary[:material/check_circle:]" if rule.passed else ":red[:material/cancel:]"


def _term(rule: Rule) -> str | None:
    """What recall and calibration mean, where a sentence speaks of them."""
    explained = {
        "labels": "label_tolerance",
        "calibration": "calibration_tolerance",
        "groups": "group_tolerance",
        "gap": "gap_tolerance",
    }
    settings = [setting for setting in settings_of(GateConfig) if setting.name == explained.get(rule.kind)]
    return _help(settings) if settings else None


def _sentence(rule: Rule) -> str:
    sentences = [t_message(rule.message)]
    return joined([*sentences, t_message(rule.note)] if rule.note is not None else sentences)


def summary(rules: GateConfig, *, types: bool = False, watched: bool = False) -> str:
    """The rules in force in one line; ``types`` where labels are types of entities, ``watched`` where groups of people are."""
    parts = []
    if rules.check_older_tests:
        parts.append(t(f"update.short_older_{rules.loss_judged_by}", points=_points(-rules.tolerance)))
    if rules.check_labels:
        parts.append(
            t("update.short_types" if types else "update.short_labels", points=_points(-rules.label_tolerance))
        )
    if rules.check_newest_test:
        parts.append(t("update.short_newest", points=_points(rules.minimum_gain)))
    if rules.check_calibration:
        parts.append(t("update.short_calibration", points=_points(rules.calibration_tolerance)))
    if watched and rules.check_groups:
        parts.append(t("update.short_groups", points=_points(-rules.group_tolerance)))
    if watched and rules.check_gap:
        parts.append(t("update.short_gap", points=_points(rules.gap_tolerance)))
    return t("update.rules_in_force", rules=" · ".join(parts) if parts else t("update.short_none"))


def _points(value: float) -> str:
    """With its sign; zero has none."""
    sign = "−" if value < 0 else "+" if value > 0 else ""
    return f"{sign}{abs(value):g}"


def _editor(recorded: GateConfig, unfit: Collection[str], *, types: bool, key: str) -> GateConfig:
    """Every rule as a sentence with its switch and its fields; starts from the rules that the candidate was made by."""
    fields = {setting.name: setting for setting in settings_of(GateConfig)}
    stored = recorded.model_dump()
    values: dict[str, Any] = {}
    with st.expander(t("update.edit_rules"), icon=":material/tune:"):
        for switch, names in RULES.items():
            if switch in unfit:
                continue
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"update-rule-{switch}"):
                values[switch] = _field(fields[switch], key, stored)
                sentence = "check_types" if types and switch == "check_labels" else switch
                values |= _line(sentence, [fields[name] for name in names], key, stored, off=not values[switch])
        st.caption(t("update.rules_kept"))
        st.button(
            t("update.rules_back"),
            key=f"{key}.back",
            type="tertiary",
            icon=":material/undo:",
            on_click=_restore,
            args=(key, stored),
            disabled={**stored, **values} == stored,
        )
    return build(GateConfig, {**stored, **values})


def _restore(key: str, stored: dict[str, Any]) -> None:
    for name, value in stored.items():
        st.session_state[f"{key}.{name}"] = value


def _line(switch: str, fields: list[Setting], key: str, stored: dict[str, Any], *, off: bool) -> dict[str, Any]:
    """The words of a rule's sentence with its fields where the language has them."""
    by_name = {field.name: field for field in fields}
    sentence = t(f"update.rule_{switch}", **{name: f"{MARK}{name}{MARK}" for name in by_name})
    pieces = [piece.strip() for piece in sentence.split(MARK) if piece.strip()]
    last_words = max(index for index, piece in enumerate(pieces) if piece not in by_name)
    values: dict[str, Any] = {}
    for index, piece in enumerate(pieces):
        if piece in by_name:
            values[piece] = _field(by_name[piece], key, stored, disabled=off)
        else:
            text = f":gray[{piece}]" if off else piece
            st.markdown(text, width="content", help=_help(fields) if index == last_words else None)
    return values


def _help(fields: list[Setting]) -> str:
    return joined([setting_help(field) for field in fields])


def _field(setting: Setting, prefix: str, stored: dict[str, Any], *, disabled: bool = False) -> Any:
    """A field without its label in view: the sentence around it says what it is."""
    key = f"{prefix}.{setting.name}"
    if key not in st.session_state:
        st.session_state[key] = stored[setting.name]
    label = setting_label(setting)
    if setting.kind == "bool":
        return st.toggle(label, key=key, label_visibility="collapsed", width="content")
    if setting.kind == "choice":
        names = {choice: choice_label(setting.name, choice) for choice in setting.choices}
        return st.segmented_control(
            label,
            setting.choices,
            required=True,
            format_func=names.__getitem__,
            key=key,
            label_visibility="collapsed",
            disabled=disabled,
        )
    return st.number_input(
        label,
        min_value=setting.minimum,
        max_value=setting.maximum,
        step=setting.step,
        format="%g",
        key=key,
        label_visibility="collapsed",
        disabled=disabled,
        width=100,
    )
