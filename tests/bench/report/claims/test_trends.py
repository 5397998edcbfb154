"""bench/report/claims/trends.py: statistics over target returns and context lengths by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.report.claims import trends
from bench.report.claims.measure import Measure, NotRun, at_once
from bench.report.scores import collect
from bench.runs.plan import Plan
from tests.helpers.evidence import MEDIUM, REPLAY, Frame, frame, sweep, swept, whole
from tests.helpers.games import SEAQUEST, arcade
from tests.helpers.games import sweep as sweep_game

__all__ = ["arcade", "frame", "swept", "whole"]  # fixtures


Swept = Callable[[Callable[[float], float]], pd.DataFrame]


def test_statistics_of_a_perfect_follower(swept: Swept) -> None:
    scores = swept(lambda asked: min(asked, 90.0))
    assert trends.rank_correlation(scores, "dt").value == pytest.approx(1)
    assert trends.slope(scores, "dt").value == pytest.approx(1)
    assert trends.drop(scores, "dt", (1, 1.25), (2, 3)).value == pytest.approx(0, abs=1e-6)
    # seeds end at 89, 90, 91, and the best episode at 90
    assert trends.excess(scores, "dt", (1, 1.5)).value == pytest.approx(0, abs=1e-6)


def test_statistics_of_a_policy_that_breaks_beyond_the_data(swept: Swept) -> None:
    scores = swept(lambda asked: asked / 2 if asked <= 130 else 5.0)
    assert trends.slope(scores, "dt").value == pytest.approx(0.5)
    # near: 90, 99 (1.1) and 112.5 (1.25), halved; far: 5
    normalised = [
        scores[scores["target"] == t]["target_score"].iloc[0] for t in near_targets(scores)
    ]
    expected = np.mean(normalised) / 2 - 5
    assert trends.drop(scores, "dt", (1, 1.25), (2, 3)).value == pytest.approx(expected)
    assert trends.drop(scores, "dt", (1, 1.25), (2, 3)).low > 10


def near_targets(scores: pd.DataFrame) -> list[float]:
    best = scores["best_return"].iloc[0]
    share = scores["target"] / best
    return sorted(set(scores[(share >= 1 - 1e-6) & (share <= 1.25 + 1e-6)]["target"]))


def test_a_policy_that_ignores_the_target_has_no_trend(tmp_path: Path, whole: Plan) -> None:
    paths = [sweep(tmp_path, REPLAY, seed, lambda asked: 50.0) for seed in range(3)]
    scores = collect(paths, whole)
    assert trends.rank_correlation(scores, "dt").value == 0
    assert trends.slope(scores, "dt").value == pytest.approx(0, abs=1e-9)


def test_excess_holds_for_all_data_sets_at_once(tmp_path: Path, whole: Plan) -> None:
    def above(by: float, seed: int) -> Callable[[float], float]:
        return lambda asked: 90 + by + seed - 1

    paths = [sweep(tmp_path, REPLAY, seed, above(5, seed)) for seed in range(3)]
    paths += [sweep(tmp_path, MEDIUM, seed, above(2, seed)) for seed in range(3)]
    found = trends.excess(collect(paths, whole), "dt", (1, 1.5))
    # t(1 - 0.05 / 4, 2 degrees) = 6.2053, standard error 1 / sqrt(3)
    assert found.value == pytest.approx(5)
    assert found.low == pytest.approx(5 - 6.205346816 / math.sqrt(3), abs=1e-4)
    assert found.high == pytest.approx(5 + 6.205346816 / math.sqrt(3), abs=1e-4)


def test_the_trend_over_context_is_by_rank(frame: Frame) -> None:
    cells = {
        (REPLAY, "dt-k1"): [10.0, 30.0],
        (REPLAY, "dt-k20"): [20.0, 20.0],
        (REPLAY, "dt"): [30.0, 10.0],
    }
    scores = frame((cells, {}))
    scores["context_length"] = scores["method"].map({"dt-k1": 1.0, "dt": 5.0, "dt-k20": 20.0})
    # one seed 10, 30, 20 over K = 1, 5, 20: 1/2; the other 30, 10, 20: -1/2
    assert trends.context_trend(scores).value == pytest.approx(0)


def test_sweeps_of_other_rewards_and_shares_are_not_pooled(swept: Swept) -> None:
    scores = swept(lambda asked: min(asked, 90.0))
    others = [
        scores.assign(reward="sparse", score=0.0),
        scores.assign(data_percent=10.0, score=0.0),
    ]
    everything = pd.concat([scores, *others], ignore_index=True)
    for statistic in (trends.slope, trends.rank_correlation):
        assert statistic(everything, "dt") == statistic(scores, "dt")


def test_a_multiple_of_a_negative_best_return_is_no_more_than_it(swept: Swept) -> None:
    scores = swept(lambda asked: min(asked, 90.0))
    scores["best_return"] = -scores["best_return"]
    scores["target"] = -scores["target"]
    with pytest.raises(NotRun, match="too few of the targets"):
        trends.drop(scores, "dt", (1, 1.25), (2, 3))


def test_the_best_game_may_be_that_of_its_own_score(arcade: Plan, tmp_path: Path) -> None:
    """Seaquest: 900 points where the data's best game has 2,000, and 100 of clipped rewards."""
    points = {100.0: 899.0, 150.0: 901.0, 300.0: 5000.0}
    bounds = {"data_returns": {"minimum": 0.0, "maximum": 100.0}}

    def scores(**more: Any) -> pd.DataFrame:
        paths = [sweep_game(tmp_path, SEAQUEST, seed, points, **bounds, **more) for seed in (0, 1)]
        return collect(paths, arcade)

    known = scores(data_scores={"minimum": 0.0, "maximum": 2000.0})
    one = 100 / (42055 - 68)
    by_score = trends.excess(known, "dt-atari", (1, 1.5), best="best_score")
    assert by_score.value == pytest.approx(-1100 * one)
    assert trends.excess(known, "dt-atari", (1, 1.5)).value == pytest.approx(800 * one)
    with pytest.raises(NotRun):
        trends.excess(scores(), "dt-atari", (1, 1.5), best="best_score")


