"""What a version is worth: on labelled rows, on tests of single abilities, in other arithmetics,
for groups of people, and for a new batch."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.base.errors import DataError
from core.base.wording import points, score, signed
from core.cli.printing import plain, show
from core.cli.tables import facts, load_for
from core.cli.workflow import carry_out, version_of
from core.registry.records.reports import read_report
from core.serving.engines.graphs import load_version
from core.tasks.text_classification.behaviour import run_tests
from core.tasks.text_classification.reported import require_labels
from core.workflows.drift.run import detect_drift
from core.workflows.versions.evaluate import evaluate_version
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.known_rows import known_rows
from core.workflows.versions.past import read_past

if TYPE_CHECKING:
    from core.continual.drift.tests import DriftTest
    from core.workflows.drift.run import DriftReport

NOTHING: dict[str, Any] = {"serving": {}, "variants": [], "rule": None, "note": None}  # of versions made before
WORDS = 12  # each way, printed by drift
GAP_TITLES = {
    "selection": "demographic parity difference",
    "odds": "equalised odds difference",
    "fpr": "gap in false positives",
    "tpr": "gap in true positives",
    "accuracy": "gap in accuracy",
}


def evaluate(asked: argparse.Namespace) -> None:
    workspace, version, path = version_of(asked)
    folder = VersionFolder(path)
    loaded = load_for(folder.task, asked, known=folder.outputs, inputs=folder.inputs)
    started = time.monotonic()
    report = evaluate_version(workspace, version, loaded.dataset).to_dict()
    known = known_rows(loaded.dataset, read_past(folder, workspace))
    content = {"version": version.number, "rows": report["rows"], **scores_of(report), "known": known.to_dict()}
    content |= {"seconds": round(time.monotonic() - started, 2), **facts(loaded)}
    told = f"Version {version.number}: {headline(report)} on {report['rows']:,} rows"
    show(asked, content, "\n".join([told, *map(str, known.sentences())]))


def behaviour(asked: argparse.Namespace) -> None:
    _, _, path = version_of(asked)
    stored = VersionFolder(path)
    require_labels(stored.report())
    texts = [str(text) for record in stored.experiences() for text in stored.predictions(record.number)["text"]]
    outcomes = run_tests(load_version(path), texts)
    lines = [
        f"{outcome.capability:<12} {outcome.kind:<10} {outcome.failures:4} of {outcome.cases:4} failed  "
        f"{score(outcome.rate.value, outcome.rate.low, outcome.rate.high)}"
        for outcome in outcomes
    ]
    show(asked, [asdict(outcome) for outcome in outcomes], "\n".join(lines))


def drift(asked: argparse.Namespace) -> None:
    workspace, version, path = version_of(asked)
    folder = VersionFolder(path)
    loaded = load_for(folder.task, asked, known=folder.outputs, inputs=folder.inputs)
    past = read_past(folder, workspace)
    report, known = detect_drift(folder, loaded.dataset, past), known_rows(loaded.dataset, past)
    content = {"version": version.number, **plain(report.to_dict()), "known": known.to_dict(), **facts(loaded)}
    show(asked, content, "\n".join([_drift_as_text(report), *map(str, known.sentences())]))


def _drift_as_text(report: DriftReport) -> str:
    """The advice, a line for each comparison, and the words whose frequency changed."""
    lines = [f"  {test.name:<10}  {test.verdict:<8}  {_finding(test)}" for test in report.tests]
    old, new = report.words.texts
    for name, changes in (("more often", report.words.more), ("less often", report.words.fewer)):
        words = [f"{change.word} {change.after_per_1000:g} / {change.before_per_1000:g}" for change in changes[:WORDS]]
        if words:
            lines.append(f"  {name} (per 1,000 of {new:,} new / {old:,} earlier texts): {', '.join(words)}")
    return "\n".join([str(report.advice.message), *lines])


def _finding(test: DriftTest) -> str:
    if not test.judged:
        return str(test.reason)
    finding = f"p = {test.p_value:.3g}"
    if test.interval is None:
        return finding
    low, high = (signed(100 * end).removeprefix("+") for end in (test.interval.low, test.interval.high))
    rose = "; it rose" if test.rose else ""
    return f"{finding}, tests only whether accuracy fell: {points(test.interval.value)} points ({low} to {high}){rose}"


def precision(asked: argparse.Namespace) -> None:
    _, version, path = version_of(asked)
    report = read_report(path, matrix=False)
    content = {"version": version.number, **plain(report.get("precision") or NOTHING)}
    show(asked, content, _arithmetics(content))


def _score(record: dict[str, Any]) -> str:
    return str(record.get("score", "accuracy")).replace("_f1", "-F1")


def _arithmetics(record: dict[str, Any]) -> str:
    lines = [
        f"  {variant['precision']}  {variant['device']:<4}  {variant['bytes'] / 1e6:7.1f} MB  "
        f"{variant['texts_per_second']:9,.0f} texts/s  "
        f"{variant['milliseconds']:7.2f} ms  {_score(record)} {variant['accuracy']:.3f}  "
        f"same answer {variant['agreement']:.1%}  {variant['why']}"
        for variant in record["variants"]
    ]
    serving = ", ".join(f"{kind}: {file}" for kind, file in record["serving"].items()) or "model.onnx everywhere"
    sentences = [record[part] for part in ("rule", "note") if record[part] is not None]
    return "\n".join([f"Version {record['version']} serves {serving}.", *lines, *sentences])


def scores_of(report: dict[str, Any], *, per_class: bool = True) -> dict[str, Any]:
    """The figures of a report, each with its interval."""
    names = [name for name, figure in report.items() if isinstance(figure, dict) and "low" in figure]
    scores: dict[str, Any] = {name: report[name]["value"] for name in names}
    scores["intervals"] = {name: [report[name]["low"], report[name]["high"]] for name in names}
    for each in ("per_class", "per_label", "per_type"):
        if per_class and each in report:
            scores[each] = {
                label: {
                    **{name: figures[name]["value"] for name in ("precision", "recall", "f1")},
                    "support": figures["support"],
                }
                for label, figures in report[each].items()
            }
    return scores


def headline(report: dict[str, Any]) -> str:
    """The figures that count most, or what else there is; of entities what decides stands first."""
    known: tuple[str, ...] = ("accuracy", "macro_f1", "micro_f1", "subset_accuracy")
    if "per_type" in report:
        known = ("micro_f1", "macro_f1")
    names: list[str] = [name for name in known if name in report]
    names = names or [name for name, figure in report.items() if isinstance(figure, dict) and "low" in figure]
    return ", ".join(f"{name.replace('_f1', '-F1').replace('_', ' ')} {score(**report[name])}" for name in names)


def fairness(asked: argparse.Namespace) -> None:
    path, asked.terms = asked.terms, None
    words = {}
    if path is not None:
        try:
            words["terms"] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                "fairness.terms_file",
                "The list of words {file} cannot be read: {reason}. Name a text file in UTF-8 with a group a line.",
                file=path.name,
                reason=str(error),
            ) from error
    content = plain(carry_out(asked, **words).fairness)
    show(asked, content, fairness_text(content))


def fairness_text(record: dict[str, Any]) -> str:
    """A line for each gap, each group, and each pair of groups whose words were exchanged."""
    lines = [f"{GAP_TITLES[name]:<32} {_fairness_figure(gap)}   p {gap['p_value']:.3f}   {gap['highest']} / {gap['lowest']}"
             for name, gap in record["gaps"].items()]  # fmt: skip
    few = [
        f"{group['name']} ({group['rows']:,})" for group in record["groups"] if group["rows"] and not _rates_of(group)
    ]
    for group in record["groups"]:
        rates = "   ".join(f"{name} {_fairness_figure(figure)}" for name, figure in _rates_of(group).items())
        if rates:
            lines.append(f"{group['name']:<32} {group['rows']:>6,} rows   {rates}")
    if few:
        lines.append(f"Too few rows to be judged: {', '.join(few)}.")
    for pair in record["counterfactual"]:
        figures = (
            f"{_fairness_figure(pair['gap'])}   flips {_fairness_figure(pair['flips'])}"
            if pair["gap"]
            else "too few texts"
        )
        lines.append(
            f"{pair['axis']}: {pair['first']} → {pair['second']} ({pair['source']}, {pair['texts']:,})".ljust(56)
            + f" {figures}"
        )
    return "\n".join(lines)


def _rates_of(group: dict[str, Any]) -> dict[str, dict[str, float]]:
    return {name: group[name] for name in ("selection", "fpr", "tpr", "accuracy") if group[name]}


def _fairness_figure(stored: dict[str, float]) -> str:
    return f"{stored['value']:.3f} ({stored['low']:.3f}–{stored['high']:.3f})"
