"""What is said of a model without labels, here a language model: its report by its own score, and a sentence wherever only
labels could answer.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.base import wording
from core.base.errors import CoreError
from core.cli.commands.report import catalogue
from core.cli.main import main
from core.data.dataset.rows import TextDataset
from core.data.labelling.corrections import Corrections
from core.registry.records.reports import read_report
from core.workflows.benchmark.config import BenchmarkRequest
from core.workflows.benchmark.run import benchmark_version
from core.workflows.compare.request import CompareRequest
from core.workflows.compare.run import compare_strategies
from core.workflows.drift.run import detect_drift
from core.workflows.repeat.cross_validation import cross_validate
from core.workflows.repeat.learning_curve import draw_curve
from core.workflows.repeat.request import CurveRequest, FoldsRequest
from core.workflows.report.document import Curve, ReportLanguage, Table
from core.workflows.report.html import curve_chart
from core.workflows.report.limits import sentences
from core.workflows.report.run import gather, html_report, model_card, write_document
from core.workflows.requests import TrainRequest, UpdateRequest, settings_in_effect
from core.workflows.search.request import SearchRequest
from core.workflows.search.run import search_settings
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save
from tests.language_models import TASK, TINY

TEXTS = catalogue("zh")
CHINESE = ReportLanguage("zh", lambda key, english: TEXTS.get(key, english))


def unlabelled(rows: int, seed: int) -> TextDataset:
    return TASK.as_read(reviews(rows, seed=seed))


@pytest.fixture(scope="module")
def made(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model that was updated once."""
    home = tmp_path_factory.mktemp("without_labels")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    first = save(workspace, unlabelled(320, 0), "first")
    request = TrainRequest(
        classifier="Shop", dataset=first.id, task=TASK.name, model="causal", settings={**TINY, "epochs": 2}
    )
    list(train_classifier(request, workspace))
    second = save(workspace, unlabelled(80, 1), "second")
    update = UpdateRequest(classifier="Shop", dataset=second.id, strategy="replay", settings={"epochs": 1})
    list(update_classifier(update, workspace))
    return home


