"""Versions that learn against unequal treatment, and what each way costs: on made-up rows that were made unfair."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base.errors import ConfigError, DataError
from core.cli import main
from core.continual.memory import Memory
from core.continual.methods import STRATEGIES
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.fairness.groups import Grouping
from core.networks.standalone.predict import Classifier
from core.registry.records import MitigationStore
from core.workflows.learn.learners import make_experience, make_strategy, next_learner
from core.workflows.learn.learning import ClassifierLesson, answers, first_lesson, learned_shares
from core.workflows.mitigation.figures import MeasuredRows, measured, with_rest
from core.workflows.mitigation.request import MitigationRequest, resolved
from core.workflows.mitigation.run import Mitigated, compare_mitigations
from core.workflows.requests import TrainRequest, resolve_settings
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace

LIST = "origin/blue: blue; origin/green: green"
FILLERS = ("now", "here", "well", "today", "yes", "and", "then", "there", "again", "still")
GOOD, BAD = ("kind", "nice", "warm"), ("awful", "nasty", "cruel")


def unfair(rows: int, seed: int = 0, shares: tuple[float, float] = (0.6, 0.1)) -> tuple[list[str], list[str]]:
    """Texts about blue and green people; those about blue ones are more often toxic, and half say little of what they are."""
    generator = np.random.default_rng(seed)
    texts, names = [], []
    for row in range(rows):
        blue = row % 2 == 0
        toxic = generator.random() < shares[0 if blue else 1]
        word = (BAD if toxic else GOOD)[generator.integers(3)] if generator.random() < 0.5 else "so"
        about = " ".join(generator.choice(FILLERS, 4))
        texts.append(f"{about} the {'blue' if blue else 'green'} one is {word}")
        names.append("toxic" if toxic else "fine")
    return texts, names


TRAIN, VALIDATION, TEST = unfair(300), unfair(60, 1), unfair(200, 2, (0.35, 0.35))


def false_positive_gap(given: np.ndarray) -> float:
    """Of answers to the test rows, 0 fine and 1 toxic: the rate of blue ones less that of green ones."""
    fine = np.array([name == "fine" for name in TEST[1]])
    blue = np.array(["blue" in text for text in TEST[0]])
    return float((given[fine & blue] == 1).mean() - (given[fine & ~blue] == 1).mean())


def gap(model: str, mitigation: str, **settings: Any) -> float:
    values = {"mitigation": mitigation, "identity_terms": LIST, **settings}
    lesson = first_lesson(model, TRAIN, VALIDATION, ("fine", "toxic"), resolve_settings(model, values), None)
    assert list(learned_shares(lesson, lambda: False))
    return false_positive_gap(answers(lesson.learner, TEST[0]))


FAST = {"epochs": 6, "buckets": 1024, "embedding_size": 16, "learning_rate": 0.05, "batch_size": 16}


@pytest.mark.parametrize(
    ("model", "settings", "mitigation"),
    [
        ("linear", {}, "reweight"),
        ("linear", {}, "counterfactual"),
        ("linear", {}, "drop_words"),
        ("ngrams", FAST, "drop_words"),
    ],
)
def test_the_gap_shrinks_to_less_than_half(model: str, settings: dict[str, Any], mitigation: str) -> None:
    before = gap(model, "none", **settings)
    assert before > 0.25
    assert abs(gap(model, mitigation, **settings)) < before / 2


def test_a_cost_of_unequal_errors_shrinks_it_too() -> None:
    assert gap("linear", "equalised", mitigation_strength=10.0) < 0.5 * gap("linear", "none")


GRADIENTS = [name for name, method in STRATEGIES.items() if not method.freezes_encoder and name != "self_training"]


@pytest.mark.parametrize(
    ("strategy", "mitigation"),
    [(name, "reweight") for name in GRADIENTS]
    + [(name, "counterfactual") for name in ("replay", "joint", "derpp")]
    + [(name, "equalised") for name in ("lwf", "agem")],
)
def test_every_strategy_learns_with_it_and_remembers_no_copy(strategy: str, mitigation: str) -> None:
    small = {"epochs": 1, "buckets": 1024, "embedding_size": 8, "memory_size": 20, "memory_by_group": True}
    values = {"mitigation": mitigation, "identity_terms": LIST, **small}
    settings = resolve_settings("ngrams", values)
    first = unfair(40, 3)
    kind = (strategy, STRATEGIES[strategy].config_class())
    lesson = first_lesson("ngrams", first, unfair(10, 4), ("fine", "toxic"), settings, None, kind)
    list(learned_shares(lesson, lambda: False))
    lesson.strategy.end_experience(lesson.learner.model, lesson.experience)
    assert set(lesson.strategy.memory.examples()[0]) <= set(first[0])
    assert {stratum.partition("\u001f")[2] for stratum in lesson.strategy.memory.rows} == {
        "origin/blue",
        "origin/green",
    }

    batch = unfair(40, 5)
    learner = next_learner(lesson.learner, batch[0], ("fine", "toxic"), settings, STRATEGIES[strategy], first[0])
    later = make_strategy(*kind, settings)
    later.restore(lesson.strategy.state())
    past = first if later.needs_past() else ((), ())
    experience = make_experience(2, learner, batch, unfair(10, 6), known_outputs=2, past=past)
    rows = experience.treated(later.training_set(experience, 1))
    assert len(rows) == (2 if mitigation == "counterfactual" else 1) * len(later.training_set(experience, 1))
    assert (rows.groups is None) == (mitigation == "counterfactual")
    list(learned_shares(ClassifierLesson(learner, later, experience), lambda: False))
    later.end_experience(learner.model, experience)
    assert Memory.from_dict(json.loads(json.dumps(later.memory.to_dict()))).examples() == later.memory.examples()


def test_without_mitigation_nothing_is_another() -> None:
    lesson = first_lesson("ngrams", unfair(20), unfair(8, 1), ("fine", "toxic"), resolve_settings("ngrams", FAST), None)
    assert lesson.experience.treatment is None
    assert lesson.experience.train.groups is None
    assert "hidden" not in lesson.learner.pipeline.options


# -- versions


def saved(workspace: Workspace, texts: list[str], labels: np.ndarray) -> str:
    dataset = TextDataset(tuple(texts), labels, ("fine", "toxic"))
    return workspace.datasets.save(dataset, name="People", roles=ColumnRoles("text", "label")).id


@pytest.fixture
def stored(workspace: Workspace) -> tuple[Workspace, str]:
    texts, names = unfair(160, 7)
    labels = np.array([("fine", "toxic").index(name) for name in names])
    return workspace, saved(workspace, texts, labels)


def trained(workspace: Workspace, dataset: str, **settings: Any) -> Any:
    request = TrainRequest(classifier="People", dataset=dataset, model="linear", settings=settings)
    return list(train_classifier(request, workspace))[-1]


def test_a_version_that_hides_words_answers_alike_from_its_folder_alone(stored: tuple[Workspace, str]) -> None:
    workspace, dataset = stored
    completed = trained(workspace, dataset, mitigation="drop_words", identity_terms=LIST)
    assert completed.report["mitigation"]["grouped"] == completed.report["experiences"][0]["train"]
    assert any(finding["key"] == "mitigation.grouped" for finding in completed.report["findings"])
    folder = VersionFolder(workspace.registry.folder("People", completed.version))
    values = Classifier(folder.path).predict_proba(["the blue one is so", "the green one is so", "the one is so"])
    assert values[0].tolist() == values[1].tolist() == values[2].tolist()


def test_a_training_without_any_identity_word_is_refused(stored: tuple[Workspace, str]) -> None:
    with pytest.raises(DataError, match="holds an identity word"):
        trained(*stored, mitigation="reweight", identity_terms="origin/red: red; origin/black: black")
    request = TrainRequest(
        classifier="P", dataset=stored[1], model="ngrams", strategy="ridge", settings={"mitigation": "reweight"}
    )
    with pytest.raises(ConfigError, match="solves from sums"):
        list(train_classifier(request, stored[0]))


# -- what each costs


def test_gaps_are_those_of_rates_counted_by_hand() -> None:
    members = np.zeros((160, 1), dtype=bool)
    members[:80, 0] = True
    truth = np.tile([0] * 40 + [1] * 40, 2)
    given = truth.copy()
    given[:10] = 1  # a quarter of the group's negative rows
    rows = MeasuredRows(truth, 2, 1, with_rest(Grouping(("blue",), members)))
    found = measured(rows, [given], [truth])
    assert found["scores"]["fpr_gap"]["value"] == pytest.approx(0.25)
    assert found["scores"]["tpr_gap"]["value"] == 0.0
    assert found["differences"]["fpr_gap"]["value"] == pytest.approx(0.25)
    assert found["differences"]["fpr_gap"]["low"] > 0
    assert found["scores"]["accuracy"]["value"] == pytest.approx(150 / 160)
    few = replace(rows, truth=np.zeros(160, dtype=np.int64))
    assert measured(few, [given], None)["scores"]["tpr_gap"] is None


def test_a_comparison_is_kept_and_goes_on_where_it_was_stopped(workspace: Workspace) -> None:
    texts, names = unfair(1000, 8)
    labels = np.array([("fine", "toxic").index(name) for name in names])
    dataset = saved(workspace, texts, labels)
    request = MitigationRequest(
        dataset=dataset,
        seeds=1,
        positive="toxic",
        mitigations=["reweight", "drop_words"],
        settings={"identity_terms": LIST},
    )
    events = list(compare_mitigations(request, workspace))
    record = events[-1].record
    assert MitigationStore(workspace.home).list() == [json.loads(json.dumps(record))]
    plain, reweighted, dropped = record["results"]
    assert plain["differences"] is None
    assert reweighted["differences"]["fpr_gap"]["high"] < 0
    assert dropped["differences"]["fpr_gap"]["high"] < 0
    assert record["positive"] == "toxic"

    state = next(event for event in events if type(event).__name__ == "CheckpointDue").state
    again = list(compare_mitigations(request, workspace, resume={"run_id": record["id"], **state}))[-1]
    assert isinstance(again, Mitigated)
    figures = [{name: value for name, value in result.items() if name != "seconds"} for result in record["results"]]
    resumed = [{name: value for name, value in each.items() if name != "seconds"} for each in again.record["results"]]
    assert resumed == figures


def test_what_does_not_suit_is_left_out_unless_it_was_named() -> None:
    by_column = {"fairness_groups": "column", "group_column": "region"}
    settings, refused = resolved(MitigationRequest(dataset="x", settings=by_column))
    assert list(settings) == ["none", "reweight", "equalised"]
    assert {error.message.key for error in refused} == {"mitigation.needs_words"}
    with pytest.raises(ConfigError, match="changes words of the texts"):
        resolved(MitigationRequest(dataset="x", mitigations=["drop_words"], settings=by_column))


def test_the_command_prints_a_table_and_refuses_a_label_that_is_not_there(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    texts, names = unfair(1000, 9)
    labels = np.array([("fine", "toxic").index(name) for name in names])
    saved(workspace, texts, labels)
    asked = ["mitigate", "--dataset", "People", "--mitigations", "drop_words", "--seeds", "1"]
    terms = ["--set", f"identity_terms={LIST}"]
    assert main([*asked, *terms]) == 0
    table = capsys.readouterr().out
    assert "FPR gap" in table
    assert "by which nothing was chosen" in table
    assert main([*asked, "--positive", "rude", *terms]) != 0
    assert "There is no label 'rude'" in capsys.readouterr().err
