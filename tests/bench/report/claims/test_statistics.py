"""bench/report/claims/statistics.py: the statistics by name, and the measures of diagnostics."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy import special

from bench.report.claims import statistics
from bench.report.claims.measure import NotRun
from bench.report.claims.registry import all_claims, open_questions
from bench.report.claims.statistics import STATISTICS
from tests.helpers.evidence import FULL, Frame, frame, whole

__all__ = ["frame", "whole"]  # fixtures


def test_every_argument_is_one_that_its_statistic_takes(frame: Frame) -> None:
    nothing = frame((FULL, {})).assign(method="none of them")
    for claim in (*all_claims(), *open_questions()):
        for check in claim.checks:
            with pytest.raises(NotRun):  # a TypeError would be a wrong argument
                STATISTICS[check.statistic](nothing, **check.arguments)


def diagnosed(values: dict[str, tuple[float, ...]], measure: str = "auc") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "task": task,
                "method": "m",
                "seed": seed,
                "kind": "diagnostic",
                "measure": measure,
                "group": "door",
                "value": value,
                "reward": "dense",
                "data_percent": 100.0,
                "status": "done",
            }
            for task, numbers in values.items()
            for seed, value in enumerate(numbers)
        ]
    )


def test_what_a_diagnostic_measured_is_averaged_over_seeds_and_data_sets() -> None:
    scores = diagnosed({"a": (0.1, 0.2, 0.3), "b": (0.6, 0.6, 0.6)})
    found = statistics.measured(scores, "m", "auc", "door")
    assert found.value == pytest.approx(0.4)
    # standard errors 0.1 / sqrt(3) and 0: half of the first, with its two degrees of freedom; the logit has the
    # slope 1 / (0.4 * 0.6) there
    half = 4.302653 * 0.1 / math.sqrt(3) / 2 / 0.24
    ends = [special.expit(special.logit(0.4) + step) for step in (-half, half)]
    assert [found.low, found.high] == pytest.approx(ends)
    assert {task: one.mean for task, one in found.parts.items()} == pytest.approx(
        {"a": 0.2, "b": 0.6}
    )


def test_no_interval_of_a_diagnostic_leaves_its_bounds() -> None:
    numbers = {"a": (0.7, 0.98, 1.0), "b": (0.02, 0.9, 0.1)}
    found = statistics.measured(diagnosed(numbers), "m", "auc", "door")
    assert 0 < found.low < found.high < 1
    assert all(0 < part.low < part.high < 1 for part in found.parts.values())
    change = {"a": (-0.9, 0.2, 0.95)}
    found = statistics.measured(diagnosed(change, "change"), "m", "change", "door")
    assert -1 < found.low < 0 < found.high < 1


def test_what_was_not_measured_is_not_run() -> None:
    for method, measure, group in (("x", "auc", "door"), ("m", "mass", "door"), ("m", "auc", "k")):
        with pytest.raises(NotRun, match="no diagnostic of"):
            statistics.measured(diagnosed({"a": (1.0,)}), method, measure, group)
    with pytest.raises(NotRun):
        statistics.measured(diagnosed({"a": (math.nan,)}), "m", "auc", "door")


def measured_together(**measures: dict[str, tuple[float, ...]]) -> pd.DataFrame:
    return pd.concat([diagnosed(values, name) for name, values in measures.items()])


def test_a_measure_on_the_data_sets_that_another_measure_chooses() -> None:
    scores = measured_together(
        gain={"a": (0.1, 0.2), "b": (0.4, 0.6), "c": (0.3, 0.3)},
        best={"a": (0.9, 0.9), "b": (0.5, 0.7), "c": (0.2, 0.2)},
    )
    only = {"measure": "best", "group": "door", "most": 0.6}
    found = statistics.measured(scores, "m", "gain", "door", only)
    assert set(found.parts) == {"b", "c"}  # the mean over seeds decides, and 0.6 itself counts
    assert found.value == pytest.approx((0.5 + 0.3) / 2)
    assert (found.cells, found.missing) == (2, 0)
    with pytest.raises(NotRun, match=r"no data set has best of door at most 0\.1"):
        statistics.measured(scores, "m", "gain", "door", only | {"most": 0.1})
    with pytest.raises(NotRun, match="measured worst"):
        statistics.measured(scores, "m", "gain", "door", only | {"measure": "worst"})


def test_a_ratio_of_measures_by_hand() -> None:
    """Ratios 8 and 2 of two runs: geometric mean 4, and the interval of the logarithm."""
    scores = measured_together(mass={"a": (0.8, 0.4)}, even={"a": (0.1, 0.2)})
    to = {"measure": "even", "group": "door"}
    found = statistics.measured_ratio(scores, "m", "mass", "door", to)
    half = 12.706204736432095 * math.log(2)  # t of 1 degree of freedom; standard error log 2
    assert found.value == pytest.approx(4)
    assert (found.low, found.high) == pytest.approx((4 / math.exp(half), 4 * math.exp(half)))
    assert found.low > 0
    back = statistics.measured_ratio(scores, "m", "even", "door", to | {"measure": "mass"})
    assert back.value == pytest.approx(1 / 4)


def test_a_ratio_of_sums_over_steps_by_hand() -> None:
    """Steps 2 and 3 of two runs: (1 + 2) / (4 + 8) = 1/4 and (3 + 1) / (2 + 2) = 1; geometric mean 1/2."""
    steps = (
        # of the two runs: without the key, and with it
        (1, (9, 9), (5, 5)),
        (2, (1, 3), (4, 2)),
        (3, (2, 1), (8, 2)),
        (4, (9, 9), (5, 5)),
    )
    scores = pd.concat(
        diagnosed({"a": values}, "probability").assign(group=group, x=step)
        for step, without, holds in steps
        for group, values in (("without", without), ("holds", holds))
    )
    arguments = ("m", "probability", "without", {"measure": "probability", "group": "holds"})
    assert statistics.measured_ratio(scores, *arguments, steps=(2, 3)).value == pytest.approx(1 / 2)
    with pytest.raises(NotRun, match="no diagnostic has values at steps 7 to 9"):
        statistics.measured_ratio(scores, *arguments, steps=(7, 9))


def test_a_ratio_is_of_the_same_run() -> None:
    scores = measured_together(mass={"a": (0.8, 0.4)}, even={"a": (0.1, 0.2)})
    to = {"measure": "even", "group": "door"}
    backwards = scores.iloc[::-1]
    assert statistics.measured_ratio(backwards, "m", "mass", "door", to).value == pytest.approx(4)
    one = scores[(scores["measure"] == "mass") | (scores["seed"] == 0)]
    assert statistics.measured_ratio(one, "m", "mass", "door", to).value == pytest.approx(8)
    none = one[(one["measure"] == "even") | (one["seed"] == 1)]
    with pytest.raises(NotRun, match="no run of m measured mass door and even"):
        statistics.measured_ratio(none, "m", "mass", "door", to)


def test_a_measure_of_zero_leaves_a_finite_ratio() -> None:
    scores = measured_together(mass={"a": (0.0, 0.0)}, even={"a": (0.1, 0.1)})
    to = {"measure": "even", "group": "door"}
    assert statistics.measured_ratio(scores, "m", "mass", "door", to).value == pytest.approx(1e-5)


def sized(losses: dict[str, list[float]], scores: dict[str, float]) -> pd.DataFrame:
    """Return scores and diagnostics of methods: held-out losses of each seed, and a score."""
    about = {"task": "a", "reward": "dense", "data_percent": 100.0, "status": "done"}
    rows = []
    for place, (method, values) in enumerate(losses.items()):
        for seed, loss in enumerate(values):
            own = about | {"method": method, "seed": seed, "final": False, "kind": "diagnostic"}
            rows.append(own | {"measure": "held-out loss", "value": loss})
            rows.append(own | {"measure": "parameters", "value": 10.0**place})
            scored = {"kind": "score", "final": True, "measure": "", "score": scores[method]}
            rows.append(own | scored)
    return pd.DataFrame(rows)


def test_the_correlation_over_methods_is_one_number_for_each_seed() -> None:
    losses = {"s": [0.3, 0.1], "m": [0.2, 0.2], "l": [0.1, 0.3]}
    frame = sized(losses, {"s": 1.0, "m": 2.0, "l": 3.0})
    found = statistics.correlation_over_methods(frame, list(losses), "held-out loss", "parameters")
    assert found.arms == {"a": ([-1.0, 1.0],)}  # type: ignore[attr-defined]
    assert found.value == pytest.approx(0)
    with_scores = statistics.correlation_over_methods(frame, list(losses), "held-out loss", "score")
    assert with_scores.arms == {"a": ([-1.0, 1.0],)}  # type: ignore[attr-defined]
    with pytest.raises(NotRun, match="needs three of them, not 2"):
        statistics.correlation_over_methods(frame, ["s", "m"], "held-out loss", "parameters")


def test_the_correlation_over_methods_needs_all_of_them() -> None:
    """Three of four sizes are no answer about four; a seed counts if it has all, and a loss that is missing is none."""
    losses = {"s": [0.3, 0.3], "m": [0.2, 0.2], "l": [0.1, 0.1]}
    three = sized(losses, dict.fromkeys(losses, 1.0))
    about = ("held-out loss", "parameters")
    with pytest.raises(NotRun, match="no run of xl, xxl has held-out loss and parameters"):
        statistics.correlation_over_methods(three, [*losses, "xl", "xxl"], *about)
    more = losses | {"xl": [0.05]}
    found = statistics.correlation_over_methods(
        sized(more, dict.fromkeys(more, 1.0)), list(more), *about
    )
    assert found.arms == {"a": ([-1.0],)}  # type: ignore[attr-defined]
    unknown = losses | {"xl": [float("nan"), 0.05]}
    found = statistics.correlation_over_methods(
        sized(unknown, dict.fromkeys(unknown, 1.0)), list(unknown), *about
    )
    assert found.arms == {"a": ([-1.0],)}  # type: ignore[attr-defined]
    apart = {"s": [0.3], "m": [0.2, 0.2], "l": [0.1, 0.1]}
    frame = sized(apart, dict.fromkeys(apart, 1.0))
    frame.loc[frame["method"] == "s", "seed"] = 7
    with pytest.raises(NotRun, match=r"no data set and seed has .* of all 3 methods"):
        statistics.correlation_over_methods(frame, list(apart), *about)


def test_a_correlation_over_methods_is_of_dense_rewards_and_all_of_the_data() -> None:
    losses = {"s": [0.3, 0.3], "m": [0.2, 0.2], "l": [0.1, 0.1]}
    whole = sized(losses, dict.fromkeys(losses, 1.0))
    turned = sized(
        {name: [0.4 - one for one in ones] for name, ones in losses.items()},
        dict.fromkeys(losses, 1.0),
    )
    both = pd.concat([whole, turned.assign(reward="sparse"), turned.assign(data_percent=10.0)])
    found = statistics.correlation_over_methods(both, list(losses), "held-out loss", "parameters")
    assert found.arms == {"a": ([-1.0, -1.0],)}  # type: ignore[attr-defined]


def test_a_loss_that_does_not_vary_has_no_rank_correlation() -> None:
    losses = {"s": [0.1], "m": [0.1], "l": [0.1]}
    frame = sized(losses, dict.fromkeys(losses, 1.0))
    found = statistics.correlation_over_methods(frame, list(losses), "held-out loss", "parameters")
    assert found.value == 0
