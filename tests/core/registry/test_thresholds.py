from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.base.errors import RegistryError
from core.networks.standalone.predict import answered
from core.registry import Registry
from core.tasks.text_classification.decisions import Costs, judge_threshold


def test_a_threshold_belongs_to_the_classifier_and_says_with_which_version_it_was_chosen(
    registry: Registry, add_version: Callable[..., int]
) -> None:
    add_version()
    add_version()
    assert registry.threshold("Reviews") is None
    registry.set_threshold("Reviews", 0.9, version=1)
    registry.promote("Reviews", 2)
    found = registry.threshold("Reviews")
    assert found is not None
    assert (found.value, found.version) == (0.9, 1)
    assert registry.classifiers()[0].threshold == found
    registry.clear_threshold("Reviews")
    registry.clear_threshold("Reviews")
    assert registry.threshold("Reviews") is None


@pytest.mark.parametrize("value", [0.0, -0.1, 1.01, float("nan")])
def test_what_is_no_probability_is_refused_and_the_old_one_stays(
    registry: Registry, add_version: Callable[..., int], value: float
) -> None:
    add_version()
    registry.set_threshold("Reviews", 0.8, version=1)
    with pytest.raises(RegistryError, match="above 0 and at most 1"):
        registry.set_threshold("Reviews", value, version=1)
    found = registry.threshold("Reviews")
    assert found is not None
    assert found.value == 0.8


def test_an_unknown_classifier_or_version_is_named(registry: Registry, add_version: Callable[..., int]) -> None:
    add_version()
    with pytest.raises(RegistryError, match="no version 7"):
        registry.set_threshold("Reviews", 0.8, version=7)
    with pytest.raises(RegistryError, match="no classifier 'Other'"):
        registry.threshold("Other")


def test_the_rule_is_the_same_where_thresholds_are_judged_and_where_they_are_used() -> None:
    sure = np.arange(500, 1001) / 1000
    stated = np.stack([sure, 1 - sure], axis=1).astype(np.float32)
    for threshold in np.arange(1, 101) / 100:
        judged = judge_threshold(np.zeros(len(sure), dtype=np.int64), stated, float(threshold), Costs.even(2))
        assert judged.answered == answered(stated, float(threshold)).sum() == (sure >= threshold - 1e-9).sum()
