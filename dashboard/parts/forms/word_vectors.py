"""Word vectors on the Train page: what the chosen set is, how much of the texts it covers, and the ways to more sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.config import build, home
from core.base.errors import CoreError
from core.data.dataset.splitting import split_rows
from core.networks.text import TextConfig
from core.networks.vectors import Coverage, SkipGramConfig, VectorInfo, VectorStore
from core.networks.vectors.learning import count_words
from dashboard.parts import tables
from dashboard.parts.forms.forms import set_values, settings_form
from dashboard.parts.upload.files import Source, keep_upload
from dashboard.parts.upload.upload import STYLE
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, tn

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset

MADE = "train.vectors_made"  # a set that was just added or learned, to be chosen
FILE = "train.vectors_file"
TURN = "train.vectors_turn"
MOST_TEXTS = 20_000  # of a larger dataset, coverage is counted on so many
REFUSED = '/\\:"'
LANGUAGES = ("en", "zh")


def choose_made(form: str) -> None:
    """Choose the set that was just made; to be called before the form of this key is drawn."""
    if MADE in st.session_state:
        set_values(form, {"word_vectors": st.session_state.pop(MADE)})


def draw(dataset: StoredDataset, settings: Mapping[str, Any]) -> None:
    """Facts on the chosen set, and a place to add others; nothing for a model that cannot use any."""
    if "word_vectors" not in settings:
        return
    if settings["word_vectors"]:
        try:
            _chosen(state.vectors().describe(settings["word_vectors"]), dataset, settings)
        except CoreError as error:
            show_error(error)
    with st.expander(t("vectors.more"), icon=":material/add:"):
        manage(dataset, settings)


def manage(dataset: StoredDataset, settings: Mapping[str, Any]) -> None:
    """The ways to more sets, and those that there are; ``settings`` say how a dataset is divided before learning from it."""
    places = st.tabs([t("vectors.from_file"), t("vectors.from_texts"), t("vectors.own")])
    with places[0]:
        _add()
    with places[1]:
        _learn(dataset, settings)
    with places[2]:
        _own()


def _chosen(info: VectorInfo, dataset: StoredDataset, settings: Mapping[str, Any]) -> None:
    st.caption(" · ".join(_facts(info)))
    if not info.installed:
        st.warning(t("vectors.package_missing"), icon=":material/download:")
        st.code(info.install, language="bash", wrap_lines=True)
        return
    asked = {"zh", "en"} if dataset.language == "mixed" else {dataset.language}
    if info.languages and asked & {"zh", "en"} and not asked & set(info.languages):
        names = t("vectors.and").join(t(f"vectors.language_{language}") for language in info.languages)
        st.warning(t("vectors.other_language", language=names), icon=":material/translate:")
    with st.spinner(t("vectors.counting")):
        coverage = _coverage(home(), repr(info), info.reference, dataset.id, _text_settings(settings))
    words, occurrences = (f"{share:.1%}" for share in (coverage.types_share, coverage.tokens_share))
    st.markdown(t("vectors.coverage", words=words, occurrences=occurrences))
    if coverage.missing:
        with st.expander(t("vectors.missing")):
            table = pd.DataFrame(coverage.missing, columns=[t("vectors.word"), t("vectors.count")])
            st.dataframe(
                table, hide_index=True, height=tables.height_of(len(table), 248), column_config=tables.counts(table)
            )


def _facts(info: VectorInfo) -> list[str]:
    languages = t("vectors.and").join(
        t(f"vectors.language_{language}") for language in info.languages if language in LANGUAGES
    )
    origin = t("vectors.licence", licence=info.licence) if info.licence else t("vectors.no_licence")
    if info.learned:
        origin = t("vectors.learned_from", name=info.source)
    facts = [tn("vectors.words", info.words), tn("vectors.dimensions", info.dimensions), languages, origin]
    if info.broken:
        facts.append(tn("vectors.broken", info.broken))
    return [tables.plain(fact) for fact in facts if fact]


def _text_settings(settings: Mapping[str, Any]) -> str:
    given = {name: settings[name] for name in TextConfig.model_fields if name in settings}
    return build(TextConfig, given).model_dump_json(exclude={"max_length"})


@st.cache_data(show_spinner=False, max_entries=20)
def _coverage(folder: Path, facts: str, reference: str, dataset: str, text: str) -> Coverage:
    # facts: a set that was deleted and made anew under its name is another
    texts = state.load_dataset(dataset).texts
    some = texts[:: -(-len(texts) // MOST_TEXTS)]
    return VectorStore(folder).coverage(reference, count_words(some, TextConfig(**json.loads(text))))


def _add() -> None:
    source: Source | None = st.session_state.get(FILE)
    typed = ""
    if source is None:
        typed = _choose_file()
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/description: **{tables.plain(source.name)}** · {tables.size(source.size)}")
            st.button(
                t("vectors.other_file"),
                key="train.vectors_other",
                type="tertiary",
                icon=":material/refresh:",
                on_click=_discard,
            )
    path = Path(typed).expanduser() if typed else source.path if source is not None else None
    if path is None:
        return
    name = _name("train.vectors_name", path.name.split(".")[0])
    if st.button(t("vectors.add"), key="train.vectors_add", icon=":material/add:"):
        title = source.name if source is not None else path.name
        if _work(lambda progress: state.vectors().add_file(path, name, progress, title=title)):
            if source is not None:
                source.path.unlink(missing_ok=True)  # the set is a copy
            _discard()
            st.rerun()


def _discard() -> None:
    """Back to an empty drop zone: new keys, so that the uploader and the typed path let go of what they hold."""
    st.session_state.pop(FILE, None)
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def _choose_file() -> str:
    """The drop zone, which empties itself onto the disk, or a typed path of a file too large for it."""
    turn = st.session_state.get(TURN, 0)
    drop = {part: t(f"upload.drop_{part}") for part in ("button", "limit", "failed")} | {"title": t("vectors.drop")}
    variables = " ".join(f"--drop-{part}: {json.dumps(word, ensure_ascii=False)};" for part, word in drop.items())
    st.html(f"<style>:root {{ {variables} }}\n{STYLE.read_text(encoding='utf-8')}</style>")
    with st.container(key="vectors-drop-zone"):
        uploaded = st.file_uploader(t("vectors.file"), key=f"train.vectors_upload.{turn}", label_visibility="collapsed")
    st.caption(t("vectors.formats"))
    if uploaded is not None:
        kept = keep_upload(uploaded.name, uploaded)
        _discard()
        st.session_state[FILE] = kept
        st.rerun()
    return (
        st.text_input(t("vectors.path"), key=f"train.vectors_path.{turn}", help=t("vectors.path_help")) or ""
    ).strip()


def _learn(dataset: StoredDataset, settings: Mapping[str, Any]) -> None:
    st.markdown(t("vectors.learn_text"))
    values = settings_form(SkipGramConfig, key="train.skipgram")
    name = _name("train.skipgram_name", dataset.name)
    if st.button(t("vectors.learn"), key="train.skipgram_learn", icon=":material/model_training:"):
        config = build(SkipGramConfig, values)
        texts = _training_texts(dataset.id, settings)
        if _work(lambda progress: state.vectors().learn(texts, name, config, source=dataset.name, progress=progress)):
            st.rerun()


def _training_texts(dataset: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The texts that a training with these settings would learn from: what is frozen as the test stays unseen."""
    stored = state.load_dataset(dataset)
    validation, test = settings["validation_share"], settings["test_share"]
    split = split_rows(stored, fractions=(1 - validation - test, validation, test), seed=settings["split_seed"])
    return stored.take(split.train).texts