@pytest.fixture
def workspace(made: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


@pytest.mark.parametrize("words", [ReportLanguage(), CHINESE], ids=["en", "zh"])
def test_a_report_tells_of_perplexity(workspace: Workspace, words: ReportLanguage) -> None:
    inputs = gather(workspace.registry.version("Shop", 2), workspace)
    asked: set[str] = set()

    def lookup(key: str, english: str) -> str:
        asked.add(key)
        return words.lookup(key, english)

    told = ReportLanguage(words.language, lookup)
    card, html = model_card(inputs, told), html_report(inputs, told)
    report = inputs.report
    name = "困惑度" if words.language == "zh" else "Perplexity"
    for form in (card, html):
        assert name in form
        for figures in (report["overall"], report["baseline"]["report"], *(test["report"] for test in report["tests"])):
            assert wording.score(*(figures["perplexity"][end] for end in ("value", "low", "high"))) in form
        assert "Kneser" in form
        for row in report["perplexity_matrix"]:
            assert all(wording.score(value) in form for value in row if value is not None)
    assert {key for key in asked if key.startswith("report.")} <= TEXTS.keys()
    assert not asked & {"report.headline", "report.confusion", "report.slices", "report.fact_labels"}
    assert words.lookup("report.abilities", "Behavioural tests") not in card
    assert "report.calibration" not in asked  # nats are no probabilities


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["threshold", "--set", "0.9"], "does not give each text one label with a probability"),
        (["corrections", "add", "--text", "a film", "--label", "good"], "texts alone"),
    ],
)
def test_what_only_labels_have_is_refused_on_the_command_line(
    workspace: Workspace, command: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--classifier", "Shop"]) == 2
    assert told in capsys.readouterr().err
    assert workspace.registry.threshold("Shop") is None
    assert Corrections(workspace.home).count("Shop") == 0


def test_lower_is_better_all_through_a_report(workspace: Workspace) -> None:
    inputs = gather(workspace.registry.version("Shop", 1), workspace)
    assert "Lower is better." in model_card(inputs, ReportLanguage())
    perplexity, baseline = inputs.report["overall"]["perplexity"], inputs.report["baseline"]["report"]["perplexity"]

    def limits() -> set[str]:
        return {sentence.key for sentence in sentences(inputs.report, ReportLanguage())}

    baseline["value"] = perplexity["high"] / 2
    assert "report.limit_baseline_of" in limits()
    baseline["value"] = perplexity["high"] * 2
    assert "report.limit_baseline_of" not in limits()


def test_a_report_tells_of_the_context_and_of_no_setting_that_a_language_model_does_not_look_at(
    workspace: Workspace,
) -> None:
    inputs = gather(workspace.registry.version("Shop", 1), workspace)
    told = {sentence.key: sentence.facts for sentence in sentences(inputs.report, ReportLanguage())}
    assert told["report.limit_context"] == {"tokens": inputs.report["settings"]["context"]}
    assert "report.limit_length" not in told
    in_effect = settings_in_effect(inputs.report)
    assert {"context", "learning_rate"} <= in_effect.keys()
    assert not {"max_length", "frozen_layers"} & in_effect.keys()
    assert "Longest text" not in model_card(inputs, ReportLanguage())
    bundled = (workspace.registry.folder("Shop", 1) / "model_card.md").read_text("utf-8")
    assert f"at most {inputs.report['settings']['context']} before it" in bundled


def test_the_curve_has_an_axis_of_its_own_and_r_no_colours(workspace: Workspace) -> None:
    document = write_document(gather(workspace.registry.version("Shop", 1), workspace), ReportLanguage())
    blocks = [block for section in document.sections for block in section.blocks]
    (curve,) = [block for block in blocks if isinstance(block, Curve)]
    assert max(curve.series[0][1]) > 1
    chart = curve_chart(curve)
    heights = [float(point.split(",")[1]) for point in chart["lines"][0].points.split()]
    assert all(0 <= height <= chart["bottom"] for height in heights)
    updated = write_document(gather(workspace.registry.version("Shop", 2), workspace), ReportLanguage())
    matrix = next(section for section in updated.sections if section.title == "What it remembers").blocks[0]
    assert isinstance(matrix, Table)
    assert all(cell.heat is None for row in matrix.rows for cell in row)


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        (lambda workspace: draw_curve(CurveRequest(classifier="Shop"), workspace), "report.no_labels"),
        (lambda workspace: cross_validate(FoldsRequest(classifier="Shop"), workspace), "report.no_labels"),
        (
            lambda workspace: search_settings(
                SearchRequest(dataset=workspace.datasets.list()[0].id, model="ngrams"), workspace
            ),
            "search.one_label",
        ),
        (
            lambda workspace: compare_strategies(
                CompareRequest(datasets=[info.id for info in workspace.datasets.list()], strategies=["finetune"]),
                workspace,
            ),
            "compare.one_label",
        ),
        (
            lambda workspace: benchmark_version(BenchmarkRequest(classifier="Shop"), workspace),
            "benchmark.no_probabilities",
        ),
    ],
    ids=["curve", "folds", "search", "compare", "benchmark"],
)
def test_what_needs_labels_is_refused_in_a_sentence(
    workspace: Workspace, asked: Callable[[Workspace], object], key: str
) -> None:
    with pytest.raises(CoreError) as refused:
        list(asked(workspace))  # type: ignore[call-overload]
    assert refused.value.message.key == key
    assert key in TEXTS


def test_behavioural_tests_are_refused_on_the_command_line(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["behaviour", "--classifier", "Shop"]) != 0
    told = capsys.readouterr()
    assert "does not give each text one label" in told.out + told.err


def test_without_strata_drift_asks_nothing_of_them(workspace: Workspace) -> None:
    folder = VersionFolder(workspace.registry.folder("Shop", 1))
    report = detect_drift(folder, unlabelled(80, 5), read_past(folder, workspace))
    assert "labels" not in {test.name for test in report.tests}
    assert report.shares == ()
    stored = read_report(workspace.registry.folder("Shop", 2))
    assert "labels" not in {test["name"] for test in stored["drift"]["tests"]}
    assert stored["drift"]["labels"] == []
