"""In which arithmetic a version answers: variants of its exported file, and the choice among them on validation rows.

Chosen before the frozen tests are scored, since scores come from the file that serves; no test row takes part.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from core.base.messages import Message, message
from core.networks.standalone.predict import Classifier, kind_of
from core.serving.onnx.files import save_model
from core.serving.onnx.half import halve
from core.serving.onnx.quantise import learn_ranges, matrix_weights
from core.serving.onnx.sensitivity import quantise_carefully
from core.workflows.precision.judging import BySpans, Judge
from core.workflows.precision.measure import Figures, LabelledRows, measure, worthwhile_rows

ENOUGH_WEIGHTS = 1_000_000  # in matrix products; below, there is little to win
ENOUGH_ROWS = 100  # of validation, for a choice by itself
LARGEST_LOSS = 0.003  # of accuracy
LEAST_AGREEMENT = 0.99
WANTED_AGREEMENT = 0.997  # what int8 is tuned for: stricter, since rows of validation are few and new ones differ
CALIBRATION_TEXTS = 256
RECURRENT = ("LSTM", "GRU")  # operations of ONNX
CPU = ["CPUExecutionProvider"]


def only_exact(folder: Path, wanted: str, rows: int, *, fixed: bool, judged: bool = True) -> dict[str, Any] | None:
    """The same as `choose_precision` returns where nothing but float32 is to be made, with the reason; otherwise None.

    Parameters
    ----------
    fixed
        Whether the head was computed from features of a fixed network, and so fits only these.
    judged
        Whether there is anything by which other arithmetic could be judged, see `judge_of`.
    """
    model = onnx.load(str(folder / "model.onnx"))
    recurrent = any(node.op_type in RECURRENT for node in model.graph.node)
    reason = _not_tried(wanted, matrix_weights(model), rows, fixed, recurrent) if judged else _no_probabilities()
    if reason is None:
        return None
    return {"wanted": wanted, "rows": 0, "serving": {}, "variants": [], "rule": None, "note": reason.to_dict()}


def choose_precision(
    folder: Path, wanted: str, training: Sequence[str], rows: LabelledRows, judge: Judge
) -> dict[str, Any]:
    """Make the variants that may pay, choose what serves, and write ``serving.json`` and ``precision.json``.

    Parameters
    ----------
    wanted
        The setting: ``"auto"``, ``"int8"`` or ``"fp16"``.
    training
        Texts from which the ranges of activations are learned.
    rows
        Validation rows; they judge the variants.

    Returns
    -------
    dict
        Record for the report: ``wanted``, ``serving`` (kind of device → file), ``variants`` (each with its figures and why it
        serves or not), ``rows`` they were judged on and by which ``score``, ``rule`` and ``note`` (sentences).
    """
    model = onnx.load(str(folder / "model.onnx"))
    graphics_card = kind_of(judge.engine(folder, None, "fp32").provider) == "cuda"
    exact = judge.engine(folder, CPU, "fp32")
    rows = worthwhile_rows(exact, rows)
    values = exact.compute(rows.texts)
    entities = isinstance(judge, BySpans)
    variants = [_entry(folder, "fp32", "cpu", None)]
    if wanted in ("auto", "int8"):
        kept = _make_int8(model, folder, training, rows, exact, judge)
        figures = measure({"fp32": exact, "int8": judge.engine(folder, CPU, "int8")}, rows, values, judge)
        variants = [_entry(folder, name, "cpu", figures[name]) for name in figures]
        variants[-1]["kept"] = kept
    if wanted == "fp16" or (wanted == "auto" and graphics_card):
        save_model(halve(model), folder / "model.fp16.onnx")
        both = {name: judge.engine(folder, None, name) for name in ("fp32", "fp16")}
        figures = measure(both, rows, values, judge)
        variants += [_entry(folder, name, "cuda" if graphics_card else "cpu", figures[name]) for name in figures]
        variants = variants if wanted == "auto" else variants[1:]
    record = {
        "wanted": wanted,
        "rows": len(rows),
        "score": judge.score,
        "serving": _choose(variants, wanted, graphics_card, entities=entities),
        "variants": variants,
        "rule": _rule(len(rows), entities).to_dict(),
        "note": _doubt(variants, len(rows), entities),
    }
    for name in ("serving", "precision"):
        content = record["serving"] if name == "serving" else record
        (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return record


def _no_probabilities() -> Message:
    return message(
        "precision.values",
        "Only fp32 was made: other arithmetic is judged by the probability of one answer a text, and there is none.",
    )


def _not_tried(wanted: str, weights: int, rows: int, fixed: bool, recurrent: bool) -> Message | None:
    """Why a version simply serves float32; None where variants are to be made."""
    if wanted == "fp32":
        return message("precision.only_fp32", "Only fp32 was made, as the settings ask.")
    if weights == 0 and recurrent:
        return message(
            "precision.recurrent",
            "Only fp32 was made: the weights of this network lie in recurrent layers. In eight bits these would take their "
            "ranges anew from each batch, and an answer would depend on what else is asked.",
        )
    if weights == 0 or (wanted == "auto" and weights < ENOUGH_WEIGHTS):
        return message(
            "precision.small",
            "Only fp32 was made: {weights:,} weights in matrix products are too few for other arithmetic to be faster.",
            weights=weights,
        )
    if fixed:
        return message(
            "precision.fixed",
            "Only fp32 was made: the head was computed from what the encoder says in fp32, and fits nothing else.",
        )
    if rows == 0 or (wanted == "auto" and rows < ENOUGH_ROWS):
        return message(
            "precision.few_rows",
            "Only fp32 was made: {rows} validation rows are too few to see what other arithmetic loses; {needed} are needed.",
            rows=rows,
            needed=ENOUGH_ROWS,
        )
    return None


def _make_int8(
    model: onnx.ModelProto, folder: Path, training: Sequence[str], rows: LabelledRows, exact: Classifier, judge: Judge
) -> dict[str, int]:
    """Write ``model.int8.onnx``; returns how many groups of products stayed in float32, and of how many."""
    sample = np.linspace(0, len(training) - 1, min(CALIBRATION_TEXTS, len(training))).astype(np.int64)
    ranges = learn_ranges(model, judge.batches(exact, [training[row] for row in sample])[0])
    batches, read = judge.batches(exact, rows.texts)
    made = quantise_carefully(model, ranges, batches, WANTED_AGREEMENT, read)
    save_model(made.model, folder / "model.int8.onnx")
    return {"groups": made.kept, "of": made.groups}


def _entry(folder: Path, precision: str, device: str, figures: Figures | None) -> dict[str, Any]:
    file = "model.onnx" if precision == "fp32" else f"model.{precision}.onnx"
    return {
        "precision": precision,
        "device": device,
        "file": file,
        "bytes": (folder / file).stat().st_size,
        "kept": None,
        **(figures.to_dict() if figures is not None else {}),
    }


def _choose(
    variants: list[dict[str, Any]], wanted: str, graphics_card: bool, *, entities: bool = False
) -> dict[str, str]:
    """Fill in whether each variant serves, and why; returns what serves on which kind of device."""
    serving: dict[str, str] = {}
    for device in ("cpu", "cuda"):
        here = [variant for variant in variants if variant["device"] == device]
        plain = next((variant for variant in here if variant["precision"] == "fp32"), None)
        for variant in here:
            if variant is plain or plain is None:
                continue
            reason = _against(variant, plain, entities)
            takes = variant["precision"] == wanted or reason is None
            variant["serves"] = takes
            variant["why"] = (reason if reason and not takes else _in_favour(variant["precision"] == wanted)).to_dict()
            if variant["precision"] == "fp16" and not graphics_card:
                variant["serves"], variant["why"] = False, _no_card().to_dict()
                serving["cuda"] = variant["file"]
            elif takes:
                serving[device] = variant["file"]
        if plain is not None:
            plain["serves"] = device not in serving
            plain["why"] = message("precision.exact", "Exact: the others are measured against it.").to_dict()
            serving.setdefault(device, plain["file"])
    return serving


def _against(variant: dict[str, Any], plain: dict[str, Any], entities: bool) -> Message | None:
    """What speaks against a variant by the rule."""
    loss = plain["accuracy"] - variant["accuracy"]
    if loss > LARGEST_LOSS + 1e-9:
        if entities:
            return message(
                "precision.loses_entities",
                "Does not serve: it loses {loss:.1f} points of micro-F1 on the validation rows, and 0.3 are allowed.",
                loss=100 * loss,
            )
        return message(
            "precision.loses",
            "Does not serve: it loses {loss:.1f} points of accuracy on the validation rows, and 0.3 are allowed.",
            loss=100 * loss,
        )
    if variant["agreement"] < LEAST_AGREEMENT:
        if entities:
            return message(
                "precision.disagrees_entities",
                "Does not serve: in {agreement:.1f} % of the texts the same entities are marked, and in 99 % they have to be.",
                agreement=100 * variant["agreement"],
            )
        return message(
            "precision.disagrees",
            "Does not serve: {agreement:.1f} % of the labels stay as they were, and 99 % have to.",
            agreement=100 * variant["agreement"],
        )
    if variant["texts_per_second"] <= plain["texts_per_second"]:
        return message("precision.slower", "Does not serve: it is no faster than fp32 on this machine.")
    return None


def _in_favour(asked: bool) -> Message:
    if asked:
        return message("precision.asked", "Serves, because the settings ask for it.")
    return message("precision.chosen", "Serves: it is the fastest within the rule.")


def _no_card() -> Message:
    return message(
        "precision.no_card",
        "Made for graphics cards. This machine has none, so its figures come from the processor, where fp32 serves.",
    )


def _rule(rows: int, entities: bool = False) -> Message:
    if entities:
        return message(
            "precision.rule_entities",
            "What serves is the fastest variant that loses at most 0.3 points of micro-F1 and marks the same entities in at "
            "least 99 % of {rows:,} validation texts. No test row takes part in the choice.",
            rows=rows,
        )
    return message(
        "precision.rule",
        "What serves is the fastest variant that loses at most 0.3 points of accuracy and leaves at least 99 % of the "
        "labels as they were, on {rows:,} validation rows. No test row takes part in the choice.",
        rows=rows,
    )


def _doubt(variants: Sequence[dict[str, Any]], rows: int, entities: bool = False) -> dict[str, Any] | None:
    """What the validation rows cannot tell about the variant that serves."""
    lows = [-variant["difference"]["low"] for variant in variants if variant["serves"] and variant.get("difference")]
    if not lows or max(lows) <= LARGEST_LOSS:
        return None
    if entities:
        return message(
            "precision.unsure_entities",
            "{rows:,} validation texts cannot rule out a loss of up to {most:.1f} points (95 %). That most texts are marked as "
            "they were is the stronger evidence.",
            rows=rows,
            most=100 * max(lows),
        ).to_dict()
    return message(
        "precision.unsure",
        "{rows:,} validation rows cannot rule out a loss of up to {most:.1f} points (95 %). That most labels stay as they "
        "were is the stronger evidence: accuracy cannot lose more than the share of labels that change.",
        rows=rows,
        most=100 * max(lows),
    ).to_dict()
