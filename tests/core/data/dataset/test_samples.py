import csv
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.make_samples import make_samples
from core.base.errors import DataError
from core.data.dataset.samples import FOLDER, SAMPLES, sample_path

LABELS = {
    ("reviews_en", "first"): {"positive", "negative"},
    ("reviews_en", "batch_2"): {"positive", "negative"},
    ("reviews_en", "batch_3"): {"positive", "negative", "question"},
    ("reviews_zh", "first"): {"好评", "差评"},
    ("reviews_zh", "batch_2"): {"好评", "差评"},
    ("reviews_zh", "batch_3"): {"好评", "差评", "咨询"},
}
PARTS = pytest.mark.parametrize(("sample", "part"), list(LABELS))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def labels_by_text(sample: str, part: str) -> dict[str, list[str]]:
    labels_of: dict[str, list[str]] = {}
    for row in rows_of(sample_path(sample, part)):
        if row["text"] and row["label"]:
            labels_of.setdefault(row["text"], []).append(row["label"])
    return labels_of


def test_the_generator_gives_the_committed_files_byte_for_byte():
    assert make_samples() == {path.name: path.read_bytes() for path in FOLDER.glob("*.csv")}


@PARTS
def test_a_part_has_its_labels_in_balance_and_its_number_of_rows(sample, part):
    rows = rows_of(sample_path(sample, part))
    counts = Counter(row["label"] for row in rows if row["label"])
    assert len(rows) == (2400 if part == "first" else 900)
    assert list(rows[0]) == ["text", "label"]
    assert set(counts) == LABELS[sample, part]
    assert max(counts.values()) < 1.2 * min(counts.values())


@PARTS
def test_a_part_has_something_for_the_data_page_to_find(sample, part):
    rows = rows_of(sample_path(sample, part))
    labels_of = labels_by_text(sample, part)
    repeated = [labels for labels in labels_of.values() if len(labels) == 2]
    assert sum(not row["text"] for row in rows) == 2
    assert sum(not row["label"] for row in rows) == 2
    # 0.5 % exact duplicates and 0.3 % contradictions: of 2,400 rows 12 and 7, of 900 rows 4 and 3.
    contradictory = sum(len(set(labels)) == 2 for labels in repeated)
    assert (len(repeated) - contradictory, contradictory) == ((12, 7) if part == "first" else (4, 3))


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_later_batch_repeats_exactly_four_rows_of_the_first_table(sample):
    first = set(labels_by_text(sample, "first"))
    assert [len(first & set(labels_by_text(sample, part))) for part in ("batch_2", "batch_3")] == [4, 4]


@PARTS
def test_no_trace_of_the_grammar_is_left_in_a_text(sample, part):
    texts = "\n".join(labels_by_text(sample, part))
    assert not set("<>{}|*_") & set(texts)


@pytest.mark.parametrize(("sample", "part"), [("reviews_fr", "first"), ("reviews_en", "batch_9")])
def test_an_unknown_sample_or_part_is_answered_with_the_ones_there_are(sample, part):
    with pytest.raises(DataError, match=r"reviews_en, reviews_zh\. Their parts are: first, batch_2, batch_3") as error:
        sample_path(sample, part)
    assert error.value.message.key == "data.sample_missing"
