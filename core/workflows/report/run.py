"""A report of one version, for people who were not there: data, training, figures with their intervals, and limits.

Reads what is stored, the owner's own statements among it; measured anew are calibration and slices, which follow from the stored
answers to the frozen tests, and the behavioural tests.
Two forms: one HTML file that needs nothing beside it, and a model card in Markdown.
"""

from __future__ import annotations

from core.base.errors import DataError
from core.base.messages import message
from core.data.dataset.store import StoredDataset
from core.registry import VersionInfo
from core.tasks.text_classification.reported import has_labels
from core.workflows.report.card import to_markdown
from core.workflows.report.checks import abilities, chance, run_checks, slices
from core.workflows.report.document import Document, ReportLanguage
from core.workflows.report.fairness import fairness, with_fairness
from core.workflows.report.figures import confusion, measured, memory
from core.workflows.report.html import to_html
from core.workflows.report.inputs import ReportInputs
from core.workflows.report.limits import limits
from core.workflows.report.privacy import privacy
from core.workflows.report.probabilities import probabilities
from core.workflows.report.provenance import data, lineage, serving, training
from core.workflows.report.statements import statements
from core.workflows.standings import known_to, on_tests_of
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace


def gather(version: VersionInfo, workspace: Workspace) -> ReportInputs:
    """Read all that the report says."""
    folder = VersionFolder(workspace.registry.folder_of(version))
    report = with_fairness(folder.report(), version, workspace)
    champion = workspace.registry.champion(version.classifier)
    datasets: dict[str, StoredDataset] = {}
    waiting = [experience["dataset"] for experience in report["experiences"]]
    while waiting:
        identity = waiting.pop()
        if identity in datasets or not identity:
            continue
        try:
            datasets[identity] = workspace.datasets.info(identity)
        except DataError:  # deleted since
            continue
        waiting.append(str(datasets[identity].source.get("parent") or ""))
    line = _line(version, workspace)
    return ReportInputs(
        version,
        champion.number if champion is not None else None,
        line,
        on_tests_of(known_to(workspace.registry, version.classifier), workspace.home, version, line),
        folder,
        report,
        datasets,
        run_checks(version, folder, workspace),
        workspace.registry.statements(version.classifier),
    )


def _line(version: VersionInfo, workspace: Workspace) -> tuple[VersionInfo, ...]:
    """A version and all that it was made from, the first one first."""
    known = {other.number: other for other in workspace.registry.versions(version.classifier)}
    line = [version]
    while (parent := known.get(line[0].parent or 0)) is not None:  # a parent is older, so this ends
        line.insert(0, parent)
    return tuple(line)


def write_document(inputs: ReportInputs, words: ReportLanguage) -> Document:
    """The report in one language, not yet in any form."""
    report, say = inputs.report, words.say
    serves = inputs.champion == inputs.version.number
    standing = (
        message("report.serves", "In use")
        if serves
        else message("report.candidate", "Not in use; version {champion} is", champion=inputs.champion or "–")
    )
    labels = [(message("report.fact_labels", "Labels"), f"{len(report['classes']):,}")] if has_labels(report) else []
    facts = [
        (message("report.fact_model", "Model"), words.name("model", report["model"])),
        (message("report.fact_parameters", "Parameters"), f"{report['parameters']:,}"),
        *labels,
        (message("report.fact_language", "Language of the texts"), words.language_of(report["language"])),
        (message("report.fact_made", "Made (UTC)"), inputs.version.created[:16].replace("T", " ")),
        (message("report.fact_standing", "Standing"), say(standing)),
    ]
    subtitle = message("report.subtitle", "Report of version {version}", version=inputs.version.number)
    sections = [
        measured(inputs, words),
        confusion(inputs, words),
        memory(inputs, words),
        probabilities(inputs, words),
        slices(inputs, words),
        abilities(inputs, words),
        fairness(inputs, words),
        chance(inputs, words),
        limits(inputs, words),
        statements(inputs, words),
        privacy(inputs, words),
        data(inputs, words),
        lineage(inputs, words),
        training(inputs, words),
        serving(inputs, words),
    ]
    return Document(
        title=inputs.version.classifier,
        subtitle=say(subtitle),
        language=words.language,
        facts=tuple((say(name), value) for name, value in facts),
        sections=tuple(section for section in sections if section.blocks),
    )


def html_report(inputs: ReportInputs, words: ReportLanguage) -> str:
    """One HTML file: styles and charts inside, nothing loaded from anywhere."""
    return to_html(write_document(inputs, words))


def model_card(inputs: ReportInputs, words: ReportLanguage) -> str:
    """The same as Markdown, without the charts."""
    return to_markdown(write_document(inputs, words))
