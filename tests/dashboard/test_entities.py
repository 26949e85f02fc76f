"""Every page works for a model that marks entities, in both languages."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.spans.cells import unmarked
from core.data.spans.targets import target_of
from core.jobs import JobQueue
from core.workflows.inspect.request import InspectRequest
from core.workflows.inspect.run import inspect_dataset
from core.workflows.workspace import Workspace
from dashboard.use import page as use_page
from tests.core.workflows.test_entities import rows, saved, trained, updated, workspace

__all__ = ["workspace"]  # a fixture

TABS = {
    "overview": [""],
    "data": ["tables", "quality", "labelling", "corrections"],
    "train": ["new", "runs", "search", "base"],
    "evaluate": ["summary", "confusions", "errors", "compare"],
    "update": ["batch", "changes", "learn", "decide", "history"],
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
    from core.data.labelling.corrections import Corrections

    trained(workspace, rows(200, 0))
    text = "Note 9x9 : Tim Cook lives in New York ."
    monkeypatch.setattr(use_page, "live_text", lambda *_, **__: text)
    page = open_page("use", "try", classifier="Names")
    assert not page.exception
    (shown,) = [element.body for element in page.html if "class='marked'" in element.body]
    assert shown.count("<mark ") == 2
    assert "Tim Cook: PER" in shown
    assert shown.count("<small") == 2
    (box,) = page.text_area
    assert box.value == "Note 9x9 : [Tim Cook](PER) lives in [New York](LOC) ."
    box.set_value("Note 9x9 : Tim Cook [lives](VERB) in [New York](LOC) .")
    page = next(button for button in page.button if button.label == "Keep as a correction").click().run()
    (waiting,) = Corrections(workspace.home).list("Names")
    assert waiting.label == '[[20, 25, "VERB"], [29, 37, "LOC"]]'


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
