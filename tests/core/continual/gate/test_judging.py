import json

import pytest

from core.continual.gate.evidence import CalibrationChange, GateEvidence, TestChange, measure_change, measure_strata
from core.continual.gate.group_evidence import StratumChange
from core.continual.gate.judging import GateVerdict, judge
from core.continual.gate.rules import GateConfig, Rule
from core.statistics.intervals import Estimate
from core.tasks.text_classification.row_statistics import ACCURACY, answered


def change(name, difference, low, high, rows=500):
    before = Estimate(0.9, 0.87, 0.92)
    after = Estimate(0.9 + difference, 0.87 + difference, 0.92 + difference)
    return TestChange(name, rows, before, after, Estimate(difference, low, high))


def label(name, difference, rows=100):
    return StratumChange(name, rows, Estimate(difference, difference - 0.03, difference + 0.03))


def calibration(before, after, rows=500):
    return CalibrationChange(
        rows, before, after, Estimate(after - before, after - before - 0.01, after - before + 0.01)
    )


def measured(name, truth, before, after):
    return measure_change(name, answered(truth, before, after, classes=2), ACCURACY)


GAIN = change("Music", 0.05, 0.02, 0.08)
TESTS_ONLY = {"check_labels": False, "check_calibration": False}


def judge_tests(older, newest, **rules):
    return judge(GateEvidence(tuple(older), newest), GateConfig(**TESTS_ONLY, **rules))


def judge_labels(labels, **rules):
    (rule,) = judge(
        GateEvidence((), GAIN, labels), GateConfig(check_newest_test=False, check_calibration=False, **rules)
    ).rules
    return rule


def judge_calibration(change, **rules):
    evidence = GateEvidence((), GAIN, None, change)
    (rule,) = judge(evidence, GateConfig(check_newest_test=False, check_labels=False, **rules)).rules
    return rule


def sentences(verdict):
    return [str(rule.message) for rule in verdict.rules]


def test_a_small_loss_is_allowed_and_said_with_its_interval():
    verdict = judge_tests([change("Books", -0.008, -0.019, 0.003)], GAIN)
    assert verdict.promote
    assert sentences(verdict) == [
        "Books lost 0.8 points (−1.9 – +0.3); allowed are 1.0.",
        "Music gained 5.0 points (+2.0 – +8.0).",
    ]
    assert verdict.rules[0].figure == pytest.approx(-0.8)
    assert verdict.rules[0].limit == -1.0


def test_one_older_test_that_lost_too_much_blocks():
    verdict = judge_tests([change("Books", 0.0, -0.01, 0.01), change("Toys", -0.02, -0.03, -0.01)], GAIN)
    assert not verdict.promote
    assert [rule.passed for rule in verdict.rules] == [True, False, True]
    assert sentences(verdict)[1] == "Toys lost 2.0 points (−3.0 – −1.0), more than the 1.0 allowed."


def test_together_a_small_test_may_lose_by_chance_where_all_of_them_hold():
    older = [change("Books", 0.01, -0.01, 0.03, rows=400), change("Toys", -0.025, -0.07, 0.02, rows=40)]
    assert not judge_tests(older, GAIN).promote
    verdict = judge_tests(older, GAIN, loss_judged_by="together")
    assert verdict.promote
    assert sentences(verdict)[1:3] == [
        "Toys lost 2.5 points (−7.0 – +2.0), which may be chance; all older tests together decide.",
        "All older tests together (440 rows) changed by +0.7 points (−1.2 – +2.5); allowed is a loss of 1.0.",
    ]
    assert verdict.rules[2].figure == pytest.approx(100 * (400 * 0.01 - 40 * 0.025) / 440)


def test_together_they_block_where_all_lost_too_much_or_one_lost_beyond_chance():
    losing = [change(name, -0.02, -0.05, 0.01, rows=100) for name in ("Books", "Toys")]
    verdict = judge_tests(losing, GAIN, loss_judged_by="together")
    assert [rule.passed for rule in verdict.rules] == [True, True, False, True]
    one = [change("Books", 0.01, 0.0, 0.02, rows=2000), change("Toys", -0.1, -0.15, -0.05, rows=50)]
    assert [rule.passed for rule in judge_tests(one, GAIN, loss_judged_by="together").rules] == [
        True,
        False,
        True,
        True,
    ]
    assert [rule.passed for rule in judge_tests([], GAIN, loss_judged_by="together").rules] == [True]


