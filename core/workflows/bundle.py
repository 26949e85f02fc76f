"""What a user takes home: one zip with the model, its tokenizer, labels, config, card and a program that runs it."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from core.base.files import read_json, writing
from core.base.integrity import check, reading
from core.base.messages import Message
from core.base.wording import score
from core.data.dataset import inputs
from core.data.spans import tokens
from core.fairness.personal import LAW
from core.networks.standalone import personal, predict
from core.networks.standalone.pipeline import tokenizer_files
from core.registry.records.outgoing import without_paths
from core.registry.records.reports import baseline_name, measured_again
from core.registry.statements import Statements
from core.statistics.intervals import Estimate
from core.tasks import DEFAULT, task_of
from core.workflows.report.card import escaped
from core.workflows.report.fairness import gap_sentences
from core.workflows.report.privacy import card_lines
from core.workflows.report.statements import with_statements
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.personal import groups_on_tests

CARD = "model_card.md"
FILES = ("labels.json", "config.json", CARD)
THRESHOLDS = "thresholds.json"  # where a text may have several labels
PROGRAMS = {"inputs.py": Path(inputs.__file__), "tokens.py": Path(tokens.__file__)}  # the others lie beside `predict`
EXACT = "model.onnx"
TITLES = {
    "macro_f1": "macro-F1",
    "micro_f1": "micro-F1",
    "subset_accuracy": "subset accuracy",
}  # of scores whose name is not what people read


def bundle_files(version_folder: Path) -> list[str]:
    """Names of the version's own files in its bundle: the exact model, and what serves in its place, first."""
    with reading(version_folder, "config.json"):
        members = read_json(version_folder / "config.json").get("architecture", {}).get("members", ())
    files = [*tokenizer_files(max(1, len(members))), *FILES]
    if (version_folder / THRESHOLDS).exists():
        files.append(THRESHOLDS)
    if (version_folder / personal.FILE).exists():
        files.append(personal.FILE)
    serving = version_folder / "serving.json"
    if not serving.exists():
        return [EXACT, *files]
    with reading(version_folder, serving.name):
        served = read_json(serving)
    return [*dict.fromkeys([EXACT, *served.values()]), serving.name, *files]


