from __future__ import annotations

import json

import numpy as np
import pytest

from core.continual.memory import Kept, equal_shares, herd
from core.continual.strategies import Memory


def filled(capacity: int, counts: dict[str, int], *, seed: int = 0) -> Memory:
    memory = Memory(capacity)
    texts = [f"{label} {number}" for label, count in counts.items() for number in range(count)]
    memory.observe(texts, [text.split()[0] for text in texts], experience=1, seed=seed)
    return memory


def sizes(memory: Memory) -> dict[str, int]:
    return {label: len(rows) for label, rows in memory.rows.items()}


def test_everything_is_kept_while_there_is_room() -> None:
    texts, labels = filled(10, {"a": 4, "b": 2}).examples()
    assert sorted(texts) == ["a 0", "a 1", "a 2", "a 3", "b 0", "b 1"]
    assert all(text.startswith(label) for text, label in zip(texts, labels, strict=True))


def test_a_rare_label_keeps_all_its_rows() -> None:
    assert sizes(filled(20, {"common": 500, "rare": 6})) == {"common": 14, "rare": 6}


def test_equal_labels_share_the_memory() -> None:
    counts = sizes(filled(30, {"a": 200, "b": 200, "c": 200}))
    assert sum(counts.values()) == 30
    assert all(8 <= count <= 12 for count in counts.values())


def test_capacity_zero_keeps_no_text_but_counts() -> None:
    memory = filled(0, {"a": 5})
    assert len(memory) == 0
    assert memory.seen == {"a": 5}


def test_early_and_late_rows_are_kept_alike() -> None:
    memory = Memory(100)
    for experience in (1, 2):
        texts = [f"text {experience} {row}" for row in range(1000)]
        memory.observe(texts, ["a"] * 1000, experience=experience, seed=experience)
    first = sum(row.experience == 1 for row in memory.rows["a"])
    # 50 expected; 30 and 70 are four standard deviations away
    assert 30 < first < 70


def test_the_same_seed_keeps_the_same_rows() -> None:
    assert filled(10, {"a": 50, "b": 9}).to_dict() == filled(10, {"a": 50, "b": 9}).to_dict()
    assert filled(10, {"a": 50}).to_dict() != filled(10, {"a": 50}, seed=1).to_dict()


def test_a_smaller_copy_takes_from_the_largest_label_and_leaves_the_original() -> None:
    memory = filled(20, {"a": 15, "b": 5})
    smaller = memory.resized(8, seed=0)
    assert sizes(smaller) == {"a": 4, "b": 4}
    assert sizes(memory) == {"a": 15, "b": 5}
    assert set(smaller.rows["a"]) <= set(memory.rows["a"])


def test_storage_round_trip() -> None:
    memory = filled(10, {"a": 50, "b": 3})
    assert Memory.from_dict(json.loads(json.dumps(memory.to_dict()))) == memory


def test_what_older_versions_stored_can_be_read() -> None:
    stored = {"capacity": 5, "rows": {"a": [["one", 1], ["two", 2]]}, "seen": {"a": 9}, "full": ["a"]}
    memory = Memory.from_dict(stored)
    assert memory.rows == {"a": [Kept("one", 1), Kept("two", 2)]}
    assert memory.selection == "balanced"
    assert memory.to_dict()["rows"] == stored["rows"]


def test_answers_are_stored_in_the_order_of_the_rows() -> None:
    memory = Memory(10, {"a": [Kept("a 0", 1), Kept("a 1", 1)], "b": [Kept("b 0", 2)]})
    memory.keep_logits([(0.5, 1.0), None, (2.0,)])
    assert memory.logits() == [(0.5, 1.0), None, (2.0,)]
    assert [len(row) for row in memory.to_dict()["rows"]["a"]] == [3, 2]
    assert Memory.from_dict(json.loads(json.dumps(memory.to_dict()))) == memory


def test_the_plain_reservoir_keeps_every_row_alike() -> None:
    # 10 of 40 rows, 400 times: each is kept 100 times on average, with a standard deviation of 8.7.
    kept = np.zeros(40)
    texts = [str(row) for row in range(40)]
    for seed in range(400):
        memory = Memory(10, selection="reservoir")
        memory.observe(texts[:25], ["a"] * 25, experience=1, seed=seed)
        memory.observe(texts[25:], ["a"] * 10 + ["b"] * 5, experience=2, seed=seed)
        assert len(memory) == 10
        kept[[int(text) for text in memory.examples()[0]]] += 1
    assert kept.sum() == 4000
    assert np.abs(kept - 100).max() < 4 * 8.7
    assert abs(kept[:25].sum() - 2500) < 4 * 26  # the first experience beside the second


