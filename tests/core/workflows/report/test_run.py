"""The report of a version: everything typed by people is text, nothing is loaded, both languages, and limits that hold."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.cli.commands.report import catalogue
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.recipe import RenameLabels, write_steps
from core.registry import Statements
from core.registry.records.versions import FoldStore
from core.workflows.report.card import escaped
from core.workflows.report.document import Curve, Points, ReportLanguage, Table
from core.workflows.report.html import curve_chart, points_chart
from core.workflows.report.inputs import ReportInputs
from core.workflows.report.limits import sentences
from core.workflows.report.run import gather, html_report, model_card, write_document
from core.workflows.report.statements import with_statements
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import open_workspace
from tests.core.conftest import reviews, save

NASTY = "<script>alert('x')</script>"
FAST = {"epochs": 3, "buckets": 1024, "embedding_size": 16, "learning_rate": 0.02, "batch_size": 8, "patience": 0}
TEXTS = catalogue("zh")
CHINESE = ReportLanguage("zh", lambda key, english: TEXTS.get(key, english))


def nasty(rows: int, *, seed: int = 0) -> TextDataset:
    """Reviews whose labels and texts hold a script."""
    plain = reviews(rows, seed=seed)
    texts = tuple(f"{NASTY} {text}" for text in plain.texts)
    return replace(plain, texts=texts, classes=(f"bad {NASTY} | *x*", "good & <b>bold</b>"))


@pytest.fixture(scope="module")
def shop(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("shop")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    roles = ColumnRoles(text="text", label="label")
    raw = save(workspace, nasty(100), "raw.csv")
    source = {"parent": raw.id, "recipe": write_steps([RenameLabels(names={"ok": f"fine {NASTY}"})])}
    first = workspace.datasets.save(nasty(120), name=f"first {NASTY}", roles=roles, source=source)
    request = TrainRequest(classifier="Shop <i>x", dataset=first.id, model="ngrams", settings=FAST)
    list(train_classifier(request, workspace))
    second = save(workspace, nasty(60, seed=1), "second")
    update = UpdateRequest(classifier="Shop <i>x", dataset=second.id, strategy="replay", settings={"epochs": 2})
    list(update_classifier(update, workspace))
    return home


@pytest.fixture(scope="module")
def inputs(shop: Path) -> ReportInputs:
    workspace = open_workspace(shop)
    return gather(workspace.registry.version("Shop <i>x", 2), workspace)


class Tags(HTMLParser):
    """All tags with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("words", [ReportLanguage(), CHINESE], ids=["en", "zh"])
def test_what_people_typed_stays_text(inputs: ReportInputs, words: ReportLanguage) -> None:
    html = html_report(inputs, words)
    page = Tags(html)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "b", "i", "img", "link", "iframe"}
    assert NASTY not in html
    shown = " ".join(page.text)
    assert f"bad {NASTY} | *x*" in shown
    assert "good & <b>bold</b>" in shown
    assert "Shop <i>x" in shown


def test_nothing_is_loaded_from_anywhere(inputs: ReportInputs) -> None:
    html = html_report(inputs, ReportLanguage())
    for _, attributes in Tags(html).tags:
        assert not {"src", "href", "srcset", "onload", "onclick", "data"} & set(attributes)
    assert not re.search(r"url\(|@import|https?:", html)
    assert "default-src 'none'" in html


def test_the_card_cannot_be_broken_by_a_label(inputs: ReportInputs) -> None:
    card = model_card(inputs, ReportLanguage())
    assert "<script" not in card.replace("\\<script", "")
    assert escaped("a|b\n<i>*") == "a\\|b \\<i\\>\\*"
    for line in card.splitlines():
        if line.startswith("| bad"):
            assert len(re.findall(r"(?<!\\)\|", line)) in (4, 6)  # two labels with their row's name, or the scores