def write_bundle(
    version_folder: Path, target: Path, threshold: float | None = None, statements: Statements | None = None
) -> None:
    """Zip the bundle's files of a version folder, and its classifier's threshold; a half-written target is never left behind.

    The card gets what the owner states of the model today; the version's own is written once and stays.

    The programs are today's, which serve the version here, too: one that was stored with an old version knows no threshold.
    Nothing in it tells of this machine, whatever the edition that stored the version.
    """
    check(version_folder, bundle_files(version_folder))
    with writing(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in bundle_files(version_folder):
            if name == CARD and statements is not None:
                card = (version_folder / name).read_text(encoding="utf-8")
                archive.writestr(name, with_statements(card, statements), zipfile.ZIP_DEFLATED)
            else:
                _add(archive, version_folder / name)
        for program in programs(read_json(version_folder / "config.json").get("task", DEFAULT)):
            archive.write(program, program.name)
        if threshold is not None:
            archive.writestr("decision.json", json.dumps({"threshold": threshold}))


def _add(archive: zipfile.ZipFile, file: Path) -> None:
    """One file, without paths of this machine and an exporter's notes."""
    from core.serving.onnx.files import cleaned  # brings PyTorch along, for which no list of names should wait

    content: bytes | str | None = None
    if file.suffix == ".onnx":
        content = cleaned(file)
    elif file.name == "config.json":
        content = json.dumps(without_paths(read_json(file)), ensure_ascii=False, indent=1)
    if content is not None:
        archive.writestr(file.name, content, zipfile.ZIP_DEFLATED)
    else:
        archive.write(file, file.name)


def programs(task: str) -> list[Path]:
    """The programs that run a bundle: the very modules this project serves with."""
    beside = Path(predict.__file__).parent
    return [PROGRAMS.get(name, beside / name) for name in task_of(task).programs]


def write_programs(folder: Path, task: str) -> None:
    """Put the programs beside the model."""
    for program in programs(task):
        shutil.copyfile(program, folder / program.name)


def write_card(folder: Path, report: dict[str, Any]) -> None:
    """Write ``model_card.md``: what the model is, what it learned from, how good it is and where it ends."""
    overall, baseline = report["overall"], report["baseline"]["report"]
    task = task_of(report.get("task", DEFAULT))
    names = [score.name for score in task.scores]
    since = measured_again(report)
    compared = "same rows" if since is None else f"{baseline['rows']:,} rows"
    lines = [
        f"# {escaped(report['classifier'])}",
        "",
        _what(report),
        "",
        "## Measured",
        "",
        "On frozen test rows that were never trained on, through this very ONNX file; 95 % intervals in brackets.",
        *([] if since is None else ["", str(since)]),
        "",
        f"| | {' | '.join(TITLES.get(name, name) for name in names)} |",
        f"|---|{'---|' * len(names)}",
        _row("this model", overall, names),
        _row(f"baseline ({baseline_name(report)}), {compared}", baseline, names),
        *(_row(f"test {test['experience']}, {escaped(test['name'])} ({test['rows']:,} rows)", test["report"], names)
          for test in report["tests"]),
        "",
        *_labels(overall),
        f"Largest difference of any output between PyTorch and ONNX: {report['parity']['max_abs_diff']:.1e} "
        f"over {report['parity']['texts']} texts.",
        *_precision(report["precision"]),
        "",
        *(_calibration(report["calibration"]) if "calibration" in report else ()),
        "",
        *(_groups(report["personal"], folder, report) if report.get("personal") else ()),
        "## Learned from",
        "",
        *(f"{record['number']}. {escaped(record['name'])} (dataset {record['dataset']}): {record['train']:,} training, "
          f"{record['validation']:,} validation, {record['test']:,} test rows" for record in report["experiences"]),
        "",
        *(["These texts are a synthetic sample; the figures say nothing about real ones.", ""] if report["synthetic"] else []),
        f"Last step: {report['strategy']}. Text is split into {report['segmentation']}, {_reach(report)}.",
        "",
        *card_lines(report),
        *_fairness(report),
        "## Limits",
        "",
        "The figures hold for texts like those it was tested on. "
        + ("It always answers with one of its labels, also for texts that fit none; look at the probability. "
           if "per_class" in overall else "")
        + ("" if "fairness" in report else "It was not examined for bias against groups of people."),
        "",
        "## Use",
        "",
        f"`pip install onnxruntime tokenizers rjieba`, then `python {task.programs[-1]} \"your text\"`.",
        "",
        *_columns(folder),
    ]  # fmt: skip
    (folder / CARD).write_text("\n".join(lines), encoding="utf-8")


def _fairness(report: dict[str, Any]) -> list[str]:
    """How groups of people fared on the frozen tests, where the model is watched for that."""
    if "fairness" not in report:
        return []
    lines = [f"- {escaped(str(sentence))}" for sentence in gap_sentences(report["fairness"])]
    return ["## Groups of people", "", *lines, ""]


def _columns(folder: Path) -> list[str]:
    """Which further columns the model reads, and how to send them."""
    config = folder / "config.json"
    known = read_json(config)["text"].get("inputs", []) if config.exists() else []
    if not known:
        return []
    names = ", ".join(f"{escaped(each['name'])} ({each['kind']})" for each in known)
    return [
        f"It also reads these columns: {names}. Send them as lines of JSON, "
        '`{"text": "your text", "inputs": {"name of the column": "value"}}`, or as a table: '
        "`python predict.py --csv FILE`, with a column `text`. What is left out counts as missing.",
        "",
    ]


def _what(report: dict[str, Any]) -> str:
    """What the model is, in a sentence."""
    size = f"({report['model']}, {report['parameters']:,} parameters)"
    if "per_label" in report["overall"]:
        labels = f"{len(report['classes'])} labels: {escaped(', '.join(report['classes']))}"
        return f"A model {size} that gives a text any number of {labels}."
    if "per_type" in report["overall"]:
        types = list(report["overall"]["per_type"])
        return f"A model {size} that marks entities of {len(types)} types in a text: {escaped(', '.join(types))}."
    if "per_class" not in report["overall"]:
        return f"A model of texts {size}. What it answers with: {task_of(report['task']).label}."
    return f"A text classifier {size} with {len(report['classes'])} labels: {escaped(', '.join(report['classes']))}."


def _reach(report: dict[str, Any]) -> str:
    """How much of a text is looked at."""
    settings = report["settings"]
    if "context" in settings:
        return f"and each token is foreseen from at most {settings['context']} before it"
    return f"at most {report.get('tokens_read', settings['max_length']):,} tokens are read"


def _row(title: str, figures: dict[str, Any], names: list[str]) -> str:
    return f"| {title} | {' | '.join(_figure(figures[name]) for name in names)} |"


def _labels(overall: dict[str, Any]) -> list[str]:
    """The scores of each label, where there are labels."""
    each = overall.get("per_class") or overall.get("per_label") or overall.get("per_type")
    if each is None:
        return []
    rows = [
        f"| {escaped(label)} | {_figure(scores['precision'])} | {_figure(scores['recall'])} | {_figure(scores['f1'])} | "
        f"{scores['support']:,} |"
        for label, scores in each.items()
    ]
    return ["| label | precision | recall | F1 | test rows |", "|---|---|---|---|---|", *rows, ""]


def _precision(precision: dict[str, Any]) -> list[str]:
    """Which file answers, where it is not the exact one."""
    served = {kind: file for kind, file in precision["serving"].items() if file != EXACT}
    if not served:
        return []
    figures = "; ".join(
        f"{variant['file']} answers {variant['agreement']:.1%} of {precision['rows']:,} validation texts as {EXACT} does"
        for variant in precision["variants"]
        if variant["file"] in served.values()
    )
    return [*(f"On {kind} `{file}` answers. " for kind, file in served.items()), f"{figures}."]


def _calibration(calibration: dict[str, Any]) -> list[str]:
    """How far the stated probabilities can be believed."""
    before, after = calibration["before"], calibration["after"]
    done = (
        "Each label's logits are scaled and shifted"
        if "slopes" in calibration
        else f"Logits are divided by {calibration['temperature']:.3f}"
    )
    summary = (
        f"{done}, inside every file; fitted on {calibration['rows']:,} validation rows."
        if calibration["note"] is None
        else str(Message.from_dict(calibration["note"]))
    )
    return [
        "## Probabilities",
        "",
        summary,
        "",
        f"| on {calibration['test_rows']:,} test rows | as learned | as served |",
        "|---|---|---|",
        f"| expected calibration error | {_figure(before['ece'])} | {_figure(after['ece'])} |",
        f"| Brier score | {_figure(before['brier'])} | {_figure(after['brier'])} |",
    ]


def _groups(personal: dict[str, Any], folder: Path, report: dict[str, Any]) -> list[str]:
    """Which groups are answered with settings of their own, and what those are worth."""
    kept = sum(group["kept"] for group in personal["groups"])
    rows = [
        f"| {escaped(group['name'])} | {group['rows']:,} | {_figure(group['shared'])} | {_figure(group['personal'])} | "
        f"{_figure(group['difference'])} | {'its own' if group['kept'] else 'what all share'} |"
        for group in personal["groups"]
    ]
    on_tests = groups_on_tests(VersionFolder(folder), [test["experience"] for test in report["tests"]])
    tested = [
        f"| {escaped(group.name)} | {group.rows:,} | {_figures_of(group.shared, group.personal, group.difference)} |"
        for group in on_tests
    ]
    rates = [
        f"| {escaped(group.name)} | {group.rows:,} | {_figures_of(*group.false_positives)} |"
        for group in on_tests
        if group.false_positives is not None
    ]
    head = "| group | rows | shared | own settings | difference |"
    measured = "accuracy" if personal["label"] is None else f"false positive rate of {escaped(personal['label'])}"
    return [
        "## Groups",
        "",
        f"{kept} of {len(personal['groups'])} groups of the column {escaped(personal['column'])} are answered with settings of "
        f"their own ({personal['kind']}); all others, missing values and values that are new are answered by what all share.",
        *([str(LAW)] if kept else []),
        "",
        *([f"On validation rows that the settings were not fitted on, {measured}:", ""] if rows else []),
        *([f"{head} answered by |", "|---|---|---|---|---|---|", *rows, ""] if rows else []),
        *(["On frozen test rows, accuracy:", "", head, "|---|---|---|---|---|", *tested, ""] if tested else []),
        *([f"On frozen test rows, {measured}:", "", head, "|---|---|---|---|---|", *rates, ""] if rates else []),
    ]


def _figures_of(*estimates: Estimate) -> str:
    return " | ".join(_figure(estimate.to_dict()) for estimate in estimates)


def _figure(estimate: dict[str, float] | float) -> str:
    if isinstance(estimate, float):
        return score(estimate)
    return score(estimate["value"], estimate["low"], estimate["high"])
