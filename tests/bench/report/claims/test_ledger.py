"""The ledger: statistics by hand, verdicts by their rules, and nothing silently left out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.report.artifact import write_artifact
from bench.report.claims import ledger, measures
from bench.report.claims.ledger import (
    NOT_RUN,
    NOT_SUPPORTED,
    SHOWN,
    SUPPORTED,
    UNDECIDED,
    find,
    judge,
)
from bench.report.claims.measures import STATISTICS, Measure, NotRun
from bench.report.claims.registry import Check, all_claims, read_claims, suites_of_claims
from bench.report.frame import Incomparable
from bench.report.scores import collect
from bench.runs.plan import Plan
from tests.helpers.evidence import EXPERT, FULL, MEDIUM, REPLAY, Frame, frame, sweep, swept, whole
from tests.helpers.games import (
    BREAKOUT,
    PONG,
    QBERT,
    SEAQUEST,
    Games,
    Played,
    arcade,
    played,
)
from tests.helpers.games import sweep as sweep_game

__all__ = ["arcade", "frame", "played", "swept", "whole"]  # fixtures
Swept = Callable[[Callable[[float], float]], pd.DataFrame]


def test_the_claims_of_continuous_control_are_all_there() -> None:
    ids = [claim.id for claim in all_claims()]
    assert ids == [f"C{n}" for n in range(1, 18)]
    for claim in all_claims():
        assert claim.source
        assert any(check.rule for check in claim.checks), claim.id
        assert {check.statistic for check in claim.checks} <= set(STATISTICS)


def test_every_argument_is_one_that_its_statistic_takes(frame: Frame) -> None:
    nothing = frame((FULL, {})).assign(method="none of them")
    for claim in all_claims():
        for check in claim.checks:
            with pytest.raises(NotRun):  # a TypeError would be a wrong argument
                STATISTICS[check.statistic](nothing, **check.arguments)


def test_difference_by_hand(frame: Frame) -> None:
    found = measures.difference(frame((FULL, {})), "dt", "cql")
    # three data sets, five points ahead on each, standard deviation 2 everywhere:
    # error sqrt(6 * 4 / 3) / 3, 12 degrees of freedom
    half = 2.1788128296634177 * math.sqrt(8) / 3
    assert found.value == pytest.approx(5)
    assert (found.low, found.high) == pytest.approx((5 - half, 5 + half))
    assert (found.cells, found.missing, found.diverged) == (3, 0, 0)


def test_difference_at_a_share_of_the_data(frame: Frame) -> None:
    few = {(REPLAY, "dt"): [30.0, 32.0], (REPLAY, "bc"): [10.0, 12.0]}
    scores = frame((FULL, {}), (few, {"data_percent": 1.0}), (few, {"data_percent": 10.0}))
    found = measures.difference(scores, "dt", "bc", data_percents=[1, 10])
    assert (found.value, found.cells) == (pytest.approx(20), 2)


def test_a_data_set_that_one_method_lacks_is_left_out_and_counted(frame: Frame) -> None:
    holed = {key: value for key, value in FULL.items() if key != (EXPERT, "cql")}
    found = measures.difference(frame((holed, {})), "dt", "cql")
    assert (found.cells, found.missing) == (2, 1)


def test_best_of_several_is_chosen_on_each_data_set(frame: Frame) -> None:
    cells = dict(FULL) | {(MEDIUM, "bc40"): [70.0, 70.0, 70.0]}
    found = measures.difference_to_best(frame((cells, {})), "dt", ["bc10", "bc40"])
    # bc10 is 3 ahead on two data sets, bc40 70 - 47 = 23 on the third
    assert found.value == pytest.approx(-(3 + 3 + 23) / 3)


def test_dense_minus_sparse_by_hand(frame: Frame) -> None:
    sparse = {(REPLAY, "cql"): [2.0, 4.0, 6.0]}
    found = measures.reward_difference(frame((FULL, {}), (sparse, {"reward": "sparse"})), "cql")
    assert found.value == pytest.approx(22 - 4)
    assert (found.cells, found.missing) == (1, 2)


def test_improvement_and_spread_by_hand(frame: Frame) -> None:
    scores = frame((FULL, {}))
    found = measures.improvement(scores, "dt", "cql")
    # 5 7 9 against 0 2 4: always
    assert (found.value, found.low, found.high) == (1, 1, 1)
    wide = {
        (task, method): [v, v + 6, v + 12]
        for (task, method), (v, *_) in FULL.items()
        if method == "cql"
    }
    found = measures.spread_ratio(frame((FULL | wide, {})), "dt", "cql")
    assert found.value == pytest.approx(1 / 3)
    assert found.low <= found.value <= found.high


def test_statistics_of_a_perfect_follower(swept: Swept) -> None:
    scores = swept(lambda asked: min(asked, 90.0))
    assert measures.rank_correlation(scores, "dt").value == pytest.approx(1)
    assert measures.slope(scores, "dt").value == pytest.approx(1)
    assert measures.drop(scores, "dt", (1, 1.25), (2, 3)).value == pytest.approx(0, abs=1e-6)
    assert measures.target_range(scores, "dt", (1, 1.5)).value == pytest.approx(0, abs=1e-6)
    # seeds end at 89, 90, 91, and the best episode at 90
    assert measures.excess(scores, "dt", (1, 1.5)).value == pytest.approx(0, abs=1e-6)


def test_statistics_of_a_policy_that_breaks_beyond_the_data(swept: Swept) -> None:
    scores = swept(lambda asked: asked / 2 if asked <= 130 else 5.0)
    assert measures.slope(scores, "dt").value == pytest.approx(0.5)
    # near: 90, 99 (1.1) and 112.5 (1.25), halved; far: 5
    normalised = [
        scores[scores["target"] == t]["target_score"].iloc[0] for t in near_targets(scores)
    ]
    expected = np.mean(normalised) / 2 - 5
    assert measures.drop(scores, "dt", (1, 1.25), (2, 3)).value == pytest.approx(expected)
    assert measures.drop(scores, "dt", (1, 1.25), (2, 3)).low > 10


def near_targets(scores: pd.DataFrame) -> list[float]:
    best = scores["best_return"].iloc[0]
    share = scores["target"] / best
    return sorted(set(scores[(share >= 1 - 1e-6) & (share <= 1.25 + 1e-6)]["target"]))


def test_a_policy_that_does_the_same_whatever_is_asked_follows_nothing(
    tmp_path: Path, whole: Plan
) -> None:
    paths = [sweep(tmp_path, REPLAY, seed, lambda asked: 50.0) for seed in range(3)]
    scores = collect(paths, whole)
    assert measures.rank_correlation(scores, "dt").value == 0
    assert measures.slope(scores, "dt").value == pytest.approx(0, abs=1e-9)


def test_excess_holds_for_all_data_sets_at_once(tmp_path: Path, whole: Plan) -> None:
    def above(by: float, seed: int) -> Callable[[float], float]:
        return lambda asked: 90 + by + seed - 1

    paths = [sweep(tmp_path, REPLAY, seed, above(5, seed)) for seed in range(3)]
    paths += [sweep(tmp_path, MEDIUM, seed, above(2, seed)) for seed in range(3)]
    found = measures.excess(collect(paths, whole), "dt", (1, 1.5))
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
    assert measures.context_trend(scores).value == pytest.approx(0)


@pytest.mark.parametrize(
    ("low", "high", "rule", "word"),
    [
        (-4.0, 9.0, ("above", (-5.0,)), SUPPORTED),
        (-9.0, -6.0, ("above", (-5.0,)), NOT_SUPPORTED),
        (-9.0, 9.0, ("above", (-5.0,)), UNDECIDED),
        (1.0, 4.0, ("below", (5.0,)), SUPPORTED),
        (6.0, 7.0, ("below", (5.0,)), NOT_SUPPORTED),
        (1.0, 7.0, ("below", (5.0,)), UNDECIDED),
        (-1.0, 1.0, ("within", (-5.0, 5.0)), SUPPORTED),
        (5.5, 8.0, ("within", (-5.0, 5.0)), NOT_SUPPORTED),
        (-8.0, -5.5, ("within", (-5.0, 5.0)), NOT_SUPPORTED),
        (-6.0, 1.0, ("within", (-5.0, 5.0)), UNDECIDED),
        (-6.0, 6.0, ("within", (-5.0, 5.0)), UNDECIDED),
        (math.nan, math.nan, ("above", (0.0,)), UNDECIDED),
        (1.0, 2.0, None, SHOWN),
    ],
)
def test_rules(low: float, high: float, rule: Any, word: str) -> None:
    assert judge(Measure((low + high) / 2, low, high, 1, 0, 0), rule) == word


def test_sweeps_of_other_rewards_and_shares_are_not_pooled(swept: Swept) -> None:
    scores = swept(lambda asked: min(asked, 90.0))
    others = [
        scores.assign(reward="sparse", score=0.0),
        scores.assign(data_percent=10.0, score=0.0),
    ]
    everything = pd.concat([scores, *others], ignore_index=True)
    for statistic in (measures.slope, measures.rank_correlation):
        assert statistic(everything, "dt") == statistic(scores, "dt")


def test_a_multiple_of_a_negative_best_return_is_no_more_than_it(swept: Swept) -> None:
    scores = swept(lambda asked: min(asked, 90.0))
    scores["best_return"] = -scores["best_return"]
    scores["target"] = -scores["target"]
    with pytest.raises(NotRun, match="too few of the targets"):
        measures.drop(scores, "dt", (1, 1.25), (2, 3))
    with pytest.raises(NotRun, match="too few of the targets"):
        measures.target_range(scores, "dt", (1, 1.5))


def test_a_share_that_nobody_ran_is_counted_as_missing(frame: Frame) -> None:
    few = {(REPLAY, "dt"): [30.0, 32.0], (REPLAY, "bc"): [10.0, 12.0]}
    scores = frame((few, {"data_percent": 10.0}))
    found = measures.difference(scores, "dt", "bc", data_percents=[1, 10])
    assert (found.cells, found.missing) == (1, 1)


def test_diverged_runs_that_are_not_used_are_not_counted(frame: Frame) -> None:
    diverged = {(MEDIUM, "cql"): [1.0, 2.0, 3.0]}
    used = {key: value for key, value in FULL.items() if key[0] != MEDIUM}
    scores = frame((used, {}), (diverged, {"diverged": ("cql",)}))
    found = measures.difference(scores, "dt", "cql")
    assert (found.cells, found.diverged) == (2, 0)


def test_a_rule_about_every_data_set_is_judged_on_each(tmp_path: Path, whole: Plan) -> None:
    """Two curves whose falls cancel in the mean: +30 and -30 beyond the data."""

    def beyond(by: float, seed: int) -> Callable[[float], float]:
        return lambda asked: 50 + (by if asked > 130 else 0) + 0.1 * seed

    paths = [sweep(tmp_path, REPLAY, seed, beyond(-30, seed)) for seed in range(3)]
    paths += [sweep(tmp_path, MEDIUM, seed, beyond(30, seed)) for seed in range(3)]
    frames = {"targets": collect(paths, whole)}
    fields = {
        "suite": "targets",
        "statistic": "drop",
        "arguments": {"method": "dt", "near": [1, 1.25], "far": [2, 3]},
        "rule": ("within", (-10.0, 10.0)),
    }
    mean = find(check(**fields), frames)
    assert mean.measure is not None
    assert mean.measure.value == pytest.approx(0, abs=0.5)
    assert mean.word == SUPPORTED
    each = find(check(**fields, every=True), frames)
    assert each.word == NOT_SUPPORTED
    assert f"{REPLAY} 30.00, {MEDIUM} -30.00" in each.why


GAMES: Games = {
    (task, method): [low + gain * points + wobble for wobble in (0.0, 0.01)]
    for task, low, gain in ((BREAKOUT, 2.0, 5), (QBERT, 164.0, -900), (PONG, -21.0, 6))
    for method, points in (("dt-atari", 2), ("cql-atari", 1))
}


@pytest.mark.parametrize(
    ("seaquest", "word"),
    [(500.0, SUPPORTED), (-4000.0, NOT_SUPPORTED)],
    ids=["three", "two"],
)
def test_a_rule_may_ask_for_some_of_the_data_sets(
    played: Played, seaquest: float, word: str
) -> None:
    """DT is ahead in Breakout and Pong, and 6.8 points behind in Qbert."""
    games = GAMES | {
        (SEAQUEST, "cql-atari"): [68.0, 68.0],
        (SEAQUEST, "dt-atari"): [68 + seaquest, 68 + seaquest + 0.01],
    }
    arguments = {"method": "dt-atari", "against": "cql-atari"}
    asked = check(suite="atari", statistic="difference_each", arguments=arguments, least=3)
    found = find(asked, {"atari": played(games)})
    assert found.word == word
    assert found.measure is not None
    # 5 of 28 points
    assert found.measure.parts[BREAKOUT].mean == pytest.approx(100 * 5 / 28)
    assert f"{BREAKOUT} 17.86, {QBERT} -6.77" in found.why
    two = find(replace(asked, least=2), {"atari": played(games)})
    assert two.word == SUPPORTED


@pytest.mark.parametrize(
    ("games", "word"),
    [
        ((QBERT,), UNDECIDED),  # too few to hold on three
        ((BREAKOUT, PONG), UNDECIDED),
        ((BREAKOUT, QBERT, PONG), NOT_SUPPORTED),
        ((BREAKOUT, QBERT, PONG, SEAQUEST), UNDECIDED),  # the last one has no runs of CQL
    ],
    ids=["one", "two", "three", "three of four"],
)
def test_data_sets_that_were_not_run_count_neither_way(
    played: Played, games: tuple[str, ...], word: str
) -> None:
    cells = {key: scores for key, scores in GAMES.items() if key[0] in games}
    cells |= {(SEAQUEST, "dt-atari"): [500.0, 501.0]} if SEAQUEST in games else {}
    arguments = {"method": "dt-atari", "against": "cql-atari"}
    asked = check(suite="atari", statistic="difference_each", arguments=arguments, least=3)
    assert find(asked, {"atari": played(cells)}).word == word


def test_an_undecided_data_set_may_still_count(played: Played) -> None:
    games = GAMES | {(SEAQUEST, "cql-atari"): [68.0, 68.0], (SEAQUEST, "dt-atari"): [-9e4, 9e4]}
    arguments = {"method": "dt-atari", "against": "cql-atari"}
    asked = check(suite="atari", statistic="difference_each", arguments=arguments, least=3)
    assert find(asked, {"atari": played(games)}).word == UNDECIDED


def test_the_best_game_may_be_that_of_its_own_score(arcade: Plan, tmp_path: Path) -> None:
    """Seaquest: 900 points where the data's best game has 2,000, and 100 of clipped rewards."""
    points = {100.0: 899.0, 150.0: 901.0, 300.0: 5000.0}
    bounds = {"data_returns": {"minimum": 0.0, "maximum": 100.0}}

    def scores(**more: Any) -> pd.DataFrame:
        paths = [sweep_game(tmp_path, SEAQUEST, seed, points, **bounds, **more) for seed in (0, 1)]
        return collect(paths, arcade)

    known = scores(data_scores={"minimum": 0.0, "maximum": 2000.0})
    one = 100 / (42055 - 68)
    by_score = measures.excess(known, "dt-atari", (1, 1.5), best="best_score")
    assert by_score.value == pytest.approx(-1100 * one)
    assert measures.excess(known, "dt-atari", (1, 1.5)).value == pytest.approx(800 * one)
    with pytest.raises(NotRun):
        measures.excess(scores(), "dt-atari", (1, 1.5), best="best_score")


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ([NOT_SUPPORTED, SUPPORTED], SUPPORTED),
        ([NOT_SUPPORTED, NOT_SUPPORTED], NOT_SUPPORTED),
        ([NOT_SUPPORTED, UNDECIDED], UNDECIDED),
        ([NOT_SUPPORTED, NOT_RUN], UNDECIDED),
        ([NOT_RUN, NOT_RUN], NOT_RUN),
    ],
)
def test_a_claim_that_one_check_suffices_for(words: list[str], verdict: str) -> None:
    findings = [ledger.Finding(check(), None, word, "") for word in words]
    assert ledger.verdict(findings, one_suffices=True) == verdict


