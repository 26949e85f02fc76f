"""Steps that change texts: done to a copy, repeatable, stored by their fields."""

from __future__ import annotations

import numpy as np
import pytest

from core.base.errors import ConfigError
from core.data.dataset.rows import TextDataset
from core.data.recipe import DropRepeats, Redact, RepairText, apply_steps, read_steps, write_steps


@pytest.fixture
def dataset() -> TextDataset:
    return TextDataset(
        ("call 13800138000", "Same", "same ", "same", "cafÃ©"),
        np.array([0, 1, 1, 0, 1]),
        ("a", "b"),
        None,
        None,
        tuple("12345"),
    )


def test_redaction_keeps_all_other_columns(dataset: TextDataset) -> None:
    after, (done,) = apply_steps(dataset, [Redact()])
    assert after.texts[0] == "call [PHONE]"
    assert (after.texts[1:], after.times, after.label_names()) == (
        dataset.texts[1:],
        dataset.times,
        dataset.label_names(),
    )
    assert done.count == 1
    again, (nothing,) = apply_steps(after, [Redact()])
    assert again is after
    assert nothing.count == 0


def test_only_chosen_kinds_are_redacted_and_unknown_ones_refused(dataset: TextDataset) -> None:
    assert apply_steps(dataset, [Redact(kinds=("email",))])[1][0].count == 0
    with pytest.raises(ConfigError):
        read_steps([{"kind": "redact", "kinds": ["shoe size"]}])


def test_repair_and_repetitions(dataset: TextDataset) -> None:
    after, done = apply_steps(dataset, [RepairText(), DropRepeats()])
    assert after.texts == ("call 13800138000", "Same", "same", "café")
    assert [step.count for step in done] == [1, 1]


def test_they_are_stored_as_plain_values() -> None:
    steps = [Redact(kinds=("email", "phone")), RepairText(), DropRepeats()]
    assert read_steps(write_steps(steps)) == steps
    assert str(steps[0].sentence()) == "Personal data replaced by [EMAIL], [PHONE]."
