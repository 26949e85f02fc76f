"""``generate``: train and update a language model, let it write, list what there is."""

from __future__ import annotations

import argparse

from core.base.config import build, home, parse_assignments
from core.base.wording import seconds
from core.cli.printing import show, tell
from core.cli.progress import working
from core.cli.tables import facts, load_unlabelled, save
from core.cli.workflow import carry_out, request_of
from core.generation.store import GeneratorStore, check_name
from core.workflows.workspace import open_workspace


def generate(asked: argparse.Namespace) -> None:
    verbs = {
        "train": _learn,
        "update": _learn,
        "sample": _sample,
        "rollback": _rollback,
        "list": _list,
        "delete": _delete,
    }
    verbs[asked.verb](asked)


@working()
def _learn(asked: argparse.Namespace) -> None:
    from core.workflows.generate.lesson import base_of, settings_for

    workspace = open_workspace(home())
    request = request_of(asked, action=asked.verb, dataset="")
    check_name(request.generator)
    base = base_of(request, workspace, None)
    settings_for(request, base.report if base else None)  # a typing error is said before a long file is read
    loaded = load_unlabelled(asked)
    report = carry_out(asked, action=asked.verb, dataset=save(loaded, workspace).id).report
    newest = report["tests"][-1]
    content = {
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
        **facts(loaded),
    }
    line = (
        f"Version {content['version']} of '{content['generator']}' writes: {content['parameters']:,} parameters, perplexity "
        f"{content['perplexity']:.1f} ({content['bits_per_character']:.2f} bits per character); n-grams "
        f"{content['baseline']['perplexity']:.1f} ({content['baseline']['bits_per_character']:.2f}). "
        f"{seconds(content['seconds'])}"
    )
    show(asked, content, line)


def _sample(asked: argparse.Namespace) -> None:
    from core.generation.config import SamplingConfig
    from core.generation.engine import GeneratorEngine
    from core.generation.sampling import write_text

    values = parse_assignments(asked.set)
    config = build(SamplingConfig, values)
    folder = GeneratorStore(home()).folder(asked.name, asked.version)
    engine = GeneratorEngine(folder)
    seeds = range(config.written_seed, config.written_seed + max(1, asked.count))
    texts = [
        asked.prompt + write_text(engine, asked.prompt, config.model_copy(update={"written_seed": seed}))
        for seed in seeds
    ]
    content = {"generator": asked.name, "version": int(folder.name), "texts": texts, "provider": engine.provider}
    show(asked, content, "\n".join(texts))


def _rollback(asked: argparse.Namespace) -> None:
    GeneratorStore(home()).rollback(asked.name, asked.version)
    content = {"generator": asked.name, "current": asked.version}
    tell(asked, content, f"Version {asked.version} of '{asked.name}' writes again.")


def _delete(asked: argparse.Namespace) -> None:
    GeneratorStore(home()).delete(asked.name)
    tell(asked, {"generator": asked.name, "deleted": True}, f"The generator '{asked.name}' is deleted.")


def _list(asked: argparse.Namespace) -> None:
    store = GeneratorStore(home())
    generators, lines = [], []
    for info in store.list():
        for number in info.versions:
            report = store.report(info.name, number)
            score = report["tests"][-1]["score"]
            current = number == info.current
            facts = {"version": number, "current": current, "parent": report["parent"], "created": report["created"]}
            generators.append({"generator": info.name, **facts, "parameters": report["parameters"], **score})
            lines.append(
                f"{'*' if current else ' '} {info.name} {number:>3}  perplexity {score['perplexity']:.1f}  "
                f"{score['bits_per_character']:.2f} bits/character  {report['created']}"
            )
    show(asked, {"generators": generators}, "\n".join(lines))
