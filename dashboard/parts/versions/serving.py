"""What moves or removes versions: download, promote, roll back, delete; each says what will happen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.base.files import scratch
from core.registry import OverrideRequest, PromotionDecision, Registry, VersionInfo, confirm, promote
from core.serving.engines.pool import shared_pool
from core.upkeep.deleting import delete_model
from dashboard.parts.tables import plain
from dashboard.parts.versions import second_person
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, tn

REASON_CHARACTERS = 500
JUST_DONE = "models.said"  # what was just done, to be told after the rerun
REFUSED_IN_FILES = '<>:"/\\|?*'


def registry() -> Registry:
    """The registry alone: the whole workspace would load PyTorch, for which no promotion should wait."""
    return Registry(home())


def actions(version: VersionInfo, champion: VersionInfo | None) -> None:
    """Let the version serve, or go back to the one that served before; delete one that does not serve."""
    tell_done()
    with st.container(horizontal=True, key="models-actions"):
        if champion is None or version.number != champion.number:
            _promote(version, champion)
        else:
            earlier = previous_champion(state.champion_history(version.classifier))
            if earlier is not None:
                _roll_back(champion, earlier)
        delete_version(version, champion)


def tell_done() -> None:
    """Say what was just done, once, with the page as it is since."""
    if JUST_DONE in st.session_state:
        st.toast(st.session_state.pop(JUST_DONE), icon=":material/check:")


def download(version: VersionInfo) -> None:
    """The button that downloads the version's bundle."""
    st.download_button(
        t("models.download"),
        lambda: bundle(version),
        file_name=bundle_name(version),
        mime="application/zip",
        key="models.download",
        icon=":material/download:",
        help=t("models.download_help"),
        on_click="ignore",
    )


def bundle(version: VersionInfo) -> bytes:
    """The version's bundle as a zip; made when somebody asks for it."""
    from core.workflows.bundle import write_bundle

    with scratch() as folder:
        target = folder / "bundle.zip"
        threshold = state.threshold(version.classifier)
        limit = threshold.value if threshold else None
        write_bundle(state.version_folder(version), target, limit, state.statements(version.classifier))
        return target.read_bytes()


def bundle_name(version: VersionInfo) -> str:
    """``<classifier>-v<N>.zip``, without what file systems refuse."""
    name = "".join("-" if sign in REFUSED_IN_FILES or not sign.isprintable() else sign for sign in version.classifier)
    return f"{name}-v{version.number}.zip"


def previous_champion(moves: list[dict[str, object]]) -> int | None:
    """The version that served before the present one, counting a return to an earlier one as a step back."""
    path: list[int] = []
    for move in moves:
        number = int(str(move["version"]))
        path = path[: path.index(number)] if number in path else path
        path.append(number)
    return path[-2] if len(path) > 1 else None


def _promote(version: VersionInfo, champion: VersionInfo | None) -> None:
    with st.popover(t("models.promote", version=version.number), icon=":material/verified:"):
        facts = {"version": version.number, "champion": champion.number if champion else ""}
        st.markdown(t("models.promote_sure" if champion else "models.promote_first", **facts))
        if version.refused:
            _promote_anyway(version)
        elif st.button(t("models.promote_yes"), key="models.promote", type="primary"):
            _serve(version)


def _promote_anyway(version: VersionInfo) -> None:
    """Against the gate: not without a reason in writing."""
    st.markdown(t("models.against_gate"))
    with st.form("models.anyway_form", border=False):
        reason = st.text_area(t("models.why"), key="models.why", max_chars=REASON_CHARACTERS, height=110)
        name = second_person.asks(version, key="models")
        pressed = st.form_submit_button(t("models.promote_yes"), key="models.promote", type="primary")
    confirmed_by = second_person.confirms(version, key="models")
    if confirmed_by is not None:
        _carry_out(version, partial(confirm, by=confirmed_by))
    if pressed and not (reason or "").strip():
        st.warning(t("models.why_missing"), icon=":material/edit:")
    elif pressed and name == "":
        st.warning(t("people.who_missing"), icon=":material/edit:")
    elif pressed:
        _serve(version, str(reason), name or "")


def _serve(version: VersionInfo, reason: str = "", by: str = "") -> None:
    how = t("models.reason_against") if version.refused else t("models.reason")
    _carry_out(version, partial(promote, how=how, reason=reason, by=by))


def _carry_out(version: VersionInfo, act: Callable[..., PromotionDecision | OverrideRequest]) -> None:
    try:
        done = act(registry(), version.classifier, version.number)
    except CoreError as error:
        show_error(error)
        return
    asked = isinstance(done, OverrideRequest)
    st.session_state[JUST_DONE] = t("people.asked" if asked else "models.promoted", version=version.number)
    st.rerun()


def _roll_back(champion: VersionInfo, earlier: int) -> None:
    with st.popover(t("models.roll_back", version=earlier), icon=":material/undo:"):
        st.markdown(t("models.roll_back_sure", version=earlier, champion=champion.number))
        if st.button(t("models.roll_back_yes"), key="models.roll_back", type="primary"):
            try:
                registry().rollback(champion.classifier, earlier, t("models.reason"))
            except CoreError as error:
                show_error(error)
                return
            st.session_state[JUST_DONE] = t("models.promoted", version=earlier)
            st.rerun()


def delete_version(version: VersionInfo, champion: VersionInfo | None) -> None:
    """Delete the chosen version, unless it serves or another needs it."""
    if champion is not None and champion.number == version.number:
        return
    with st.popover(t("models.delete_version", version=version.number), icon=":material/delete:"):
        needing = registry().needs(version.classifier, version.number)
        if needing is not None:
            st.markdown(t("models.delete_version_needed", version=version.number, needing=needing))
            return
        st.markdown(t("models.delete_version_what", version=version.number))
        if st.button(t("models.delete_version_yes"), key="models.delete_version"):
            _delete_version(version)


def _delete_version(version: VersionInfo) -> None:
    try:
        with suppress(CoreError):  # its files may be gone already
            shared_pool().release(state.version_folder(version))
        registry().delete_version(version.classifier, version.number)
    except CoreError as error:
        show_error(error)
        return
    st.session_state[JUST_DONE] = t("models.version_deleted", version=version.number)
    st.rerun()


def danger(classifier: str) -> None:
    """Delete the classifier, after its name was typed."""
    with st.expander(t("models.delete"), icon=":material/delete:", key=f"models.delete_box.{classifier}"):
        count = len(state.versions(classifier))
        st.markdown(tn("models.delete_what", count, classifier=plain(classifier)))
        with st.form("models.delete_form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            label = t("models.delete_type", classifier=plain(classifier))
            typed = st.text_input(label, key=f"models.delete_name.{classifier}", width=320, autocomplete="off")
            pressed = st.form_submit_button(t("models.delete_yes"), key="models.delete", icon=":material/delete:")
        if pressed and typed.strip() == classifier:
            _delete(classifier)
        elif pressed:
            st.warning(t("models.delete_other", classifier=plain(classifier)), icon=":material/info:")


def _delete(classifier: str) -> None:
    if any(job.classifier == classifier for job in state.active_jobs()):
        st.warning(t("models.delete_busy"), icon=":material/hourglass_top:")
        return
    folders = [state.version_folder(version) for version in state.versions(classifier)]
    try:
        delete_model(home(), classifier)
    except CoreError as error:
        show_error(error)
        return
    for folder in folders:
        shared_pool().release(folder)
    st.session_state[JUST_DONE] = t("models.deleted", classifier=plain(classifier))
    state.choose_classifier(next((known.name for known in state.classifiers() if known.name != classifier), None))
    st.rerun()
