"""What came out of pretrainings: own encoders, each with its figures in words and charts, and what to do with it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.base.config import home
from core.networks.pretrained import EncoderInfo, EncoderStore
from core.training.pretraining import SCRATCH, read_record
from dashboard.parts import tables
from dashboard.parts.choices import confirm_deletion
from dashboard.parts.forms import forms
from dashboard.parts.forms.training_form import SETTINGS, preset_values
from dashboard.parts.plots import charts
from dashboard.parts.plots.charts import Change
from dashboard.shell import layout, navigation
from dashboard.shell.i18n import t, tn
from dashboard.shell.layout import Card

ENCODER = "pretrain.own"
NEXT = "pretrain.own_next"  # a reference that the next run of the page shall choose


def own_encoders() -> list[EncoderInfo]:
    """The encoders that were made here."""
    return [info for info in EncoderStore(home()).list() if info.kind == "own"]


def draw(known: list[EncoderInfo]) -> None:
    """One own encoder: whether it helped, how it learned, what it is; ways on."""
    layout.section(t("pretrain.own"))
    info = _choose(known)
    record = read_record(EncoderStore(home()).folder(info.reference))
    if record is None:
        st.markdown(t("pretrain.no_record", name=tables.plain(info.name)))
    else:
        _about(info, record)
        layout.cards(_cards(record))
        left, right = st.columns(2, gap="large")
        with left:
            _helped(record)
        with right:
            curves(record["epochs"], key=f"pretrain.curve.{info.fingerprint}")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(t("pretrain.use"), key="pretrain.use", type="primary", icon=":material/model_training:"):
            _use(info.reference)
        if st.button(t("pretrain.delete"), key="pretrain.delete", type="tertiary", icon=":material/delete:"):
            _confirm(info.name)


def _choose(known: list[EncoderInfo]) -> EncoderInfo:
    """Ask for one; with a single one there is nothing to ask."""
    by_name = {info.reference: info for info in known}
    if st.session_state.get(NEXT) in by_name:
        st.session_state[ENCODER] = st.session_state.pop(NEXT)
    if st.session_state.get(ENCODER) not in by_name:
        st.session_state[ENCODER] = known[0].reference
    if len(known) > 1:
        names = {info.reference: info.name for info in known}
        st.selectbox(
            t("pretrain.which"), list(names), format_func=names.__getitem__, key=ENCODER, persist_state="session"
        )
    return by_name[st.session_state[ENCODER]]


def _about(info: EncoderInfo, record: dict[str, Any]) -> None:
    texts = record["texts"]
    facts = {
        "name": tables.plain(info.name),
        "dataset": tables.plain(record["dataset"]["name"]),
        "texts": tables.thousands(texts["learned"]),
        "tokens": tables.thousands(texts["tokens"]),
        "time": tables.duration(record["seconds"]),
    }
    if record["start"] == SCRATCH:
        st.markdown(t("pretrain.about_scratch", **facts))
    else:
        st.markdown(t("pretrain.about_continued", base=tables.plain(record["start"]), **facts))
    if record["dataset"]["synthetic"]:
        st.badge(t("shell.synthetic"), color="gray")
    left_out = texts["left_out_for_probe"]
    if left_out:
        st.caption(tn("pretrain.left_out", left_out))


def _cards(record: dict[str, Any]) -> list[Card]:
    best = record["epochs"][record["best_epoch"] - 1]
    gained = tables.change(best["validation_accuracy"] - record["begin"]["accuracy"])
    return [
        Card(
            t("pretrain.accuracy"),
            f"{best['validation_accuracy']:.1%}",
            delta=gained,
            help=t("pretrain.accuracy_help", commonest=f"{record['commonest_accuracy']:.1%}"),
        ),
        Card(
            t("pretrain.perplexity"),
            _number(best["validation_perplexity"]),
            help=t("pretrain.perplexity_help", held_out=tables.thousands(record["texts"]["held_out"])),
        ),
        Card(t("pretrain.parameters"), tables.thousands(record["parameters"]), help=t("pretrain.parameters_help")),
        Card(t("pretrain.pieces"), tables.thousands(record["pieces"]), help=t("pretrain.pieces_help")),
    ]


def _number(perplexity: float) -> str:
    return tables.thousands(perplexity) if perplexity >= 1000 else f"{perplexity:.1f}"


def _helped(record: dict[str, Any]) -> None:
    """The probe in words, whatever it says, and as a chart."""
    probe = record["probe"]
    if probe is None:
        st.info(t("pretrain.not_probed"), icon=":material/help:")
        return
    change = probe["macro_f1"]["difference"]
    finding = t(
        f"pretrain.verdict_{probe['verdict']}",
        points=tables.points(change["value"]),
        low=tables.points(change["low"]),
        high=tables.points(change["high"]),
    )
    st.markdown(finding)
    figures = {t("charts.macro_f1"): probe["macro_f1"], t("pretrain.probe_accuracy"): probe["accuracy"]}
    charts.before_after(
        [Change(name, _triple(figure["before"]), _triple(figure["after"])) for name, figure in figures.items()],
        title=t("pretrain.probe_title", name=probe["name"]),
        key=f"pretrain.probe.{record['reference']}.{record['created']}",
        axis=t("pretrain.probe_axis"),
        alt=t(
            "pretrain.probe_alt",
            before=tables.score(probe["macro_f1"]["before"]["value"]),
            after=tables.score(probe["macro_f1"]["after"]["value"]),
        ),
    )
    random = t("pretrain.probe_random") if record["start"] == SCRATCH else t("pretrain.probe_base")
    rows = {"train": tables.thousands(probe["train"]), "rows": tables.thousands(probe["rows"])}
    st.caption(t("pretrain.probe_note", **rows))
    st.caption(random)


def _triple(estimate: dict[str, float]) -> tuple[float, float, float]:
    return estimate["value"], estimate["low"], estimate["high"]


def curves(epochs: list[dict[str, Any]], *, key: str) -> None:
    """Masked accuracy and loss over the epochs (fields of `LanguageEpoch`), with the best one marked."""
    best = next((epoch for epoch in reversed(epochs) if epoch["best"]), epochs[-1])
    accuracy = _share(best["validation_accuracy"])
    if len(epochs) < 2:  # one point is no curve
        loss = tables.score(epochs[0]["validation_loss"])
        st.caption(t("pretrain.first_epoch", accuracy=accuracy, loss=loss))
        return
    charts.curves(
        {t("pretrain.accuracy"): [epoch["validation_accuracy"] for epoch in epochs]},
        title=t("pretrain.accuracy_title", accuracy=accuracy, epoch=best["epoch"]),
        key=f"{key}.accuracy",
        axis=t("pretrain.accuracy"),
        alt=t("pretrain.accuracy_alt", epochs=len(epochs), accuracy=accuracy),
        best=best["epoch"],
    )
    charts.curves(
        {
            t("run.training"): [epoch["training_loss"] for epoch in epochs],
            t("pretrain.held_out"): [epoch["validation_loss"] for epoch in epochs],
        },
        title=t("pretrain.loss_title"),
        key=f"{key}.loss",
        axis=t("charts.loss"),
        alt=t("pretrain.loss_alt", epochs=len(epochs), loss=tables.score(epochs[-1]["validation_loss"])),
        best=best["epoch"],
    )


def _share(value: float | None) -> str:
    return tables.NOTHING if value is None else f"{value:.1%}"


def _use(reference: str) -> None:
    """Go to the Train page with this encoder chosen."""
    st.session_state["train.model"] = "encoder"
    forms.set_values(SETTINGS, preset_values("encoder", "standard") | {"encoder": reference})
    navigation.go("train", "new")


def _confirm(name: str) -> None:
    title = t("pretrain.delete_title", name=tables.plain(name))
    confirm_deletion(title, "pretrain", EncoderStore(home()).delete, name)
