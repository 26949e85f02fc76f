"""How a version came about: its data with their lineage, the versions before it, settings, and the files that answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.base.errors import CoreError
from core.base.messages import Message, message
from core.base.wording import decimals_of, points, points_interval, signed
from core.data.recipe import read_steps
from core.registry.records.outgoing import short_reference
from core.tasks import DEFAULT, task_of
from core.tasks.text_classification.reported import has_labels
from core.workflows.report.document import Block, Cell, Curve, Paragraph, ReportLanguage, Section, figure, table
from core.workflows.report.figures import reported_task, score_name
from core.workflows.requests import known_settings, resolve_settings, settings_in_effect

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.statistics.intervals import Estimate
    from core.workflows.report.inputs import ReportInputs


def data(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """What was learned from: rows of each part, where they come from, and what was done to them."""
    say = words.say
    head = [
        say(message("report.batch", "batch")),
        say(message("report.train_rows", "training rows")),
        say(message("report.validation_rows", "validation rows")),
        say(message("report.test_rows", "test rows")),
        say(message("report.aside", "set aside")),
        say(message("report.origin", "where from")),
    ]
    rows: list[list[str | Cell]] = []
    blocks: list[Block] = []
    for experience in inputs.report["experiences"]:
        name = f"{experience['number']}. {experience['name']} ({experience['dataset']})"
        counts = [f"{experience[part]:,}" for part in ("train", "validation", "test", "set_aside")]
        rows.append([name, *counts, _source(inputs, experience["dataset"], words)])
        blocks += [
            Paragraph(text, "note") for text in _recipe(inputs, experience["dataset"], experience["name"], words)
        ]
    findings = [Message.from_dict(finding) for finding in inputs.report["findings"]]
    blocks += [Paragraph(say(finding), "note") for finding in findings]
    if inputs.report["synthetic"]:
        warning = message(
            "report.synthetic", "These texts are a synthetic sample; the figures say nothing about real ones."
        )
        blocks.insert(0, Paragraph(say(warning), "warning"))
    rule = message(
        "report.split_rule",
        "The same text never stands on two sides. Validation rows choose the epoch and whatever else is chosen; test rows choose "
        "nothing.",
    )
    return Section(
        say(message("report.data", "What it learned from")), (table(head, rows), *blocks, Paragraph(say(rule)))
    )


def _source(inputs: ReportInputs, identity: str, words: ReportLanguage) -> str:
    info = inputs.datasets.get(identity)
    if info is None:
        return words.say(message("report.deleted", "deleted since"))
    chain = [info.name]
    while (parent := str(info.source.get("parent") or "")) in inputs.datasets and len(chain) < 20:
        info = inputs.datasets[parent]
        chain.append(info.name)
    named = str(info.source.get("file") or info.source.get("sample") or "")
    return " ← ".join([*chain, named] if named and named != chain[-1] else chain)


def _recipe(inputs: ReportInputs, identity: str, name: str, words: ReportLanguage) -> list[str]:
    """What was done to a dataset since it was read, step by step."""
    info = inputs.datasets.get(identity)
    stored = info.source.get("recipe") if info is not None else None
    if not stored:
        return []
    try:
        steps = [words.say(step.sentence()) for step in read_steps(stored)]
    except CoreError:  # written by a later version of the program
        return []
    return [words.say(message("report.recipe", "{name} was changed before it was learned from:", name=name)), *steps]


def lineage(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """The versions that this one comes from, the first one on top, each on the tests of this one."""
    say = words.say
    labelled, own = has_labels(inputs.report), reported_task(inputs.report).score
    name = "macro_f1" if labelled else own.name
    head = [
        say(message("report.version", "version")),
        say(message("report.learned_by", "learned by")),
        say(message("report.from", "from")),
        say(message("report.macro_f1", "macro-F1")) if labelled else score_name(own.name, words),
        say(message("report.change", "change in points") if labelled else message("report.change_of", "change")),
        say(message("report.decision", "decision")),
    ]
    rows: list[list[str | Cell]] = []
    for version in inputs.line:
        summary = version.summary
        measured = inputs.same.report(version.number)
        change = inputs.same.difference(version.parent or 0, version.number, name)
        learned = [
            words.name("strategy", str(summary.get("strategy", "–"))),
            str(summary.get("dataset_name", "–")),
        ]
        figures = [
            "–" if measured is None else figure(measured.to_dict()[name]),
            "–" if change is None else _change(change, in_points=labelled),
        ]
        rows.append([str(version.number), *learned, *figures, _decided(version, words) or "–"])
    note = message(
        "report.same_tests",
        "All on the same {rows:,} test rows, those of this version; the change is against the version before.",
        rows=inputs.same.rows,
    )
    title = message("report.lineage", "The versions it comes from")
    return Section(say(title), (table(head, rows, say(note)),))


def _decided(version: VersionInfo, words: ReportLanguage) -> str:
    """Why a version was promoted against the gate, and by whom where that took two people."""
    decision = version.decision
    if decision is None or not decision.confirmed_by:
        return decision.reason if decision is not None else ""
    return words.say(
        message(
            "report.two_people",
            "{reason} (asked for by {asked}, confirmed by {confirmed})",
            reason=decision.reason,
            asked=decision.asked_by,
            confirmed=decision.confirmed_by,
        )
    )


def _change(change: Estimate, *, in_points: bool) -> str:
    """A difference with its interval, in points or in the unit of its score."""
    if in_points:
        return f"{points(change.value)} ({points_interval(change.low, change.high)})"
    value, low, high = (
        signed(end, decimals_of(change.low, change.high)) for end in (change.value, change.low, change.high)
    )
    return f"{value} ({low} – {high})"


def training(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """The settings that differ from the defaults, all settings, and the curve."""
    report, say = inputs.report, words.say
    made = message(
        "report.made",
        "Trained in {seconds:,} seconds; text is split into {unit}, the vocabulary has {vocabulary:,} entries.",
        seconds=round(report["seconds"], 1) if report["seconds"] < 10 else round(report["seconds"]),
        unit=words.lookup(f"choices.{report['segmentation']}", report["segmentation"]),
        vocabulary=report["vocabulary"],
    )
    blocks: list[Block] = [Paragraph(say(made))]
    encoder = report["origin"].get("encoder")
    if encoder:
        began = message(
            "report.encoder",
            "It began from the encoder {name}, licence {licence}.",
            name=encoder["name"],
            licence=encoder["licence"] or "?",
        )
        blocks.append(Paragraph(say(began)))
    blocks += _curve(report, words)
    if report["end"] is not None:
        blocks.append(Paragraph(say(Message.from_dict(report["end"])), "note"))
    head = [
        say(message("report.setting", "setting")),
        say(message("report.value", "value")),
        say(message("report.default", "default of this model")),
    ]
    blocks.append(table(head, _settings(report, words)))
    return Section(say(message("report.training", "How it was trained")), tuple(blocks))


def _curve(report: dict[str, Any], words: ReportLanguage) -> list[Block]:
    epochs = report["epochs"]
    if len(epochs) < 2:
        return []
    say = words.say
    series = []
    for key, name in _curve_names(report, words).items():
        if all(isinstance(epoch.get(key), int | float) for epoch in epochs):
            series.append((name, tuple(float(epoch[key]) for epoch in epochs)))
    title = message(
        "report.curve", "Validation scores; the weights of epoch {epoch} were kept", epoch=report["best_epoch"]
    )
    axis, epoch = say(message("report.score", "score")), say(message("report.epoch", "epoch"))
    return [Curve(say(title), axis, epoch, tuple(series), report["best_epoch"])] if series else []


def _curve_names(report: dict[str, Any], words: ReportLanguage) -> dict[str, str]:
    """The scores on validation rows by their names in a report, and what each is called; those of one curve share an axis."""
    if has_labels(report):
        return {
            "validation_macro_f1": words.say(message("report.validation_f1", "macro-F1 on validation rows")),
            "validation_accuracy": words.say(message("report.validation_accuracy", "accuracy on validation rows")),
        }
    name = reported_task(report).score.name
    called = message("report.validation_of", "{name} on validation rows", name=score_name(name, words))
    return {f"validation_{name}": words.say(called)}


def _settings(report: dict[str, Any], words: ReportLanguage) -> list[list[str | Cell]]:
    known = known_settings(report)
    try:
        defaults = resolve_settings(report["model"], {}, task_of(report.get("task", DEFAULT))).flat()
    except CoreError:  # a model that this program does not know any more
        defaults = {}
    defaults = {name: setting.default for name, setting in known.items()} | defaults
    names = {name: setting.label for name, setting in known.items()}
    choices = {name for name, setting in known.items() if setting.kind == "choice"}

    def written(name: str, value: Any) -> str:
        if isinstance(value, bool):
            return words.lookup(f"choices.{value}".lower(), str(value))
        return words.choice(name, str(value)) if name in choices else _plain(value)

    return [
        [words.setting(name, names.get(name, name)), written(name, value), written(name, defaults[name])]
        if name in defaults
        else [words.setting(name, names.get(name, name)), written(name, value), "–"]
        for name, value in settings_in_effect(report).items()
    ]


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else short_reference(str(value))


def serving(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """Which file answers, and the proof that it says what PyTorch says."""
    report, say = inputs.report, words.say
    parity = report["parity"]
    facts = {"difference": parity["max_abs_diff"], "texts": parity["texts"]}
    equal = (
        message(
            "report.parity",
            "Between PyTorch and the ONNX file no probability differs by more than {difference:.1e}, over {texts:,} texts made "
            "to be difficult; {agreement:.1%} of the labels agree.",
            agreement=parity["label_agreement"],
            **facts,
        )
        if has_labels(report)
        else message(
            "report.parity_of",
            "Between PyTorch and the ONNX file no output differs by more than {difference:.1e}, over {texts:,} texts made to be "
            "difficult.",
            **facts,
        )
    )
    blocks: list[Block] = [Paragraph(say(equal))]
    precision = report.get("precision") or {}
    for kind, file in precision.get("serving", {}).items():
        sentence = message("report.serving", "On {device} the file {file} answers.", device=kind, file=file)
        blocks.append(Paragraph(say(sentence)))
    variants = [
        [variant["file"], f"{variant['agreement']:.1%}"]
        for variant in precision.get("variants", [])
        if variant.get("agreement") is not None
    ]
    if variants:
        head = [
            say(message("report.file", "file")),
            say(message("report.same_answers", "same answers as the exact file, validation rows")),
        ]
        blocks.append(table(head, [list(row) for row in variants]))
    use = message(
        "report.use",
        "To use the downloaded bundle: install onnxruntime, tokenizers and rjieba with pip, then run {program} with a text.",
        program=task_of(report.get("task", DEFAULT)).programs[-1],
    )
    return Section(say(message("report.serving_title", "How it answers")), (*blocks, Paragraph(say(use))))
