"""The Lab for entities: what can be chosen, what is said of types, and in whose words a result speaks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.base.config import home
from core.workflows.workspace import open_workspace
from tests.core.workflows.test_entities import rows, saved
from tests.dashboard.lab.lab_comparison import save
from tests.dashboard.lab.test_page import reasons, several, start_button, store, words

OpenPage = Callable[..., AppTest]


def entities(name: str, seed: int = 0, marked: tuple[str, ...] = ("PER", "LOC")) -> str:
    return saved(open_workspace(home()), rows(120, seed, marked=marked), name).id


def all_texts(at: AppTest) -> str:
    """Whatever stands on the page, but for the names of what is chosen and of fields."""
    parts = [
        element.value for kind in (at.caption, at.markdown, at.header, at.subheader, at.metric) for element in kind
    ]
    parts += [metric.label for metric in at.metric]
    parts += [str(element.proto.help) for kind in (at.header, at.subheader, at.metric) for element in kind]
    return "\n".join(map(str, parts))


def test_one_dataset_is_cut_by_types_and_the_form_says_how(open_page: OpenPage) -> None:
    entities("Names")
    at = open_page("lab", comparison="new")
    at.button_group(key="lab.kind").set_value("single").run()
    assert not at.exception
    assert not at.error
    assert at.dataframe[0].value["name"].tolist() == ["LOC", "PER"]
    assert at.dataframe[0].value["new"].tolist() == ["–", "PER"]
    assert at.text_input(key="lab.name").value == "Names, by types"
    assert "divided by chance into 2 batches" in reasons(at)
    assert "No type comes in two experiences" in reasons(at)
    assert not start_button(at).disabled


def test_models_and_strategies_are_those_of_the_task(open_page: OpenPage) -> None:
    label = store("Labels", words("good", "bad"))
    first, second = entities("First"), entities("Second", 1)
    at = several(open_page("lab", comparison="new"), first, second)
    assert not at.exception
    assert at.button_group(key="lab.model").options == ["Conditional random field", "BiLSTM-CRF", "Pretrained encoder"]
    assert at.button_group(key="lab.family.rehearse").value == ["replay", "self_training"]
    assert not any(group.key == "lab.family.exact" for group in at.button_group)
    assert "Strategies in closed form are not offered" in all_texts(at)
    assert not start_button(at).disabled
    several(at, label)
    assert start_button(at).disabled
    assert "in others entities are marked" in reasons(at)
    for identity in (first, second):
        at.button(key=f"lab.out.{identity}").click().run()
    assert at.button_group(key="lab.family.rehearse").value == ["replay"]
    assert any(group.key == "lab.family.exact" for group in at.button_group)
    assert "Strategies in closed form are not offered" not in all_texts(at)
    assert not at.exception


@pytest.mark.parametrize(
    ("language", "foreign"), [("en", ("label", "ccuracy", "McNemar")), ("zh", ("标签", "准确率", "McNemar"))]
)
def test_a_result_speaks_of_types_and_of_its_score(
    open_page: OpenPage, evergreen_home: Path, language: str, foreign: tuple[str, ...]
) -> None:
    made = save(evergreen_home, entities=True, labels=("PER", "LOC"))
    at = open_page("lab", language=language, comparison=made["id"])
    assert not at.exception
    assert not at.error
    assert at.dataframe[0].value["average_micro_f1"].is_monotonic_decreasing
    told = all_texts(at)
    assert {"en": "micro-F1", "zh": "微平均 F1"}[language] in told
    assert [word for word in foreign if word in told] == []
