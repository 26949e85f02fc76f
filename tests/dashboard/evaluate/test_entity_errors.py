"""Texts that are marked wrongly are looked at one by one, and the marks of their table are put right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.rows import TextDataset
from core.data.labelling.corrections import Corrections
from core.data.labelling.sessions import LabellingStore
from core.data.spans.targets import NO_SPANS
from core.workflows.labelling import finish
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from dashboard.evaluate.errors import put_right
from dashboard.parts.components.label_keys import Take
from dashboard.parts.components.mark_spans import MarkView
from tests.core.workflows.test_entities import rows, trained, workspace

__all__ = ["workspace"]  # a fixture


def forgetful(count: int) -> TextDataset:
    """Sentences of which every fourth is not marked, though it says the same."""
    whole = rows(count, 0)
    targets = [NO_SPANS if number % 4 == 3 else target for number, target in enumerate(whole.label_names())]
    classes = tuple(sorted(set(targets)))
    return TextDataset(whole.texts, np.array([classes.index(target) for target in targets]), classes)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_wrong_answer_is_put_right_in_its_table_and_never_queued_as_a_correction(
    open_page: Callable[..., AppTest], workspace: Workspace, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(workspace, forgetful(200))
    test = VersionFolder(workspace.registry.folder("Names", 1)).predictions(1)
    missed = test[(test["truth"] == NO_SPANS) & (test["predicted"] != NO_SPANS)]
    first, second, third = missed.index[:3]
    shown: list[MarkView] = []
    reported = ['[[0, 4, "WORD"]]', "no list"]

    def marker(view: MarkView, *, key: str, take: Take) -> None:
        shown.append(view)
        if reported:
            take(0, reported.pop())

    monkeypatch.setattr(put_right, "mark_spans", marker)
    page = open_page("evaluate", "errors", language=language, classifier="Names")
    assert not page.exception
    page.button(key=f"evaluate.right.label.1.1.{first}").click().run()
    page.button(key=f"evaluate.right.model.1.1.{second}").click().run()
    page.toggle(key=f"evaluate.right.mark.1.1.{third}").set_value(True).run()
    page.run()
    page.run()  # what the browser reported is there before the page is drawn
    assert not page.exception
    assert (shown[0].single, shown[0].queue[0]["spans"], shown[0].types) == (True, [], ["LOC", "PER"])
    sessions = LabellingStore(workspace.home)
    (session,) = sessions.list()
    said = {
        item.text: answer
        for position, item in enumerate(sessions.items(session.id))
        if (answer := sessions.standing(session.id).answers.get(position)) is not None
    }
    assert said == {
        test["text"][first]: test["predicted"][first],
        test["text"][second]: NO_SPANS,
        test["text"][third]: '[[0, 4, "WORD"]]',
    }
    assert Corrections(workspace.home).list("Names") == []  # an update would never learn a text of a frozen test
    better = workspace.datasets.load(finish(sessions, workspace.datasets, session.id, name="Better").id)
    assert dict(zip(better.texts, better.label_names(), strict=True))[test["text"][third]] == '[[0, 4, "WORD"]]'
    named = {"en": "3 texts looked at, 2 with wrong marks", "zh": "已查看 3 条，其中 2 条标记有误"}[language]
    assert any(named in caption.value for caption in page.caption)
    page.button(key=f"evaluate.right.undo.1.1.{first}").click().run()
    assert page.button(key=f"evaluate.right.label.1.1.{first}")


def test_without_its_table_nothing_can_be_put_right(open_page: Callable[..., AppTest], workspace: Workspace) -> None:
    trained(workspace, forgetful(120))
    workspace.datasets.delete(workspace.datasets.list()[0].id)
    page = open_page("evaluate", "errors", classifier="Names")
    assert not page.exception
    assert not [button for button in page.button if str(button.key).startswith("evaluate.right")]
    assert any("cannot be put right" in caption.value for caption in page.caption)
