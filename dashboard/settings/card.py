"""What the owner states of a model: a folded form; the card, bundles and reports repeat it."""

from __future__ import annotations

import zlib
from typing import Any

import streamlit as st

from core.base.config import settings_of
from core.base.errors import CoreError
from core.registry.statements import LONGEST, TEXTS, Statements
from dashboard.parts import tables
from dashboard.parts.versions import serving
from dashboard.shell import state
from dashboard.shell.errors import guarded_fragment, show_error
from dashboard.shell.i18n import setting_help, setting_label, t

KEY = "settings.card"
SHORT = frozenset({"owner", "overseer"})  # a name or a role


@guarded_fragment()
def form(classifier: str) -> None:
    """The fields as they are stored, and a button that stores what was changed."""
    stored = state.statements(classifier)
    with st.expander(t("card.title"), icon=":material/assignment_ind:", key=f"{KEY}.section.{classifier}"):
        st.markdown(t("card.what"))
        with st.form(f"{KEY}.form.{classifier}", border=False):
            typed = {field.name: _text(field, classifier, stored) for field in TEXTS}
            two_people = next(field for field in settings_of(Statements) if field.name == "two_people")
            key = key_of(classifier, stored, two_people.name)
            switch = st.toggle(setting_label(two_people), stored.two_people, key=key, help=setting_help(two_people))
            pressed = st.form_submit_button(t("card.save"), key=f"{KEY}.save", icon=":material/save:")
    if pressed:
        _save(classifier, {**typed, two_people.name: switch})


def key_of(classifier: str, stored: Statements, name: str) -> str:
    """The key of a field: another one once something else is stored, so that the form never shows what no longer holds."""
    return f"{KEY}.{classifier}.{zlib.crc32(stored.model_dump_json().encode())}.{name}"


def _text(field: Any, classifier: str, stored: Statements) -> str:
    label, about = setting_label(field), setting_help(field)
    value, key = stored.texts()[field.name], key_of(classifier, stored, field.name)
    if field.name in SHORT:
        typed = st.text_input(label, value, key=key, help=about, max_chars=LONGEST)
    else:
        typed = st.text_area(label, value, key=key, help=about, max_chars=LONGEST, height=80)
    return tables.typed(typed or "")


def _save(classifier: str, values: dict[str, Any]) -> None:
    try:
        changed = state.registry().set_statements(classifier, values)
    except CoreError as error:
        show_error(error)
        return
    st.session_state[serving.JUST_DONE] = t("card.saved" if changed else "card.nothing")
    st.rerun()
