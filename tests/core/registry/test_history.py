from __future__ import annotations

from core.registry.history import TAG_CHARACTERS, ChampionHistory

AT = "2025-01-31T12:00:00+00:00"


def promoted(*versions: int) -> ChampionHistory:
    history = ChampionHistory()
    for version in versions:
        history = history.promoted(version, at=AT)
    return history


def test_a_step_back_shortens_the_path_and_lengthens_the_record() -> None:
    history = promoted(1, 2, 3).rolled_back(2, at=AT, reason="worse")
    assert history.path == (1, 2)
    assert [move["version"] for move in history.moves] == [1, 2, 3, 2]
    assert history.moves[-1]["reason"] == "worse"


def test_a_step_back_to_a_version_that_never_was_champion_replaces_the_last() -> None:
    assert promoted(1, 3).rolled_back(2, at=AT).path == (1, 2)


def test_a_step_back_goes_to_the_latest_time_a_version_was_champion() -> None:
    assert promoted(1, 2, 1, 3).rolled_back(1, at=AT).path == (1, 2, 1)


def test_text_round_trip() -> None:
    history = promoted(1, 2).promoted(3, at=AT, reason="更好了")
    assert ChampionHistory.from_text(history.to_text()) == history


def test_long_histories_fit_a_tag_and_keep_the_newest() -> None:
    history = ChampionHistory()
    for version in range(1, 201):
        history = history.promoted(version, at=AT, reason="r" * 500)
    assert len(history.to_text()) <= TAG_CHARACTERS
    kept = ChampionHistory.from_text(history.to_text())
    assert kept.moves[-1]["version"] == 200
    assert kept.path == tuple(range(151, 201))


def test_an_unreadable_tag_is_an_empty_history() -> None:
    assert ChampionHistory.from_text("{broken") == ChampionHistory()
    assert ChampionHistory.from_text(None) == ChampionHistory()
    assert ChampionHistory.from_text('{"moves": [[1]], "path": []}') == ChampionHistory()
