"""The ledger: statistics by hand, verdicts by their rules, and nothing left out without a remark."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.artifact import write_artifact
from bench.report.claims import ledger
from bench.report.claims.ledger import NOT_RUN, find
from bench.report.claims.measure import Measure, at_once
from bench.report.claims.registry import Check, all_claims
from bench.report.claims.rules import NOT_SUPPORTED, SHOWN, SUPPORTED, UNDECIDED, apply_rule
from bench.report.frame import Incomparable
from bench.report.scores import collect
from bench.runs.plan import Plan
from tests.helpers.evidence import FULL, MEDIUM, REPLAY, Frame, frame, sweep, swept, whole
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

__all__ = ["arcade", "frame", "played", "swept", "whole"]  # fixtures


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
    assert apply_rule(Measure((low + high) / 2, low, high, 1, 0, 0), rule) == word


def test_a_rule_about_every_data_set_is_applied_to_each(tmp_path: Path, whole: Plan) -> None:
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
    assert mean.result == SUPPORTED
    each = find(check(**fields, every=True), frames)
    assert each.result == NOT_SUPPORTED
    # the numbers of a run do not differ between seeds, so their intervals are points
    assert (
        f"{REPLAY} 30.00 [30.00, 30.00], {MEDIUM} -30.00 [-30.00, -30.00] (brackets hold for all 2 at once)"
        in each.remarks
    )


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
    assert found.result == word
    assert found.measure is not None
    # 5 of 28 points
    assert found.measure.parts[BREAKOUT].mean == pytest.approx(100 * 5 / 28)
    wide = at_once(found.measure.parts[BREAKOUT], 4)
    assert f"{BREAKOUT} 17.86 [{wide.low:.2f}, {wide.high:.2f}], {QBERT} -6.77 [" in found.remarks
    two = find(replace(asked, least=2), {"atari": played(games)})
    assert two.result == SUPPORTED


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
    assert find(asked, {"atari": played(cells)}).result == word


def test_an_undecided_data_set_may_still_count(played: Played) -> None:
    games = GAMES | {(SEAQUEST, "cql-atari"): [68.0, 68.0], (SEAQUEST, "dt-atari"): [-9e4, 9e4]}
    arguments = {"method": "dt-atari", "against": "cql-atari"}
    asked = check(suite="atari", statistic="difference_each", arguments=arguments, least=3)
    assert find(asked, {"atari": played(games)}).result == UNDECIDED


def check(**changes: Any) -> Check:
    fields = {
        "name": "DT - CQL",
        "suite": "mujoco",
        "statistic": "difference",
        "arguments": {"method": "dt", "against": "cql"},
        "rule": ("above", (-5.0,)),
        "min_seeds": 2,
    }
    return Check(**(fields | changes))


def test_remarks_name_what_is_missing(frame: Frame) -> None:
    found = find(check(suite="atari"), {"mujoco": frame((FULL, {}))})
    assert (found.result, found.measure) == (NOT_RUN, None)
    assert "`atari` is not in the config, or its runs are not complete" in found.remarks
    found = find(check(arguments={"method": "dt", "against": "td3"}), {"mujoco": frame((FULL, {}))})
    assert found.result == NOT_RUN
    assert "dt and td3" in found.remarks
    one = {key: values[:1] for key, values in FULL.items()}
    found = find(check(), {"mujoco": frame((one, {}))})
    assert found.result == UNDECIDED
    assert "one seed" in found.remarks
    found = find(check(), {"mujoco": frame((FULL, {"diverged": ("cql",)}))})
    assert "9 run(s) diverged and are counted" in found.remarks


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


def test_the_ledger_gives_verdicts_on_the_given_suites(frame: Frame) -> None:
    """C16 has no rule about all of the data, so its three checks are decided on 1 and 10 %."""
    few = {
        (task, method): [v + 20 * (method == "dt") for v in runs]
        for (task, method), runs in FULL.items()
    }
    scores = frame((FULL, {}), *((few, {"data_percent": p}) for p in (1.0, 10.0)))
    behaviour = scores[scores["method"] == "bc"].assign(method="behaviour", label="Behaviour")
    scores = pd.concat([scores, behaviour], ignore_index=True)
    artifact = ledger.make({"fractions": scores}, "test")
    verdicts = artifact.numbers.drop_duplicates("id").set_index("id")["verdict"]
    assert verdicts["C16"] == SUPPORTED
    assert verdicts["C2"] == NOT_RUN
    assert any(note.startswith("None of the data are those of D4RL") for note in artifact.notes)
    first = artifact.numbers[artifact.numbers["id"] == "C16"].iloc[0]
    assert (first["value"], first["data_sets"]) == (pytest.approx(30), 3)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"min_data_sets": 4}, "3 data set(s), the rule needs 4"),
        ({"min_seeds": 4}, "3 seed(s), the rule needs 4"),
        ({"min_data_sets": 3, "min_seeds": 3}, ""),
    ],
)
def test_a_rule_may_need_data_sets_and_seeds(
    frame: Frame, changes: dict[str, int], why: str
) -> None:
    found = find(check(**changes), {"mujoco": frame((FULL, {}))})
    assert found.result == (UNDECIDED if why else SUPPORTED)
    assert found.why == why
    shown = find(check(rule=None, **changes), {"mujoco": frame((FULL, {}))})
    assert shown.result == SHOWN
    assert ("3 data set(s); 4 are needed" in shown.remarks) == (
        "min_data_sets" in changes and bool(why)
    )


def test_scores_of_different_simulators_are_refused(frame: Frame) -> None:
    ours = frame((FULL, {}))
    theirs = ours.assign(simulator="mujoco 2.3.7")
    with pytest.raises(Incomparable, match=r"simulators cannot stand in one table: mujoco 2\.3\.7"):
        ledger.make({"mujoco": ours, "sparse": theirs}, "test")


def test_the_notes_name_the_files_of_the_rules_that_are_shown(frame: Frame) -> None:
    scores = frame((FULL, {}))
    for suites, files in (
        (["mujoco"], "bench/report/claims/claims.yaml."),
        (["online"], "bench/report/claims/open_questions.yaml."),
        (
            ["mujoco", "online"],
            "bench/report/claims/claims.yaml and bench/report/claims/open_questions.yaml.",
        ),
    ):
        note = ledger.make(dict.fromkeys(suites, scores), "test").notes[0]
        assert note.endswith(f"Statistics and rules: {files}")
