"""The quick model judges rows that it has not seen, and wrong labels come first."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import key_numbers
from core.data.quality import Finding, Inspected, quick_model
from core.data.quality.label_errors import label_errors, likely_errors, ranking
from core.data.quality.outliers import far_below, mostly_signs, odd_lengths, outliers
from core.data.quality.quick_model import FOLDS, folds_of, marked_tokens, out_of_sample
from tests.core.data.quality.test_contract import HAN, WORDS, generated
from tests.core.data.quality.test_repetition import returned


def noisy(words: dict[str, str], joint: str = " ") -> tuple[TextDataset, np.ndarray]:
    """200 rows whose words say their label, and 10 of them under the other."""
    rows = generated(words, 200, joint=joint)
    labels = np.array([int(label == "good") for _, label, _, _ in rows])
    wrong = np.random.default_rng(7).choice(200, 10, replace=False)
    labels[wrong] = 1 - labels[wrong]
    return TextDataset(tuple(text for text, *_ in rows), labels, ("bad", "good")), np.sort(wrong)


def test_copies_and_groups_lie_in_one_fold() -> None:
    keys = key_numbers(["a", "b", "A", "c", "b", "d", "e", "f"])
    folds = folds_of(keys)
    assert folds[0] == folds[2]
    assert folds[1] == folds[4]
    grouped = folds_of(key_numbers([str(row) for row in range(40)]), [str(row // 4) for row in range(40)])
    assert all(len(set(grouped[at : at + 4].tolist())) == 1 for at in range(0, 40, 4))
    assert set(grouped.tolist()) == set(range(FOLDS))
    assert set(folds_of(keys, folds=3).tolist()) == {0, 1, 2}


def test_a_copy_never_tells_the_label() -> None:
    """Each text stands twice, its label is a coin's: who had seen the copy would know it."""
    dice = np.random.default_rng(3)
    texts = [f"word{number} other{number}" for number in range(100)]
    labels = dice.integers(0, 2, 100)
    data = TextDataset(tuple(texts * 2), np.concatenate([labels, labels]), ("a", "b"))
    model = returned(out_of_sample(Inspected(data)))
    right = (model.probabilities.argmax(axis=1) == data.labels).mean()
    assert right < 0.65


def test_planted_errors_come_first_in_english_and_chinese() -> None:
    for words, joint in ((WORDS, " "), (HAN, "，")):
        data, wrong = noisy(words, joint)
        model = returned(out_of_sample(Inspected(data)))
        assert np.allclose(model.probabilities.sum(axis=1), 1)
        first = ranking(data.labels[model.rows], model.probabilities)[: len(wrong)]
        assert np.sort(model.rows[first]).tolist() == wrong.tolist()
        assert 5 <= likely_errors(data.labels, model.probabilities) <= len(wrong)


def test_the_finding_names_the_other_label_and_can_take_it() -> None:
    data, wrong = noisy(WORDS)
    (finding,) = (event for event in label_errors(Inspected(data)) if isinstance(event, Finding))
    assert finding.count >= 5
    assert set(finding.rows) <= set(wrong.tolist())
    row = finding.rows[0]
    assert finding.notes[0].facts["label"] == data.classes[1 - data.labels[row]]
    relabelled = finding.fixes[1].steps[0].apply(data)[0].label_names()
    truth = [label for _, label, _, _ in generated(WORDS, 200)]
    assert all(relabelled[row] == truth[row] for row in finding.rows)


def test_vectors_of_an_encoder_are_listened_to() -> None:
    """Words that say nothing, vectors that say all."""
    dice = np.random.default_rng(0)
    labels = np.arange(120) % 2
    texts = tuple(" ".join(dice.choice(list("abcdefgh"), 4)) for _ in labels)
    data = TextDataset(texts, labels, ("a", "b"))
    vectors = (labels[:, None] * 2.0 - 1 + dice.normal(0, 0.1, (120, 5))).astype(np.float32)
    with_them = returned(out_of_sample(Inspected(data, vectors=(np.arange(120), vectors))))
    without = returned(out_of_sample(Inspected(data)))
    right, before = ((model.probabilities.argmax(axis=1) == labels).mean() for model in (with_them, without))
    assert right > before + 0.15


def test_too_few_rows_and_one_label_are_not_judged() -> None:
    assert returned(out_of_sample(Inspected(TextDataset(("a", "b"), np.array([0, 1]), ("x", "y"))))) is None
    single = TextDataset(tuple(f"text {row}" for row in range(60)), np.zeros(60, dtype=np.int64), ("x",))
    assert returned(out_of_sample(Inspected(single))) is None


def test_what_a_negation_reaches_is_marked_up_to_the_next_stop() -> None:
    assert marked_tokens("Not good, but fine") == ["not", "not_good", ",", "but", "fine"]
    assert marked_tokens("很好 OK") == ["很", "好", "ok"]


def test_far_means_far_on_the_logarithm() -> None:
    values = np.array([0.5, 0.52, 0.48, 0.51, 0.49, 0.0, 0.001])
    assert far_below(values).tolist() == [5, 6]
    assert far_below(np.array([])).tolist() == []


def test_odd_lengths_and_signs() -> None:
    assert odd_lengths(np.array([10, 11, 12, 9, 10, 900.0])).tolist() == [5]
    assert odd_lengths(np.array([10.0, 30.0])).tolist() == []
    assert [mostly_signs(text) for text in ("!!!", "ok!!!", "…", "很好。", "a !!! ???", "")] == [
        True,
        False,
        False,
        False,
        True,
        False,
    ]


def test_a_text_of_other_words_is_an_outlier() -> None:
    rows = [*generated(WORDS, 100), ("zebra quasar", "good", "train", "")]
    data = TextDataset(tuple(text for text, *_ in rows), np.arange(101) % 2, ("bad", "good"))
    (finding,) = (event for event in outliers(Inspected(data)) if isinstance(event, Finding))
    assert finding.rows == (100,)


def test_many_labels_take_no_more_memory_than_few(monkeypatch: pytest.MonkeyPatch) -> None:
    each_its_own = TextDataset(tuple(f"word {row}" for row in range(60)), np.arange(60), tuple(map(str, range(60))))
    assert returned(out_of_sample(Inspected(each_its_own))) is None
    monkeypatch.setattr(quick_model, "MOST_ANSWERS", 100)
    data, _ = noisy(WORDS)
    model = returned(out_of_sample(Inspected(data)))
    assert model.probabilities.shape == (50, 2)
