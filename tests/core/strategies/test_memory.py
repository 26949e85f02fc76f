from __future__ import annotations

import json

from core.strategies import Memory


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
    found = sizes(filled(30, {"a": 200, "b": 200, "c": 200}))
    assert sum(found.values()) == 30
    assert all(8 <= count <= 12 for count in found.values())


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
