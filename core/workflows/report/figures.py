"""The figures of a report: what was measured on frozen tests, the confusion matrix, what was kept."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from core.base import wording
from core.base.messages import Message, message
from core.registry.records.reports import baseline_name, measured_again
from core.tasks import DEFAULT, Task, task_of
from core.tasks.text_classification.reported import has_labels
from core.tasks.text_classification.scores import MINIMUM_SUPPORT
from core.workflows.report.document import Block, Cell, Paragraph, Points, ReportLanguage, Section, figure, table

if TYPE_CHECKING:
    from core.statistics.additive import Score
    from core.workflows.report.inputs import ReportInputs

MOST_LABELS = 40  # in a matrix or a chart: more cannot be read on paper


def averages() -> dict[str, Message]:
    """Names of the averages, in the order of the report."""
    return {
        "accuracy": message("report.accuracy", "accuracy"),
        "macro_f1": message("report.macro_f1", "macro-F1"),
        "macro_precision": message("report.macro_precision", "macro precision"),
        "macro_recall": message("report.macro_recall", "macro recall"),
        "weighted_f1": message("report.weighted_f1", "weighted F1"),
    }


def reported_task(report: dict[str, Any]) -> Task:
    """What the version is for."""
    return task_of(str(report.get("task", DEFAULT)))


def score_name(name: str, words: ReportLanguage) -> str:
    """What a score of any task is called; one that no catalogue knows keeps its own name."""
    return words.lookup(f"names.score_{name}", name.replace("_", " ").capitalize())


def _score_names(report: dict[str, Any], words: ReportLanguage) -> dict[str, str]:
    """What the figures of a report are called, in their order."""
    if has_labels(report):
        return {name: words.say(called) for name, called in averages().items()}
    return {name: score_name(name, words) for name in reported_task(report).averages}


def measured(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """All scores beside the baseline's, every test, and every label where there are any."""
    report, say = inputs.report, words.say
    overall, baseline = report["overall"], report["baseline"]["report"]
    names = _score_names(report, words)
    test = say(message("report.test", "test"))
    rows: list[list[str | Cell]] = [
        [say(message("report.this_version", "this version")), *(figure(overall[name]) for name in names)],
        [
            say(baseline_name(report)),
            *(figure(baseline[name]) if name in baseline else "–" for name in names),
        ],
    ]
    blocks: list[Block] = [
        Paragraph(_headline(report, words)),
        table(["", *names.values()], rows),
    ]
    if len(report["tests"]) > 1:
        of_tests = ("accuracy", "macro_f1") if has_labels(report) else tuple(names)
        head = [test, say(message("report.rows", "rows")), *(names[name] for name in of_tests)]
        blocks.append(
            table(
                head,
                [
                    [
                        f"{test['experience']}. {test['name']}",
                        f"{test['rows']:,}",
                        *(figure(test["report"][name]) for name in of_tests),
                    ]
                    for test in report["tests"]
                ],
            )
        )
    if has_labels(report):
        blocks += _labels(overall, words)
    return Section(say(message("report.measured", "What was measured")), tuple(blocks))


def _headline(report: dict[str, Any], words: ReportLanguage) -> str:
    overall, baseline = report["overall"], report["baseline"]["report"]
    since = measured_again(report)
    if not has_labels(report):
        return _headline_of_task(report, words)
    if since is not None:
        headline = message(
            "report.headline_since",
            "Macro-F1 {score} on {rows:,} frozen test rows that were never trained on, answered by the very file that serves. "
            "Brackets hold 95 % intervals.",
            score=figure(overall["macro_f1"]),
            rows=overall["rows"],
        )
        return f"{words.say(headline)} {words.say(since)}"
    return words.say(
        message(
            "report.headline",
            "Macro-F1 {score} on {rows:,} frozen test rows that were never trained on, answered by the very file that serves; "
            "the baseline reaches {baseline} on the same rows. Brackets hold 95 % intervals.",
            score=figure(overall["macro_f1"]),
            rows=overall["rows"],
            baseline=figure(baseline["macro_f1"]),
        )
    )


def _headline_of_task(report: dict[str, Any], words: ReportLanguage) -> str:
    """The score that decides, which way it runs, and where the baseline stands."""
    overall, baseline, since = report["overall"], report["baseline"]["report"], measured_again(report)
    own = reported_task(report).score
    facts = {"name": score_name(own.name, words), "score": figure(overall[own.name]), "rows": overall["rows"]}
    better = (
        message("report.higher_better", "Higher is better.")
        if own.higher_is_better
        else message("report.lower_better", "Lower is better.")
    )
    headline = (
        message(
            "report.headline_of",
            "{name}: {score} on {rows:,} frozen test rows that were never trained on, answered by the very file that serves; "
            "the baseline reaches {baseline} on the same rows. Brackets hold 95 % intervals.",
            baseline=figure(baseline[own.name]),
            **facts,
        )
        if since is None
        else message(
            "report.headline_of_since",
            "{name}: {score} on {rows:,} frozen test rows that were never trained on, answered by the very file that serves. "
            "Brackets hold 95 % intervals.",
            **facts,
        )
    )
    return " ".join(words.say(sentence) for sentence in (headline, better, since) if sentence is not None)