def test_a_loss_of_exactly_the_limit_is_allowed():
    # 0.90 - 0.91 is a little more than one point in floating point.
    assert judge_tests([change("Books", 0.90 - 0.91, -0.02, 0.0)], GAIN).promote


def test_a_loss_just_over_the_limit_shows_enough_decimals_to_see_why():
    verdict = judge_tests([change("Books", -0.0104, -0.02, 0.0)], GAIN)
    assert sentences(verdict)[0] == "Books lost 1.04 points (−2.00 – 0.00), more than the 1.0 allowed."


def test_a_tiny_loss_is_not_shown_as_zero():
    verdict = judge_tests([change("Books", -0.0002, -0.01, 0.01)], GAIN, tolerance=0.25)
    assert sentences(verdict)[0] == "Books lost 0.02 points (−1.00 – +1.00); allowed are 0.25."


def test_older_tests_may_gain_or_stay():
    older = [change("Books", 0.004, -0.01, 0.018), change("Toys", 0.0, -0.004, 0.004)]
    assert sentences(judge_tests(older, GAIN, tolerance=0.0))[:2] == [
        "Books gained 0.4 points (−1.0 – +1.8); the interval includes zero, so it may be chance.",
        "Toys is as accurate as before (change −0.4 – +0.4 points).",
    ]


def test_by_the_interval_a_loss_must_be_ruled_out():
    sure, unsure = change("Books", -0.002, -0.009, 0.005, rows=2000), change("Toys", -0.002, -0.014, 0.01, rows=2000)
    assert judge_tests([sure], GAIN, loss_judged_by="interval").promote
    verdict = judge_tests([unsure], GAIN, loss_judged_by="interval")
    assert not verdict.promote
    assert verdict.rules[0].figure == pytest.approx(-1.4)
    assert sentences(verdict)[0] == (
        "Toys changed by −0.2 points, but its 2,000 rows cannot rule out a loss of 1.4 (−1.4 – +1.0); allowed are 1.0."
    )
    assert "More test rows" in str(verdict.rules[0].note)


def test_a_test_too_small_to_be_sure_of_anything_is_told_how_many_rows_it_takes():
    # Not one answer changed: half a row better and half a row worse leave ±1.96 / (60 + 2) = ±3.16 points.
    unchanged = measured("Books", [0] * 60, [0] * 60, [0] * 60)
    assert judge_tests([unchanged], GAIN).promote
    verdict = judge_tests([unchanged], GAIN, loss_judged_by="interval")
    assert not verdict.promote
    assert "cannot rule out a loss of 3.2" in sentences(verdict)[0]
    # 1.96 / (rows + 2) reaches 0.01 at 194 rows
    assert "at least 194 rows" in str(verdict.rules[0].note)
    for rows, promote in ((193, False), (194, True)):
        even = measured("Books", [0] * rows, [0] * rows, [0] * rows)
        assert judge_tests([even], GAIN, loss_judged_by="interval").promote is promote


def test_by_the_interval_no_loss_at_all_takes_a_sure_gain():
    rule = judge_tests([change("Books", 0.0, -0.001, 0.001)], GAIN, loss_judged_by="interval", tolerance=0).rules[0]
    assert not rule.passed
    assert "surely gained" in str(rule.note)


def test_the_newest_test_must_not_lose_whatever_the_tolerance():
    verdict = judge_tests([], change("Music", -0.004, -0.02, 0.012), tolerance=5.0)
    assert not verdict.promote
    assert sentences(verdict) == ["Music lost 0.4 points (−2.0 – +1.2); the newest test must not lose."]


def test_a_gain_that_may_be_chance_passes_and_says_so():
    verdict = judge_tests([], change("Music", 0.012, -0.004, 0.028))
    assert verdict.promote
    assert sentences(verdict) == [
        "Music gained 1.2 points (−0.4 – +2.8); the interval includes zero, so it may be chance."
    ]


