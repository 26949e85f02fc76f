"""A model in use: do the scores that are told without labels hold, how soon is a change noticed, and what does counting cost?

    python benchmarks/monitor.py --data ../shared/data --months 200
    python benchmarks/monitor.py --data ../shared/data --only novelty --tables en/sst2.csv,zh/takeaway.csv
    python benchmarks/monitor.py --data ../shared/data --only cost          # seconds: on an idle machine

1. Months: linear n-grams learn one part of a table through the product's workflow. Months of 100, 300 or 1,000 texts that it has
   not learned are then drawn: as they are, with other shares of the labels, from domains that it never met, or with typing
   mistakes in 5 or 15 of 100 characters; or several of that. Reported: of how many months a score is told at all, and how often
   the true one lies in its 95 % interval.
2. Alarms: years without a change, of texts drawn with replacement; and days until the alarm once other texts come.
3. Novelty: of texts as learned how many are marked as resembling nothing learned (5 % are meant to be), and of other domains,
   another language and noise; and how long the counting thread takes for that. With ``--encoder`` for frozen encoders, too.
4. Cost: texts a second of the API with counting and without it, in turn; and how long a look takes at ten million answers.

Nothing is chosen here: all settings are the product's. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd

from benchmarks.api import Target, call, running_server
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.dataset.same_text import text_key
from core.data.reading.tables import read_table
from core.registry import VersionInfo
from core.serving.api.keys import KeyStore
from core.serving.engines.graphs import load_version
from core.serving.monitor.recorder import COUNTING, Recorder
from core.serving.monitor.records import SAMPLE, Row, Tally
from core.serving.monitor.references import RATE, Encoded
from core.serving.monitor.store import MonitorStore
from core.statistics.intervals import rate_of
from core.statistics.sequential import watch
from core.workflows.monitor.look import WATCHED, held_out, monitored
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.novelty import reference_of
from core.workflows.workspace import Workspace, open_workspace

ROLES = ColumnRoles("text", "label")
MOST_ENCODED, MOST_JUDGED, MOST_JUDGED_BY_ENCODER = 1500, 2000, 400  # rows of a table
OTHER = {"en": "zh/takeaway.csv", "zh": "en/sst2.csv"}  # another language
LETTERS = list("abcdefghijklmnopqrstuvwxyz ")
# Table → the column of text, that of the domain, and how many domains are learned.
TABLES = {
    "en/reviews_8_domains.csv": ("text", "domain", 2),
    "en/sst2.csv": ("text", None, 0),
    "en/trec.csv": ("text", None, 0),
    "zh/shopping_6_categories.csv": ("评论", "类别", 3),
    "zh/takeaway.csv": ("text", None, 0),
    "zh/headlines.csv": ("text", None, 0),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--months", type=int, default=200, help="of all tables together")
    parser.add_argument("--only", choices=("months", "alarms", "novelty", "cost"))
    parser.add_argument(
        "--encoder", default="", help="a reference, such as packaged:all-minilm-l6-v2: for novelty alone"
    )
    asked = parser.parse_args()
    tables = asked.tables.split(",")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        workspace = open_workspace(Path(home))
        some = tables if asked.only != "cost" else tables[-2:-1]
        served = [_served(workspace, asked.data, name, asked.encoder) for name in some]
        if asked.only in (None, "months"):
            print_months(served, asked.months)
        if asked.only in (None, "alarms"):
            print_alarms(served)
        if asked.only in (None, "novelty"):
            print_novelty(workspace, served, asked.data)
        if asked.only in (None, "cost"):
            print_cost(workspace, served[-1])


@dataclass(frozen=True)
class Served:
    """A version that serves, and texts in use by kind with their labels; none of them was learned or measured."""

    name: str
    version: VersionInfo
    folder: VersionFolder
    texts: dict[str, pd.DataFrame]


def _served(workspace: Workspace, data: Path, name: str, encoder: str = "") -> Served:
    text, domain, learned = TABLES[name]
    table = read_table(data / name).rename(columns={text: "text"})
    table = table.sample(frac=1, random_state=0).drop_duplicates("text").reset_index(drop=True)
    domains = sorted(table[domain].unique())[:learned] if domain else []
    own = table[table[domain].isin(domains)] if domain else table
    half = min(len(own) // 2, MOST_ENCODED) if encoder else len(own) // 2
    dataset, _ = build_dataset(own[:half], ROLES)
    stored = workspace.datasets.save(dataset, name=name, roles=ROLES)
    model = Path(name).stem
    request = TrainRequest(classifier=model, dataset=stored.id, model="linear")
    if encoder:
        settings = {"encoder": encoder, "tuning": "frozen"}
        request = TrainRequest(classifier=model, dataset=stored.id, model="encoder", settings=settings)
    list(train_classifier(request, workspace))
    met = set(map(text_key, dataset.texts))
    rest = own[half:]
    texts = {"as learned": rest[[text_key(each) not in met for each in rest["text"]]]}
    if domain:
        texts |= {f"domain {value}": part for value, part in table.groupby(domain) if value not in domains}
    version = workspace.registry.resolve(model, None)
    return Served(model, version, VersionFolder(workspace.registry.folder_of(version)), texts)


def _mistyped(texts: pd.Series[str], share: float, generator: np.random.Generator) -> list[str]:
    def mistype(text: str) -> str:
        hit = generator.random(len(text)) < share
        return "".join(str(generator.choice(LETTERS)) if wrong else sign for sign, wrong in zip(text, hit, strict=True))

    return [mistype(text) for text in texts]


def print_months(served: list[Served], months: int) -> None:
    generator = np.random.default_rng(0)
    outcomes: dict[str, list[tuple[bool, bool, bool, float]]] = defaultdict(list)
    tellers = {each.name: _teller(each) for each in served}
    for number in range(months):
        each = served[number % len(served)]
        kind, drawn, shifted = _month(each, generator)
        engine = load_version(each.folder.path)
        values = engine.compute(drawn["text"].tolist())
        truth = drawn["label"].astype(str).tolist()
        answers = [engine.labels[column] for column in values.argmax(axis=1)]
        right = float(np.mean([answer == target for answer, target in zip(answers, truth, strict=True)]))
        told = tellers[each.name](values)
        name = f"{kind}{', other shares' if shifted else ''}"
        if told.unknown is not None:
            outcomes[name].append((False, False, False, 0.0))
            continue
        score = told.scores["accuracy"]
        shares = [told.shares[label] for label in engine.labels]
        own = [truth.count(label) / len(truth) for label in engine.labels]
        held = float(np.mean([share.low <= value <= share.high for share, value in zip(shares, own, strict=True)]))
        outcomes[name].append((True, score.low <= right <= score.high, held > 0.5, (score.high - score.low) / 2))
    print(f"## {months} months of six tables\n")
    print("| texts | months | a score is told | the true one lies inside | half an interval, points |")
    print("|---|---|---|---|---|")
    every = [row for own in outcomes.values() for row in own]
    for name, rows in [*sorted(outcomes.items()), ("**all**", every)]:
        told = [row for row in rows if row[0]]
        inside = f"{np.mean([row[1] for row in told]):.1%} of {len(told)}" if told else "–"
        width = f"{100 * np.mean([row[3] for row in told]):.1f}" if told else "–"
        print(f"| {name} | {len(rows)} | {len(told) / len(rows):.0%} | {inside} | {width} |", flush=True)


def _teller(served: Served) -> Any:
    known = held_out(served.folder)
    assert known is not None
    tell = served.folder.task.forecaster(*known, served.folder.outputs)
    assert tell is not None
    return tell


def _month(served: Served, generator: np.random.Generator) -> tuple[str, pd.DataFrame, bool]:
    """What kind of month it is, its texts, and whether labels have other shares than they had."""
    kind = str(generator.choice(list(served.texts)))
    pool, size = served.texts[kind], int(generator.choice([100, 300, 1000]))
    mistyped = float(generator.choice([0, 0, 0.05, 0.15]))
    shifted = bool(generator.random() < 0.5)
    labels = pool["label"].astype(str)
    shares = labels.value_counts(normalize=True)
    if shifted:
        shares = pd.Series(generator.dirichlet(shares.to_numpy() * 2 * len(shares) + 0.3), shares.index)
    counts = generator.multinomial(size, shares.to_numpy() / shares.sum())
    parts = [
        pool[labels == label].sample(int(count), replace=int(count) > int((labels == label).sum()), random_state=size)
        for label, count in zip(shares.index, counts, strict=True)
        if count
    ]
    drawn = pd.concat(parts)
    if mistyped:
        drawn = drawn.assign(text=_mistyped(drawn["text"], mistyped, generator))
    told = "another domain" if kind.startswith("domain") else kind
    return f"{told}, {mistyped:.0%} mistyped" if mistyped else told, drawn, shifted


def print_alarms(served: list[Served]) -> None:
    generator = np.random.default_rng(0)
    print("\n## Alarms\n")
    years = 40
    false = sum(
        watch(generator.beta(1, 3, 1500), [generator.beta(1, 3, 30) for _ in range(365)], seed=year).alarm is not None
        for year in range(years)
    )
    print(f"{years} years without a change, 30 answers a day: {false} false alarms.\n")
    print(
        "| model | texts that come from a day on | accuracy falls by, points | days to the alarm, 30 a day | 100 a day |"
    )
    print("|---|---|---|---|---|")
    for each in served:
        known = held_out(each.folder)
        assert known is not None
        before = float(
            np.mean(
                [
                    each.folder.outputs[column] == target
                    for column, target in zip(known[0].argmax(axis=1), known[1], strict=True)
                ]
            )
        )
        for kind, texts in _changes(each, generator):
            engine = load_version(each.folder.path)
            values = engine.compute(texts["text"].tolist())
            right = np.mean(
                [
                    engine.labels[column] == target
                    for column, target in zip(values.argmax(axis=1), texts["label"].astype(str), strict=True)
                ]
            )
            days = [_days(1 - known[0].max(axis=1), 1 - values.max(axis=1), rows, generator) for rows in (30, 100)]
            print(f"| {each.name} | {kind} | {100 * (before - right):.1f} | {days[0]} | {days[1]} |", flush=True)


def _changes(served: Served, generator: np.random.Generator) -> Iterator[tuple[str, pd.DataFrame]]:
    own = served.texts["as learned"]
    yield "as learned", own
    for share in (0.05, 0.15):
        yield f"{share:.0%} mistyped", own.assign(text=_mistyped(own["text"], share, generator))
    for kind, texts in served.texts.items():
        if kind != "as learned":
            yield kind, texts


def _days(reference: np.ndarray, live: np.ndarray, rows: int, generator: np.random.Generator) -> str:
    """Median day of the alarm over five orders of the texts, of as many days as there are texts for."""
    found = []
    for seed in range(5):
        order = generator.permutation(live)
        days = [order[start : start + min(rows, WATCHED)].tolist() for start in range(0, len(order) - rows + 1, rows)]
        found.append(watch(reference, days, seed=seed).alarm)
    known = sorted(len(order) if day is None else day + 1 for day in found)
    middle = known[2]
    return str(middle) if middle < len(order) else f"none in {len(live) // rows}"


def print_novelty(workspace: Workspace, served: list[Served], data: Path) -> None:
    generator = np.random.default_rng(0)
    print("\n## Texts that resemble nothing learned\n")
    print("| model | compared by | texts | marked, of so many | mean p-value |")
    print("|---|---|---|---|---|")
    for each in served:
        reference = reference_of(each.folder, workspace)
        assert reference is not None
        by = "spelling" if reference.neighbours is None else "encoder"
        encode = None if reference.neighbours is None else Encoded.open(each.folder.path, each.folder.load_pipeline())
        most = MOST_JUDGED if encode is None else MOST_JUDGED_BY_ENCODER
        for kind, texts in _novel_kinds(each, data, generator):
            found = reference.p_values(texts[:most], encode)
            share = rate_of(found <= RATE)
            marked = f"{share.value:.1%} ({share.low:.1%}–{share.high:.1%}) of {len(found):,}"
            print(f"| {each.name} | {by} | {kind} | {marked} | {found.mean():.2f} |", flush=True)
    for each in served:
        _print_novelty_cost(workspace, each)


def _novel_kinds(served: Served, data: Path, generator: np.random.Generator) -> Iterator[tuple[str, list[str]]]:
    own = served.texts["as learned"]["text"].tolist()
    yield "as learned", own
    others = [text for kind, texts in served.texts.items() if kind != "as learned" for text in texts["text"]]
    if others:
        yield "other domains", [others[row] for row in generator.permutation(len(others))]
    language = next(
        code for code in OTHER if any(name.startswith(code) and Path(name).stem == served.name for name in TABLES)
    )
    table = OTHER[language]
    yield "another language", read_table(data / table)[TABLES[table][0]].drop_duplicates().tolist()
    for share in (0.05, 0.15):
        yield f"{share:.0%} mistyped", _mistyped(pd.Series(own[:500]), share, generator)
    yield "letters by chance", ["".join(generator.choice(LETTERS, size=60)) for _ in range(500)]


def _print_novelty_cost(workspace: Workspace, served: Served) -> None:
    """Seconds of the counting thread for a day's first 256 answers, and to make the reference anew."""
    engine, texts = load_version(served.folder.path), served.texts["as learned"]["text"].tolist()[:SAMPLE]
    answers, seconds = engine.answer(texts), {}
    path = workspace.registry.files.reference_of(served.folder.path)
    for what in ("with", "without"):
        times = []
        for turn in range(4):
            recorder = Recorder(workspace.home, seconds=600, today=lambda turn=turn: date(2000, 1, 1 + turn))
            note = recorder.noting(served.name, 1, served.folder.path, engine, "api")
            note(texts, answers.values, answers.truncated, 0.01)
            began = time.perf_counter()
            recorder.flush()
            times.append(time.perf_counter() - began)
            MonitorStore(workspace.home).delete(served.name)
        seconds[what] = float(np.median(times[1:]))
        path.unlink(missing_ok=True)
    began = time.perf_counter()
    reference_of(served.folder, workspace)
    print(
        f"\n{served.name}: {len(texts)} answers are counted in {1000 * seconds['with']:.0f} ms, "
        f"{1000 * seconds['without']:.0f} ms without novelty; the reference is made anew in "
        f"{time.perf_counter() - began:.1f} s and takes {path.stat().st_size / 1e6:.1f} MB."
    )


