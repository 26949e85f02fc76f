"""``generate``: train and update a language model, let it write, list what there is."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from core.cli.progress import consume
from core.config import build, home, parse_assignments
from core.data import ColumnRoles, StoredDataset, build_dataset, read_table
from core.generation.store import GeneratorStore
from core.wording import seconds
from core.workflows.workspace import Workspace, open_workspace


def generate(asked: argparse.Namespace) -> None:
    verbs = {"train": _learn, "update": _learn, "sample": _sample, "rollback": _rollback, "list": _list}
    verbs[asked.verb](asked)


def _learn(asked: argparse.Namespace) -> None:
    from core.generation.store import check_name
    from core.workflows.generate import generate
    from core.workflows.generate_lesson import base_of, settings_for
    from core.workflows.generate_request import GenerateRequest

    values: dict[str, Any] = {"generator": asked.name, "action": asked.verb, "settings": parse_assignments(asked.set)}
    if asked.verb == "train":
        values["size"] = asked.size
    workspace = open_workspace(home())
    request = build(GenerateRequest, {**values, "dataset": ""})
    check_name(request.generator)
    base = base_of(request, workspace, None)
    settings_for(request, base.report if base else None)  # a typing error is said before a long file is read
    request = build(GenerateRequest, {**values, "dataset": save_texts(asked, workspace).id})
    report = consume(generate(request, workspace)).report
    newest = report["tests"][-1]
    found = {
        "generator": report["generator"],
        "version": report["version"],
        "parent": report["parent"],
        "parameters": report["parameters"],
        **newest["score"],
        "baseline": newest["baseline"],
        "R": report["perplexity_matrix"],
        "R_bits_per_character": report["bits_per_character_matrix"],
        "forgetting": report["forgetting"],
        "best_epoch": report["best_epoch"],
        "seconds": report["seconds"],
        "parity_max_abs_diff": report["parity"]["max_abs_diff"],
        "samples": report["samples"],
    }
    line = (
        f"Version {found['version']} of '{found['generator']}' writes: {found['parameters']:,} parameters, perplexity "
        f"{found['perplexity']:.1f} ({found['bits_per_character']:.2f} bits per character); n-grams "
        f"{found['baseline']['perplexity']:.1f} ({found['baseline']['bits_per_character']:.2f}). {seconds(found['seconds'])}"
    )
    _print(asked.json, found, line)


def save_texts(asked: argparse.Namespace, workspace: Workspace) -> StoredDataset:
    """Store the table as a dataset; without labels, every row gets the same one."""
    table = read_table(asked.data)
    label = asked.label
    if label is None:
        label = "label"
        while label in table.columns:
            label += "_"
        table = table.assign(**{label: "text"})
    roles = ColumnRoles(text=asked.text, label=label, split=asked.split, group=asked.group)
    dataset, set_aside = build_dataset(table, roles, batch=True)
    if set_aside.count:
        sys.stderr.write(f"{set_aside.count:,} rows without text or label were set aside.\n")
    return workspace.datasets.save(dataset, name=asked.data.name, roles=roles, source={"file": asked.data.name})


def _sample(asked: argparse.Namespace) -> None:
    from core.generation.config import SamplingConfig
    from core.generation.engine import Engine
    from core.generation.sampling import write_text

    values = parse_assignments(asked.set)
    config = build(SamplingConfig, values)
    folder = GeneratorStore(home()).folder(asked.name, asked.version)
    engine = Engine(folder)
    seeds = range(config.written_seed, config.written_seed + max(1, asked.count))
    texts = [
        asked.prompt + write_text(engine, asked.prompt, config.model_copy(update={"written_seed": seed}))
        for seed in seeds
    ]
    found = {"generator": asked.name, "version": int(folder.name), "texts": texts, "provider": engine.provider}
    _print(asked.json, found, "\n".join(texts))


def _rollback(asked: argparse.Namespace) -> None:
    GeneratorStore(home()).rollback(asked.name, asked.version)
    sys.stderr.write(f"Version {asked.version} of '{asked.name}' writes again.\n")


def _list(asked: argparse.Namespace) -> None:
    store = GeneratorStore(home())
    found, lines = [], []
    for info in store.list():
        for number in info.versions:
            report = store.report(info.name, number)
            score = report["tests"][-1]["score"]
            current = number == info.current
            facts = {"version": number, "current": current, "parent": report["parent"], "created": report["created"]}
            found.append({"generator": info.name, **facts, "parameters": report["parameters"], **score})
            lines.append(
                f"{'*' if current else ' '} {info.name} {number:>3}  perplexity {score['perplexity']:.1f}  "
                f"{score['bits_per_character']:.2f} bits/character  {report['created']}"
            )
    _print(asked.json, {"generators": found}, "\n".join(lines))


def _print(as_json: bool, found: dict[str, Any], text: str) -> None:
    sys.stdout.write((json.dumps(found, ensure_ascii=False) if as_json else text) + "\n")