def test_a_newest_test_that_stays_the_same_passes_unless_a_gain_is_asked_for():
    same = change("Music", 0.0, -0.01, 0.01)
    assert judge_tests([], same).promote
    verdict = judge_tests([], same, minimum_gain=0.5)
    assert not verdict.promote
    assert sentences(verdict) == ["Music changed by 0.0 points (−1.0 – +1.0); it must gain at least 0.5."]
    assert judge_tests([], change("Music", 0.005, -0.01, 0.02), minimum_gain=0.5).promote


def test_too_few_rows_are_said_and_block_nothing():
    few = change("Corrections", -0.1, -0.3, 0.1, rows=29)
    for verdict in (judge_tests([few], GAIN), judge_tests([], few)):
        assert verdict.promote
        assert not verdict.rules[0].judged
        assert sentences(verdict)[0] == (
            "Corrections: too few rows to judge (29; at least 30 are needed). "
            "It changed by −10.0 points (−30.0 – +10.0)."
        )
    assert not judge_tests([change("Corrections", -0.1, -0.3, 0.1, rows=30)], GAIN).promote


def test_the_label_that_lost_most_is_named():
    rule = judge_labels((label("good", 0.02), label("bad", -0.04)))
    assert rule.passed
    assert rule.figure == pytest.approx(-4.0)
    assert str(rule.message) == (
        "Of all labels “bad” lost most: 4.0 points of recall on 100 older rows (−7.0 – −1.0); allowed are 10.0."
    )
    assert str(judge_labels((label("good", 0.02), label("bad", 0.0))).message) == (
        "No label lost recall on the older tests; judged were 2."
    )


def test_a_label_that_lost_too_much_blocks():
    rule = judge_labels((label("good", 0.2), label("bad", -0.12)))
    assert not rule.passed
    assert str(rule.message) == (
        "Label “bad” lost 12.0 points of recall on 100 older rows (−15.0 – −9.0), more than the 10.0 allowed."
    )
    rule = judge_labels((label("good", -0.06), label("bad", -0.12), label("so", 0.0)), label_tolerance=5)
    assert str(rule.message) == "2 labels lost more than the 5.0 points of recall allowed: bad −12.0, good −6.0."


def test_labels_with_few_rows_are_not_judged_and_that_is_said():
    rule = judge_labels((label("good", 0.0, rows=30), label("rare", -0.9, rows=29)))
    assert rule.passed
    assert str(rule.note) == "With fewer than 30 rows there, these labels are not judged: rare."
    nobody = judge_labels((label("rare", -0.9, rows=29),))
    assert nobody.passed
    assert not nobody.judged
    assert str(nobody.message) == "No label has 30 rows on the older tests, so none can be judged by itself."


def test_calibration_may_worsen_up_to_its_limit():
    better, worse = judge_calibration(calibration(0.06, 0.05)), judge_calibration(calibration(0.02, 0.05))
    assert better.passed
    assert worse.passed
    assert str(better.message) == "The calibration error went from 6.0 to 5.0 points (change −2.0 – 0.0)."
    assert str(worse.message) == (
        "The calibration error rose from 2.0 to 5.0 points (change +2.0 – +4.0); allowed are 5.0 more."
    )
    refused = judge_calibration(calibration(0.02, 0.05), calibration_tolerance=2)
    assert not refused.passed
    assert refused.figure == pytest.approx(3.0)
    assert refused.limit == 2
    assert "by more than the 2.0 allowed" in str(refused.message)


def test_calibration_of_few_rows_is_not_judged():
    rule = judge_calibration(calibration(0.02, 0.5, rows=149))
    assert rule.passed
    assert not rule.judged
    assert not judge_calibration(calibration(0.02, 0.5, rows=150)).passed


def test_what_was_not_measured_blocks_nothing():
    for rule in (judge_labels(None), judge_calibration(None)):
        assert rule.passed
        assert not rule.judged
        assert rule.figure is None