def print_cost(workspace: Workspace, served: Served) -> None:
    print("\n## Cost\n")
    texts = served.texts["as learned"]["text"].tolist()
    texts = [texts[row % len(texts)] for row in range(3000)]
    key = KeyStore(workspace.home).create("benchmark")
    rates: dict[str, list[float]] = {"on": [], "off": []}
    for turn in range(6):
        for counting in ("on", "off") if turn % 2 else ("off", "on"):
            os.environ[COUNTING] = counting
            with running_server(workspace.home) as address:
                target = Target(address, key, served.name)
                call(target, texts[:300], 64)
                load = call(target, texts, 64)
            assert not load.failed
            rates[counting].append(load.throughput)
    os.environ.pop(COUNTING)
    on, off = (np.array(rates[name][1:]) for name in ("on", "off"))
    print("64 callers at once, one text a request, in turn; the first round is left out.\n")
    for name, values in (("counting", on), ("not counting", off)):
        print(f"- {name}: {np.median(values):,.0f} texts a second ({values.min():,.0f}–{values.max():,.0f})")
    print(f"- cost, medians: {100 * (1 - np.median(on) / np.median(off)):.1f} %\n")
    _fill(workspace, served)
    for days in (30, 365):
        began = time.perf_counter()
        look = monitored(served.version, workspace.home, served.folder, days=days)
        seconds = time.perf_counter() - began
        counted = sum(day.texts for day in look.days)
        print(f"- a look at {days} days with {counted:,} answers, watched from the first day on: {seconds:.2f} s")


def _fill(workspace: Workspace, served: Served) -> None:
    """A year with ten million answers, as counting leaves it."""
    store, generator = MonitorStore(workspace.home), np.random.default_rng(0)
    store.delete(served.name)
    known = held_out(served.folder)
    assert known is not None
    outputs, values = served.folder.outputs, known[0].astype(np.float32)
    for back in range(365):
        drawn = values[generator.integers(0, len(values), SAMPLE)]
        rows = [Row(float(generator.random()) / 100, "zh", outputs[row.argmax()], row) for row in drawn]
        counts = {
            ("texts", "api"): 27_400,
            ("requests", "api"): 27_400,
            ("answers", outputs[0]): 27_400,
            ("seconds", "2"): 27_400,
        }
        tally = Tally(served.name, served.version.run_id, 1, date.today() - timedelta(days=back), outputs, counts)
        store.add([replace(tally, rows=rows)])


if __name__ == "__main__":
    main()