def test_no_trend_in_scores_that_are_all_the_same(frame: Frame) -> None:
    cells = {(REPLAY, name): [5.0, 5.0] for name in ("dt-k1", "dt", "dt-k20")}
    scores = frame((cells, {}))
    scores["context_length"] = scores["method"].map({"dt-k1": 1.0, "dt": 5.0, "dt-k20": 20.0})
    sparse = scores.assign(reward="sparse", score=scores["context_length"])
    found = trends.context_trend(pd.concat([scores, sparse], ignore_index=True))
    assert (found.value, found.low, found.high) == (0, 0, 0)


def runs_of(targets: list[float], *achieved: list[float]) -> pd.DataFrame:
    """Return a sweep over these targets, one list of scores a seed; the data's episodes score 0 to 90."""
    return pd.DataFrame(
        [
            {
                "task": REPLAY,
                "method": "dt",
                "reward": "dense",
                "data_percent": 100.0,
                "kind": "sweep",
                "status": "done",
                "seed": seed,
                "target": 10 * target,
                "target_score": target,
                "score": score,
                "data_low": 0.0,
                "data_high": 90.0,
                "best_return": 900.0,
            }
            for seed, scores in enumerate(achieved)
            for target, score in zip(targets, scores, strict=True)
        ]
    )


def test_targets_equal_to_the_worst_and_the_best_episode_count() -> None:
    scores = runs_of([0.0, 45.0, 90.0, 91.0], [10.0, 40.0, 55.0, 0.0])
    # three points at equal distances: the slope is that of the outer two
    assert trends.slope(scores, "dt").value == pytest.approx((55 - 10) / 90)
    assert trends.rank_correlation(scores, "dt").value == pytest.approx(1)


