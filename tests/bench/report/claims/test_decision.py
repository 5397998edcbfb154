"""bench/report/claims/decision.py: the probability of a verdict, against simulations of the ledger's rules."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from bench.report.claims.decision import (
    Trial,
    expected_truths,
    heterogeneity_of,
    spreads_of,
    variance_of_log_ratio,
)
from bench.report.claims.measure import Measure
from bench.report.claims.registry import Check
from bench.report.claims.rules import NOT_SUPPORTED, SUPPORTED, apply_rule, apply_rule_to_each
from bench.stats.intervals import ANY, SHARE, difference, estimate


def check(statistic: str = "difference_each", **changes: Any) -> Check:
    fields = {
        "name": "DT - CQL",
        "suite": "mujoco",
        "statistic": statistic,
        "arguments": {"method": "dt", "against": "cql"},
        "rule": ("above", (0.0,)),
        "truth": 0.0,
    }
    return Check(**(fields | changes))


def test_a_mean_over_data_sets_is_the_power_of_a_difference() -> None:
    found = Trial(check(), [[6.0, 6.0]] * 3, [10.0] * 3)
    results = []
    random = np.random.default_rng(1)
    for _ in range(1500):
        ours, theirs = random.normal(10, 6, (3, 4)), random.normal(0, 6, (3, 4))
        one = difference(ours.tolist(), theirs.tolist())
        results.append(apply_rule(Measure(one.mean, one.low, one.high, 3, 0, 0), ("above", (0.0,))))
    assert found.probabilities(4)[0] == pytest.approx(
        results.count(SUPPORTED) / len(results), abs=0.035
    )


@pytest.mark.parametrize("truths", [[10.0, 10.0, 10.0, -10.0], [10.0, -10.0, -10.0, -10.0]])
def test_a_rule_on_some_data_sets_is_that_of_a_simulation(truths: list[float]) -> None:
    """One arm with standard deviation 4 on four data sets; the rule must hold on three."""
    own = check("excess", arguments={"method": "dt", "near": [1, 1.5]}, least=3)
    found = Trial(own, [[4.0]] * 4, truths).probabilities(6)
    random, results = np.random.default_rng(2), []
    for _ in range(1200):
        runs = random.normal(np.array(truths)[:, None], 4, (4, 6))
        parts = {str(i): estimate(row.tolist()) for i, row in enumerate(runs)}
        results.append(apply_rule_to_each(Measure(0, 0, 0, 4, 0, 0, parts=parts), own.rule, 3, 4))
    assert found[0] == pytest.approx(results.count(SUPPORTED) / len(results), abs=0.04)
    assert found[1] == pytest.approx(results.count(NOT_SUPPORTED) / len(results), abs=0.04)


def test_a_rule_on_every_data_set_fails_with_one() -> None:
    own = check("drop", arguments={}, rule=("below", (10.0,)), every=True)
    good, one_bad = Trial(own, [[1.0]] * 3, [0.0] * 3), Trial(own, [[1.0]] * 3, [0.0, 0.0, 30.0])
    assert good.probabilities(5)[0] > 0.99
    held, failed = one_bad.probabilities(5)
    assert held < 0.01
    assert failed > 0.99


def test_missing_data_sets_may_still_hold() -> None:
    own = check("excess", arguments={}, least=3)
    spreads, truths = [[1.0]] * 3, [10.0, -10.0, -10.0]
    assert Trial(own, spreads, truths).probabilities(5)[1] > 0.99
    assert Trial(own, spreads, truths, missing=1).probabilities(5)[1] > 0.99
    assert Trial(own, spreads, truths, missing=2).probabilities(5)[1] < 0.01
    assert sum(Trial(own, spreads[:2], truths[:2]).probabilities(5)) < 0.01  # two of three


def test_the_ratio_of_spreads_has_the_power_of_its_test() -> None:
    """Twelve data sets, three seeds, a true ratio of 1/2: 0.68."""
    own = check("spread_ratio", rule=("below", (1.0,)), truth=0.5)
    trial = Trial(own, [[3.0, 6.0]] * 12, [0.5] * 12)
    assert trial.probabilities(3)[0] == pytest.approx(0.68, abs=0.03)
    assert Trial(own, [[3.0, 6.0]], [0.5]).power(50) == 0  # one data set has no interval
    assert trial.power(1) == 0


def test_the_variance_of_a_log_ratio() -> None:
    random = np.random.default_rng(0)
    logs = [np.log(random.normal(0, 1, (20_000, 4)).std(axis=1, ddof=1)) for _ in "ab"]
    assert variance_of_log_ratio([4, 4]) == pytest.approx(np.var(logs[0] - logs[1]), rel=0.03)
    fewer = np.log(random.normal(0, 1, (20_000, 3)).std(axis=1, ddof=1))
    assert variance_of_log_ratio([4, 3]) == pytest.approx(np.var(logs[0] - fewer), rel=0.03)


def test_the_heterogeneity_of_ratios() -> None:
    three, six = [0.0, 1.0, 2.0], [0.0, 2.0, 4.0]
    assert heterogeneity_of({"a": (three, six), "b": (six, [0.0, 4.0, 8.0])}) == 0
    assert heterogeneity_of({"a": (three, six)}) == 0
    one = [0.0, 1.0] * 25
    far = heterogeneity_of({"a": (one, one), "b": (one, [1000 * x for x in one])})
    assert far == pytest.approx(math.log(1000) / math.sqrt(2), rel=0.01)


def test_the_heterogeneity_of_ratios_with_uneven_seeds() -> None:
    """Eight and three runs on each of 400 data sets; the true logarithm has standard deviation 0.5."""
    random = np.random.default_rng(0)
    arms = {}
    for data_set in range(400):
        size = math.exp(random.normal(0, 0.5))
        pair = random.normal(0, size, 8).tolist(), random.normal(0, 1, 3).tolist()
        arms[str(data_set)] = pair
    assert heterogeneity_of(arms) == pytest.approx(0.5, abs=0.1)


def test_a_ratio_is_judged_on_a_logarithmic_scale() -> None:
    own = check("measured_ratio", arguments={}, rule=("above", (3.0,)), truth=10)
    found = Trial(own, [[0.5]], [10.0]).probabilities(3)[0]
    plain = Trial(check(rule=("above", (math.log(3),))), [[0.5]], [math.log(10)]).probabilities(3)[
        0
    ]
    assert found == pytest.approx(plain)
    below = check("measured_ratio", arguments={}, rule=("below", (0.5,)), truth=0.1)
    assert Trial(below, [[0.1]], [0.1]).probabilities(5)[0] > 0.99


def test_spreads_are_sample_deviations() -> None:
    found = spreads_of({"a": ([1.0, 3.0], [5.0])})
    assert found[0][0] == pytest.approx(math.sqrt(2))
    assert math.isnan(found[0][1])


def test_a_rule_about_some_data_sets_expects_its_value_on_those_that_vary_most() -> None:
    own = check(rule=("above", (0.0,)), truth=10.0, least=2)
    assert expected_truths(own, [[1.0, 1.0], [0.1, 0.1], [3.0, 4.0]]) == [10.0, 0.0, 10.0]
    near = check(rule=("within", (-5.0, 5.0)), truth=4.0, least=1)
    assert expected_truths(near, [[1.0], [2.0]]) == [5.0, 4.0]
    assert expected_truths(check(truth=7.0), [[1.0], [2.0]]) == [7.0, 7.0]


def test_a_share_is_judged_between_its_bounds() -> None:
    own = check("measured", rule=("above", (0.8,)))
    free, bounded = (
        Trial(own, [[0.05]], [0.95], within=within).probabilities(3)[0] for within in (ANY, SHARE)
    )
    assert bounded < free - 0.1  # on the logit scale the lower end is farther from 0.95
