"""``behaviour``: tests of single abilities, made from a version's own test texts."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from core.base.config import home
from core.base.wording import score
from core.serving.engines.graphs import load_version
from core.tasks.text_classification.behaviour import run_tests
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace


def behaviour(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    version = workspace.registry.resolve(asked.classifier, asked.version)
    folder = workspace.registry.folder(version.classifier, version.number)
    stored = VersionFolder(folder)
    texts = [str(text) for record in stored.experiences() for text in stored.predictions(record.number)["text"]]
    outcomes = run_tests(load_version(folder), texts)
    if asked.json:
        sys.stdout.write(json.dumps([asdict(outcome) for outcome in outcomes], ensure_ascii=False) + "\n")
        return
    for outcome in outcomes:
        rate = score(outcome.rate.value, outcome.rate.low, outcome.rate.high)
        sys.stdout.write(
            f"{outcome.capability:<12} {outcome.kind:<10} {outcome.failures:4} of {outcome.cases:4} failed  {rate}\n"
        )
