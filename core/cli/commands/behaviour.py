"""``behaviour``: tests of single abilities, made from a version's own test texts."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from core.base.config import home
from core.base.wording import score
from core.cli.chosen import chosen_version
from core.serving.engines.graphs import load_version
from core.tasks.text_classification.behaviour import run_tests
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace


def behaviour(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    version = chosen_version(asked.classifier, asked.version, workspace)
    folder = workspace.registry.folder(version.classifier, version.number)
    stored = VersionFolder(folder)
    texts = [str(text) for one in stored.experiences() for text in stored.predictions(one.number)["text"]]
    found = run_tests(load_version(folder), texts)
    if asked.json:
        sys.stdout.write(json.dumps([asdict(one) for one in found], ensure_ascii=False) + "\n")
        return
    for one in found:
        rate = score(one.rate.value, one.rate.low, one.rate.high)
        sys.stdout.write(f"{one.capability:<12} {one.kind:<10} {one.failures:4} of {one.cases:4} failed  {rate}\n")