def test_it_tells_of_data_recipe_line_memory_and_parity(inputs: ReportInputs) -> None:
    card = model_card(inputs, ReportLanguage())
    for words in ("raw.csv", "Labels renamed or merged", "after batch 2", "forgetting", "| replay | second |"):
        assert words in card
    document = write_document(inputs, ReportLanguage())
    titles = [section.title for section in document.sections]
    assert titles.index("What was measured") == 0
    assert {"Confusion matrix", "What it remembers", "Where it ends", "What it learned from", "How it answers"} <= set(
        titles
    )
    matrix = next(section for section in document.sections if section.title == "What it remembers").blocks[0]
    assert matrix.kind == "table"
    assert matrix.rows[1][1].heat == pytest.approx(inputs.report["accuracy_matrix"][1][0])


@pytest.mark.parametrize(
    ("words", "title", "nothing", "one"),
    [
        (ReportLanguage(), "Stated by its owner", "not stated", "one person"),
        (CHINESE, "负责人的声明", "未声明", "一人决定"),
    ],
    ids=["en", "zh"],
)
def test_what_the_owner_states_is_told_and_what_not_as_well(
    inputs: ReportInputs, words: ReportLanguage, title: str, nothing: str, one: str
) -> None:
    section = next(section for section in write_document(inputs, words).sections if section.title == title)
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    assert [row[1].text for row in table.rows[:-1]] == [nothing] * 8
    assert one in table.rows[-1][1].text
    stated = replace(inputs, statements=Statements(owner=f"{NASTY} | Ann", two_people=True))
    assert NASTY in " ".join(Tags(html_report(stated, words)).text)
    assert NASTY not in html_report(stated, words)
    assert escaped(f"{NASTY} | Ann") in model_card(stated, words)
    assert one not in model_card(stated, words)


def test_the_card_of_a_bundle_ends_with_what_is_stated() -> None:
    card = with_statements("# Shop\n\n## Use\n\nwords\n\n\n", Statements(owner="a | b\n# c"))
    assert card.startswith("# Shop\n\n## Use\n\nwords\n\n## Stated by its owner\n")
    assert "| Owner | a \\| b \\# c |\n" in card
    assert card.count("not stated") == 7


def test_chinese_has_every_sentence(inputs: ReportInputs) -> None:
    asked: list[str] = []

    def lookup(key: str, english: str) -> str:
        asked.append(key)
        return TEXTS.get(key, english)

    html = html_report(inputs, ReportLanguage("zh", lookup))
    assert 'lang="zh"' in html
    assert {key for key in asked if key.startswith(("report.", "settings."))} <= set(TEXTS)
    assert "混淆矩阵" in html
    assert "经验回放" in html


def report_of(inputs: ReportInputs, **changed: Any) -> dict[str, Any]:
    return {**inputs.report, **changed}


def keys(report: dict[str, Any]) -> set[str]:
    return {sentence.key.removeprefix("report.limit_") for sentence in sentences(report, ReportLanguage())}


def test_limits_are_said_only_where_they_hold(inputs: ReportInputs) -> None:
    def estimate(value: float, half: float) -> dict[str, float]:
        return {"value": value, "low": value - half, "high": value + half}

    def label(support: int, f1: float) -> dict[str, Any]:
        return {"support": support, "f1": estimate(f1, 0.01)}

    good = {"rows": 900, "macro_f1": estimate(0.9, 0.02), "per_class": {"a": label(450, 0.9), "b": label(450, 0.9)}}
    weak_baseline = {"report": {"macro_f1": estimate(0.7, 0.02)}}
    fine = report_of(
        inputs, overall=good, baseline=weak_baseline, continual={"forgetting": 0.0}, memory_rows=0, language="other"
    )
    assert keys(fine) == {"like", "length_counted", "bias"}
    before = {**fine, "experiences": [{**record, "cut": None} for record in fine["experiences"]]}
    assert keys(before) == {"like", "length", "bias"}  # versions of old, which counted nothing
    assert "few" in keys({**fine, "overall": {**good, "rows": 29}})
    assert "wide" in keys({**fine, "overall": {**good, "macro_f1": estimate(0.9, 0.06)}})
    assert "baseline" in keys({**fine, "baseline": {"report": {"macro_f1": estimate(0.88, 0.02)}}})
    assert "forgetting" in keys({**fine, "continual": {"forgetting": 0.05}})
    uneven = {"a": label(900, 0.9), "b": label(9, 0.4), "c": label(50, 0.4)}
    assert {"labels", "weak", "uneven"} <= keys({**fine, "overall": {**good, "per_class": uneven}})
    assert {"memory", "language"} <= keys({**fine, "memory_rows": 5, "language": "zh"})


