"""Which encoder suits a table: by its language, and by what those at hand make of its training texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base.errors import DataError
from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import split_rows
from core.networks.pretrained import EncoderInfo, EncoderStore
from core.networks.pretrained.known import KNOWN, USUAL, at_hand, known, online, understands, usual_encoder
from core.networks.pretrained.packaged import PACKAGED
from core.statistics.intervals import Estimate
from core.tasks import DEFAULT, task_of
from core.workflows.requests import DataConfig
from core.workflows.train import encoders
from core.workflows.train.encoders import Advice, Tried, recommend
from core.workflows.workspace import Workspace
from tests.core.conftest import BAD, GOOD, THINGS, reviews
from tests.encoders import tiny_encoder

TEXT = task_of(DEFAULT)


@pytest.fixture
def nothing_packaged(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoder in PACKAGED.values():
        monkeypatch.setattr(type(encoder), "paths", lambda _: None)


def info(reference: str, *languages: str, installed: bool = True) -> EncoderInfo:
    kind: Any = reference.partition(":")[0]
    return EncoderInfo(reference, reference.partition(":")[2], kind, languages=languages, installed=installed)


def add(workspace: Workspace, name: str, folder: Path, languages: tuple[str, ...] = (), **others: Any) -> None:
    workspace.sources.encoders.add(name, tiny_encoder(folder, **others), languages=languages)


def advise(workspace: Workspace, dataset: TextDataset, language: str = "en", minutes: float = 10.0) -> Advice:
    *_, advice = recommend(dataset, language, TEXT, DataConfig(), minutes, workspace.sources)
    assert isinstance(advice, Advice)
    return advice


def test_every_known_encoder_can_be_named_and_says_what_it_is() -> None:
    assert len({own.info.reference for own in KNOWN}) == len(KNOWN)
    for own in KNOWN:
        described = EncoderStore(Path("/nowhere")).describe(own.info.reference)
        assert described == own.info == known(own.info.reference)
        assert not described.installed
        assert own.tokens in (512, 8192)
    assert known("hub:nobody/nothing") is None


def test_what_a_folder_does_not_say_stays_as_it_is_known(tmp_path: Path) -> None:
    """The multilingual e5 models need a prefix that none of their files names."""
    from core.networks.pretrained.folders import read_facts

    e5 = known("hub:intfloat/multilingual-e5-base")
    assert e5 is not None
    read = read_facts(tiny_encoder(tmp_path), e5)
    assert (read.prefix, read.pooling, read.languages, read.licence) == ("query: ", "mean", ("en", "zh"), "MIT")
    assert read.parameters != e5.parameters  # these are counted
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert read_facts(tmp_path, e5).pooling == "cls"


@pytest.mark.parametrize(
    ("languages", "language", "fits"),
    [
        (("en",), "en", True),
        (("en",), "zh", False),
        (("en",), "mixed", False),
        (("en", "zh"), "mixed", True),
        ((), "zh", True),
        (("en",), "fr", True),
    ],
)
def test_an_encoder_for_another_language_is_passed_over(languages: tuple[str, ...], language: str, fits: bool) -> None:
    assert understands(info("own:a", *languages), language) is fits
    assert bool(at_hand([info("own:a", *languages)], language)) is fits
    assert at_hand([info("own:a", *languages, installed=False)], language) == []


def test_without_measuring_the_usual_one_is_taken_where_it_is_at_hand() -> None:
    english, usual = info("packaged:all-minilm-l6-v2", "en"), info(USUAL, "en", "zh")
    assert usual_encoder([english, usual], "en") == USUAL
    assert usual_encoder([english, replace(usual, installed=False)], "en") == english.reference
    assert usual_encoder([english, replace(usual, installed=False)], "zh") == USUAL  # it is said how to install it


def test_long_texts_and_little_time_change_what_is_named_of_the_hub() -> None:
    long = online("zh", tokens=513, megabytes=1300)
    assert [own.name for own in long] == [
        "jhu-clsp/mmBERT-base",
        "alibaba-nlp-community/gte-multilingual-base",
        "jhu-clsp/mmBERT-small",
    ]
    small = online("en", tokens=0, megabytes=600)
    assert small[0].name == "jhu-clsp/mmBERT-small"
    assert "BAAI/bge-small-zh-v1.5" not in [own.name for own in small]


@pytest.mark.usefixtures("nothing_packaged")
def test_with_none_at_hand_the_sentence_says_so_and_what_a_network_would_give(workspace: Workspace) -> None:
    advice = advise(workspace, reviews(60), "zh")
    assert advice.best == ""
    assert str(advice.reason).startswith("No encoder at hand")
    assert "hub:jhu-clsp/mmBERT-base" in str(advice.reason)


@pytest.mark.usefixtures("nothing_packaged")
def test_a_single_one_is_not_measured(workspace: Workspace, tmp_path: Path) -> None:
    add(workspace, "alone", tmp_path)
    advice = advise(workspace, reviews(60))
    assert (advice.best, advice.tried) == ("own:alone", ())
    assert "alone is the only encoder" in str(advice.reason)


@pytest.mark.usefixtures("nothing_packaged")
def test_the_one_that_tells_the_training_texts_apart_is_best(workspace: Workspace, tmp_path: Path) -> None:
    """One knows the words, the other sees letters alone."""
    add(workspace, "knows", tmp_path / "a", words=[*GOOD, *BAD, *THINGS, "number"])
    add(workspace, "letters", tmp_path / "b", seed=1)
    add(workspace, "chinese", tmp_path / "c", languages=("zh",))
    dataset = reviews(200)
    events = list(recommend(dataset, "en", TEXT, DataConfig(), 10.0, workspace.sources))
    advice = events[-1]
    assert isinstance(advice, Advice)
    assert advice.best == "own:knows"
    assert [own.name for own in advice.tried] == ["knows", "letters"]
    assert advice.tried[0].score.value > advice.tried[1].score.value
    assert all(own.texts_per_second > 0 for own in advice.tried)
    assert len(events) == 3
    assert str(advice.reason).startswith("Best at hand for 'en'")
    assert advice.to_dict()["tried"][0]["score"] == advice.tried[0].score.to_dict()


@pytest.mark.usefixtures("nothing_packaged")
def test_only_training_rows_are_looked_at(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        add(workspace, name, tmp_path / name)
    seen: set[str] = set()

    def watch(given: EncoderInfo, rows: Any, *_: Any) -> Tried:
        seen.update(rows.train_texts, rows.texts)
        return Tried(given.reference, given.name, Estimate(0.5, 0.4, 0.6), 1.0, True)

    monkeypatch.setattr(encoders, "_try", watch)
    dataset = reviews(200)
    advise(workspace, dataset)
    split = split_rows(dataset, fractions=(0.7, 0.1, 0.2), seed=0)
    assert seen == {dataset.texts[row] for row in split.train}


@pytest.mark.usefixtures("nothing_packaged")
@pytest.mark.parametrize(
    ("first", "second", "best"),
    [
        ((0.800, 10.0, True), (0.804, 1.0, True), "own:one"),  # as good and faster
        ((0.800, 10.0, True), (0.806, 1.0, True), "own:two"),
        ((0.800, 10.0, True), (0.900, 1.0, False), "own:one"),  # not in time
    ],
)
def test_equals_go_by_speed_and_what_takes_too_long_goes_last(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: Any, second: Any, best: str
) -> None:
    for name in ("one", "two"):
        add(workspace, name, tmp_path / name)
    measured = {"one": first, "two": second}

    def told(given: EncoderInfo, *_: Any) -> Tried:
        score, speed, in_time = measured[given.name]
        return Tried(given.reference, given.name, Estimate(score, score - 0.1, score + 0.1), speed, in_time)

    monkeypatch.setattr(encoders, "_try", told)
    assert advise(workspace, reviews(60)).best == best


def test_texts_without_labels_are_refused(workspace: Workspace) -> None:
    empty = TextDataset(("a", "b"), np.zeros(2, dtype=np.int64), ("",))
    with pytest.raises(DataError, match="have no labels"):
        advise(workspace, empty)
