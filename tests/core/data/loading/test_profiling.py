import numpy as np
import pandas

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.same_text import text_key
from core.data.loading.overlapping import overlap
from core.data.loading.profiling import profile


def kinds(findings):
    return {finding.kind: finding for finding in findings}


def test_a_clean_dataset_has_no_findings():
    texts = tuple(f"a text of number {row:02}" for row in range(40))
    seen = profile(TextDataset(texts, np.array([0, 1] * 20), ("no", "yes")))
    assert seen.findings == ()
    assert seen.rows == 40
    assert seen.label_counts == {"no": 20, "yes": 20}
    assert seen.languages == {"en": 1.0}
    assert set(seen.length_quantiles.values()) == {19}
    assert seen.lengths.tolist() == [19] * 40


def test_findings_name_rows_of_the_table():
    table = pandas.DataFrame(
        {"text": ["", "Good", "fine", "good ", "bad", "bad", "so"], "label": ["x", "x", "", "y", "y", "y", "x"]}
    )
    dataset, set_aside = build_dataset(table, ColumnRoles("text", "label"))
    skipped = [{"row": 5, "line": 7, "found": 3, "expected": 2}]
    by_kind = kinds(profile(dataset, set_aside, skipped).findings)
    assert {kind: (finding.count, finding.rows) for kind, finding in by_kind.items()} == {
        "ragged": (1, (5,)),
        "empty_text": (1, (0,)),
        "empty_label": (1, (2,)),
        "contradictory": (1, (1, 3)),
        "duplicates": (2, (1, 3, 4, 5)),
        "rare_labels": (2, (1, 3, 4, 5, 6)),
    }
    assert str(by_kind["contradictory"].message).startswith("Texts that carry more than one label: 1, in 2 rows.")


def test_leakage_between_given_splits_is_found():
    texts = ("a", "b", "A ", "c", "b", "d", "c", "e")
    splits = ("train", "train", "test", "train", "train", "train", "validation", "test")
    by_kind = kinds(profile(TextDataset(texts, np.array([0, 1] * 4), ("x", "y"), splits)).findings)
    assert (by_kind["leakage"].count, by_kind["leakage"].rows) == (1, (0, 2))
    assert by_kind["leakage"].message.facts["rows"] == 1
    assert (by_kind["validation_leakage"].count, by_kind["validation_leakage"].rows) == (1, (3, 6))


def test_uneven_labels_and_long_texts_are_found_and_lists_are_cut():
    texts = (*(f"text {row}" for row in range(1199)), "long " * 1001)
    labels = np.array([0] * 1100 + [1] * 100)
    by_kind = kinds(profile(TextDataset(texts, labels, ("common", "rare"))).findings)
    assert by_kind["imbalance"].count == 1100
    assert by_kind["imbalance"].rows == tuple(range(1100, 1200))
    assert (by_kind["very_long"].count, by_kind["very_long"].rows) == (1, (1199,))
    same = kinds(profile(TextDataset(("same",) * 3000, np.zeros(3000), ("one",))).findings)
    assert same["duplicates"].count == 2999
    assert len(same["duplicates"].rows) == 1000


def test_a_batch_is_compared_with_what_was_seen_before():
    batch = TextDataset(("New", "Seen ", "tested", "changed", "both"), np.array([0, 0, 1, 1, 1]), ("x", "y"))
    seen = overlap(
        batch,
        {"train": {"seen", "changed", "both"}, "test": {"tested", "both"}},
        {"seen": {"x"}, "changed": {"x"}, "both": {"x", "y"}},
    )
    assert seen.trained.tolist() == [1, 3, 4]
    assert seen.tested.tolist() == [2, 4]
    assert seen.relabelled.tolist() == [3]
    assert seen.usable.tolist() == [0, 1, 3]
    assert {finding.kind: finding.count for finding in seen.findings} == {
        "known_test": 2,
        "relabelled": 1,
        "known_train": 3,
    }


def test_a_label_that_was_split_is_no_other_label():
    batch = TextDataset(("a", "b"), np.array([0, 1]), ("Food > Pizza", "Foodstuff"))
    seen = overlap(batch, {"train": set(), "test": set()}, {text_key("a"): {"Food"}, text_key("b"): {"Food"}})
    assert seen.relabelled.tolist() == [1]


def test_a_batch_of_new_texts_has_no_overlap():
    seen = overlap(TextDataset(("a",), np.array([0]), ("x",)), {"train": set(), "test": set()})
    assert seen.findings == ()
    assert seen.usable.tolist() == [0]
