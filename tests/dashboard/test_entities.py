"""Every page works for a model that marks entities, in both languages."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.row_targets import UNLABELLED
from core.data.dataset.rows import TextDataset
from core.data.labelling.corrections import Corrections
from core.data.labelling.sessions import LabellingStore
from core.data.spans.cells import unmarked
from core.data.spans.targets import Span, spans_of, target_of
from core.jobs import JobQueue
from core.workflows.inspect.request import InspectRequest
from core.workflows.inspect.run import inspect_dataset
from core.workflows.workspace import Workspace
from dashboard.data import corrections
from dashboard.data.labelling.marking import take, view_of
from dashboard.parts.components.label_keys import Take
from dashboard.parts.components.mark_spans import MarkView
from dashboard.use import entities as use_entities
from dashboard.use import page as use_page
from tests.core.workflows.test_entities import rows, saved, trained, updated, workspace
from tests.dashboard.conftest import open_tab

__all__ = ["workspace"]  # a fixture

TABS = {
    "overview": [""],
    "data": ["tables", "quality", "labelling", "corrections"],
    "train": ["new", "runs", "search", "base"],
    "evaluate": ["summary", "confusions", "errors", "compare"],
    "update": ["batch", "changes", "learn", "decide", "history", "autopilot"],
    "use": ["try", "table", "api", "home"],
    "settings": [""],
    "lab": [""],
    "home": [""],
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_tab_is_drawn(
    open_page: Callable[..., AppTest], workspace: Workspace, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(workspace, rows(120, 0, marked=("PER",)), epochs=2)
    updated(workspace, rows(80, 1, marked=("LOC",)), settings={"epochs": 1})
    saved(workspace, rows(50, 5), "waiting")
    for name, tabs in TABS.items():
        for tab in tabs:
            page = open_page(name, tab, language=language, classifier="Names")
            assert not page.exception, (name, tab, page.exception)
            assert not page.error, (name, tab, [element.value for element in page.error])


def test_entities_light_up_and_are_put_right(
    open_page: Callable[..., AppTest], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(workspace, rows(200, 0))
    text = "Note 9x9 : Tim Cook lives in New York ."
    shown: list[MarkView] = []
    reported = ["no list", "[]", '[[20, 25, "VERB"], [29, 38, "LOC"]]']

    def marker(view: MarkView, *, key: str, take: Take) -> None:
        shown.append(view)
        if reported and len(shown) > 1:
            take(0, reported.pop())

    monkeypatch.setattr(use_page, "live_text", lambda *_, **__: text)
    monkeypatch.setattr(use_entities, "mark_spans", marker)
    page = open_page("use", "try", classifier="Names")
    assert not page.exception
    (item,) = shown[0].queue
    assert [span[:3] for span in item["spans"]] == [[11, 19, "PER"], [29, 37, "LOC"]]
    assert all(0.5 < span[3] <= 1 for span in item["spans"])
    assert (shown[0].types, shown[0].single) == (["LOC", "PER"], True)
    page.run()  # the browser reports a correction
    assert not page.exception
    (waiting,) = Corrections(workspace.home).list("Names")
    assert waiting.label == '[[20, 25, "VERB"], [29, 37, "LOC"]]'
    assert any("VERB; New York" in element.value for element in page.markdown)
    (told,) = [element.body for element in page.html if "class='marked'" in element.body]
    assert told.count("<mark ") == 2
    assert "Tim Cook: PER" in told
    page.button(key="use.undo").click().run()
    (waiting,) = Corrections(workspace.home).list("Names")
    assert waiting.label == "[]"
    page.button(key="use.undo").click().run()  # what is no list is none
    assert not page.exception
    assert Corrections(workspace.home).list("Names") == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_texts_are_labelled_after_a_model(
    open_page: Callable[..., AppTest], workspace: Workspace, language: str
) -> None:
    trained(workspace, rows(120, 0))
    bare(workspace, rows(25, 3).texts)
    sessions = LabellingStore(workspace.home)
    page = open_page("data", "labelling", language=language, classifier="Names")
    page.button_group(key="label.kind").set_value("texts").run()
    assert page.button_group(key="label.order.marks").value == "unsure"
    page.button(key="label.start").click().run()
    assert not page.exception
    (session,) = sessions.list()
    assert (session.spans, session.order, session.labels, session.rows) == (True, "unsure", ("LOC", "PER"), 25)
    assert not [control.key for control in page.button_group if control.key == "label.view"]
    items = sessions.items(session.id)
    view = view_of(session, items, sessions.standing(session.id))
    assert view.queue[0]["spans"] == view.queue[0]["model"] == [[*span] for span in spans_of(items[0].suggested)]
    for position in range(20):
        take(session.id, items, position, items[position].suggested)
    take(session.id, items, 20, None)
    take(session.id, items, 21, "no list")
    take(session.id, items, 900, "[]")
    take(session.id, items, 21, "[]")
    take(session.id, items, None, None)
    standing = sessions.standing(session.id)
    assert (len(standing.answers), len(standing.labelled)) == (21, 20)
    page.run()
    page.button(key="label.save_and_train").click().run()
    assert not page.exception
    newest = workspace.datasets.list()[0]
    assert (newest.kind, newest.rows) == ("spans", 20)
    assert page.session_state["train.task"] == "token_classification"


def test_types_are_named_first_where_there_is_no_model(open_page: Callable[..., AppTest], workspace: Workspace) -> None:
    bare(workspace, ("Tim sleeps", "Anna wakes", "Tim sleeps"))
    page = open_page("data", "labelling")
    assert page.button_group(key="label.targets").value == "label"
    page.button_group(key="label.targets").set_value("spans").run()
    assert page.button_group(key="label.order.marks").value == "file"
    (types,) = [box for box in page.multiselect if str(box.key).startswith("label.labels.")]
    types.set_value(["PERSON"]).run()
    page.button(key="label.start").click().run()
    assert not page.exception
    (session,) = LabellingStore(workspace.home).list()
    assert (session.spans, session.labels, session.rows) == (True, ("PERSON",), 2)
    assert page.button(key="label.save").disabled
    LabellingStore(workspace.home).answer(session.id, 0, "[]")
    page.run()
    assert page.button(key="label.save").disabled  # nothing to learn yet
    LabellingStore(workspace.home).answer(session.id, 1, '[[0, 4, "PERSON"]]')
    page.run()
    assert not page.button(key="label.save").disabled


def test_entities_of_a_dataset_are_looked_at_again(open_page: Callable[..., AppTest], workspace: Workspace) -> None:
    trained(workspace, rows(120, 0))
    page = open_page("data", "labelling", classifier="Names")
    assert page.button_group(key="label.order.dataset").value == "disputed"
    page.button(key="label.start").click().run()
    assert not page.exception
    (session,) = LabellingStore(workspace.home).list()
    assert (session.kind, session.order, session.spans) == ("dataset", "disputed", True)
    items = LabellingStore(workspace.home).items(session.id)
    shown = view_of(session, items, LabellingStore(workspace.home).standing(session.id)).queue[0]
    assert shown["spans"] == [[*span] for span in spans_of(items[0].given)]
    take(session.id, items, 0, "[]")
    page.run()
    page.button(key="label.save").click().run()
    assert not page.exception
    assert workspace.datasets.list()[0].name == "first, relabelled"


def bare(workspace: Workspace, texts: tuple[str, ...]) -> None:
    """Texts of which nothing is known."""
    dataset = TextDataset(texts, np.zeros(len(texts), dtype=np.int64), UNLABELLED)
    workspace.datasets.save(dataset, name="Texts", roles=ColumnRoles(text="text", label=None))


@pytest.mark.parametrize(("language", "button"), [("en", "Show rows"), ("zh", "查看行")])
def test_the_quality_of_an_entity_dataset_speaks_of_types_and_of_words(
    open_page: Callable[..., AppTest], workspace: Workspace, language: str, button: str
) -> None:
    dataset = saved(workspace, rows(60, 0, marked=("PER",)), "names")
    more = saved(workspace, doubtful(), "doubtful")
    for each in (dataset, more):
        list(inspect_dataset(InspectRequest(dataset=each.id), workspace))
    page = open_page("data", "quality", language=language)
    page.session_state["quality.next_dataset"] = more.id
    page.run()
    assert not page.exception
    words = "\n".join(str(element.value) for element in [*page.markdown, *page.caption]).replace("\\", "")
    assert "Rome (LOC)" in words
    assert "[[" not in words
    (types,) = [frame.value for frame in page.dataframe]
    assert types.iloc[0, :4].tolist() == ["LOC", 22, 22, 4]
    assert types.iloc[0, 4] == "Rome (21), Oslo (1)"
    finding = next(each for each in page.button if "unmarked_mentions" in str(each.key))
    assert finding.label == button
    page = finding.click().run()
    shown = page.dataframe[-1].value
    assert shown.iloc[0, 1] == "Rome (LOC)"


def doubtful() -> TextDataset:
    """Twenty texts in which a place is marked, one in which it is another type, and one in which nobody marked it."""
    lines = [
        *(f"Note {number} of [Rome](LOC) ." for number in range(21)),
        "A [Rome](PER) .",
        "We saw Rome .",
        "[Oslo](LOC)",
    ]
    read = [unmarked(line) for line in lines]
    targets = [target_of(spans) for _, spans in read]
    classes = tuple(sorted(set(targets)))
    return TextDataset(tuple(text for text, _ in read), np.array([classes.index(each) for each in targets]), classes)


def test_an_uploaded_file_of_tags_is_shown_in_words_with_its_types(open_page: Callable[..., AppTest]) -> None:
    lines = ["Anna\tB-PER\nsleeps\tO\n", "Anna\tO\nreads\tO\n", "Anna\tB-PER\nsings\tO\n"] * 10
    page = open_page("data", "tables")
    page.file_uploader[0].upload("tags.tsv", "\n".join(lines).encode(), "text/plain")
    page.run()
    assert not page.exception
    head, types = (frame.value for frame in page.dataframe[:2])
    assert head.iloc[0].tolist() == ["Anna sleeps", "Anna (PER)"]
    assert types.iloc[0].tolist()[:3] == ["PER", 20, 20]
    told = "\n".join(str(element.value) for element in [*page.markdown, *page.caption]).replace("\\", "")
    assert "Mentions that are not marked" in told
    assert "Such as Anna (PER)." in told
    assert "Labels" not in told


def test_a_model_of_entities_is_named_as_the_finder_of_names(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    trained(workspace, rows(120, 0), model="crf")
    texts = TextDataset(("Note 1x1 : Anna lives in Rome .", "nothing"), np.array([0, 1]), ("a", "b"))
    mail = workspace.datasets.save(texts, name="mail", roles=ColumnRoles("text", "label"))
    page = open_page("data", "quality")
    page.session_state["quality.next_dataset"] = mail.id
    page.run()
    box = page.selectbox(key=f"quality.personal.{mail.id}")
    page = box.set_value("Names").run()
    (types,) = page.multiselect
    assert sorted(types.value) == ["LOC", "PER"]
    assert any("misses some: on its own test it finds 1.000" in str(caption.value) for caption in page.caption)
    page = types.set_value([]).run()
    assert page.button(key="quality.go").disabled
    page = page.multiselect[0].set_value(["PER"]).run()
    page.button(key="quality.go").click().run()
    (job,) = [job for job in JobQueue(workspace.home).list() if job.kind == "inspect"]
    assert (job.config["personal_model"], job.config["personal_types"]) == ("Names", ["PER"])
    JobQueue(workspace.home).stop(job.id)


def test_the_first_choice_of_a_dataset_stays(open_page: Callable[..., AppTest], workspace: Workspace) -> None:
    kept = {saved(workspace, rows(30, seed), f"set {seed}").id for seed in (1, 2)}
    page = open_page("data", "quality")
    box = page.selectbox(key="quality.dataset")
    (other,) = kept - {box.value}
    page = box.set_value(other).run()
    assert page.selectbox(key="quality.dataset").value == other


@pytest.mark.parametrize("text", ["See [x](Y) : Tim Cook", "[[a](B)](C) \\[ ](", "]( [Tim](PER) <b>*x*</b>"])
def test_marks_of_a_correction_are_changed_in_whatever_text(
    open_page: Callable[..., AppTest], workspace: Workspace, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(workspace, rows(120, 0), epochs=1)
    queue = Corrections(workspace.home)
    queue.add("Names", text, target_of([Span(0, 3, "PER")]), predicted="[]", version=1)
    shown: list[MarkView] = []
    reported = ["[]", '[[4, 10, "LOC"]]', "no list"]

    def marker(view: MarkView, *, key: str, take: Take) -> None:
        shown.append(view)
        take(0, reported.pop())

    monkeypatch.setattr(corrections, "mark_spans", marker)
    page = open_page("data", "corrections", classifier="Names")
    for expected in ['[[0, 3, "PER"]]', '[[4, 10, "LOC"]]']:
        edit = next(button for button in page.button if str(button.key).startswith("data.corrections.edit."))
        if not shown or expected != '[[4, 10, "LOC"]]':
            edit.click().run()
        else:
            page.run()
        assert not page.exception
        (waiting,) = queue.list("Names")
        assert (waiting.text, waiting.label) == (text, expected)
    assert (shown[0].queue[0]["text"], shown[0].queue[0]["spans"]) == (text, [[0, 3, "PER"]])
    page.run()
    next(button for button in page.button if str(button.key).startswith("data.corrections.edit.")).click().run()
    assert queue.list("Names") == []  # what was answered in the first place needs no correction


def test_without_asking_the_model_a_text_still_gets_entities_first(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    trained(workspace, rows(120, 0), epochs=1)
    bare(workspace, rows(25, 3).texts)
    page = open_page("data", "labelling", classifier="Names")
    page.button_group(key="label.kind").set_value("texts").run()
    page.toggle(key="label.ask_model").set_value(False).run()
    asked = page.button_group(key="label.targets.spans")
    assert (asked.value, asked.options) == ("spans", ["Entities", "One label", "Several labels"])
    assert page.button_group(key="label.order.marks").value == "file"


@pytest.mark.parametrize(
    ("language", "reason"), [("en", "Strategies in closed form are not offered"), ("zh", "这里没有闭式求解的策略")]
)
def test_the_update_page_says_why_no_strategy_solves(
    open_page: Callable[..., AppTest], workspace: Workspace, language: str, reason: str
) -> None:
    trained(workspace, rows(120, 0), epochs=1)
    batch = saved(workspace, rows(60, 1), "batch")
    page = open_page("update", "batch", language=language, classifier="Names")
    page.session_state["update.chosen"] = {"Names": batch.id}
    open_tab(page, "update", "learn")
    page.run()
    assert not page.exception
    assert any(reason in caption.value for caption in page.caption)
