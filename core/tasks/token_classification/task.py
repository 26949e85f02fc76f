"""Stretches of a text are marked with a type: named entities.

An output of a model is a label of a token in the scheme BIO: outside, the beginning of a type, or inside of it.

References
----------
E. Tjong Kim Sang, F. De Meulder (2003), "Introduction to the CoNLL-2003 Shared Task".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.base.errors import DataError
from core.base.messages import message
from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import FEWEST, Split
from core.data.spans.targets import NO_SPANS, Span, counts_of, spans_of, target_of, types_of, types_of_outputs
from core.networks.architectures import Architecture
from core.networks.architectures.bilstm_crf import BILSTM_CRF
from core.networks.architectures.crf import CRF
from core.networks.architectures.token_encoder import TOKEN_ENCODER
from core.networks.standalone.extract import OUTSIDE, Extractor, as_values
from core.networks.standalone.marking import TokenPipeline
from core.networks.standalone.pipeline import TextPipeline
from core.networks.text.examples import Examples
from core.statistics.additive import RATE, Patterns, Score, Statistics, hit_rows
from core.tasks.answering import Baseline, Engine, Pairs
from core.tasks.base import Criterion, Task
from core.tasks.multilabel_classification.row_statistics import parts_of
from core.tasks.text_classification.row_statistics import scores_f1
from core.tasks.token_classification.familiarity import familiar, surfaces
from core.tasks.token_classification.report import FURTHER, SCORES, EntityReport, measured
from core.tasks.token_classification.row_statistics import mentions, statistics

OF_STRATA = ("data.rare_labels_train", "data.labels_untested")  # findings of a division that speak of strata
OTHER = " "  # in place of types that a test has no entity of
MOST_TYPES = 200  # the chain over labels has a score for each pair of them


class TokenClassification(Task):
    """Entities are marked in texts; a new type widens the model."""

    name = "token_classification"
    label = "Entities in a text"
    help = "The column of targets holds stretches of the text, each with a type, such as names of persons and places."
    scores = SCORES
    averages = tuple(score.name for score in (*SCORES, *FURTHER))
    reads = "spans"
    numeric = False
    leaves_open = True
    comparable = True
    foretells = False  # scores of a chain are no logits of one answer
    programs = (
        "inputs.py",
        "tokens.py",
        "words.py",
        "pipeline.py",
        "personal.py",
        "marking.py",
        "predict.py",
        "extract.py",
    )

    # -- rows

    def check(self, targets: Sequence[str]) -> None:
        try:
            types = types_of(targets)
        except (ValueError, TypeError):
            raise DataError(
                "entities.no_spans",
                "These rows have labels, and the model marks entities in texts. Choose a column that holds lists of entities, "
                "or a file whose texts carry marks such as [Apple](ORG).",
            ) from None
        if not types:
            raise DataError(
                "data.no_entities",
                "None of the {rows:,} rows has an entity, so there is nothing to learn. Choose the column that holds them.",
                rows=len(targets),
            )
        if len(types) > MOST_TYPES:
            raise DataError(
                "entities.too_many_types",
                "These texts have entities of {types:,} different types, and a model can have {most:,} at most. Put rare types "
                "together.",
                types=len(types),
                most=MOST_TYPES,
            )

    def strata(self, targets: Sequence[str]) -> list[str]:
        """The rarest type of each text, so that a division and a memory have some of every type."""
        entities = counts_of(targets)
        known = {
            target: min(
                {span.type for span in spans_of(target)}, key=lambda name: (entities[name], name), default=NO_SPANS
            )
            for target in set(targets)
        }
        return [known[target] for target in targets]

    def remarked(self, split: Split, dataset: TextDataset) -> Split:
        """What is said of strata is said of types: a text is in the stratum of its rarest one."""
        texts = Counter(span for target in dataset.label_names() for span in {each.type for each in spans_of(target)})
        rare = sorted(name for name, count in texts.items() if count < FEWEST)
        trained, tested = (set(types_of(dataset.take(rows).label_names())) for rows in (split.train, split.test))
        untested = sorted(trained - tested - set(rare))
        findings = [finding for finding in split.findings if finding.key not in OF_STRATA]
        if rare:
            findings.append(
                message(
                    "entities.rare_types",
                    "Types of entities in fewer than {fewest} texts cannot be divided: {types}. How well they are found cannot "
                    "be measured; mark more of them, or put them together with another type.",
                    fewest=FEWEST,
                    types=rare,
                )
            )
        if untested and len(split.test):
            findings.append(
                message(
                    "entities.types_untested",
                    "Types without any entity in the test part: {types}. How well they are found cannot be measured.",
                    types=untested,
                )
            )
        return replace(split, findings=tuple(findings))

    # -- learning

    def networks(self) -> Mapping[str, Architecture]:
        return {CRF.name: CRF, BILSTM_CRF.name: BILSTM_CRF, TOKEN_ENCODER.name: TOKEN_ENCODER}

    def outputs(self, targets: Sequence[str], known: tuple[str, ...] = ()) -> tuple[str, ...]:
        """What is outside, and beginning and inside of each type; new types stand behind the known ones, in alphabetical
        order.
        """
        before = known or (OUTSIDE,)
        fresh = [name for name in types_of(targets) if f"B-{name}" not in before]
        return (*before, *(f"{mark}-{name}" for name in fresh for mark in "BI"))

    def named(self, outputs: Sequence[str]) -> tuple[str, ...]:
        return tuple(types_of_outputs(outputs))

    def examples(
        self, pipeline: TextPipeline, texts: Sequence[str], targets: Sequence[str], outputs: Sequence[str]
    ) -> Examples:
        from core.networks.tagging.entities import encoded

        return encoded(pipeline, texts, targets, outputs)  # type: ignore[arg-type]  # its networks bring such pipelines

    def filled(self, model: Any, examples: Examples, outputs: Sequence[str], known: int, least: float) -> Examples:
        from core.networks.tagging.entities import filled

        return filled(model, examples, outputs, known, least)

    def marked(self, targets: Sequence[str], names: Sequence[str]) -> list[str]:
        wanted = set(names)
        return [target_of(span for span in spans_of(target) if span.type in wanted) for target in targets]

    @property
    def probable(self) -> bool:
        return True

    def left_open(self, examples: Examples, known: int, *, later: bool) -> Examples:
        from core.networks.tagging.entities import opened

        return opened(examples, known, later=later)

    def drawn(self, outputs: Any, targets: Any, known: int, generator: Any) -> list[tuple[float, Any]]:
        from core.networks.tagging.entities import drawn

        return [(1.0, drawn(outputs, targets, known, generator))]

    def apart(self, outputs: Any, answers: Any, targets: Any, known: int, temperature: float) -> Any:
        from core.networks.tagging.chain import distance

        return distance(outputs, answers, targets, known, temperature)

    def criterion(self, config: Any, targets: NDArray[Any], outputs: Sequence[str]) -> Criterion:
        """Nats per token by which a chain over all labels is surprised."""
        from core.networks.tagging.entities import criterion

        return criterion

    def validate(
        self, model: Any, examples: Examples, criterion: Criterion, device: Any, outputs: Sequence[str]
    ) -> tuple[dict[str, float], float]:
        from core.networks.tagging.entities import validated

        (support, hits, given), loss = validated(model, examples, criterion, device, outputs)
        given = given * (support > 0)  # of types that no row has, nobody may have looked for any
        micro = float(scores_f1(hits.sum(), support.sum(), given.sum()))
        each = scores_f1(hits, support, given)[support > 0]
        return {"micro_f1": micro, "macro_f1": float(each.mean()) if len(each) else 1.0}, loss

    # -- answers

    def judged(self, answers: Sequence[str], truth: Sequence[str]) -> list[str]:
        """Without entities of types that the whole test has none of: nobody may have looked for these."""
        return self.marked(answers, types_of(truth))

    def answers(self, values: NDArray[Any], outputs: Sequence[str]) -> list[str]:
        """The entities of each text as a target."""
        return [target_of(Span(each.start, each.end, each.type) for each in row[0]) for row in values]

    def computed(
        self, model: Any, pipeline: TextPipeline, texts: Sequence[str], outputs: Sequence[str]
    ) -> NDArray[Any]:
        from core.networks.tagging.entities import network_entities

        return as_values(network_entities(model, pipeline, outputs, texts))  # type: ignore[arg-type]  # as in `examples`

    def told(self, answer: str) -> str:
        return ", ".join(f"{span.type} {span.start}–{span.end}" for span in spans_of(answer)) or "–"

    def names_of(self, answer: str) -> tuple[str, ...]:
        return tuple(span.type for span in spans_of(answer))

    def respond(self, engine: Any, texts: Sequence[str], values: NDArray[Any]) -> list[str]:
        """Each entity as it stands in the text, with its type."""
        return [
            ", ".join(f"{text[each.start : each.end]} ({each.type})" for each in row[0]) or "–"
            for text, row in zip(texts, values, strict=True)
        ]

    def statistics(self, truth: Sequence[str], answers: Sequence[str]) -> Statistics:
        return statistics(truth, answers, types_of(truth, answers))

    def counted(self, truth: Sequence[str], answers: Sequence[str], outputs: Sequence[str]) -> Statistics:
        return statistics(truth, answers, self.named(outputs))

    def aligned(self, truth: Sequence[str], *answers: Sequence[str]) -> list[Statistics]:
        types = types_of(truth, *answers)
        return [statistics(truth, given, types) for given in answers]

    def changes(self, truth: Sequence[str], *answers: Sequence[str]) -> tuple[Pairs, Score]:
        """For each type its entities, and whether each was found: its recall."""
        types = types_of(truth)
        kinds, hits = mentions(truth, answers, types)
        return Pairs(Patterns.of(*map(hit_rows, hits), stratum=kinds), types), RATE

    def report(
        self,
        truth: Sequence[str],
        answers: Sequence[str],
        outputs: Sequence[str],
        values: NDArray[Any] | None = None,
    ) -> EntityReport:
        types = tuple(dict.fromkeys([*self.named(outputs), *types_of(truth, answers)]))
        return measured(truth, answers, Patterns.of(statistics(truth, answers, types)), types)

    def further(
        self,
        texts: Sequence[str],
        truth: Sequence[str],
        answers: Sequence[str],
        learned: Callable[[], tuple[Sequence[str], Sequence[str]]],
    ) -> dict[str, Any] | None:
        """How many entities were found of those that had been marked so in a learned text, and of the others; both with the
        number of entities.
        """
        rates = familiar(texts, truth, answers, surfaces(*learned()))
        return {name: [share.to_dict(), count] for name, (share, count) in rates.items()}

    def stored_report(self, stored: Mapping[str, Any]) -> EntityReport:
        return EntityReport.from_dict(stored)

    def worth(self, truth: Sequence[str], answers: Sequence[str]) -> NDArray[Any]:
        """Statistics over the types of the truth, and one more for all others that were marked, so that those of all versions
        have the same columns.
        """
        types = types_of(truth)
        known = set(types)
        told = [
            target_of(
                Span(span.start, span.end, span.type if span.type in known else OTHER) for span in spans_of(answer)
            )
            for answer in answers
        ]
        return np.asarray(statistics(truth, told, (*types, OTHER)))

    def found(self, truth: Sequence[str], worth: NDArray[Any]) -> tuple[Sequence[str], NDArray[Any], NDArray[Any]]:
        """For each type how many entities have it, and how many of these each model found."""
        support, hits, _ = parts_of(worth.sum(axis=1))
        return types_of(truth), support[-1, :-1], hits[:, :-1]

    # -- the simple method

    def baseline(
        self,
        texts: Sequence[str],
        targets: Sequence[str],
        outputs: Sequence[str],
        *,
        language: str,
        pipeline: TextPipeline,
    ) -> Baseline:
        """A conditional random field over words, their shapes, and their neighbours."""
        from core.tasks.token_classification.baseline import CrfSuite

        return Baseline("crfsuite", CrfSuite(texts, targets).answer)

    # -- serving

    def compared(self, model: Any, engine: Any, texts: Sequence[str]) -> tuple[float, float]:
        from core.networks.tagging.entities import compared

        return compared(model, engine, engine.labels, texts)

    def pipeline(self, folder: Path) -> TextPipeline:
        return TokenPipeline.load(folder)

    def engine(self, folder: Path, **options: Any) -> Engine:
        return Extractor(folder, **options)
