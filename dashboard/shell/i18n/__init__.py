"""Every visible word, in English and Chinese.

A catalogue is a folder of TOML files; the text ``title`` in ``data.toml`` is ``t("data.title")``. Sentences born in
`core` bring their English along; their Chinese stands in ``zh/messages_*.toml`` under the whole key.
"""

from __future__ import annotations

import logging
import os
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.base.config import Setting
from core.base.messages import Message, fill
from core.fairness.config import WAYS

LANGUAGES = {"en": "English", "zh": "中文"}
DEFAULT = "en"
FOLDER = Path(__file__).parent
LINK = "lang"  # name in the link and in the session

_BEHIND_HAN = re.compile(r"(?<=[\u4e00-\u9fff])\{(\w+)[^{}]*\}")
_BEFORE_HAN = re.compile(r"\{(\w+)[^{}]*\}(?=[\u4e00-\u9fff])")
_LATIN = re.compile(r"[A-Za-z0-9]")

log = logging.getLogger(__name__)


class MissingText(KeyError):
    """A key that no catalogue has; raised only where ``EVERGREEN_STRICT_TEXT=1`` (the tests)."""


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of one language by their whole key."""
    texts: dict[str, str] = {}
    for path in sorted((FOLDER / language).glob("*.toml")):
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
        whole_keys = path.stem.startswith("messages_")
        texts.update(entries if whole_keys else {f"{path.stem}.{name}": text for name, text in entries.items()})
    return texts


def language() -> str:
    """The language of this session: chosen in the sidebar, or given in the link, or the browser's own."""
    if get_script_run_ctx() is None:
        return DEFAULT
    wanted = st.session_state.get(LINK) or st.query_params.get(LINK)
    return wanted if wanted in LANGUAGES else browser_language()


def browser_language() -> str:
    """Chinese for a browser that asks for Chinese, English for all others."""
    return "zh" if (st.context.locale or "").lower().startswith("zh") else DEFAULT


def t(key: str, /, **facts: Any) -> str:
    """The text of `key` in the session's language, its places filled with `facts`."""
    return translate(language(), key, facts)


def tn(key: str, count: int, /, **facts: Any) -> str:
    """Like `t` with ``{count}`` filled in; English takes ``<key>_one`` for exactly one."""
    singular = f"{key}_one"
    agreeing = singular if count == 1 and singular in catalogue(language()) else key
    return t(agreeing, count=f"{count:,}", **facts)


def translate(language: str, key: str, facts: dict[str, Any] | None = None) -> str:
    """`t` for a named language; needs no session."""
    text = catalogue(language).get(key)
    if text is None:
        return _missing(language, key)
    return _filled(language, text, facts or {})


def t_message(message: Message) -> str:
    """A sentence from `core` in the session's language; English when its translation is missing."""
    if message.key.startswith("mitigation."):  # some facts are choices of that setting
        named = {name: choice_label("mitigation", str(message.facts[name])) for name in WAYS if name in message.facts}
        message = Message(message.key, message.text, {**message.facts, **named})
    if language() == DEFAULT:
        return str(message)
    text = catalogue(language()).get(message.key)
    if text is None:
        _missing(language(), message.key)
        return str(message)
    return _filled(language(), text, message.facts)


def _filled(language: str, text: str, facts: Mapping[str, Any]) -> str:
    readable = {name: _readable(language, value) for name, value in facts.items()}
    return fill(_spaced(text, readable) if language == "zh" else text, readable)


def _spaced(template: str, facts: Mapping[str, Any]) -> str:
    """A Chinese template with a space between its characters and a fact that begins or ends with a Latin letter or digit.

    The catalogues write these spaces wherever a fact is always Latin; of a name, only the name itself can tell.
    """
    template = _BEHIND_HAN.sub(lambda place: f"{' ' * _is_latin(facts, place[1], 0)}{place[0]}", template)
    return _BEFORE_HAN.sub(lambda place: f"{place[0]}{' ' * _is_latin(facts, place[1], -1)}", template)


def _is_latin(facts: Mapping[str, Any], name: str, end: int) -> bool:
    return bool(_LATIN.match(str(facts.get(name, ""))[end:][:1]))


def _readable(language: str, value: Any) -> Any:
    """Lists joined as the language does it."""
    separator = "、" if language == "zh" else ", "
    return separator.join(str(item) for item in value) if isinstance(value, list | tuple) else value


def setting_label(setting: Setting) -> str:
    """The name of a setting, as a form shows it."""
    return _of_setting(setting.name, "label", setting.label)


def setting_help(setting: Setting) -> str:
    """One sentence on what a setting does."""
    return _of_setting(setting.name, "help", setting.help)


def choice_label(name: str, value: str) -> str:
    """The visible name of one choice of setting `name`: ``<name>_<value>`` in ``choices.toml``, or ``<value>``."""
    texts = catalogue(language())
    for key in (f"choices.{name}_{value}", f"choices.{value}"):
        if key in texts:
            return texts[key]
    return _missing(language(), f"choices.{name}_{value}", shown=value)


def _of_setting(name: str, part: str, english: str) -> str:
    if language() == DEFAULT:
        return english
    key = f"settings.{name}_{part}"
    text = catalogue(language()).get(key)
    return _missing(language(), key, shown=english) if text is None else text


def _missing(language: str, key: str, shown: str | None = None) -> str:
    if os.environ.get("EVERGREEN_STRICT_TEXT") == "1":
        raise MissingText(f"{language}: {key}")
    log.warning("the %s catalogue has no text %r", language, key)
    return key if shown is None else shown
