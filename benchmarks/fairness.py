"""What each way against unequal treatment gains, and what it costs, on real data; and a stream of updates, one of them unfair.

Davidson et al.'s tweets (is a tweet abusive?) by words of African-American English and by identity words, identity templates
(Dixon et al.) whose training rows were made unfair, and COLD, Chinese comments by topic. Each model is trained with each
mitigation on the same rows; the test rows are answered once and choose nothing. A row of the table is one mitigation: macro-F1,
false and true positive gap (largest rate of a group minus the smallest) with 95 % intervals, and the difference to none, paired
on the rows.

    python benchmarks/fairness.py --data ../shared/data [--models linear ngrams] [--seeds 1] [--rows 8000] [--only tweets]
    python benchmarks/fairness.py --data ../shared/data --stream

References
----------
Davidson et al. 2017, "Automated Hate Speech Detection and the Problem of Offensive Language"; Sap et al. 2019, "The Risk of
Racial Bias in Hate Speech Detection"; Deng et al. 2022, "COLD: A Benchmark for Chinese Offensive Language Detection".
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.continual.methods import STRATEGIES
from core.data.dataset.inputs import Field, compose
from core.data.dataset.rows import TextDataset
from core.fairness.config import MITIGATIONS
from core.fairness.rows import grouping_of, terms_of
from core.workflows.learn.learners import make_experience, make_strategy, next_learner
from core.workflows.learn.learning import ClassifierLesson, answers, first_lesson, learned_shares
from core.workflows.mitigation.figures import MeasuredRows, measured, with_rest
from core.workflows.mitigation.request import MitigationRequest, resolved
from core.workflows.mitigation.run import Plan, Training
from core.workflows.requests import resolve_settings

# Words that are far more frequent in African-American English on Twitter (after Blodgett et al. 2016); insults left out.
DIALECT = (
    "dialect/African-American English: yo, dawg, finna, ima, imma, ain't, aint, yall, y'all, bruh, fam, gon, tryna, dat, dis, "
    "wit, da, homie, homies, turnt, lil, gotta, nah, ya, cuz, lol, lmao, cus, bout, dem, den, em, tho, gurl, tha"
)
LABELS = ("abusive", "fine")
FAST = {"ngrams": {"epochs": 6}}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tweets(data: Path) -> tuple[list[str], list[str]]:
    rows = read(data / "bias" / "davidson_tweets_en.csv")
    return [row["text"] for row in rows], ["fine" if row["label"] == "neither" else "abusive" for row in rows]


def dataset_of(texts: list[str], names: list[str], labels: tuple[str, str] = LABELS) -> TextDataset:
    return TextDataset(tuple(texts), np.array([labels.index(name) for name in names]), labels)


def parts(texts: list[str], names: list[str], rows: int, seed: int = 0) -> tuple[TextDataset, TextDataset, TextDataset]:
    """Training and validation rows, and all others to test; texts that stand twice once."""
    first = list({text: row for row, text in reversed(list(enumerate(texts)))}.values())
    order = np.random.default_rng(seed).permutation(first)
    whole = dataset_of(texts, names)
    cut, end = rows, rows + rows // 5
    return whole.take(order[:cut]), whole.take(order[cut:end]), whole.take(order[end:])


def sources(data: Path, rows: int) -> Iterator[tuple[str, dict[str, Any], TextDataset, TextDataset, TextDataset]]:
    texts, names = tweets(data)
    train, validation, test = parts(texts, names, rows)
    yield "tweets, dialect", {"identity_terms": DIALECT}, train, validation, test
    yield "tweets, identity words", {}, train, validation, test
    yield "templates", {}, *templates(data, rows)
    comments = [*read(data / "bias" / "cold_zh_train.csv"), *read(data / "bias" / "cold_zh_dev.csv")]
    written = [compose(row["text"], [Field("topic", "category", row["topic"])]) for row in comments]
    judged = ["abusive" if row["label"] == "1" else "fine" for row in comments]
    by_topic = {"fairness_groups": "column", "group_column": "topic", "use_inputs": False}
    yield "COLD, topic", by_topic, *parts(written, judged, rows)
    people = "people/women: 女人, 女性, 女生, 女权, 女; people/black: 黑人, 黑鬼, 非洲; people/Henan: 河南, 东北"
    yield "COLD, words", {"identity_terms": people}, *parts(written, judged, rows)


def templates(data: Path, rows: int) -> tuple[TextDataset, TextDataset, TextDataset]:
    """Identity templates of which the training rows are unfair: three in four of those that name a faith, an origin, a sexuality
    or a disability are abusive, one in four of all others. They are few, since a template gives itself away; the test is fair.
    """
    table = read(data / "bias" / "madlibs_en.csv")
    texts, names = [row["text"] for row in table], ["abusive" if row["label"] == "BAD" else "fine" for row in table]
    first, validation, test = parts(texts, names, len(texts) // 2)
    skewed = ("religion", "origin", "sexuality", "disability", "gender identity")
    fairness = resolve_settings("linear", {}).fairness

    def kept(part: TextDataset, most: int) -> TextDataset:
        grouping = grouping_of(fairness, part.texts, terms_of(fairness, part.texts))
        columns = [name.partition("/")[0] in skewed for name in grouping.names]
        named = grouping.members[:, columns].any(axis=1)
        chance = np.where(named == (part.labels == LABELS.index("abusive")), 0.75, 0.25)
        drawn = np.flatnonzero(np.random.default_rng(1).random(len(part)) < chance)
        return part.take(drawn[:most])

    return kept(first, rows // 80), kept(validation, rows // 160), test


def rows_to_measure(settings: dict[str, Any], model: str, train: TextDataset, test: TextDataset) -> MeasuredRows:
    fairness = resolve_settings(model, settings).fairness
    grouping = with_rest(grouping_of(fairness, test.texts, terms_of(fairness, train.texts)))
    return MeasuredRows(np.asarray(test.labels), len(LABELS), 0, grouping)


def compare(data: Path, models: list[str], seeds: int, rows: int, only: str) -> None:
    print("| data | model | mitigation | macro-F1 | FPR gap | TPR gap | Δ macro-F1 | Δ FPR gap | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, own, train, validation, test in sources(data, rows):
        if only not in name:
            continue
        for model in models:
            settings = {**own, **FAST.get(model, {})}
            asked = MitigationRequest(dataset="-", model=model, settings=settings)
            resolved_settings, _ = resolved(asked)
            measured_on = rows_to_measure(settings, model, train, test)
            plan = Plan(resolved_settings, model, train, validation, LABELS, measured_on, test.texts, None)
            strengths = [(kind, 1.0) for kind in MITIGATIONS if kind in resolved_settings]
            strengths += [
                (kind, strength)
                for kind, strength in (("equalised", 10.0), ("reweight", 2.0))
                if kind in resolved_settings
            ]
            before = None
            for kind, strength in strengths:
                fairness = resolved_settings[kind].fairness.model_copy(update={"mitigation_strength": strength})
                plan.settings[kind] = replace(resolved_settings[kind], fairness=fairness)
                done = [
                    event
                    for seed in range(seeds)
                    for event in plan.learn(kind, seed, lambda: False)
                    if isinstance(event, Training)
                ]
                given = [training.answers for training in done]
                figures = measured(measured_on, given, before)
                before = before or given
                told = kind if strength == 1 else f"{kind} × {strength:g}"
                cells = [points(figures["scores"][score]) for score in ("macro_f1", "fpr_gap", "tpr_gap")]
                differences = figures["differences"] or {}
                cells += [points(differences.get(score), "+") for score in ("macro_f1", "fpr_gap")]
                seconds = np.mean([training.seconds for training in done])
                print("|", " | ".join([name, model, told, *cells, f"{seconds:.0f}"]), "|", flush=True)
            groups = [
                f"{group['name']} {group['rows'] - group['positive']}"
                for group in measured_on.table()
                if group["fpr_gap"]
            ]
            print(f"<!-- test rows without the label: {', '.join(groups)} -->", flush=True)


def points(estimate: dict[str, float] | None, sign: str = "") -> str:
    if estimate is None:
        return "–"
    value, low, high = (100 * estimate[end] for end in ("value", "low", "high"))
    return f"{value:{sign}.1f} ({low:{sign}.1f} – {high:{sign}.1f})"


def stream(data: Path, rows: int) -> None:
    """Version 1 and five updates by replay; the third batch calls every tweet in dialect abusive."""
    texts, names = tweets(data)
    train, validation, test = parts(texts, names, rows)
    batches = np.array_split(np.arange(len(train)), 6)
    checks = np.array_split(np.arange(len(validation)), 6)
    base = {"identity_terms": DIALECT, "memory_size": 500, "replay_ratio": 1.0}
    strategy = {name: base.pop(name) for name in ("replay_ratio",)}
    print("| mitigation | version | macro-F1 | FPR gap | Δ FPR gap to the version before |")
    print("|---|---|---|---|---|")
    for kind in ("none", "equalised", "drop_words"):
        own = {**base, "mitigation": kind, "memory_by_group": kind != "none"}
        settings = resolve_settings("linear", own)
        measured_on = rows_to_measure(own, "linear", train, test)
        replay = ("replay", STRATEGIES["replay"].config_class(**strategy))
        learner, state, before = None, None, None
        for number, (batch, check) in enumerate(zip(batches, checks, strict=True), start=1):
            learned, seen = train.take(batch), validation.take(check)
            labels = learned.label_names()
            if number == 4:
                marked = rows_to_measure(own, "linear", train, learned).groups.members[:, 0]
                labels = ["abusive" if dialect else name for dialect, name in zip(marked, labels, strict=True)]
            rows_of = (learned.texts, labels), (seen.texts, seen.label_names())
            if learner is None:
                lesson = first_lesson("linear", *rows_of, LABELS, settings, None, replay)
            else:
                method = make_strategy(*replay, settings)
                method.restore(state)
                following = next_learner(learner, learned.texts, LABELS, settings, STRATEGIES["replay"])
                experience = make_experience(number, following, *rows_of, known_outputs=2)
                lesson = ClassifierLesson(following, method, experience)
            list(learned_shares(lesson, lambda: False))
            lesson.learner.model.cpu()
            lesson.strategy.end_experience(lesson.learner.model, lesson.experience)
            learner, state = lesson.learner, lesson.strategy.state()
            given = [answers(learner, test.texts)]
            figures = measured(measured_on, given, before)
            before, unfair = given, " (unfair batch)" if number == 4 else ""
            change = points((figures["differences"] or {}).get("fpr_gap"), "+")
            cells = [points(figures["scores"][score]) for score in ("macro_f1", "fpr_gap")]
            print(f"| {kind} | {number}{unfair} | {' | '.join(cells)} | {change} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", nargs="+", default=["linear", "ngrams"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--only", default="")
    parser.add_argument("--stream", action="store_true")
    asked = parser.parse_args()
    if asked.stream:
        stream(asked.data, asked.rows)
    else:
        compare(asked.data, asked.models, asked.seeds, asked.rows, asked.only)


if __name__ == "__main__":
    main()