def _labels(overall: dict[str, Any], words: ReportLanguage) -> list[Block]:
    say = words.say
    head = [
        say(message("report.label", "label")),
        say(message("report.precision", "precision")),
        say(message("report.recall", "recall")),
        "F1",
        say(message("report.test_rows", "test rows")),
    ]
    few = say(message("report.too_few", "too few rows to judge"))
    rows: list[list[str | Cell]] = []
    for label, scores in overall["per_class"].items():
        support = f"{scores['support']:,}" + (f" ({few})" if scores["support"] < MINIMUM_SUPPORT else "")
        rows.append([label, figure(scores["precision"]), figure(scores["recall"]), figure(scores["f1"]), support])
    judged = [
        (label, scores["f1"]["value"], scores["f1"]["low"], scores["f1"]["high"])
        for label, scores in overall["per_class"].items()
        if scores["support"]
    ]
    blocks: list[Block] = []
    if len(judged) <= MOST_LABELS:
        title = say(message("report.f1_chart", "F1 of each label with its 95 % interval"))
        blocks.append(Points(title, tuple(judged)))
    return [*blocks, table(head, rows)]


def confusion(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """Rows: truth; columns: answer."""
    overall, say = inputs.report["overall"], words.say
    if not has_labels(inputs.report):
        return Section("")
    classes = overall["classes"]
    title = say(message("report.confusion", "Confusion matrix"))
    if len(classes) > MOST_LABELS:
        return Section(title, (Paragraph(_worst(overall, words)),))
    rows: list[list[str | Cell]] = []
    for label, counts in zip(classes, overall["confusion"], strict=True):
        total = max(sum(counts), 1)
        rows.append([label, *(Cell(f"{count:,}", count / total) for count in counts)])
    caption = say(
        message("report.confusion_note", "Rows: the true label. Columns: the answer. Colour: share of the row.")
    )
    corner = say(message("report.truth_answer", "truth ↓ answer →"))
    return Section(title, (table([corner, *classes], rows, caption),))


def _worst(overall: dict[str, Any], words: ReportLanguage) -> str:
    """Of very many labels, only the pairs that are confused most."""
    classes = overall["classes"]
    pairs = [
        (count, classes[true], classes[guess])
        for true, counts in enumerate(overall["confusion"])
        for guess, count in enumerate(counts)
        if true != guess and count
    ]
    top = [f"{true} → {guess} ({count:,})" for count, true, guess in sorted(pairs, reverse=True)[:20]]
    return words.say(
        message("report.confused_most", "Confused most often, truth → answer: {pairs}.", pairs=top or ["–"])
    )


def memory(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """R, and what follows from it; nothing with a single experience."""
    report, say = inputs.report, words.say
    own = reported_task(report).score
    matrix = report[f"{own.name}_matrix"]
    if len(matrix) < 2:
        return Section("")
    names = [f"{test['experience']}. {test['name']}" for test in report["tests"]]
    after = [say(message("report.after", "after batch {number}", number=number + 1)) for number in range(len(matrix))]
    rows: list[list[str | Cell]] = []
    for name, scores in zip(after, matrix, strict=False):
        shown = [Cell("–") if score is None else Cell(wording.score(score), _heat(own, score)) for score in scores]
        rows.append([name, *shown, *[Cell("–")] * (len(names) - len(scores))])
    caption = say(_matrix_note(report, words))
    blocks: list[Block] = [table(["", *names], rows, caption)]
    kinds = _kinds(report)
    shown_kinds: list[list[str | Cell]] = []
    for key, kind in kinds.items():
        value, interval = report["continual"].get(key), report["continual_intervals"].get(key)
        if value is not None:
            shown_kinds.append([say(kind), wording.score(value, *(interval or ()))])
    if shown_kinds:
        blocks.append(table(["", say(message("report.value", "value"))], shown_kinds))
    gate = report["gate"]
    if gate is not None:
        passed = message("report.gate_passed", "The gate was for promoting it:")
        refused = message("report.gate_refused", "The gate was against promoting it:")
        blocks.append(Paragraph(say(passed if gate["promote"] else refused)))
        since = measured_again(report)
        blocks += [] if since is None else [Paragraph(say(since), "note")]
        blocks += [Paragraph(say(Message.from_dict(rule["message"])), "note") for rule in gate["rules"]]
    return Section(say(message("report.memory", "What it remembers")), tuple(blocks))


def _heat(score: Score, value: float) -> float | None:
    """How strongly a cell of R is coloured, the better the stronger; not at all for a score without bounds."""
    if not math.isfinite(score.span):
        return None
    share = (value - score.smallest) / score.span
    return share if score.higher_is_better else 1 - share


def _matrix_note(report: dict[str, Any], words: ReportLanguage) -> Message:
    if has_labels(report):
        return message("report.matrix_note", "Accuracy on each frozen test after each step of the line.")
    return message(
        "report.matrix_note_of",
        "{name} on each frozen test after each step of the line.",
        name=score_name(reported_task(report).score.name, words),
    )


def _kinds(report: dict[str, Any]) -> dict[str, Message]:
    """What follows from R, by its name in a report."""
    forgetting = message("report.forgetting", "forgetting (lower is better)")
    if has_labels(report):
        return {
            "average_accuracy": message("report.average_accuracy", "average accuracy (higher is better)"),
            "forgetting": forgetting,
            "plasticity": message("report.plasticity", "plasticity: accuracy on what is new (higher is better)"),
            "backward_transfer": message("report.backward", "backward transfer (higher is better)"),
        }
    return {
        "average_accuracy": message("report.average_of", "average over all tests"),
        "forgetting": forgetting,
        "plasticity": message("report.plasticity_of", "plasticity: on what is new"),
        "backward_transfer": message("report.backward_of", "backward transfer"),
    }
