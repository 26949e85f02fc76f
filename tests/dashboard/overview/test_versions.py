from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.base.wording import score
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.data.labelling.corrections import Corrections
from core.data.recipe import RenameLabels, write_steps
from core.registry import UNWRITTEN, PromotionDecision, Registry
from core.registry.entries import SUMMARY
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.standings import known_to, today
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import open_workspace
from dashboard.overview.details import mlflow_command, quiet_markdown
from dashboard.overview.versions import difference
from dashboard.parts.versions import serving
from dashboard.parts.versions.decisions import reason_of
from dashboard.parts.versions.serving import bundle_name, previous_champion
from dashboard.shell import i18n, state

NAME = "店铺 *reviews*"
SETTINGS = {"epochs": 1, "embedding_size": 8, "buckets": 1024}


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    """A workspace with a version that serves, and a candidate updated from it."""
    workspace = open_workspace(make_home("made"))
    stored = []
    for part, words in enumerate((("great", "awful"), ("tasty", "stale"))):
        rows = [(f"{word} thing {row}", label) for row in range(30) for word, label in zip(words, "ab", strict=True)]
        roles = ColumnRoles("text", "label")
        dataset, _ = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)
        stored.append(workspace.datasets.save(dataset, name=f"toy <{part + 1}>", roles=roles))
    list(
        train_classifier(
            TrainRequest(classifier=NAME, dataset=stored[0].id, model="ngrams", settings=SETTINGS), workspace
        )
    )
    list(update_classifier(UpdateRequest(classifier=NAME, dataset=stored[1].id, strategy="replay"), workspace))
    return workspace.home


@pytest.fixture
def home(made: Path, evergreen_home: Path) -> Path:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def said(page: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*page.markdown, *page.caption, *page.warning, *page.header])


def champion(home: Path) -> int:
    found = Registry(home).champion(NAME)
    assert found is not None
    return found.number


def test_without_a_classifier_the_page_says_what_will_be_here(open_page: Callable[..., AppTest]) -> None:
    page = open_page("overview")
    assert not page.exception
    assert "No versions yet" in said(page)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_versions_are_listed_newest_first_with_their_origin(open_page: Callable[..., AppTest], language: str) -> None:
    page = open_page("overview", language=language)
    assert not page.exception
    assert not page.error
    table = page.dataframe[0].value
    assert len(table) == 2
    assert table["version"].tolist() == (
        ["Version 2", "Version 1 · serves"] if language == "en" else ["版本 2", "版本 1 · 服务中"]
    )
    assert table["how"].tolist()[0] == (
        "Experience replay, from version 1" if language == "en" else "由版本 1 经验回放"
    )
    assert table["how"].tolist()[1] == ("First training · N-gram bag" if language == "en" else "首次训练 · N 元词袋")
    assert [metric.label for metric in page.metric][2:] == (
        ["Size", "ONNX difference"] if language == "en" else ["大小", "ONNX 差异"]
    )


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("language", "what"), [("en", "before version 1 learned"), ("zh", "版本 1 学习")])
def test_what_was_done_to_the_data_stands_with_the_lineage(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, language: str, what: str
) -> None:
    learned = [version.summary["dataset"] for version in state.versions(NAME)]
    recipe = write_steps([RenameLabels(names={"bad": "poor"})])
    stored = [replace(one, source={"recipe": recipe}) if one.id == learned[0] else one for one in state.datasets()]
    monkeypatch.setattr(state, "datasets", lambda: stored)
    page = open_page("overview", language=language)
    told = [caption.value for caption in page.caption if what in caption.value]
    assert len(told) == 1
    assert "poor" in told[0]