def test_the_plain_reservoir_does_not_look_at_labels() -> None:
    memory = Memory(100, selection="reservoir")
    memory.observe([str(row) for row in range(1000)], ["a"] * 900 + ["b"] * 100, experience=1, seed=0)
    assert sizes(memory)["b"] < 25  # 10 expected; the balanced one would keep about 50


def test_a_smaller_plain_reservoir_takes_from_everywhere() -> None:
    memory = Memory(100, selection="reservoir")
    memory.observe([str(row) for row in range(100)], ["a"] * 80 + ["b"] * 20, experience=1, seed=0)
    assert sizes(memory.resized(50, seed=0))["b"] < 20
    assert sizes(memory) == {"a": 80, "b": 20}


def test_herding_by_hand() -> None:
    # Directions 0°, 90°, 45°, and a copy of the first: the mean is ((2 + .707) / 4, (1 + .707) / 4) = (.677, .427).
    # Nearest alone is 45°. With it, (1, 0) gives (.854, .354), (0, 1) gives (.354, .854): the first row, not its copy.
    # Third: (1, 0) again gives (.902, .236), (0, 1) gives (.569, .569), nearer.
    features = np.array([[1.0, 0.0], [0.0, 3.0], [2.0, 2.0], [5.0, 0.0]])
    assert herd(features, 4) == [2, 0, 1, 3]
    assert herd(features, 2) == [2, 0]
    assert herd(features, 9) == [2, 0, 1, 3]
    assert herd(np.zeros((2, 3)), 2) == [0, 1]


def test_shares_are_equal_and_what_a_small_group_leaves_goes_to_the_others() -> None:
    assert equal_shares({("a", 1): 10, ("b", 1): 10, ("c", 1): 2}, 12) == {("c", 1): 2, ("a", 1): 5, ("b", 1): 5}
    assert equal_shares({("a", 1): 3, ("b", 1): 3}, 100) == {("a", 1): 3, ("b", 1): 3}
    assert sum(equal_shares({(str(name), 1): 9 for name in range(4)}, 10).values()) == 10


def herded(memory: Memory, experience: int, labels: str) -> None:
    """Rows named <label><experience>.<number>, the first of each label the most typical."""
    seen: dict[str, int] = {}
    texts, features = [], []
    for label in labels:
        number = seen[label] = seen.get(label, -1) + 1
        texts.append(f"{label}{experience}.{number}")
        angle = number * 0.1 * (-1) ** number  # 0, -0.1, 0.2, -0.3, …: ever further from the mean
        features.append([np.cos(angle), np.sin(angle)])
    memory.observe(texts, list(labels), experience=experience, seed=0, features=np.array(features))


def test_a_herded_memory_gives_each_label_of_each_experience_its_share() -> None:
    memory = Memory(8, selection="herding")
    herded(memory, 1, "aaaaaaab")
    assert sizes(memory) == {"a": 7, "b": 1}
    first = [row.text for row in memory.rows["a"]]
    herded(memory, 2, "aaaaabbbbb")
    # Four groups, 8 places: b1 has one row only, so two places each and one more for one of them.
    texts = memory.examples()[0]
    counts = {name: sum(text.startswith(name) for text in texts) for name in ("a1", "b1", "a2", "b2")}
    assert counts["b1"] == 1
    assert sorted(counts.values()) == [1, 2, 2, 3]
    assert [row.text for row in memory.rows["a"] if row.experience == 1] == first[: counts["a1"]]


def test_a_smaller_herded_memory_drops_the_last_of_each_ranking() -> None:
    memory = Memory(10, selection="herding")
    herded(memory, 1, "aaaaabbbbb")
    smaller = memory.resized(4, seed=0)
    for label in "ab":
        assert smaller.rows[label] == memory.rows[label][:2]
    assert len(memory) == 10


def test_only_a_herded_memory_with_room_asks_for_features() -> None:
    assert Memory(5, selection="herding").needs_features
    assert not Memory(0, selection="herding").needs_features
    assert not Memory(5).needs_features
    memory = Memory(0, selection="herding")
    memory.observe(["one"], ["a"], experience=1, seed=0)
    assert (len(memory), memory.seen) == (0, {"a": 1})


def test_a_copy_can_choose_differently_from_now_on() -> None:
    copy = filled(10, {"a": 8}).resized(10, seed=0, selection="herding")
    assert copy.selection == "herding"
    assert pytest.approx(len(copy)) == 8
    herded(copy, 2, "aaaa")
    assert {row.experience for row in copy.rows["a"]} == {1, 2}
