"""A model in use: its days, what its answers are worth, what a person labels of them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from core.base.errors import DataError
from core.cli.main import main
from core.data.labelling.sessions import LabellingStore
from core.registry import VersionInfo
from core.serving.engines.graphs import load_version
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.recorder import Recorder
from core.serving.monitor.store import MonitorStore
from core.workflows.forget.rows import find_rows
from core.workflows.forget.run import ForgetRequest, forget_rows
from core.workflows.monitor.labelling import begin_from_use, tell_truths
from core.workflows.monitor.look import Monitored, held_out, monitored
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

TODAY = date.today()


@pytest.fixture
def served(workspace: Workspace) -> tuple[Workspace, VersionInfo, VersionFolder]:
    stored = save(workspace, reviews(400))
    list(train_classifier(TrainRequest(classifier="Shop", dataset=stored.id, model="linear"), workspace))
    version = workspace.registry.resolve("Shop", None)
    return workspace, version, VersionFolder(workspace.registry.folder_of(version))


def ask(served: tuple[Workspace, VersionInfo, VersionFolder], texts: list[str], day: date = TODAY) -> None:
    """Have the version answer texts on a day."""
    workspace, version, folder = served
    engine = load_version(folder.path)
    recorder = Recorder(workspace.home, today=lambda: day)
    answers = engine.answer(texts)
    note = recorder.noting("Shop", version.number, folder.path, engine, "table")
    note(texts, answers.values, answers.truncated, 0.01)
    recorder.close()


def look(served: tuple[Workspace, VersionInfo, VersionFolder], **facts: int) -> Monitored:
    workspace, version, folder = served
    return monitored(version, workspace.home, folder, **facts)


def test_days_answers_and_a_score_that_nobody_told(served: tuple[Workspace, VersionInfo, VersionFolder]) -> None:
    assert look(served).days == ()
    ask(served, list(reviews(100, seed=5).texts), TODAY - timedelta(days=3))
    ask(served, list(reviews(80, seed=6).texts))
    ask(served, list(reviews(40, seed=7).texts), TODAY - timedelta(days=50))
    found = look(served)
    assert [(day.texts, day.version) for day in found.days] == [(100, 1), (80, 1)]
    assert set(found.days[0].answers) <= {"negative", "positive"}
    assert found.sources == {"table": 180}
    assert found.languages == {"en": 180}
    assert found.whole is not None
    assert found.whole.rows == 180
    assert found.alarm is None
    assert found.to_dict()["days"][1]["texts"] == 80
    assert len(look(served, days=60).days) == 3


def test_the_reference_is_what_was_not_learned(served: tuple[Workspace, VersionInfo, VersionFolder]) -> None:
    _, _, folder = served
    known = held_out(folder)
    assert known is not None
    record = folder.experiences()[0]
    assert len(known[1]) == record.test + record.validation
    assert known[0].sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_texts_drawn_by_chance_tell_the_true_score_and_those_in_doubt_do_not(
    served: tuple[Workspace, VersionInfo, VersionFolder],
) -> None:
    workspace, version, folder = served
    with pytest.raises(DataError, match="No texts of 'Shop' are kept"):
        begin_from_use(version, workspace.home, folder, draw="chance", days=30)
    MonitorStore(workspace.home).keep("Shop", Keeping(kept_texts="sample"))
    batch = reviews(90, seed=8)
    ask(served, list(batch.texts))
    truth = dict(zip(batch.texts, batch.label_names(), strict=True))
    sessions = LabellingStore(workspace.home)
    for draw, expected in (("doubt", 0), ("chance", 40)):
        session = begin_from_use(version, workspace.home, folder, draw=draw, days=30)  # type: ignore[arg-type]
        items = sessions.items(session.id)
        assert len(items) == 40
        assert session.labels == ("negative", "positive")
        for place, item in enumerate(items):
            sessions.answer(session.id, place, truth[item.text])
        assert tell_truths(session, workspace.home) == expected
    found = look(served)
    assert found.known == 40
    assert found.true["accuracy"].low <= found.true["accuracy"].value <= found.true["accuracy"].high
    assert found.days[0].known == 40
    again = begin_from_use(version, workspace.home, folder, draw="chance", days=30, count=100)
    assert again.rows == 50


def test_a_change_of_the_texts_raises_an_alarm_that_others_can_see(
    served: tuple[Workspace, VersionInfo, VersionFolder],
) -> None:
    workspace, version, _ = served
    for back in range(12, 0, -1):
        ask(served, [f"nothing known {back} {row}" for row in range(60)], TODAY - timedelta(days=back))
    found = look(served)
    assert found.alarm is not None
    assert found.alarm.key == "monitor.changed"
    assert MonitorStore(workspace.home).alarm("Shop", version.run_id) is not None


def test_forgetting_finds_and_removes_texts_that_were_only_asked(
    served: tuple[Workspace, VersionInfo, VersionFolder],
) -> None:
    workspace, _, _ = served
    MonitorStore(workspace.home).keep("Shop", Keeping(kept_texts="sample"))
    ask(served, ["a person wrote this", "and another that"])
    matches = find_rows("Shop", workspace, texts=["A person wrote this"])
    assert matches.monitor == 1
    assert matches.missing_texts == ()
    request = ForgetRequest(
        classifier="Shop", rows={}, digests=sorted(matches.digests), wanted=sorted(matches.wanted), people=[]
    )
    list(forget_rows(request, workspace))
    assert MonitorStore(workspace.home).every_text() == ["and another that"]


def test_the_command_shows_keeps_and_labels(
    served: tuple[Workspace, VersionInfo, VersionFolder], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = reviews(60, seed=9)
    table = tmp_path / "asked.csv"
    rows = zip(batch.texts, batch.label_names(), strict=True)
    table.write_text("text,label\n" + "\n".join(f"{text},{label}" for text, label in rows), encoding="utf-8")
    assert main(["monitor", "show", "--classifier", "Shop"]) == 0
    assert "has answered nothing" in capsys.readouterr().out
    assert main(["monitor", "keep", "--classifier", "Shop", "--texts", "marks", "--days", "7"]) == 0
    out = tmp_path / "answers.csv"
    assert main(["predict", "--classifier", "Shop", "--data", str(table), "--text", "text", "--out", str(out)]) == 0
    labelled = ["monitor", "label", "--classifier", "Shop", "--data", str(table), "--text", "text", "--label", "label"]
    assert main(labelled) == 0
    assert "60 answers" in capsys.readouterr().err
    assert main(["monitor", "show", "--classifier", "Shop"]) == 0
    told = capsys.readouterr().out
    assert "60 texts" in told
    assert "Of 60 answers the truth is known" in told
    assert main(["monitor", "keep", "--classifier", "Shop", "--days", "0"]) == 2
    assert main(["monitor", "show", "--classifier", "Nobody"]) == 2