def test_every_rule_can_be_switched_off():
    ruined = GateEvidence((change("Books", -0.5, -0.6, -0.4),), change("Music", -0.5, -0.6, -0.4), (label("a", -0.5),))
    everything = GateEvidence(ruined.older, ruined.newest, ruined.strata, calibration(0.0, 0.5))
    switches = ("check_older_tests", "check_labels", "check_newest_test", "check_calibration")
    assert [rule.kind for rule in judge(everything).rules] == ["older", "labels", "newest", "calibration"]
    assert not any(rule.passed for rule in judge(everything).rules)
    for position, switch in enumerate(switches):
        assert len(judge(everything, GateConfig(**{switch: False})).rules) == 3
        only = GateConfig(**{name: number == position for number, name in enumerate(switches)})
        assert len(judge(everything, only).rules) == 1
    none = judge(everything, GateConfig(**dict.fromkeys(switches, False)))
    assert none == GateVerdict(True, ())


def test_measuring_a_change_counts_the_same_rows_before_and_after():
    books = measured("Books", [0] * 40, [0] * 26 + [1] * 14, [0] * 34 + [1] * 6)
    assert books.rows == 40
    assert books.before.value == pytest.approx(26 / 40)
    assert books.after.value == pytest.approx(34 / 40)
    assert books.difference.value == pytest.approx(8 / 40)
    assert books.difference.low > 0


def test_labels_are_measured_by_their_recall():
    truth, before, after = [0, 0, 0, 0, 2, 2], [0, 0, 0, 1, 2, 2], [0, 1, 1, 1, 2, 0]
    first, second = measure_strata(answered(truth, before, after, classes=3), ["a", "b", "c"], ACCURACY)
    assert (first.name, first.rows, second.name, second.rows) == ("a", 4, "c", 2)
    assert first.difference.value == pytest.approx(1 / 4 - 3 / 4)
    assert second.difference.value == pytest.approx(1 / 2 - 1)


def test_a_verdict_comes_back_from_json_exactly():
    older = (change("书", -0.02, -0.03, -0.01), change("Few", 0.1, -0.1, 0.3, rows=5))
    evidence = GateEvidence(older, GAIN, (label("好", -0.3), label("rare", 0.0, rows=3)), calibration(0.1, 0.2))
    for rules in (GateConfig(), GateConfig(loss_judged_by="interval")):
        verdict = judge(evidence, rules)
        assert GateVerdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict


def test_a_verdict_of_an_earlier_release_is_still_read():
    stored = {"key": "gate.unchanged", "text": "{test} is as before.", "facts": {"test": "Books"}}
    rule = Rule.from_dict({"message": stored, "passed": True, "figure": 0.0, "limit": -1.0, "judged": True})
    assert (str(rule.message), rule.kind, rule.note) == ("Books is as before.", "older", None)


def test_a_gate_that_could_judge_nothing_says_so():
    few = judge(GateEvidence((change("Books", -0.5, -0.6, -0.4, rows=20),), change("Music", 0.5, 0.4, 0.6, rows=20)))
    assert few.promote
    assert not few.judged
    assert judge(GateEvidence((), GAIN)).judged
    none = GateConfig(check_older_tests=False, check_newest_test=False, **TESTS_ONLY)
    assert judge(GateEvidence((), GAIN), none).judged  # without rules there is nothing to judge


def test_strata_that_are_types_are_called_so():
    def told(*strata: StratumChange) -> list[str]:
        evidence = GateEvidence((), GAIN, strata or None, strata_are="types")
        (rule,) = judge(evidence, GateConfig(check_newest_test=False, check_calibration=False)).rules
        return [str(rule.message), *([str(rule.note)] if rule.note else [])]

    every = [
        *told(),
        *told(label("PER", 0.0, rows=3)),
        *told(label("PER", 0.0), label("LOC", 0.1, rows=3)),
        *told(label("PER", -0.05)),
        *told(label("PER", -0.5)),
        *told(label("PER", -0.5), label("LOC", -0.4)),
    ]
    assert len(every) == 7
    assert not [sentence for sentence in every if "label" in sentence.lower() or "row" in sentence]
    assert sum("type" in sentence.lower() for sentence in every) == 7
