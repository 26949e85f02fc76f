"""``pretrain``: an encoder learns from unlabelled texts, and is measured on labelled ones."""

from __future__ import annotations

import argparse
import json
from typing import Any

from core.base.config import home
from core.base.wording import points, points_interval, seconds
from core.cli.printing import show
from core.cli.progress import working
from core.cli.tables import facts, load_unlabelled, read, refuse_without_file, save, tell
from core.cli.workflow import carry_out, request_of
from core.data.dataset.columns import ColumnRoles
from core.data.loading.load import dataset_of
from core.workflows.workspace import Workspace, open_workspace


@working()
def pretrain(asked: argparse.Namespace) -> None:
    from core.workflows.pretrain.run import check_pretraining

    workspace = open_workspace(home())
    if asked.probe_file is None:
        refuse_without_file(asked, "probe_split", prefix="probe-")
    workspace.sources.encoders.check_free(asked.name)  # a mistake is said before a long file is read
    probe = _save_probe(asked, workspace) if asked.probe_file is not None else ""
    loaded = load_unlabelled(asked)
    filled = {"dataset": save(loaded, workspace).id, "probe": probe}
    check_pretraining(request_of(asked, **filled), workspace)
    record = {**carry_out(asked, **filled).record, **facts(loaded)}
    show(asked, record, _as_text(record))


def _save_probe(asked: argparse.Namespace, workspace: Workspace) -> str:
    roles = ColumnRoles(text=asked.probe_text, label=asked.probe_label, split=asked.probe_split)
    loaded = dataset_of(read(asked, asked.probe_file, "probe-"), roles, name=asked.probe_file.name)
    tell(loaded.left_out, loaded.notes)
    return save(loaded, workspace).id


def _as_text(record: dict[str, Any]) -> str:
    texts, begin = record["texts"], record["begin"]
    best = record["epochs"][record["best_epoch"] - 1]
    lines = [
        f"Encoder '{record['reference']}': {record['parameters']:,} parameters, {record['pieces']:,} pieces, from "
        f"{texts['learned']:,} texts ({texts['tokens']:,} tokens). {seconds(record['seconds'])}",
        f"Hidden tokens of {texts['held_out']:,} held-out texts: {begin['accuracy']:.1%} → {best['validation_accuracy']:.1%} "
        f"guessed (always the commonest: {record['commonest_accuracy']:.1%}), perplexity "
        f"{best['validation_perplexity']:.1f} after epoch {best['epoch']}",
    ]
    if record["probe"] is not None:
        lines.append(_probe(record["probe"], texts["left_out_for_probe"]))
    lines.append(f"Use it in a training with --model encoder --set encoder={json.dumps(record['reference'])}")
    return "\n".join(lines)


def _probe(probe: dict[str, Any], left_out: int) -> str:
    words = {
        "better": "It helped.",
        "worse": "It did harm.",
        "noise": "The difference is within noise: zero lies in its interval.",
    }
    parts = []
    for name, figure in (("macro-F1", probe["macro_f1"]), ("accuracy", probe["accuracy"])):
        change = figure["difference"]
        parts.append(
            f"{name} {figure['before']['value']:.3f} → {figure['after']['value']:.3f}: "
            f"{points(change['value'])} points ({points_interval(change['low'], change['high'])})"
        )
    return (
        f"Frozen under a linear head, {probe['rows']:,} rows of {probe['name']}: {'; '.join(parts)}. "
        f"{words[probe['verdict']]} {left_out:,} of the texts stand among these rows and were not learned from."
    )