def test_scores_stand_with_their_intervals_in_the_table_and_on_cards(
    home: Path, open_page: Callable[..., AppTest]
) -> None:
    page = open_page("overview")
    newest, oldest = (state.report(version)["overall"] for version in state.versions(NAME)[::-1])
    same = today(known_to(Registry(home), NAME), home)
    assert same is not None
    first = same.report(1)
    assert first is not None
    # In the table all on the same rows: those of the newest version, not the ones that each was made with.
    assert first.rows == newest["rows"] > oldest["rows"]
    shown = [score(**newest["accuracy"]), score(**first.accuracy.to_dict())]
    assert page.dataframe[0].value["accuracy"].tolist() == shown
    captions = [caption.value for caption in page.caption]
    assert f"{ends(oldest['macro_f1'])} · own {oldest['rows']} test rows" in captions
    page = open_page("overview")
    over = f"{ends(first.macro_f1.to_dict())} · over all {first.rows} test rows"
    assert over in [caption.value for caption in page.caption]


def ends(score: dict[str, float]) -> str:
    return f"{score['low']:.3f}–{score['high']:.3f}"


@pytest.mark.usefixtures("home")
def test_the_serving_version_is_chosen_and_another_can_be(open_page: Callable[..., AppTest]) -> None:
    page = open_page("overview")
    assert page.selectbox(key="models.version").value == 1
    page.selectbox(key="models.version").set_value(2).run()
    assert "Version 2 learned" in said(page)
    assert r"“toy \<2\>” on top of version 1. Strategy: Experience replay. Version 1 was trained on" in said(page)


def test_promoting_says_what_will_serve_and_rolling_back_returns(home: Path, open_page: Callable[..., AppTest]) -> None:
    page = open_page("overview")
    page.selectbox(key="models.version").set_value(2).run()
    assert "Version 2 will answer from now on, instead of version 1." in said(page)
    page.button(key="models.promote").click().run()
    assert champion(home) == 2
    assert page.toast[0].value == "Version 2 serves now."
    assert "Version 1 will answer again, instead of version 2." in said(page)
    page.button(key="models.roll_back").click().run()
    assert champion(home) == 1
    assert [move["version"] for move in Registry(home).champion_history(NAME)] == [1, 2, 1]
    assert not page.exception


def test_against_the_gate_a_reason_is_asked_for_and_stays(home: Path, open_page: Callable[..., AppTest]) -> None:
    registry = Registry(home)
    refused = {**registry.version(NAME, 2).summary, "gate": "keep"}
    registry._client.set_model_version_tag(NAME, "2", SUMMARY, json.dumps(refused))
    page = open_page("overview")
    page.selectbox(key="models.version").set_value(2).run()
    assert "The gate was against it when it was made" in said(page)
    page.button(key="models.promote").click().run()
    assert champion(home) == 1
    assert page.warning[0].value == "Write a reason first."
    page.text_area(key="models.why").set_value("the *old* shop closed")
    page.button(key="models.promote").click().run()
    assert not page.exception
    assert champion(home) == 2
    assert r"Version 2 was promoted against the gate. Reason: “the \*old\* shop closed”." in said(page)
    last = Registry(home).champion_history(NAME)[-1]
    assert last["reason"] == "Models page, against the gate: the *old* shop closed"


def test_a_script_that_gave_no_reason_is_told_of(home: Path, open_page: Callable[..., AppTest]) -> None:
    registry = Registry(home)
    registry.note_decision(NAME, 2, PromotionDecision(promoted=True, against_gate=True, reason=UNWRITTEN))
    page = open_page("overview")
    page.selectbox(key="models.version").set_value(2).run()
    assert "by a command or script that gave no reason" in said(page)


def test_a_first_champion_has_nothing_to_roll_back_to(home: Path, open_page: Callable[..., AppTest]) -> None:
    page = open_page("overview")
    assert not [button for button in page.button if button.key == "models.roll_back"]


@pytest.mark.parametrize(
    ("moves", "previous"), [([1], None), ([1, 2], 1), ([1, 2, 3, 2], 1), ([1, 2, 1], None), ([2, 1, 3], 1)]
)
def test_the_way_back_follows_the_moves(moves: list[int], previous: int | None) -> None:
    assert previous_champion([{"version": number} for number in moves]) == previous


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("tab", "words"),
    [
        ("Tests", "Baseline"),
        ("ONNX", "of the labels agree"),
        ("Settings", "parameters and"),
        ("Model card", "travels with the bundle"),
        ("Champions", "One version was chosen to serve so far."),
        ("MLflow", "MLflow's own screen"),
    ],
)
def test_every_tab_shows_its_part(open_page: Callable[..., AppTest], tab: str, words: str) -> None:
    page = open_page("overview")
    page.session_state["models.tabs"] = tab
    page.run()
    assert not page.exception
    assert not page.error
    tables = "\n".join(frame.value.to_string() for frame in page.dataframe)
    assert words in said(page) + tables


