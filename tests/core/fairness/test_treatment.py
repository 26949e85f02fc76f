"""Weights, copies, the cost of unequal errors and hidden words: on rows computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from core.base.errors import ConfigError, DataError
from core.continual.methods import STRATEGIES
from core.data.dataset.inputs import Field, compose
from core.fairness.checks import check_mitigation
from core.fairness.config import FairnessConfig
from core.fairness.rows import Assigner, Swapper, hidden_words, terms_of
from core.fairness.terms import parse_terms
from core.fairness.treatment import Treatment, described, hidden_options, unequal, weights_of
from core.networks.architectures import MODELS
from core.networks.standalone.words import HiddenWords
from core.networks.text import TextConfig, encode_examples, fit_pipeline
from core.tasks import TASKS

TERMS = parse_terms("gender/women: she, woman\ngender/men: he, man")
LIST = "gender/women: she, woman; gender/men: he, man"
TASK = TASKS["text_classification"]


def test_weights_make_group_and_target_independent() -> None:
    groups = np.array([0] * 30 + [1] * 10)
    targets = np.array([0] * 20 + [1] * 10 + [0] * 5 + [1] * 5)
    weights = weights_of(groups, targets)
    # P(g) P(y) / P(g, y): for group 1 and target 0, (10/40 · 25/40) / (5/40) = 1.25
    assert weights[1] == pytest.approx([1.25, 0.75])
    weighted = np.zeros((2, 2))
    np.add.at(weighted, (groups, targets), weights[groups, targets])
    assert weighted[0] / weighted[0].sum() == pytest.approx(weighted[1] / weighted[1].sum())
    assert weights_of(groups, targets, 0.0) == pytest.approx(np.ones((2, 2)))


def test_a_cell_with_too_few_rows_counts_as_any_other() -> None:
    assert weights_of(np.array([0] * 20 + [1] * 4), np.array([0, 1] * 10 + [0] * 4))[1].tolist() == [1.0, 1.0]


def test_equal_answers_cost_nothing_and_unequal_ones_their_difference() -> None:
    targets, groups = torch.zeros(8, dtype=torch.int64), torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    compared = torch.tensor([1])
    alike = torch.tensor([[0.7, 0.3]]).repeat(8, 1)
    assert float(unequal(alike, targets, groups, compared)) == pytest.approx(0.0)
    apart = torch.cat([torch.tensor([[0.9, 0.1]]).repeat(4, 1), torch.tensor([[0.6, 0.4]]).repeat(4, 1)])
    assert float(unequal(apart, targets, groups, compared)) == pytest.approx(2 * 0.3**2)
    assert float(unequal(apart, targets, torch.zeros_like(groups), compared)) == 0.0


def test_a_row_counts_to_its_rarest_group() -> None:
    texts = ["she is here", "she and he", "she left", "nobody"]
    assigner = Assigner(FairnessConfig(), texts, TERMS)
    assert assigner.names == ("gender/men", "gender/women")
    assert assigner.cells(texts).tolist() == [2, 1, 2, 0]


def test_a_further_column_gives_groups() -> None:
    texts = [compose("fine", [Field("region", "category", value)]) for value in ("North", "south", "north", "")]
    config = FairnessConfig(fairness_groups="column", group_column="region")
    assert Assigner(config, texts, ()).cells(texts).tolist() == [2, 1, 2, 0]
    with pytest.raises(DataError, match="no further column 'colour'"):
        Assigner(config.model_copy(update={"group_column": "colour"}), texts, ())


def test_a_swapped_text_speaks_of_somebody_else_in_the_same_case() -> None:
    swapper = Swapper(TERMS)
    assert swapper.swapped("She is a WOMAN, not a womanizer.") == "He is a MAN, not a womanizer."
    assert swapper.swapped("nobody") is None
    text = compose("she", [Field("name", "text", "she")])
    assert swapper.swapped(text) == compose("he", [Field("name", "text", "she")])


def test_hidden_words_leave_nothing_that_tells_how_long_they_were() -> None:
    words = HiddenWords(["gay", "old man", "他"], ["其他"])
    assert words.hide("GAY gays, an old  man") == "gays, an"
    assert words.hide("其他人和他") == "其他人和"
    assert not HiddenWords([], ["其他"])


@pytest.mark.parametrize("segmentation", ["words", "characters", "subwords"])
def test_a_pipeline_sees_no_hidden_word_whatever_it_cuts_texts_into(segmentation: Any) -> None:
    texts = ["the woman is good", "the man is bad", "the child is good"] * 3
    pipeline = fit_pipeline(texts, TextConfig(segmentation=segmentation))
    hiding = type(pipeline)(pipeline.tokenizer, {**pipeline.options, **hidden_words(TERMS)})
    assert hiding.encode(["the Woman is good"]) == hiding.encode(["the man is good"]) == hiding.encode(["the is good"])
    assert pipeline.encode(["the woman is good"]) != pipeline.encode(["the man is good"])


def test_options_are_those_of_before_where_nothing_is_hidden() -> None:
    options = {"segmentation": "words", "max_length": 8}
    assert hidden_options(FairnessConfig(), ["she"], options) == options
    hiding = hidden_options(FairnessConfig(mitigation="drop_words", identity_terms=LIST), ["she"], options)
    assert hiding["hidden"] == ["he", "man", "she", "woman"]
    assert hidden_options(FairnessConfig(), ["she"], hiding) == options


def test_copies_stand_behind_the_rows_and_keep_their_target() -> None:
    texts = ["she is bad", "good day", "he is good"]
    pipeline = fit_pipeline([*texts, "woman man"], TextConfig())
    config = FairnessConfig(mitigation="counterfactual")
    treatment = Treatment(config, None, Swapper(TERMS), pipeline)
    rows = treatment.rows(encode_examples(pipeline, texts, np.array([0, 1, 1])))
    assert rows.texts == (*texts, "he is bad", "she is good")
    assert rows.targets.tolist() == [0, 1, 1, 0, 1]
    assert list(rows.ids) == pipeline.encode(list(rows.texts))


def test_a_weighted_loss_is_the_mean_of_rows_that_count_so_much() -> None:
    config = TASK.config_class(label_smoothing=0.1, class_weights="balanced")
    targets = np.array([0, 0, 0, 1])
    criterion = TASK.criterion(config, targets, ("a", "b"))
    logits, truth = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 3.0]]), torch.from_numpy(targets)
    once = float(criterion(logits, truth))
    assert float(criterion(logits, truth, torch.full((4,), 3.0))) == pytest.approx(once)
    twice = float(criterion(logits, truth, torch.tensor([1.0, 2.0, 1.0, 1.0])))
    # A row that counts twice is as good as standing twice, of the same loss.
    rows = [0, 1, 1, 2, 3]
    assert twice == pytest.approx(float(criterion(logits[rows], truth[rows])))


def test_what_was_done_is_told_and_a_first_training_without_groups_refused() -> None:
    texts = ["she is bad", "he is good", "nobody"] * 12
    config = FairnessConfig(mitigation="counterfactual", identity_terms=LIST)
    record, remarks = described(config, texts, ["a", "b", "a"] * 12, 0, first=True)
    assert record is not None
    assert (record["grouped"], record["added"]) == (24, 24)
    assert [str(remark) for remark in remarks][1].startswith("24 copies were learned")
    with pytest.raises(DataError, match="None of the 2 training texts holds an identity word"):
        described(config, ["nobody", "nothing"], ["a", "b"], 0, first=True)
    record, remarks = described(config, ["nobody", "nothing"], ["a", "b"], 0, first=False)
    assert record is not None
    assert record["grouped"] == 0
    assert remarks[0].key == "mitigation.nothing_in_batch"


@pytest.mark.parametrize(
    ("changed", "strategy", "task", "private", "key"),
    [
        ({"mitigation": "reweight"}, "ridge", "text_classification", False, "mitigation.closed_form"),
        ({"mitigation": "reweight"}, "replay", "multilabel_classification", False, "mitigation.several"),
        ({"mitigation": "drop_words"}, "replay", "token_classification", False, "mitigation.task"),
        ({"mitigation": "equalised"}, "replay", "text_classification", True, "mitigation.private"),
        (
            {"mitigation": "reweight", "fairness_groups": "column"},
            "replay",
            "text_classification",
            False,
            "mitigation.column_unnamed",
        ),
        (
            {"mitigation": "drop_words", "fairness_groups": "column", "group_column": "region"},
            "replay",
            "text_classification",
            False,
            "mitigation.needs_words",
        ),
        (
            {"mitigation": "counterfactual", "identity_terms": "gender/women: she"},
            "replay",
            "text_classification",
            False,
            "mitigation.one_group",
        ),
        ({"identity_terms": "she, he"}, "replay", "text_classification", False, "fairness.terms_line"),
    ],
)
def test_what_cannot_work_is_refused(
    changed: dict[str, Any], strategy: str, task: str, private: bool, key: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        check_mitigation(
            FairnessConfig(**changed),
            task=TASKS[task],
            model=MODELS["ngrams"],
            method=STRATEGIES[strategy],
            private=private,
        )
    assert refused.value.message.key == key


def test_hidden_words_suit_every_strategy() -> None:
    config = FairnessConfig(mitigation="drop_words", identity_terms=LIST)
    for method in STRATEGIES.values():
        check_mitigation(config, task=TASK, model=MODELS["ngrams"], method=method, private=True)
    assert {group.title for group in terms_of(config, ["she"])} == {"gender/women", "gender/men"}
