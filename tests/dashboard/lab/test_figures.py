"""What the Lab page computes beside the screen: places of names, written figures, downloads, the rows of an estimate."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pytest

from core.base.messages import Message
from core.continual.families import FAMILIES, family_of
from core.continual.methods import STRATEGIES
from core.data.dataset.columns import ColumnRoles
from dashboard.lab import download
from dashboard.lab import labels as lab_labels
from dashboard.lab.charts import seen_so_far
from dashboard.lab.cost import rows_to_read
from dashboard.lab.pair import forgotten_labels, sentence
from dashboard.lab.result import styled
from dashboard.lab.stream import Preview, disjoint, experience_table
from dashboard.lab.upload import candidates
from dashboard.parts.plots.comparison_figures import (
    FAMILY_COLORS,
    by_family,
    chart_name,
    figures_of,
    ranked,
    strategy_name,
    with_deviation,
    with_interval,
    with_names,
    written,
)
from dashboard.parts.tables import to_csv
from tests.dashboard.lab.lab_comparison import comparison, of_entities

FIGURES = figures_of({})  # of a comparison that an edition before made
ACCURACY, SECONDS = FIGURES[0], next(figure for figure in FIGURES if figure.name == "seconds")


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ([], []),
        ([3.0], [3.0]),
        ([0.0, 5.0], [0.0, 5.0]),  # far enough apart already
        ([0.0, 0.0], [-0.5, 0.5]),
        ([0.2, 0.0, 5.0], [0.6, -0.4, 5.0]),  # the order stays
        ([0.0, 0.0, 0.0], [-1.0, 0.0, 1.0]),
    ],
)
def test_names_at_the_ends_of_lines_are_pushed_apart_as_little_as_possible(
    positions: list[float], expected: list[float]
) -> None:
    assert lab_labels.spread(positions, 1.0) == pytest.approx(expected)


def test_a_name_goes_to_the_right_unless_something_is_there() -> None:
    field = (300.0, 200.0)
    assert lab_labels.place_names([(100, 100)], ["EWC"], field) == ["middle right"]
    assert lab_labels.place_names([(290, 100)], ["EWC"], field) == ["middle left"]
    crowded = lab_labels.place_names([(100, 100), (112, 100)], ["EWC", "SI"], field)
    assert crowded == ["middle left", "middle right"]


def test_chinese_characters_are_twice_as_wide() -> None:
    assert lab_labels.text_width("回放", 12) == 24
    assert lab_labels.text_width("ab", 12) == pytest.approx(13.44)


def test_accuracy_over_experiences_is_the_mean_over_the_tests_seen() -> None:
    assert seen_so_far([[0.9, 0.1], [0.7, 0.8]]) == pytest.approx([0.9, 0.75])


def test_strategies_are_ranked_by_average_accuracy() -> None:
    result = comparison(("joint", "replay", "finetune"))
    assert [one["strategy"] for one in ranked(result)] == ["finetune", "replay", "joint"]


def test_every_strategy_stands_in_one_family_that_has_a_colour() -> None:
    grouped = by_family({name: family_of(kind) for name, kind in STRATEGIES.items()})
    assert sorted(name for names in grouped.values() for name in names) == sorted(STRATEGIES)
    assert set(FAMILY_COLORS) == set(FAMILIES)


def test_names_carry_the_abbreviation_that_charts_use() -> None:
    assert strategy_name("ewc") == "Elastic weight consolidation (EWC)"
    assert chart_name("ewc") == "EWC"
    assert strategy_name("replay") == "Experience replay"
    assert strategy_name("unheard_of") == chart_name("unheard_of") == "unheard_of"


def test_the_figures_of_entities_are_averages_of_their_scores() -> None:
    made = of_entities()
    assert [figure.name for figure in figures_of(made)][:3] == ["average_micro_f1", "average_macro_f1", "forgetting"]
    assert ranked(made)[0]["strategy"] == "joint"
    assert download.figure_table(made)["average_micro_f1_deviation"].tolist() == [0.004] * 3
    page = download.standalone(made)
    assert "Matrices of micro-F1" in page
    assert "ccuracy" not in page


def test_a_verdict_names_its_score_and_those_of_editions_before_spoke_of_accuracy() -> None:
    for made, score in ((of_entities(), "micro-F1"), (comparison(), "accuracy")):
        verdict = with_names(Message.from_dict(made["best"]["message"]))
        assert verdict.facts["score"] == score
        assert verdict.facts["value"] == "81.0"
        assert str(verdict).startswith(f"Experience replay: average {score} 81.0 %")


def test_a_difference_of_entities_is_tested_by_exchange() -> None:
    told = sentence(of_entities(), "A", "B", {"difference": [0.02, 0.01, 0.03], "p": 0.001})
    assert told.startswith(
        "Yes: by average micro-F1, B is 2.0 points better than A (+1.0 – +3.0). Test by exchange p = 0.001"
    )


def test_sentences_of_core_get_the_visible_names() -> None:
    found = with_names(
        Message("k", "{strategy} {other} {strategies}", {"strategy": "ewc", "other": "x", "strategies": ["joint"]})
    )
    assert str(found) == "Elastic weight consolidation (EWC) x Joint retraining"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("forgetting", -0.0004, "0.000"),
        ("forgetting", -0.012, "−0.012"),
        ("forgetting", None, "–"),
        ("seconds", 0.42, "0.4 s"),
        ("seconds", 130.0, "2 min 10 s"),
        ("seconds_ratio", 0.354, "35%"),
        ("memory_rows", 2000.0, "2,000"),
    ],
)
def test_figures_are_written_as_people_read_them(name: str, value: float | None, expected: str) -> None:
    assert written(next(figure for figure in FIGURES if figure.name == name), value) == expected


def test_a_figure_carries_its_deviation_or_its_interval() -> None:
    one: dict[str, Any] = {
        "average_accuracy": 0.8712,
        "seconds": 12.0,
        "spread": {"average_accuracy": 0.004, "seconds": None},
        "intervals": {"average_accuracy": [0.86, 0.88]},
    }
    assert with_deviation(ACCURACY, one) == "0.871 ± 0.004"
    assert with_deviation(SECONDS, one) == "12 s"
    assert with_interval(ACCURACY, one) == "0.871 (0.860–0.880)"
    assert with_interval(SECONDS, one) == "12 s"
    one["intervals"]["average_accuracy"] = [-0.01, 0.88]
    assert with_interval(ACCURACY, one) == "0.871 (−0.010 – 0.880)"


def test_the_table_sorts_by_numbers_under_what_it_shows() -> None:
    table = styled(comparison(("finetune", "ewc")), "deviation")
    assert table.data["forgetting"].tolist() == pytest.approx([0.03, 0.05])
    shown = table.to_html()
    assert "0.030 ± 0.004" in shown
    assert not {"seconds_ratio", "intransigence"} & set(table.data)  # there is no joint retraining


@pytest.mark.parametrize(
    ("difference", "p", "start"),
    [
        ([0.02, 0.01, 0.03], 0.001, "Yes: B is 2.0 points better than A (+1.0 – +3.0). McNemar's p = 0.001"),
        ([-0.02, -0.03, -0.01], 0.01, "No: B is 2.0 points worse than A"),
        ([0.02, -0.01, 0.03], 0.01, "Not clear: B has +2.0 points against A"),
        ([0.02, 0.01, 0.03], 0.2, "Not clear: B has +2.0 points against A"),
        ([0.0, -0.01, 0.01], 1.0, "Neither: A and B are level"),
    ],
)
def test_a_difference_is_sure_only_when_interval_and_test_agree(difference: list[float], p: float, start: str) -> None:
    assert sentence({}, "A", "B", {"difference": difference, "p": p}).startswith(start)


def test_labels_stand_by_how_much_is_forgotten_and_untested_ones_are_left_out() -> None:
    result = comparison(("finetune", "ewc"), labels=("a", "b", "c"))
    result["strategies"][0]["per_class_forgetting"] = {"a": 0.0, "b": 0.3, "c": None}
    result["strategies"][1]["per_class_forgetting"] = {"a": 0.1, "b": 0.1, "c": None}
    table = forgotten_labels(result)
    assert list(table.columns) == ["b", "a"]
    assert table["b"].tolist() == [0.1, 0.3]  # EWC first: its average accuracy is higher


def test_the_downloaded_table_has_every_figure_as_a_number() -> None:
    table = download.figure_table(comparison())
    assert table["strategy"].tolist() == ["finetune", "replay", "joint"]
    row = table.iloc[0]
    assert row["average_macro_f1_deviation"] == 0.004
    assert (row["plasticity_low"], row["plasticity_high"]) == pytest.approx((0.59, 0.61))
    again = pd.read_csv(io.BytesIO(to_csv(table)))
    assert list(again.columns) == list(table.columns)


def test_the_downloaded_page_stands_alone_and_escapes_names() -> None:
    result = comparison(name="<script>alert(1)</script>")
    result["experiences"][0]["name"] = "<b>bold</b>"
    page = download.standalone(result)
    assert "<script" not in page
    assert "http" not in page
    assert "&lt;b&gt;bold" in page
    assert page.count("<table class='matrix'>") == 3
    assert page.index("Plasticity") > page.index("Forgetting")


@pytest.mark.parametrize(
    ("name", "expected"), [("Shop reviews", "Shop_reviews"), ("评价/1", "评价_1"), ("///", "comparison")]
)
def test_downloads_have_names_that_every_system_takes(name: str, expected: str) -> None:
    assert download.file_name(name) == expected


def preview(*train: int) -> Preview:
    return Preview(tuple({"name": str(rows), "train": rows, "test": 1, "labels": ["a"]} for rows in train), ())


def test_the_estimate_counts_what_each_strategy_reads() -> None:
    stream = preview(10, 20, 30)
    assert rows_to_read(stream, ["finetune"], 1) == 10 + 20 + 30
    assert rows_to_read(stream, ["joint"], 1) == 10 + 30 + 60
    assert rows_to_read(stream, ["replay"], 2) == 2 * (10 + 40 + 60)
    assert rows_to_read(stream, ["finetune", "joint"], 1) == 10 + 50 + 90  # the first experience is learned once


def test_new_labels_are_named_and_long_lists_are_cut() -> None:
    labels = [f"label {number}" for number in range(9)]
    found = [
        {"name": "one", "train": 5, "test": 2, "labels": ["a"]},
        {"name": "two", "train": 5, "test": 2, "labels": ["a", *labels]},
        {"name": "three", "train": 5, "test": 2, "labels": ["a"]},
    ]
    assert experience_table(found)["new"].tolist() == [
        "–",
        "label 0, label 1, label 2, label 3, label 4, label 5 and 3 more",
        "–",
    ]
    assert not disjoint(tuple(found))
    assert disjoint(({"labels": ["a"]}, {"labels": ["b"]}))


def test_columns_that_tell_experiences_apart_have_a_few_values_and_no_other_role() -> None:
    table = pd.DataFrame(
        {
            "text": [f"text {number}" for number in range(200)],
            "label": ["a", "b"] * 100,
            "domain": ["books", " films ", "", "books"] * 50,
            "same": ["x"] * 200,
            "id": [str(number) for number in range(200)],
        }
    )
    assert candidates(table, ColumnRoles("text", "label")) == {"domain": ["books", "films"]}
