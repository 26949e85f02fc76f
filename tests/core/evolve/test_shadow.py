"""A candidate answers beside the version that serves, and labels of texts on which they differ decide."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.base.audit import AuditLog
from core.base.errors import ConfigError
from core.data.labelling.sessions import LabellingStore
from core.evolve import shadow
from core.evolve.changing import change_policy
from core.evolve.ledger import Ledger
from core.serving.engines.graphs import load_version
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.recorder import Recorder
from core.serving.monitor.store import MonitorStore
from tests.core.conftest import reviews
from tests.core.evolve.conftest import Evolving

TEXTS = reviews(60, seed=9).texts  # in use, never learned
Answers = Callable[[int], list[str]]


@pytest.fixture
def beside(evolving: Evolving, monkeypatch: pytest.MonkeyPatch) -> Evolving:
    """A candidate that waits beside version 1; version 2 says the contrary to the first thirty texts in use."""
    MonitorStore(evolving.workspace.home).keep("Shop", Keeping(kept_texts="all"))
    evolving.set(then="shadow", shadow_texts=50)
    evolving.put("monday.csv", reviews(100, seed=1))
    ledger = evolving.step(3)
    assert (ledger.batches[0].state, ledger.batches[0].version) == ("shadow", 2)
    real = shadow._answers

    def answers(version, texts, context):  # type: ignore[no-untyped-def]
        given, differ = real(version, texts, context), set(TEXTS[:30])
        other = {"negative": "positive", "positive": "negative"}
        return [
            other[name] if version.number == 2 and text in differ else name
            for text, name in zip(texts, given, strict=True)
        ]

    monkeypatch.setattr(shadow, "_answers", answers)
    return evolving


def use(evolving: Evolving, texts: tuple[str, ...]) -> None:
    """Somebody asks the version that serves."""
    folder = evolving.workspace.registry.folder("Shop", 1)
    engine = load_version(folder)
    recorder = Recorder(evolving.workspace.home)
    answers = engine.answer(list(texts))
    recorder.noting("Shop", 1, folder, engine, "api")(list(texts), answers.values, answers.truncated, 0.01)
    recorder.close()


def label(evolving: Evolving, ledger: Ledger, *, wrong: int, skipped: int = 0) -> None:
    """Label all that differ: so many as the new version answers, the others as the old one does."""
    assert ledger.batches[0].shadow is not None
    sessions, identity = LabellingStore(evolving.workspace.home), str(ledger.batches[0].shadow["session"])
    engine = load_version(evolving.workspace.registry.folder("Shop", 1))
    other = {"negative": "positive", "positive": "negative"}
    for place, item in enumerate(sessions.items(identity)):
        old = engine.labels[int(np.argmax(engine.compute([item.text])[0]))]
        sessions.answer(identity, place, None if place < skipped else other[old] if place < wrong + skipped else old)


def test_it_waits_for_texts_then_for_labels_and_is_promoted_where_it_is_better(beside: Evolving) -> None:
    ledger = beside.step(1)
    assert ledger.batches[0].shadow == {**(ledger.batches[0].shadow or {}), "beside": 1, "texts": 0}
    use(beside, TEXTS[:20])
    use(beside, reviews(100, seed=1).texts)  # the candidate has met these: they do not count
    ledger = beside.step(1)
    assert (ledger.batches[0].state, (ledger.batches[0].shadow or {})["texts"]) == ("shadow", 20)
    use(beside, TEXTS[20:50])
    ledger = beside.step(1)
    batch = ledger.batches[0]
    assert batch.shadow is not None
    assert (batch.state, batch.shadow["texts"], batch.shadow["differ"]) == ("shadow", 50, 30)
    (session,) = LabellingStore(beside.workspace.home).list()
    assert set(session.labels) == {"negative", "positive"}
    assert all(not item.suggested for item in LabellingStore(beside.workspace.home).items(session.id))  # nobody is led
    assert (beside.step(1).batches[0].state, beside.champion) == ("shadow", 1)
    label(beside, ledger, wrong=30)
    ledger = beside.step(1)
    assert (ledger.batches[0].state, beside.champion) == ("promoted", 2)
    assert (ledger.batches[0].reason or {})["key"] == "evolve.shadow_decided"
    entry = AuditLog(beside.workspace.home).entries()[-1]
    assert (entry.did, entry.who, entry.version) == ("promoted", "policy", 2)
    assert "on 30, the other alone on 0" in entry.reason


@pytest.mark.parametrize(
    ("right", "skipped", "state", "key"),
    [
        (5, 0, "kept_back", "evolve.shadow_decided"),  # 5 against 25: p = .0003
        (14, 0, "waiting", "evolve.shadow_open"),  # 14 against 16
        (4, 25, "waiting", "evolve.shadow_open"),  # 4 against 1: p = .375
    ],
)
def test_what_the_labels_decide(beside: Evolving, right: int, skipped: int, state: str, key: str) -> None:
    use(beside, TEXTS[:50])
    label(beside, beside.step(1), wrong=right, skipped=skipped)
    batch = beside.step(1).batches[0]
    assert (batch.state, (batch.reason or {})["key"], beside.champion) == (state, key, 1)


def test_where_both_answer_alike_it_is_promoted(evolving: Evolving, monkeypatch: pytest.MonkeyPatch) -> None:
    MonitorStore(evolving.workspace.home).keep("Shop", Keeping(kept_texts="all"))
    evolving.set(then="shadow", shadow_texts=50)
    evolving.put("monday.csv", reviews(100, seed=1))
    evolving.step(3)
    monkeypatch.setattr(shadow, "_answers", lambda version, texts, context: ["positive"] * len(texts))
    use(evolving, TEXTS[:50])
    batch = evolving.step(1).batches[0]
    assert (batch.state, (batch.reason or {})["key"], evolving.champion) == ("promoted", "evolve.shadow_same", 2)


def test_a_killed_step_asks_for_the_same_labels(beside: Evolving) -> None:
    use(beside, TEXTS[:50])
    ledger = beside.step(1)
    first = (ledger.batches[0].shadow or {})["session"]
    from core.evolve.ledger import Ledgers

    with Ledgers(beside.workspace.home).alone("Shop") as stored:
        assert stored is not None
        assert stored.batches[0].shadow is not None
        del stored.batches[0].shadow["session"]
    assert (beside.step(1).batches[0].shadow or {})["session"] == first
    assert len(LabellingStore(beside.workspace.home).list()) == 1


def test_a_person_may_decide_meanwhile_or_delete_the_texts(beside: Evolving) -> None:
    use(beside, TEXTS[:50])
    ledger = beside.step(1)
    LabellingStore(beside.workspace.home).delete((ledger.batches[0].shadow or {})["session"])
    batch = beside.step(1).batches[0]
    assert (batch.state, (batch.reason or {})["key"]) == ("waiting", "evolve.shadow_gone")
    from core.registry import keep_back

    keep_back(beside.workspace.registry, "Shop", 2)
    assert beside.step(1).batches[0].state == "kept_back"


def test_texts_must_be_kept_for_that(evolving: Evolving) -> None:
    with pytest.raises(ConfigError, match="texts in use are kept"):
        change_policy("Shop", {"then": "shadow"}, evolving.workspace)
    MonitorStore(evolving.workspace.home).keep("Shop", Keeping(kept_texts="sample"))
    change_policy("Shop", {"then": "shadow"}, evolving.workspace)
    evolving.put("monday.csv", reviews(100, seed=1))
    evolving.step(3)
    MonitorStore(evolving.workspace.home).keep("Shop", Keeping())
    ledger = evolving.step(1)
    assert ledger.trouble is not None
    assert (ledger.trouble["key"], ledger.batches[0].state) == ("evolve.shadow_no_texts", "shadow")
