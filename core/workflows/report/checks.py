"""Where a version is worse than its mean: rows that are cut out of the tests, single abilities, and other luck."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from core.base.messages import message
from core.base.wording import score
from core.registry.records.versions import FoldStore
from core.serving.engines.graphs import load_version
from core.statistics.additive import RATE, hit_rows
from core.statistics.slices import Slice, worse_slices
from core.tasks.text_classification.behaviour import run_tests
from core.tasks.text_classification.reported import has_labels
from core.workflows.report.document import Block, Cell, Paragraph, ReportLanguage, Section, table
from core.workflows.report.inputs import Checks, ReportInputs
from core.workflows.versions.slicing import right_of, rows_of_tests, slices_of

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.statistics.intervals import Estimate
    from core.workflows.versions.folder import VersionFolder
    from core.workflows.workspace import Workspace

MOST_SLICES = 15
SCORES = ("accuracy", "macro_f1")


def run_checks(version: VersionInfo, folder: VersionFolder, workspace: Workspace) -> Checks:
    """Cut the stored answers to the frozen tests into slices, run the behavioural tests, read what else there is.

    Nothing of it is asked of a version without labels.
    """
    if not has_labels(folder.report()):
        return Checks(0, (), (), ())
    numbers = [record.number for record in folder.experiences()]
    rows = pd.concat([folder.predictions(number) for number in numbers], ignore_index=True)
    cut = slices_of(rows_of_tests(folder, workspace.datasets, numbers), rows["truth"].tolist(), folder.outputs)
    tried = [part for kind, some in cut.items() if kind != "label" for part in some]
    store = FoldStore(workspace.home)
    records = (store.load(version.classifier, version.number, how, version.created) for how in ("folds", "seeds"))
    return Checks(
        len(tried),
        tuple(worse_slices(hit_rows(right_of(rows)), tried, RATE)),
        tuple(run_tests(load_version(folder.path), [str(text) for text in rows["text"]])),
        tuple(record for record in records if record is not None),
    )


def slices(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """The slices of the test rows on which it is worse than on the others, beyond chance."""
    say, worse = words.say, inputs.checks.worse
    if not has_labels(inputs.report):
        return Section("")
    how = message(
        "report.slices_how",
        "Slices of the test rows by length, language, group, month and words that were looked at: {count:,}. Listed are those "
        "with a lower accuracy than the other rows, beyond chance (Fisher's exact test, corrected for the number of slices).",
        count=inputs.checks.slices,
    )
    blocks: list[Block] = [Paragraph(say(how))]
    if worse:
        head = [
            say(message("report.slice", "slice")),
            say(message("report.rows", "rows")),
            say(message("report.accuracy", "accuracy")),
            say(message("report.other_rows", "on the other rows")),
        ]
        listed: list[list[str | Cell]] = [
            [_name(weak.slice, words), f"{len(weak.slice.rows):,}", _estimate(weak.score), _estimate(weak.rest)]
            for weak in worse[:MOST_SLICES]
        ]
        blocks.append(table(head, listed))
    else:
        blocks.append(Paragraph(say(message("report.slices_none", "It is worse on none of them."))))
    return Section(say(message("report.slices", "Where it is worse")), tuple(blocks))


def _name(part: Slice, words: ReportLanguage) -> str:
    return f"{words.lookup(f'slices.kind_{part.kind}', part.kind)}: {part.value}"


def abilities(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """Behavioural tests, run for this report on the file that serves."""
    say = words.say
    how = message(
        "report.abilities_how",
        "Its own test texts, changed in ways that should not change the label, and sentences of templates where its labels are a "
        "sentiment (CheckList, Ribeiro et al. 2020).",
    )
    head = [
        say(message("report.ability", "test")),
        say(message("report.cases", "cases")),
        say(message("report.failure_rate", "failure rate")),
    ]
    rows: list[list[str | Cell]] = [
        [
            words.lookup(f"behaviour.test_{ability.capability}", ability.capability),
            f"{ability.cases:,}",
            _estimate(ability.rate),
        ]
        for ability in sorted(inputs.checks.abilities, key=lambda ability: -ability.rate.value)
    ]
    blocks = (Paragraph(say(how)), table(head, rows)) if rows else ()
    return Section(say(message("report.abilities", "Behavioural tests")), blocks)


def chance(inputs: ReportInputs, words: ReportLanguage) -> Section:
    """Cross-validation and repeated seeds, where somebody ran them for this version."""
    blocks = []
    for record in inputs.checks.runs:
        facts = {f"{name}_{part}": value for name in SCORES for part, value in record["summary"][name].items()}
        summary = (
            message(
                "report.by_folds",
                "Over {runs} folds: accuracy {accuracy_mean:.3f} ± {accuracy_deviation:.3f}, macro-F1 {macro_f1_mean:.3f} ± "
                "{macro_f1_deviation:.3f} (mean and standard deviation).",
                runs=len(record["runs"]),
                **facts,
            )
            if record["how"] == "folds"
            else message(
                "report.by_seeds",
                "Over {runs} seeds: accuracy {accuracy_mean:.3f} ± {accuracy_deviation:.3f}, macro-F1 {macro_f1_mean:.3f} ± "
                "{macro_f1_deviation:.3f} (mean and standard deviation).",
                runs=len(record["runs"]),
                **facts,
            )
        )
        blocks.append(Paragraph(words.say(summary)))
    return Section(words.say(message("report.chance", "With other rows or other luck")), tuple(blocks))


def _estimate(estimate: Estimate) -> str:
    return score(estimate.value, estimate.low, estimate.high)