def test_no_trend_in_scores_that_are_all_the_same(frame: Frame) -> None:
    cells = {(REPLAY, name): [5.0, 5.0] for name in ("dt-k1", "dt", "dt-k20")}
    scores = frame((cells, {}))
    scores["context_length"] = scores["method"].map({"dt-k1": 1.0, "dt": 5.0, "dt-k20": 20.0})
    sparse = scores.assign(reward="sparse", score=scores["context_length"])
    found = measures.context_trend(pd.concat([scores, sparse], ignore_index=True))
    assert (found.value, found.low, found.high) == (0, 0, 0)


def check(**changes: Any) -> Check:
    fields = {
        "name": "DT - CQL",
        "suite": "mujoco",
        "statistic": "difference",
        "arguments": {"method": "dt", "against": "cql"},
        "rule": ("above", (-5.0,)),
    }
    return Check(**(fields | changes))


def test_what_is_missing_is_said(frame: Frame) -> None:
    found = find(check(suite="atari"), {"mujoco": frame((FULL, {}))})
    assert (found.word, found.measure) == (NOT_RUN, None)
    assert "`atari` is not in the config" in found.why
    found = find(check(arguments={"method": "dt", "against": "td3"}), {"mujoco": frame((FULL, {}))})
    assert found.word == NOT_RUN
    assert "dt and td3" in found.why
    one = {key: values[:1] for key, values in FULL.items()}
    found = find(check(), {"mujoco": frame((one, {}))})
    assert found.word == UNDECIDED
    assert "one seed" in found.why
    found = find(check(), {"mujoco": frame((FULL, {"diverged": ("cql",)}))})
    assert "9 run(s) diverged and are counted" in found.why


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ([SUPPORTED, SUPPORTED], SUPPORTED),
        ([SUPPORTED, UNDECIDED], UNDECIDED),
        ([UNDECIDED, NOT_SUPPORTED], NOT_SUPPORTED),
        ([NOT_RUN, NOT_RUN], NOT_RUN),
        ([NOT_RUN, SUPPORTED], UNDECIDED),
        ([NOT_RUN, NOT_SUPPORTED], NOT_SUPPORTED),
    ],
)
def test_a_claim_is_as_good_as_its_worst_check(words: list[str], verdict: str) -> None:
    findings = [ledger.Finding(check(), None, word, "") for word in words]
    shown = ledger.Finding(check(rule=None), None, NOT_SUPPORTED, "")
    assert ledger.verdict([*findings, shown]) == verdict


