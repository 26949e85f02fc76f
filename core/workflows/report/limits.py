"""What a version's figures do not say, in plain sentences; each one only where it holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from core.base import wording
from core.base.messages import Message, message
from core.registry.records.reports import baseline_name
from core.statistics.intervals import MINIMUM_ROWS
from core.tasks.text_classification.reported import has_labels
from core.tasks.text_classification.scores import MINIMUM_SUPPORT
from core.workflows.report.document import Paragraph, ReportLanguage, Section
from core.workflows.report.figures import reported_task, score_name

if TYPE_CHECKING:
    from core.workflows.report.inputs import ReportInputs

WIDE = 0.05  # half an interval, from which on two versions of ordinary difference cannot be told apart
FORGOTTEN = 0.02  # from which on forgetting is told
WEAK = 0.5
UNEVEN = 10  # times as many rows of one label as of another
MOST_NAMED = 10


def limits(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """All that holds, one sentence each."""
    blocks = tuple(Paragraph(words.say(sentence)) for sentence in sentences(inputs.report, words))
    return Section(words.say(message("report.limits", "Where it ends")), blocks)


def sentences(report: dict[str, Any], words: ReportLanguage) -> Iterator[Message]:
    """The limits that this report shows, the gravest first."""
    if has_labels(report):
        yield from _of_tests(report)
        yield from _of_labels(report)
    else:
        yield from _of_scores(report, words)
    yield from _of_use(report, words)


def _of_tests(report: dict[str, Any]) -> Iterator[Message]:
    overall, baseline = report["overall"], report["baseline"]["report"]
    score = overall["macro_f1"]
    if overall["rows"] < MINIMUM_ROWS:
        yield _few(overall["rows"])
    elif (score["high"] - score["low"]) / 2 > WIDE:
        yield message(
            "report.limit_wide",
            "The test is small ({rows:,} rows): macro-F1 may as well be {low:.3f} as {high:.3f}.",
            rows=overall["rows"],
            low=score["low"],
            high=score["high"],
        )
    if baseline["macro_f1"]["value"] >= score["low"]:
        yield _counting_may_do(report["baseline"])
    forgetting = report["continual"].get("forgetting")
    if forgetting is not None and forgetting > FORGOTTEN:
        yield message(
            "report.limit_forgetting",
            "Of what it had learned before, it lost {points:.1f} points of accuracy on average.",
            points=100 * forgetting,
        )


def _few(rows: int) -> Message:
    return message(
        "report.limit_few",
        "With {rows} test rows nothing can be judged: {least} are the least, some hundreds are better.",
        rows=rows,
        least=MINIMUM_ROWS,
    )


def _of_scores(report: dict[str, Any], words: ReportLanguage) -> Iterator[Message]:
    """The same of a task without labels, by its own score."""
    own = reported_task(report).score
    name = score_name(own.name, words)
    measured, baseline = report["overall"][own.name], report["baseline"]["report"][own.name]
    scale = own.span if math.isfinite(own.span) else abs(measured["value"])
    rows = report["overall"]["rows"]
    if rows < MINIMUM_ROWS:
        yield _few(rows)
    elif (measured["high"] - measured["low"]) / 2 > WIDE * scale:
        yield message(
            "report.limit_wide_of",
            "The test is small ({rows:,} rows). {name}: it may as well be {low} as {high}.",
            rows=rows,
            name=name,
            low=wording.score(measured["low"]),
            high=wording.score(measured["high"]),
        )
    clearly = measured["low"] > baseline["value"] if own.higher_is_better else measured["high"] < baseline["value"]
    if not clearly:
        yield message(
            "report.limit_baseline_of",
            "It is not clearly better than its baseline ({method}: {baseline}); that may do.",
            method=words.say(baseline_name(report)),
            baseline=wording.score(baseline["value"]),
        )
    forgetting = report["continual"].get("forgetting")
    if forgetting is not None and forgetting > FORGOTTEN * scale:
        yield message(
            "report.limit_forgetting_of",
            "On what it had learned before, it became worse. {name}: by {change} on average.",
            name=name,
            change=wording.score(forgetting),
        )


def _of_labels(report: dict[str, Any]) -> Iterator[Message]:
    per_class = report["overall"]["per_class"]
    few = [label for label, scores in per_class.items() if scores["support"] < MINIMUM_SUPPORT]
    weak = [
        label
        for label, scores in per_class.items()
        if scores["support"] >= MINIMUM_SUPPORT and scores["f1"]["value"] < WEAK
    ]
    if few:
        yield message(
            "report.limit_labels",
            "These labels have fewer than {least} test rows, so their scores mean little: {labels}.",
            least=MINIMUM_SUPPORT,
            labels=few[:MOST_NAMED],
        )
    if weak:
        yield message(
            "report.limit_weak", "It finds these labels badly (F1 below 0.5): {labels}.", labels=weak[:MOST_NAMED]
        )
    supports = [scores["support"] for scores in per_class.values() if scores["support"]]
    if len(supports) > 1 and max(supports) >= UNEVEN * min(supports):
        yield message(
            "report.limit_uneven",
            "The labels are very uneven ({most:,} test rows against {least:,}): accuracy says little here, macro-F1 says more.",
            most=max(supports),
            least=min(supports),
        )


def _reach(report: Mapping[str, Any]) -> Message:
    settings = report["settings"]
    if "context" in settings:
        return message(
            "report.limit_context",
            "It foresees each token from at most {tokens:,} tokens before it; what stands further back is not seen.",
            tokens=settings["context"],
        )
    tokens = report.get("tokens_read", settings["max_length"])  # versions of old read one window
    counted = [record for record in report["experiences"] if record.get("cut") is not None]
    if not counted:
        return message(
            "report.limit_length",
            "Of a text it reads at most {tokens:,} tokens; what follows is not seen.",
            tokens=tokens,
        )
    return message(
        "report.limit_length_counted",
        "Of a text it reads at most {tokens:,} tokens; what follows is not seen. {cut:,} of {rows:,} training texts were longer.",
        tokens=tokens,
        cut=sum(record["cut"] for record in counted),
        rows=sum(record["train"] for record in counted),
    )


def _of_use(report: dict[str, Any], words: ReportLanguage) -> Iterator[Message]:
    if has_labels(report):
        yield message(
            "report.limit_like",
            "The figures hold for texts like those it was tested on. It always answers with one of its {labels:,} labels, also "
            "for texts that fit none; look at the probability.",
            labels=len(report["classes"]),
        )
    else:
        yield message("report.limit_like_of", "The figures hold for texts like those it was tested on.")
    if report["language"] in ("en", "zh"):
        yield message(
            "report.limit_language",
            "It was tested on one language only ({language}); in others its answers are guesses.",
            language=words.language_of(report["language"]),
        )
    yield _reach(report)
    if report["memory_rows"]:
        yield message(
            "report.limit_memory",
            "The version keeps {rows:,} training rows for later updates: whoever has its files can read these texts. The "
            "bundle does not hold them.",
            rows=report["memory_rows"],
        )
    if not report.get("fairness"):
        yield message("report.limit_bias", "It was not examined here for bias against groups of people.")


def _counting_may_do(baseline: dict[str, Any]) -> Message:
    """What is said of a version that is not clearly better than its baseline."""
    score = baseline["report"]["macro_f1"]["value"]
    if baseline.get("method") == "naive_bayes":
        return message(
            "report.limit_naive_bayes",
            "It is not clearly better than counting words (naive Bayes: {baseline:.3f}); that may do.",
            baseline=score,
        )
    return message(
        "report.limit_baseline",
        "It is not clearly better than counting words (TF-IDF with logistic regression: {baseline:.3f}); that may do.",
        baseline=score,
    )
