"""What was decided on a version stays with it, whatever it says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.base.errors import RegistryError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import DatasetStore
from core.data.labelling.corrections import Corrections
from core.registry import PromotionDecision, Registry, keep_back, promote
from core.registry.entries import REASON_CHARACTERS

AddVersion = Callable[..., int]


def test_a_version_is_undecided_at_first_and_keeps_the_last_decision(
    registry: Registry, add_version: AddVersion
) -> None:
    add_version()
    assert registry.version("Reviews", 1).decision is None
    keep_back(registry, "Reviews", 1, rules={"tolerance": 2.0})
    assert registry.versions("Reviews")[0].decision == PromotionDecision(promoted=False, rules={"tolerance": 2.0})
    assert registry.champion("Reviews") is None
    promote(registry, "Reviews", 1, how="page")
    assert registry.version("Reviews", 1).decision == PromotionDecision(promoted=True)
    assert registry.champion_history("Reviews")[-1]["reason"] == "page"


def test_a_reason_in_any_language_comes_back_as_it_was_written(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    promote(registry, "Reviews", 1, how="页面", reason='旧店已关，"不再"适用 *x*', passes=False)
    decision = registry.version("Reviews", 1).decision
    assert decision is not None
    assert decision.reason == '旧店已关，"不再"适用 *x*'
    assert decision.against_gate


def test_a_very_long_reason_fits_its_tag(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    promote(registry, "Reviews", 1, how="page", reason="为" * 3000, passes=False)
    decision = registry.version("Reviews", 1).decision
    assert decision is not None
    assert decision.reason == "为" * REASON_CHARACTERS


def test_without_a_reason_nothing_moves_against_the_gate(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    with pytest.raises(RegistryError, match="say why"):
        promote(registry, "Reviews", 1, how="page", reason=" \t", passes=False)
    assert registry.champion("Reviews") is None
    assert registry.version("Reviews", 1).decision is None


def test_a_tag_that_cannot_be_read_is_no_decision() -> None:
    for text in (None, "", "{", "[]", '{"surprise": 1}'):
        assert PromotionDecision.from_text(text) is None


def test_a_version_that_is_not_there_cannot_be_decided_on(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    for act in (lambda: keep_back(registry, "Reviews", 9), lambda: promote(registry, "Reviews", 9, how="page")):
        with pytest.raises(RegistryError, match="no version 9"):
            act()


def correct(registry: Registry, text: str, label: str) -> None:
    Corrections(registry.home).add("Reviews", text, label, predicted="?", version=1)


def waiting(registry: Registry) -> list[str]:
    return [correction.text for correction in Corrections(registry.home).list("Reviews")]


def stored(registry: Registry, *texts: str) -> str:
    dataset = TextDataset(texts, np.zeros(len(texts), dtype=np.int64), ("good",))
    return DatasetStore(registry.home).save(dataset, name="batch", roles=ColumnRoles("text", "label")).id


def test_promotion_clears_the_corrections_that_were_learned_whoever_promotes(
    registry: Registry, add_version: AddVersion
) -> None:
    add_version(dataset=stored(registry, "an old row"))
    for text, label in (("Fine  thing", "good"), ("another", "good"), ("changed again", "bad"), ("an old row", "good")):
        correct(registry, text, label)
    add_version(parent=1, dataset=stored(registry, "fine thing", "changed again"))
    add_version(parent=2, dataset=stored(registry, "something else"))
    promote(registry, "Reviews", 3, how="command line")
    # "another" was not learned, "changed again" has another label since; and the old row was
    # learned before it was answered wrongly.
    assert waiting(registry) == ["another", "changed again", "an old row"]


def test_a_deleted_batch_clears_nothing(registry: Registry, add_version: AddVersion) -> None:
    add_version()
    correct(registry, "fine thing", "good")
    identity = stored(registry, "fine thing")
    add_version(parent=1, dataset=identity)
    DatasetStore(registry.home).delete(identity)
    promote(registry, "Reviews", 2, how="page")
    assert waiting(registry) == ["fine thing"]
