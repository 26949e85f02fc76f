"""Labels, times, languages, damage and personal data of a whole table."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.dataset.rows import TextDataset
from core.data.quality import FINDERS, Finding, Inspected
from core.data.quality.imbalance import majority_macro_f1
from core.data.quality.times import read_times


def findings_of(name: str, data: TextDataset) -> dict[str, Finding]:
    return {finding.kind: finding for finding in FINDERS[name][0](Inspected(data)) if isinstance(finding, Finding)}


def timed(days: list[str], labels: list[int] | None = None) -> TextDataset:
    texts = tuple(f"text {row}" for row in range(len(days)))
    return TextDataset(texts, np.array(labels or [0] * len(days)), ("a", "b"), None, None, tuple(days))


def labelled(*counts: int) -> TextDataset:
    labels = np.repeat(np.arange(len(counts)), counts)
    return TextDataset(tuple(map(str, range(len(labels)))), labels, tuple("abcdefgh"[: len(counts)]))


def test_imbalance_says_what_the_figures_of_doing_nothing_are() -> None:
    finding = findings_of("imbalance", labelled(90, 10))["imbalance"]
    assert finding.sentence.facts["accuracy"] == pytest.approx(0.9)
    assert finding.sentence.facts["macro"] == pytest.approx(2 * 0.9 / 1.9 / 2)
    assert (finding.count, finding.rows, finding.fixes) == (90, tuple(range(90, 100)), ())
    assert majority_macro_f1(0.5, 2) == pytest.approx(1 / 3)


def test_balanced_labels_are_no_finding_and_rare_ones_are_named() -> None:
    assert findings_of("imbalance", labelled(40, 50)) == {}
    assert findings_of("imbalance", labelled(60, 50, 5))["few_rows"].sentence.facts["labels"] == ["c"]


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T23:30:00-05:00", "2026-03-02"),
        ("Thu Jan 21 05:58:04 +0000 2016", "2016-01-21"),
        ("2026年3月1日", "2026-03-01"),
        ("1456790400", "2016-03-01"),
        ("1456790400000", "2016-03-01"),
        ("2016", "2016-01-01"),
        ("20160301", "2016-03-01"),
        ("tomorrow, perhaps", "NaT"),
        ("", "NaT"),
    ],
)
def test_times_are_read_as_people_write_them(value: str, day: str) -> None:
    assert str(read_times([value])[0].astype("datetime64[D]")) == day


def test_everything_on_one_day_a_gap_and_the_future_are_told() -> None:
    assert set(findings_of("times", timed(["2026-03-01"] * 5))) == {"time_one_day"}
    gap = findings_of("times", timed(["2025-01-01", "2025-01-02", "2025-01-03", "2025-03-04"]))
    assert gap["time_gap"].count == 59  # 4 January to 3 March
    ahead = findings_of("times", timed(["2025-01-01", "2025-01-02", "2999-01-01"]))
    assert ahead["time_future"].rows == (2,)
    assert findings_of("times", timed(["2025-01-01", "2025-01-02", "soon"]))["time_unreadable"].rows == (2,)


def test_a_column_without_times_and_no_column_say_nothing() -> None:
    assert findings_of("times", timed(["a", "b", "c"])) == {}
    assert findings_of("times", labelled(3, 3)) == {}


def test_labels_that_move_are_told_with_both_months() -> None:
    days = ["2026-01-10"] * 100 + ["2026-02-10"] * 100
    finding = findings_of("times", timed(days, [0] * 80 + [1] * 20 + [0] * 30 + [1] * 70))["time_labels"]
    assert (finding.sentence.facts["low"], finding.sentence.facts["high"]) == (pytest.approx(0.3), pytest.approx(0.8))
    assert {finding.sentence.facts["low_month"], finding.sentence.facts["high_month"]} == {"2026-01", "2026-02"}
    assert "time_labels" not in findings_of("times", timed(days, [0, 1] * 100))


def test_a_few_texts_in_another_language_can_be_removed_many_cannot() -> None:
    texts = ["这家店的菜很好吃"] * 19 + ["this is english"]
    few = findings_of("languages", TextDataset(tuple(texts), np.arange(20) % 2, ("a", "b")))["language_mix"]
    assert (few.count, few.rows, len(few.fixes)) == (1, (19,), 1)
    many = TextDataset(tuple(texts[:10] + ["this is english"] * 10), np.arange(20) % 2, ("a", "b"))
    assert findings_of("languages", many)["language_mix"].fixes == ()
    assert findings_of("languages", TextDataset(tuple(texts[:19]), np.arange(19) % 2, ("a", "b"))) == {}


def test_damage_that_can_be_undone_is_told_from_what_is_lost() -> None:
    misread = "这家店的菜很好吃".encode().decode("gb18030")
    data = TextDataset((misread, "锟斤拷锟斤拷", "很好"), np.array([0, 1, 0]), ("a", "b"))
    both = findings_of("damaged_text", data)
    assert both["damaged_text"].rows == (0,)
    assert both["lost_text"].rows == (1,)
    assert both["damaged_text"].fixes[0].steps[0].apply(data)[0].texts[0] == "这家店的菜很好吃"


def test_identity_numbers_are_serious_and_only_kinds_that_occur_are_redacted() -> None:
    data = TextDataset(("身份证 11010519491231002X", "nothing"), np.array([0, 1]), ("a", "b"))
    finding = findings_of("personal_data", data)["personal_data"]
    assert (finding.severity, finding.rows) == ("error", (0,))
    assert finding.fixes[0].steps[0].model_dump()["kinds"] == ("id_number",)
