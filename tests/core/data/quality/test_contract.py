"""What holds for every finder, on datasets of every kind: good, bad, tiny, empty, Chinese."""

from __future__ import annotations

import numpy as np
import pytest

from core.base.errors import DataError
from core.data.dataset.rows import TextDataset
from core.data.quality import FINDERS, Finding, FrozenTexts, Inspected, steps_of
from core.data.recipe import apply_steps
from dashboard.shell.i18n import catalogue

BAD = [
    ("I like this phone very much indeed", "good", "train", "2026-01-05"),
    ("i like this phone very much indeed!", "good", "test", "2026-01-05"),
    ("I like this phone very much indeed", "bad", "train", "2031-01-05"),
    ("I like this phone very much today", "bad", "train", "never"),
    ("Call me: 13800138000 or a.b@shop.com", "good", "train", "2026-01-06"),
    ("This cafÃ© is very good", "good", "train", "2026-01-06"),
    ("lost � sign", "good", "train", "2026-01-06"),
    ("!!!???", "bad", "train", "2026-01-07"),
    ("很好吃", "good", "train", "2026-01-08"),
]
WORDS = {"good": "great lovely fine happy perfect superb", "bad": "awful ugly broken slow sad terrible"}
HAN = {"good": "好吃 很快 不错 喜欢 满意 新鲜", "bad": "难吃 太慢 很差 失望 冰凉 退款"}


def generated(words: dict[str, str], rows: int, seed: int = 0, joint: str = " ") -> list[tuple[str, str, str, str]]:
    """Rows whose words say their label."""
    dice = np.random.default_rng(seed)
    made = []
    for row in range(rows):
        label = "good" if row % 2 else "bad"
        picked = dice.choice(words[label].split(), 4)
        made.append((joint.join([*picked, f"{row:03d}"]), label, "train", f"2026-0{1 + row % 6}-0{1 + row % 9}"))
    return made


def dataset(rows: list[tuple[str, str, str, str]], *, parts: bool = True) -> TextDataset:
    classes = tuple(sorted({label for _, label, _, _ in rows}))
    labels = np.array([classes.index(label) for _, label, _, _ in rows], dtype=np.int64)
    texts, _, splits, times = (tuple(column) for column in zip(*rows, strict=True)) if rows else ((), (), (), ())
    return TextDataset(texts, labels, classes, splits if parts else None, None, times)


# Each row with four words of its label, in an order of its own, and one word that no other row has
CLEAN = [
    (
        f"{' '.join(np.random.default_rng(row).permutation(WORDS[label].split())[:4])} {chr(97 + row % 26) * 5}{row}",
        label,
        "",
        "",
    )
    for row, label in enumerate(["good", "bad"] * 40)
]
SETS = {
    "bad": dataset(BAD + generated(WORDS, 80)),
    "chinese": dataset(generated(HAN, 80, joint="，"), parts=False),
    "one row": dataset(BAD[:1]),
    "one label": dataset([row for row in generated(WORDS, 60) if row[1] == "good"]),
    "no rows": TextDataset((), np.zeros(0, dtype=np.int64), ()),
    "only signs": TextDataset(("!!!", "???", "...") * 20, np.arange(60) % 2, ("a", "b")),
}
FROZEN = (FrozenTexts("shop", ("I like this phone very much indeed", "great great fine happy")),)


def findings(name: str, data: TextDataset, frozen: tuple[FrozenTexts, ...] = FROZEN) -> list[Finding]:
    return [event for event in FINDERS[name][0](Inspected(data, frozen)) if isinstance(event, Finding)]


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("name", FINDERS)
def test_every_finder_says_the_same_twice_and_only_of_rows_that_are_there(name: str, kind: str) -> None:
    data = SETS[kind]
    listed = findings(name, data)
    assert [finding.to_dict() for finding in listed] == [finding.to_dict() for finding in findings(name, data)]
    for finding in listed:
        assert finding.count > 0
        assert all(0 <= row < len(data) for row in finding.rows)
        assert len(finding.rows) <= 1000
        assert len(finding.notes) in (0, len(finding.rows))
        assert Finding.from_dict(finding.to_dict()) == finding


@pytest.mark.parametrize("name", FINDERS)
def test_progress_goes_from_0_to_1(name: str) -> None:
    shares = [step for step in FINDERS[name][0](Inspected(SETS["bad"], FROZEN)) if isinstance(step, float)]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.parametrize("name", FINDERS)
def test_every_fix_changes_a_copy_and_what_is_left_has_less_to_find(name: str) -> None:
    data = SETS["bad"]
    before = (data.texts, data.labels.tolist())
    for finding in findings(name, data):
        for fix in finding.fixes:
            after, done = apply_steps(data, steps_of([fix]))
            assert sum(step.count for step in done) > 0
            left = [again.count for again in findings(name, after) if again.kind == finding.kind]
            # What a model learns anew from what is left may be doubted anew.
            assert sum(left) < finding.count or name in ("label_errors", "outliers")
    assert (data.texts, data.labels.tolist()) == before


def test_every_kind_of_finding_and_every_finder_has_its_name_in_both_languages() -> None:
    kinds = {finding.kind for name in FINDERS for data in SETS.values() for finding in findings(name, data)}
    wanted = {f"quality.kind_{kind}" for kind in kinds} | {f"quality.finder_{name}" for name in FINDERS}
    for language in ("en", "zh"):
        assert wanted <= catalogue(language).keys()


def test_nothing_is_found_in_a_clean_table() -> None:
    clean = dataset(
        [(text, label, "train", f"2026-01-{1 + row % 28:02d}") for row, (text, label, _, _) in enumerate(CLEAN)]
    )
    assert [finding.kind for name in FINDERS for finding in findings(name, clean, ())] == []


def test_all_fixes_together_come_in_an_order_in_which_each_finds_its_texts() -> None:
    data = SETS["bad"]
    names = ("personal_data", "damaged_text", "contradictions", "duplicates", "odd_texts")
    fixes = [finding.fixes[0] for name in names for finding in findings(name, data, ()) if finding.fixes]
    steps = steps_of(fixes)
    kinds = [step.kind for step in steps]
    assert kinds.index("drop_texts") < kinds.index("repair_text") < kinds.index("redact")
    after, done = apply_steps(data, steps)
    assert all(step.count for step in done if step.step.kind in ("repair_text", "redact"))
    assert "Call me: [PHONE] or [EMAIL]" in after.texts
    assert "This café is very good" in after.texts


def test_fixes_that_would_leave_nothing_are_refused() -> None:
    data = TextDataset(("same", "Same"), np.array([0, 1]), ("a", "b"))
    (finding,) = findings("contradictions", data, ())
    with pytest.raises(DataError) as caught:
        apply_steps(data, finding.fixes[0].steps)
    assert caught.value.message.key == "recipe.nothing_left"
