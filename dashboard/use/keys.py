"""The API tab: keys of the REST API. Make one, copy it this once with a line that works, take it away."""

from __future__ import annotations

import json
import shlex
from urllib.parse import urlsplit

import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.serving.api.keys import NAME_CHARACTERS, Key, KeyStore
from dashboard.parts import tables
from dashboard.parts.scores import task_of_version
from dashboard.shell import state
from dashboard.shell.errors import guarded_fragment, show_error
from dashboard.shell.i18n import t

FRESH = "keys.fresh"  # name and key of what was just made; nowhere else, and gone with the session
API = "/api/v1"
PLACEHOLDER = "YOUR_KEY"
USUAL_ADDRESS = "http://localhost:8501"


@guarded_fragment()
def draw(classifier: str) -> None:
    """The whole tab."""
    store = KeyStore(home())
    st.markdown(t("keys.what", address=f"{address()}{API}"))
    _create(store)
    known = store.list()
    fresh: tuple[str, str] | None = st.session_state.get(FRESH)
    if fresh is not None and all(key.name != fresh[0] for key in known):  # revoked meanwhile
        fresh = None
    if fresh is not None:
        _show(*fresh)
    for key in known[::-1]:
        _row(store, key)
    secret = fresh[1] if fresh else PLACEHOLDER
    st.caption(t("keys.try" if fresh is None else "keys.try_fresh"))
    st.code(curl_line(classifier, secret), language="bash", wrap_lines=True)
    st.caption(t("keys.try_python"))
    st.code(python_lines(classifier, secret), language="python", wrap_lines=True)


def address() -> str:
    """Where the reader's browser found this dashboard, without the page."""
    link = urlsplit(st.context.url or "")
    return f"{link.scheme}://{link.netloc}{link.path.rpartition('/')[0]}" if link.netloc else USUAL_ADDRESS


def curl_line(classifier: str, key: str) -> str:
    """A command for a terminal that sends one text."""
    body = json.dumps(dict(_asked(classifier)), ensure_ascii=False)
    lines = (
        f"curl {address()}{API}/{_call(classifier)}",
        f"-H 'Authorization: Bearer {key}'",
        f"-d {shlex.quote(body)}",
    )
    return " \\\n  ".join(lines)


def python_lines(classifier: str, key: str) -> str:
    """The same in Python, with its own library alone."""
    body = ", ".join(
        f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in _asked(classifier)
    )
    return "\n".join(
        (
            "import json",
            "from urllib.request import Request, urlopen",
            "",
            f"asked = json.dumps({{{body}}}).encode()",
            f'request = Request({json.dumps(f"{address()}{API}/{_call(classifier)}")}, asked, method="POST")',
            f'request.add_header("Authorization", {json.dumps(f"Bearer {key}")})',
            'request.add_header("Content-Type", "application/json")',
            "print(json.load(urlopen(request)))",
        )
    )


def _asked(classifier: str) -> tuple[tuple[str, str], ...]:
    example = "keys.example_entities" if _call(classifier) == "extract" else "keys.example"
    return (("classifier", classifier), ("text", t(example)))


def _call(classifier: str) -> str:
    """What answers for a model."""
    champion = state.champion(classifier)
    return "extract" if champion is not None and task_of_version(champion).reads == "spans" else "predict"


def _create(store: KeyStore) -> None:
    with (
        st.form("keys.form", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input(
            t("keys.name"),
            key="keys.name",
            max_chars=NAME_CHARACTERS,
            placeholder=t("keys.name_placeholder"),
            width=320,
            autocomplete="off",
        )
        pressed = st.form_submit_button(t("keys.create"), key="keys.create", icon=":material/add:")
    if not pressed:
        return
    try:
        st.session_state[FRESH] = (" ".join(name.split()), store.create(name))
    except CoreError as error:
        show_error(error)


def _show(name: str, secret: str) -> None:
    with st.container(border=True, key="keys-fresh"):
        st.markdown(f":primary[:material/check:] {t('keys.fresh', name=tables.plain(name))}")
        st.code(secret, language=None, wrap_lines=True)
        if st.button(t("keys.copied"), key="keys.copied", type="tertiary", icon=":material/visibility_off:"):
            del st.session_state[FRESH]
            st.rerun()


def _row(store: KeyStore, key: Key) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", wrap=False):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{tables.plain(key.name)}**")
            created = tables.moment(key.created)
            if key.last_used is None:
                st.caption(t("keys.unused", created=created))
            else:
                st.caption(t("keys.used", created=created, used=tables.moment(key.last_used)))
        with st.popover(t("keys.revoke"), key=f"keys.ask.{key.digest[:12]}", type="tertiary"):
            st.markdown(t("keys.revoke_what"))
            if st.button(t("keys.revoke_yes"), key=f"keys.revoke.{key.digest[:12]}", type="primary"):
                store.revoke(key.name)
                st.rerun()
