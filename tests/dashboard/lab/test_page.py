"""The Lab page: its states from empty to result, what cannot be started and why, links, deletion."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.base.config import home
from core.continual.families import FAMILIES
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.jobs import JobQueue
from core.jobs.files import read_json
from core.registry.records import ComparisonStore
from core.workflows.workspace import open_workspace
from tests.dashboard.conftest import wait
from tests.dashboard.lab.lab_comparison import ALL, save

OpenPage = Callable[..., AppTest]


def store(name: str, rows: list[tuple[str, ...]], **roles: str) -> str:
    """Save a dataset of text, label and possibly one more column."""
    columns = ["text", "label", *roles.values()]
    found = ColumnRoles("text", "label", **roles)
    dataset, _ = build_dataset(pd.DataFrame(rows, columns=columns), found)
    return open_workspace(home()).datasets.save(dataset, name=name, roles=found).id


def words(good: str, bad: str, *, count: int = 30) -> list[tuple[str, str]]:
    return [
        (f"{word} thing number {number}", label)
        for number in range(count)
        for word, label in ((good, "up"), (bad, "down"))
    ]


def several(at: AppTest, *datasets: str) -> AppTest:
    """Choose datasets in this order."""
    for identity in datasets:
        at.selectbox(key="lab.add").set_value(identity).run()
    return at


def start_button(at: AppTest) -> Any:
    return at.button(key="lab.start")


def reasons(at: AppTest) -> str:
    return "\n".join(caption.value for caption in at.caption)


@pytest.mark.parametrize(("language", "title"), [("en", "Nothing compared yet"), ("zh", "还没有对比过")])
def test_an_empty_lab_says_what_it_is_for_and_leads_to_the_form(open_page: OpenPage, language: str, title: str) -> None:
    at = open_page("lab", language=language)
    assert any(title in heading.value for heading in at.header)
    at.button(key="lab.new").click().run()
    assert not at.exception
    assert at.query_params["comparison"] in ("new", ["new"])
    assert start_button(at).disabled


def test_the_form_says_what_is_missing(open_page: OpenPage) -> None:
    first, second = store("First", words("good", "bad")), store("Second", words("fine", "poor"))
    at = open_page("lab", comparison="new")
    assert "Choose the datasets" in reasons(at)
    several(at, first)
    assert start_button(at).disabled
    assert "One dataset is one experience" in reasons(at)
    several(at, second)
    assert not at.exception
    assert not at.error
    assert not start_button(at).disabled
    assert at.dataframe[0].value["name"].tolist() == ["First", "Second"]
    assert at.text_input(key="lab.name").value == "First and one more"
    for family in FAMILIES:
        if any(pills.key == f"lab.family.{family}" for pills in at.button_group):
            at.button_group(key=f"lab.family.{family}").set_value([])
    at.run()
    assert start_button(at).disabled
    assert "Choose at least one strategy" in reasons(at)


def test_datasets_can_be_moved_and_taken_out(open_page: OpenPage) -> None:
    ids = [store(name, words(name, "bad")) for name in ("One", "Two", "Three")]
    at = several(open_page("lab", comparison="new"), *ids)
    at.button(key=f"lab.up.{ids[2]}").click().run()
    assert at.dataframe[0].value["name"].tolist() == ["One", "Three", "Two"]
    at.button(key=f"lab.out.{ids[0]}").click().run()
    assert at.dataframe[0].value["name"].tolist() == ["Three", "Two"]
    assert at.button(key=f"lab.up.{ids[2]}").disabled


def test_a_deleted_dataset_leaves_the_stream(open_page: OpenPage) -> None:
    ids = [store(name, words(name, "bad")) for name in ("One", "Two")]
    at = several(open_page("lab", comparison="new"), *ids)
    open_workspace(home()).datasets.delete(ids[1])
    at.run()
    assert not at.exception
    assert start_button(at).disabled
    assert "One dataset is one experience" in reasons(at)


def test_datasets_of_two_languages_cannot_be_compared(open_page: OpenPage) -> None:
    english = store("English", words("good", "bad"))
    chinese = store(
        "中文", [(f"第{n}件商品{word}", label) for n in range(30) for word, label in (("很好", "up"), ("太差", "down"))]
    )
    at = several(open_page("lab", comparison="new"), english, chinese)
    assert start_button(at).disabled
    assert "different languages" in reasons(at)


def test_labels_that_never_come_again_are_pointed_out_but_no_obstacle(open_page: OpenPage) -> None:
    first = store("First", words("good", "bad"))
    other = store("Other", [(f"{word} number {n}", word) for n in range(30) for word in ("red", "blue")])
    at = several(open_page("lab", comparison="new"), first, other)
    assert not start_button(at).disabled
    assert "No label comes in two experiences" in reasons(at)


def test_too_few_rows_are_explained_next_to_the_button(open_page: OpenPage) -> None:
    first = store("First", words("good", "bad"))
    tiny = store("Tiny", [("one text", "up"), ("another text", "down")])
    at = several(open_page("lab", comparison="new"), first, tiny)
    assert start_button(at).disabled
    assert "Tiny" in at.error[0].value


def test_one_dataset_is_cut_by_what_it_has(open_page: OpenPage) -> None:
    plain = store("Plain", words("good", "bad"))
    shops = store("Shops", [(*row, f"shop {n % 3}") for n, row in enumerate(words("good", "bad"))], group="shop")
    colours = store("Colours", [(f"{w} number {n}", w) for n in range(20) for w in ("red", "blue", "green", "grey")])
    at = open_page("lab", comparison="new")
    at.button_group(key="lab.kind").set_value("single").run()
    at.selectbox(key="lab.dataset").set_value(shops).run()
    assert at.dataframe[0].value["name"].tolist() == ["shop 0", "shop 1", "shop 2"]
    assert at.text_input(key="lab.name").value == "Shops, by group"
    at.selectbox(key="lab.dataset").set_value(colours).run()
    assert at.dataframe[0].value["name"].tolist() == ["red, blue", "green, grey"]
    at.selectbox(key="lab.dataset").set_value(plain).run()
    assert start_button(at).disabled
    assert "nothing to cut it by" in reasons(at)


def test_a_file_becomes_one_dataset_a_value(open_page: OpenPage) -> None:
    at = open_page("lab", comparison="new")
    at.button_group(key="lab.kind").set_value("file").run()
    lines = [f"{text},{label},{'books' if n < 30 else 'films'}" for n, (text, label) in enumerate(words("good", "bad"))]
    table = "\n".join(["text,label,domain", *lines])
    at.file_uploader[0].upload("shop.csv", table.encode(), "text/csv").run()
    at.run()
    assert at.selectbox(key="lab.column").value == "domain"
    assert start_button(at).disabled
    at.button(key="lab.save").click().run()
    assert not at.exception
    assert sorted(found.name for found in open_workspace(home()).datasets.list()) == ["books", "films"]
    assert at.dataframe[0].value["name"].tolist() == ["books", "films"]
    assert not start_button(at).disabled


def test_rows_of_a_file_that_are_in_no_experience_are_named(open_page: OpenPage) -> None:
    at = open_page("lab", comparison="new")
    at.button_group(key="lab.kind").set_value("file").run()
    lines = [f"{text},{label},{'books' if n < 30 else 'films'}" for n, (text, label) in enumerate(words("good", "bad"))]
    table = "\n".join(["text,label,domain", *lines, "of no domain,good,", "too,many,fields,good,books"])
    at.file_uploader[0].upload("shop.csv", table.encode(), "text/csv").run()
    at.run()
    assert not at.exception
    said = "\n".join(str(box.value) for box in at.warning).replace("\\", "")
    total = len(lines) + 2
    assert f"1 of {total} rows was left out: line {total + 1} has 5 fields instead of 3." in said
    assert f"column 'domain' says of no experience: 1 of {total} rows" in said


def test_the_sample_is_three_batches_in_the_readers_language(open_page: OpenPage) -> None:
    at = open_page("lab", language="zh", comparison="new")
    at.button(key="lab.sample").click().run()
    assert not at.exception
    assert len(at.dataframe[0].value) == 3
    assert at.dataframe[0].value["new"].tolist()[2] != "–"  # the third batch brings a label


@pytest.mark.slow
def test_a_comparison_from_the_click_to_its_result(open_page: OpenPage, queue: JobQueue) -> None:
    ids = [store(name, words(name, "bad")) for name in ("One", "Two")]
    at = several(open_page("lab", comparison="new"), *ids)
    at.button_group(key="lab.family.new").set_value(["finetune"])
    at.button_group(key="lab.family.restart").set_value([])
    at.slider(key="lab.seeds").set_value(1)
    at.slider(key="lab.settings.ngrams.epochs").set_value(1).run()
    start_button(at).click().run()
    assert not at.exception
    (job,) = queue.list()
    assert job.kind == "compare"
    assert job.config["seeds"] == 1
    assert job.config["settings"]["epochs"] == 1
    assert at.button(key=f"run.stop.{job.id}").label == "Stop"

    fresh = open_page("lab", language="zh")  # as after a reload, in the other language
    assert not fresh.exception
    wait(lambda: queue.get(job.id).ended)
    assert queue.get(job.id).state == "finished"
    at.run()  # opens by itself where it was started
    assert not at.exception
    assert at.title[0].value == "One and one more"
    assert len(at.dataframe[0].value) == len(job.config["strategies"])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("strategies", "seeds"), [(ALL, 3), (("finetune", "replay"), 1), (("ewc",), 1), (("unheard_of", "joint"), 2)]
)
def test_a_result_is_shown_whole(
    open_page: OpenPage, evergreen_home: Path, language: str, strategies: tuple[str, ...], seeds: int
) -> None:
    made = save(evergreen_home, strategies=strategies, seeds=seeds)
    at = open_page("lab", language=language, comparison=made["id"])
    assert not at.exception
    assert not at.error
    table = at.dataframe[0].value
    assert table["average_accuracy"].tolist() == sorted(table["average_accuracy"], reverse=True)
    columns = list(table.columns)
    assert columns.index("plasticity") == columns.index("forgetting") + 1
    assert sum(name.startswith("★") for name in table["strategy"]) == 1
    assert len(at.metric) == 4


def test_a_result_with_many_labels_shows_those_forgotten_most(open_page: OpenPage, evergreen_home: Path) -> None:
    made = save(evergreen_home, labels=("strategy", "plasticity", *(f"label {n}" for n in range(28))))
    at = open_page("lab", comparison=made["id"])
    assert not at.exception
    labels = at.dataframe[1].value
    assert labels.shape[1] == 2 + 10
    assert "10 labels forgotten most, of 30" in reasons(at)


def test_two_strategies_are_compared_in_a_sentence(open_page: OpenPage, evergreen_home: Path) -> None:
    made = save(evergreen_home)
    at = open_page("lab", comparison=made["id"])
    at.selectbox(key="lab.pair_first").set_value("finetune").run()
    at.selectbox(key="lab.pair_second").set_value("joint").run()
    said = "\n".join(text.value for text in at.markdown)
    assert "Joint retraining is 2.0 points better than Fine-tuning" in said
    at.selectbox(key="lab.pair_second").set_value("finetune").run()
    assert "Choose two different strategies." in reasons(at)


def test_a_link_to_a_comparison_that_is_gone_says_so(open_page: OpenPage) -> None:
    for identity in ("20200101-000000-abcdef", "../../etc/passwd"):
        at = open_page("lab", comparison=identity)
        assert not at.exception
        assert "There is no comparison" in at.error[0].value
        at.button(key="lab.back").click().run()
        assert not at.error


def test_saved_comparisons_are_listed_opened_and_deleted(open_page: OpenPage, evergreen_home: Path) -> None:
    for number in range(12):
        save(evergreen_home, identity=f"20260301-1200{number:02}-abcdef", name=f"Number [{number}]")
    at = open_page("lab")
    assert not at.exception
    opens = [button.key for button in at.button if button.key.startswith("lab.open.")]
    assert len(opens) == 10
    at.button(key="lab.all_saved_button").click().run()
    identity = "20260301-120007-abcdef"
    at.button(key=f"lab.open.{identity}").click().run()
    assert at.query_params["comparison"] in (identity, [identity])
    at.button(key=f"lab.delete.{identity}").click().run()
    at.button(key="lab.delete-yes").click().run()
    assert not at.exception
    assert identity not in [entry["id"] for entry in ComparisonStore(evergreen_home).list()]
    assert "comparison" not in at.query_params


def test_a_damaged_comparison_is_explained_and_hides_no_other(open_page: OpenPage, evergreen_home: Path) -> None:
    save(evergreen_home)
    (evergreen_home / "comparisons" / "broken.json").write_text("{", encoding="utf-8")
    at = open_page("lab")
    assert len([button for button in at.button if button.key.startswith("lab.open.")]) == 1
    assert "damaged" in open_page("lab", comparison="broken").error[0].value


def test_an_interrupted_comparison_can_be_resumed_or_removed(open_page: OpenPage, evergreen_home: Path) -> None:
    jobs = JobQueue(evergreen_home, command=("true",))  # a process that ends without a word
    job = jobs.submit("compare", title="Shop", classifier="", config={"strategies": ["replay"], "datasets": []})
    wait(lambda: jobs.get(job.id).state == "interrupted")
    at = open_page("lab")
    assert not at.exception
    assert at.button(key=f"run.resume.{job.id}")
    at.button(key=f"run.remove.{job.id}").click().run()
    assert jobs.list() == []


def test_a_running_comparison_keeps_its_datasets_and_leads_to_its_page(
    open_page: OpenPage, evergreen_home: Path
) -> None:
    dataset = store("One", words("good", "bad"))
    jobs = JobQueue(evergreen_home, command=(sys.executable, "-c", "import time; time.sleep(60)"))
    job = jobs.submit("compare", title="Shop", classifier="", config={"datasets": [dataset], "strategies": []})
    try:
        at = open_page("data")
        assert at.button(key=f"show.{job.id}")
        at.button(key=f"data.delete.{dataset}").click().run()
        assert at.button(key="data.delete-yes").disabled
        lab = open_page("lab")
        assert lab.button(key=f"run.stop.{job.id}").label == "Stop"
        assert "The first figures come in a few seconds." in reasons(lab)
    finally:
        os.kill(read_json(evergreen_home / "jobs" / job.id / "claim.json")["pid"], signal.SIGKILL)
    wait(lambda: jobs.get(job.id).ended)


def test_a_long_stream_with_many_labels_is_shown(open_page: OpenPage, evergreen_home: Path) -> None:
    made = save(evergreen_home, experiences=30, labels=tuple(f"intent {number}" for number in range(150)))
    at = open_page("lab", comparison=made["id"])
    assert not at.exception
    assert not at.error