def test_deviations_of_targets_from_their_common_mean_by_hand() -> None:
    """Targets 95, 110, 140; the first run scores 90, 93, 96 and the second 90, 96, 102."""
    targets = [60.0, 95.0, 110.0, 140.0, 150.0]
    scores = runs_of(targets, [0.0, 90.0, 93.0, 96.0, 0.0], [0.0, 90.0, 96.0, 102.0, 0.0])
    scores["data_high"] = 90.0
    found = trends.target_deviation(scores, "dt", (0.95, 1.4))
    assert {name: one.mean for name, one in found.parts.items()} == pytest.approx(
        {f"{REPLAY} at 950": -4.5, f"{REPLAY} at 1100": 0, f"{REPLAY} at 1400": 4.5}
    )
    # deviations -3 and -6: standard error 1.5; t(1 - 0.05 / 6, 1 degree of freedom) for three at once
    assert abs(found.value) == pytest.approx(4.5)
    assert found.high - found.value == pytest.approx(1.5 * stats.t.isf(0.05 / 6, 1))
    assert (found.cells, found.missing) == (1, 0)


def test_deviations_need_an_expert_s_episodes_and_three_targets() -> None:
    scores = runs_of([95.0, 110.0, 140.0], [90.0, 93.0, 96.0])
    with pytest.raises(NotRun, match="episodes of an expert"):
        trends.target_deviation(scores.assign(data_high=89.9), "dt", (0.95, 1.4))
    with pytest.raises(NotRun, match="three targets"):
        trends.target_deviation(scores, "dt", (0.95, 1.3))
    assert trends.target_deviation(scores, "dt", (0.95, 1.4)).cells == 1


def test_noise_does_not_add_up_over_targets() -> None:
    """Ten targets with equal means: each interval covers 0, although the range of a run is large."""
    random = np.random.default_rng(0)
    scores = runs_of(
        [100.0 + n for n in range(10)], *(random.normal(90, 5, 10).tolist() for _ in range(8))
    )
    found = trends.target_deviation(scores, "dt", (0.95, 1.4))
    assert len(found.parts) == 10
    assert all(at_once(one, 10).low < 0 < at_once(one, 10).high for one in found.parts.values())


def test_targets_below_the_worst_episode_do_not_count() -> None:
    scores = runs_of([-1.0, 0.0, 45.0, 90.0], [99.0, 10.0, 40.0, 55.0])
    assert trends.rank_correlation(scores, "dt").value == pytest.approx(1)


@pytest.mark.parametrize("statistic", [trends.slope, trends.rank_correlation])
def test_two_targets_within_the_data_are_too_few(
    statistic: Callable[[pd.DataFrame, str], Measure],
) -> None:
    with pytest.raises(NotRun, match="too few of the targets"):
        statistic(runs_of([0.0, 90.0, 180.0], [10.0, 20.0, 30.0]), "dt")


@pytest.mark.parametrize("statistic", [trends.slope, trends.rank_correlation])
def test_a_run_with_two_targets_is_left_out(
    statistic: Callable[[pd.DataFrame, str], Measure],
) -> None:
    scores = runs_of([0.0, 45.0, 90.0], [0.0, 45.0, 90.0], [90.0, 45.0, 0.0])
    fewer = scores[~((scores["seed"] == 1) & (scores["target_score"] == 45.0))]
    assert statistic(scores, "dt").value == pytest.approx(0)
    assert statistic(fewer, "dt").value == pytest.approx(1)


def test_two_context_lengths_make_no_trend(frame: Frame) -> None:
    cells = {(REPLAY, "dt-k1"): [10.0, 20.0], (REPLAY, "dt"): [30.0, 40.0]}
    scores = frame((cells, {}))
    scores["context_length"] = scores["method"].map({"dt-k1": 1.0, "dt": 5.0})
    with pytest.raises(NotRun, match="three context lengths"):
        trends.context_trend(scores)


def test_a_seed_with_two_context_lengths_is_left_out_of_the_trend(frame: Frame) -> None:
    cells = {
        (REPLAY, "dt-k1"): [10.0, 30.0],
        (REPLAY, "dt-k20"): [20.0],
        (REPLAY, "dt"): [15.0, 10.0],
    }
    scores = frame((cells, {}))
    scores["context_length"] = scores["method"].map({"dt-k1": 1.0, "dt": 5.0, "dt-k20": 20.0})
    found = trends.context_trend(scores)
    assert found.value == pytest.approx(1)  # of the first seed alone
    assert math.isnan(found.low)