def test_a_claim_without_rules_is_never_supported() -> None:
    measured = Measure(1.0, 0.0, 2.0, 1, 0, 0)
    assert ledger.verdict([ledger.Finding(check(rule=None), measured, SHOWN, "")]) == SHOWN
    assert ledger.verdict([ledger.Finding(check(rule=None), None, NOT_RUN, "")]) == NOT_RUN


def test_the_ledger_of_nothing_lists_every_claim_as_not_run(tmp_path: Path) -> None:
    artifact = ledger.make({}, "test")
    assert {line[2] for line in artifact.body} == {NOT_RUN, ""}
    assert set(artifact.numbers["id"]) == {claim.id for claim in all_claims()}
    write_artifact(artifact, [tmp_path / f"claims{suffix}" for suffix in (".md", ".html", ".csv")])


def test_the_ledger_judges_what_is_there(frame: Frame) -> None:
    artifact = ledger.make({"mujoco": frame((FULL, {}))}, "test")
    verdicts = artifact.numbers.drop_duplicates("id").set_index("id")["verdict"]
    assert verdicts["C1"] == SUPPORTED
    assert verdicts["C2"] == NOT_RUN
    assert any(note.startswith("All data are not D4RL's") for note in artifact.notes)
    first = artifact.numbers.iloc[0]
    assert (first["value"], first["data_sets"]) == (pytest.approx(5), 3)