@pytest.mark.usefixtures("home")
def test_settings_are_named_in_the_readers_language(open_page: Callable[..., AppTest]) -> None:
    page = open_page("overview", language="zh")
    page.session_state["models.tabs"] = "设置"
    page.switch_page(str(Path(__file__).resolve().parents[3] / "pages" / "models.py")).run()
    names = page.dataframe[1].value.iloc[:, 0].tolist()
    assert "学习率" in names
    assert not [name for name in names if name.isascii() and "_" in name]


@pytest.mark.usefixtures("home")
def test_the_bundle_is_a_zip_that_runs_elsewhere(home: Path) -> None:
    version = state.versions(NAME)[0]
    with zipfile.ZipFile(io.BytesIO(serving.bundle(version))) as archive:
        assert "predict.py" in archive.namelist()
        assert "model.onnx" in archive.namelist()
    assert bundle_name(version) == "店铺 -reviews--v1.zip"


def test_a_classifier_is_deleted_only_under_its_own_name(home: Path, open_page: Callable[..., AppTest]) -> None:
    Corrections(home).add(NAME, "text", "a", predicted="b", version=1)
    page = open_page("overview")
    page.text_input(key=f"models.delete_name.{NAME}").set_value("something else")
    page.button(key="models.delete").click().run()
    assert "That is not the name" in page.warning[0].value
    assert len(Registry(home).versions(NAME)) == 2
    page.text_input(key=f"models.delete_name.{NAME}").set_value(f" {NAME} ")
    page.button(key="models.delete").click().run()
    assert not page.exception
    assert Registry(home).classifiers() == []
    assert Corrections(home).list(NAME) == []
    assert "No versions yet" in said(page)


def test_tiny_differences_read_like_numbers() -> None:
    assert difference(0) == "0"
    assert difference(1.23e-7) == "1.2 × 10⁻⁷"


def test_the_command_opens_this_store(evergreen_home: Path) -> None:
    assert f"--backend-store-uri sqlite:///{evergreen_home.resolve() / 'mlflow.db'}" in mlflow_command()


def test_names_in_the_card_become_no_links_tags_or_formulas() -> None:
    assert quiet_markdown("# *Title*\n![x](y) <b> $z$") == "#### \\*Title\\*\n\\!\\[x\\]\\(y\\) \\<b\\> \\$z\\$"


def test_the_tables_of_the_card_stay_tables_and_what_it_escapes_is_escaped_once() -> None:
    card = "| label | F1 |\n|---|---|\n| \\*a\\* \\| b | 0.9 |\n"
    assert quiet_markdown(card) == "| label | F1 |\n|---|---|\n| \\*a\\* \\| b | 0.9 |"


def test_the_card_s_own_code_and_steps_stay_and_an_escaped_underline_is_one() -> None:
    card = "# customer\\_reviews\n\n1. a\\`b\\`\\*c\\*: 3 rows\n\n`pip install x_y`, then `python predict.py`."
    shown = "#### customer\\_reviews\n\n1. a\\`b\\`\\*c\\*\\: 3 rows\n\n`pip install x_y`, then `python predict.py`\\."
    assert quiet_markdown(card).replace("\\.", ".") == shown.replace("\\.", ".")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("first version", "首个版本"),
        ("command line", "命令行"),
        ("command line: tests: better", "命令行: tests: better"),
        ("update: gate", "更新通过门禁"),
        (f"update: always, against the gate: {UNWRITTEN}", "更新后直接发布，违反门禁: 未写理由"),
        ("模型页", "模型页"),
        ("", "–"),
    ],
)
def test_why_the_program_moved_the_champion_is_told_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch, written: str, told: str
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    assert reason_of({"reason": written}) == told
