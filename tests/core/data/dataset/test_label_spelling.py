"""One spelling of a label whatever the file writes, and merges that are only suggested."""

from __future__ import annotations

import numpy as np
import pandas
import pytest

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.label_spelling import canonical_labels, likely_key, looks_missing, match_labels, suggested_merges
from core.data.dataset.multilabel import several_labels
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.loading.label_notes import check_shared, label_notes
from core.data.loading.profiling import profile
from core.data.quality import Inspected
from core.data.quality.spellings import label_spellings
from core.data.recipe import RenameLabels

ROLES = ColumnRoles("text", "label")
CASES = ["bad", "Good", "BAD", "good", "Bad", "GOOD"]


def labelled(*labels: str) -> pandas.DataFrame:
    return pandas.DataFrame({"text": [f"text {row}" for row in range(len(labels))], "label": list(labels)})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["0.0", "1.0", "2.00"], ["0", "1", "2"]),
        (["1", "1.0", "nan"], ["1", "1", "nan"]),
        (["-0.0", "-1.0"], ["0", "-1"]),
        (["1.50", "2.0"], ["1.5", "2"]),
        (["1.5", "1.50"], ["1.5", "1.50"]),  # both in one column: they may be codes
        (["007", "1.0"], ["007", "1.0"]),
        (["2.0", "beta"], ["2.0", "beta"]),
        (["True", "FALSE", "true"], ["true", "false", "true"]),
        (["True", "maybe"], ["True", "maybe"]),
        (['["a"]', "['b']", "[1]", "[true]"], ["a", "b", "1", "true"]),
        (['["a", "b"]', "[]"], ['["a", "b"]', ""]),
        ([' "a"', '"b" '], ["a", "b"]),
        (["\ufeffgood", "go\u200bod", "\u200egood\u200f", "\u3000good\u00a0", "go\u200dod\u200d"], ["good"] * 5),
        (["e\u0301te\u0301"], ["été"]),
        (["👨\u200d👩"], ["👨\u200d👩"]),  # the joiner is part of the sign
        (["\u200b", "  "], ["", ""]),
    ],
)
def test_what_is_the_same_beyond_doubt_gets_one_spelling(written: list[str], meant: list[str]) -> None:
    assert canonical_labels(written) == meant
    assert canonical_labels(meant) == list(meant)  # and stays as it is


def test_a_dataset_is_made_with_one_spelling_and_says_what_was_read_otherwise() -> None:
    dataset, set_aside = build_dataset(labelled("0.0", "1", "1.0", "0", " "), ROLES)
    assert dataset.classes == ("0", "1")
    assert dataset.label_names() == ["0", "1", "1", "0"]
    assert set_aside.respelled == {"0.0": "0", "1.0": "1"}
    assert set_aside.empty_label == (4,)


@pytest.mark.parametrize(
    "same",
    [
        ["Neg", "neg", "NEG", "ｎｅｇ", "'neg'", "neg.", "ne\u200cg"],
        ["not good", "not_good", "Not-Good", "not  good"],
        ["1", "1.0", "+1", "１", "1e0", "1E0", "1.", "10e-1"],
        ["-1", "−1", "－1", "–1", "-1.0", "-1e0"],
        ["0", "-0", "0e5"],
        ["好评", "好 评", "好\u3000评", "好_评", "【好评】"],
        ["5星", "5 星", "５ 星"],
        ["A股", "a 股", "A-股"],
        ["❤", "❤\ufe0f", "❤\ufe0e"],
        ["İyi", "iyi", "IYI", "ıyı"],
        ["pre-sales", "pre–sales", "pre sales", "pre—sales"],
    ],
)
def test_likely_spellings_share_a_key(same: list[str]) -> None:
    assert len({likely_key(label) for label in same}) == 1


@pytest.mark.parametrize(
    "apart",
    [
        ["1", "-1", "1e1", "0.1", ".5", "5"],
        ["C", "C++", "C#"],
        [":)", ":("],
        ["a1", "a 1"],
        ["good", "goods"],
        ["得分1", "得分-1"],
        ["한국 말", "한국말"],
        ["❤", "💔"],
        ["e1", "1"],
    ],
)
def test_other_labels_do_not(apart: list[str]) -> None:
    assert len({likely_key(label) for label in apart}) == len(apart)


def test_the_most_frequent_spelling_stays_and_of_equals_that_in_lower_case() -> None:
    assert suggested_merges({"Neg": 5, "neg": 2, "pos": 4}) == {"neg": "Neg"}
    assert suggested_merges(dict.fromkeys(CASES, 8)) == {"BAD": "bad", "Bad": "bad", "GOOD": "good", "Good": "good"}
    assert suggested_merges({"Neg": 5, "x": 1}, known=["neg"]) == {"Neg": "neg"}