def test_charts_lie_where_the_numbers_say() -> None:
    chart = points_chart(Points("F1", (("a", 0.5, 0.25, 0.75), ("b" * 60, 1.0, 1.0, 1.0))))
    first, second = chart["rows"]
    assert (first["low"], first["value"], first["high"]) == (290.0, 370.0, 450.0)  # names end at 210, 320 wide
    assert second["value"] == 530.0
    assert len(second["name"]) == 28
    curve = curve_chart(Curve("c", "score", "epoch", (("f1", (0.52, 0.58)),), 2))
    xs = [float(pair.split(",")[0]) for pair in curve["lines"][0].points.split()]
    assert xs == [48.0, 710.0]
    assert curve["best"] == 710.0
    assert [tick["text"] for tick in curve["y_ticks"]][::4] == ["0.50", "0.60"]


def test_datasets_that_were_deleted_are_said_to_be(shop: Path, tmp_path: Path) -> None:
    home = tmp_path / "copy"
    shutil.copytree(shop, home)
    shutil.rmtree(home / "datasets")
    workspace = open_workspace(home)
    card = model_card(gather(workspace.registry.version("Shop <i>x", 1), workspace), ReportLanguage())
    assert card.count("deleted since") == 1
    assert "What it remembers" not in card  # a first version has nothing to forget


def test_the_command_line_writes_both_kinds_in_both_languages(
    shop: Path, evergreen_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(shop, evergreen_home, dirs_exist_ok=True)
    command = ["report", "--classifier", "Shop <i>x", "--version", "2", "--out"]
    assert main([*command, str(tmp_path / "r.html"), "--language", "zh"]) == 0
    assert "混淆矩阵" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert main([*command, str(tmp_path / "r.md")]) == 0
    assert (tmp_path / "r.md").read_text(encoding="utf-8").startswith("# Shop \\<i\\>x")
    assert main(["report", "--classifier", "none", "--out", str(tmp_path / "x.html")]) != 0
    assert not (tmp_path / "x.html").exists()
    assert "none" in capsys.readouterr().err


def test_slices_abilities_and_repeated_runs_are_told(shop: Path, inputs: ReportInputs) -> None:
    told = {section.title: section for section in write_document(inputs, ReportLanguage()).sections}
    assert "Where it is worse" in told
    abilities = told["Behavioural tests"].blocks[1]
    assert isinstance(abilities, Table)
    assert {row[0].text for row in abilities.rows} >= {"case", "punctuation"}
    assert "With other rows or other luck" not in told
    summary = {name: {"mean": 0.9, "deviation": 0.012} for name in ("accuracy", "macro_f1")}
    version = inputs.version
    record = {"classifier": version.classifier, "version": version.number, "version_made": version.created}
    FoldStore(shop).save({**record, "how": "folds", "runs": [{}] * 5, "summary": summary})
    again = gather(version, open_workspace(shop))
    sentence = "Over 5 folds: accuracy 0.900 ± 0.012, macro-F1 0.900 ± 0.012 (mean and standard deviation)."
    assert sentence in model_card(again, ReportLanguage())
    assert "5 折：准确率 0.900 ± 0.012" in html_report(again, CHINESE)