def _name(key: str, suggestion: str) -> str:
    """Ask for a name; until somebody types one, it follows the suggestion."""
    suggestion = "".join(" " if sign in REFUSED else sign for sign in suggestion).strip(" .")[:60].strip()
    if st.session_state.get(key) in (None, "", st.session_state.get(f"{key}_suggested")):
        st.session_state[key] = suggestion
    st.session_state[f"{key}_suggested"] = suggestion
    return (st.text_input(t("vectors.name"), key=key) or "").strip()


def _work(make: Callable[[Callable[[float], object]], VectorInfo]) -> bool:
    """Make a set under a progress bar; True when it is there and will be chosen."""
    bar = st.progress(0.0, text=t("vectors.working"))
    try:
        info = make(lambda share: bar.progress(share, text=t("vectors.working")))
    except CoreError as error:
        show_error(error)
        return False
    finally:
        bar.empty()
    st.session_state[MADE] = info.reference
    return True


def _own() -> None:
    own = [info for info in state.vectors().list() if info.reference.startswith("own:")]
    if not own:
        st.caption(t("vectors.no_own"))
    for number, info in enumerate(own):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{tables.plain(info.name)}**  \n{' · '.join(_facts(info))}", width="stretch")
            st.button(
                t("vectors.delete"),
                key=f"train.vectors_delete.{number}",
                type="tertiary",
                icon=":material/delete:",
                on_click=_delete,
                args=(info.name,),
            )


def _delete(name: str) -> None:
    try:
        state.vectors().delete(name)
    except CoreError as error:  # another session was faster
        show_error(error)