@pytest.mark.parametrize(
    ("plain", "decorated"),
    [
        ("差评", "【差评】"),
        ("0", "'0'"),
        ("1", "+1"),
        ("1", "1e0"),
        ("1", "１"),
        ("-1", "−1"),
        ("-1", "–1"),
        ("neg", "neg."),
        ("neg", "ｎｅｇ"),
        ("fine", "ﬁne"),
        ("好评", "好 评"),
        ("❤", "❤\ufe0f"),
        ("iyi", "İyi"),
        ("not good", "not_good"),
    ],
)
def test_of_equally_frequent_spellings_the_plain_one_stays(plain: str, decorated: str) -> None:
    assert suggested_merges({decorated: 3, plain: 3}) == {decorated: plain}
    assert suggested_merges({plain: 3, decorated: 3}) == {decorated: plain}
    assert suggested_merges({plain: 3, decorated: 4}) == {plain: decorated}


def test_a_batch_is_matched_with_a_classifiers_labels() -> None:
    match = match_labels({"0.0": 3, "1": 2, "New": 1, "new": 4, "NEG": 2, "x": 0}, ["0", "1", "neg"])
    assert (match.same, match.shared) == ({"0.0": "0"}, ("1",))
    assert (match.likely, match.among) == ({"NEG": "neg"}, {"New": "new"})
    assert set(match.new) == {"New", "new"}


def test_a_classifier_of_old_keeps_its_own_spelling() -> None:
    assert match_labels({"0": 1, "1": 1}, ["0.0", "1.0"]).same == {"0": "0.0", "1": "1.0"}
    assert match_labels({"true": 1}, ["False", "True"]).same == {"true": "True"}


def test_labels_without_any_in_common_are_told_instead_of_measured() -> None:
    known = ["0", "1"]
    with pytest.raises(DataError, match=r"None of this table's labels \(bad, good\) is one .* \(0, 1\)"):
        check_shared(match_labels({"bad": 1, "good": 1}, known), known)
    with pytest.raises(DataError, match="look like spellings"):
        check_shared(match_labels({"NEG": 1}, ["neg"]), ["neg"])
    check_shared(match_labels({"0.0": 1, "bad": 1}, known), known)


@pytest.mark.parametrize("label", ["nan", "None", "N/A", "null", "-", "NA"])
def test_labels_like_missing_values_are_named(label: str) -> None:
    assert looks_missing(label)
    dataset, _ = build_dataset(labelled("good", "bad", label), ROLES)
    (note,) = label_notes(dataset)
    assert str(note).startswith(f"Labels that look like missing values: {label}; rows that carry them: 1.")


def test_the_profile_finds_six_spellings_of_two_labels_and_brings_the_merge() -> None:
    table = labelled(*CASES * 8)
    table.loc[3, "text"] = "text 1"  # "Good" and "good" of one text: no contradiction
    dataset, set_aside = build_dataset(table, ROLES)
    by_kind = {finding.kind: finding for finding in profile(dataset, set_aside).findings}
    assert str(by_kind["label_spellings"].message).startswith("6 labels are spellings of 2: BAD → bad, Bad → bad")
    assert len(by_kind["label_spellings"].rows) == 32
    assert "contradictory" not in by_kind
    fix = by_kind["label_spellings"].fix
    assert isinstance(fix, RenameLabels)
    assert fix.apply(dataset)[0].classes == ("bad", "good")


def test_a_list_of_one_is_not_several_labels() -> None:
    assert several_labels(['["good"]', '["bad"]'] * 10) is None
    assert several_labels(['["good"]', '["bad", "late"]'] * 10) is not None


class Once(tuple[str, ...]):
    """Labels that may be gone through, and never searched: a search for each label is quadratic."""

    def index(self, *_: object) -> int:
        raise AssertionError("a label was searched for")

    def __contains__(self, _: object) -> bool:
        raise AssertionError("a label was searched for")


def test_thousands_of_spellings_are_one_label_and_none_is_searched_for() -> None:
    letters = "abcdefghijkl"
    labels = [
        "".join(letter.upper() if number >> index & 1 else letter for index, letter in enumerate(letters))
        for number in range(4096)
    ]
    numbers = np.arange(4096)
    dataset = TextDataset(tuple(f"text {number}" for number in numbers), numbers, Once([*labels, "Null"]))
    (finding,) = [event for event in label_spellings(Inspected(dataset)) if not isinstance(event, float)]
    assert finding.count == 4096
    (step,) = finding.fixes[0].steps
    assert step.names == dict.fromkeys([label for label in labels if label != letters], letters)
    assert finding.rows == tuple(range(1, 1001))
    assert match_labels(dict.fromkeys(labels, 1), Once([letters])).likely == step.names