def test_scores_of_different_simulators_are_refused(frame: Frame) -> None:
    ours = frame((FULL, {}))
    theirs = ours.assign(simulator="mujoco 2.3.7")
    with pytest.raises(Incomparable, match=r"simulators cannot stand in one table: mujoco 2\.3\.7"):
        ledger.make({"mujoco": ours, "sparse": theirs}, "test")


def test_the_ledger_needs_the_suites_of_its_claims(whole: Plan) -> None:
    assert suites_of_claims(whole) == ["mujoco"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {id: C1, claim: a, source: b, checks: []}", "'paper'"),
        (
            "- {id: C1, claim: a, source: b, paper: '', checks: "
            "[{name: n, suite: s, statistic: t, arguments: {}, rule: {over: 1}}]}",
            "unknown rule 'over'; known: above, below, within",
        ),
        (
            "- {id: C1, claim: a, source: b, paper: '', checks: "
            "[{name: n, suite: s, statistic: t, arguments: {}, rule: {within: [1]}}]}",
            "rule within with 1 bounds",
        ),
        (
            "- {id: C1, claim: a, source: b, paper: '', checks: "
            "[{name: n, suite: s, statistic: t, arguments: {}, margin: 1}]}",
            "unknown key margin",
        ),
    ],
    ids=["missing", "rule", "bounds", "key"],
)
def test_a_crooked_claim_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "claims.yaml").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_claims(tmp_path / "claims.yaml")
    assert "C1" in str(caught.value)
