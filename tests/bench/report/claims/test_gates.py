"""bench/report/claims/gates.py: a comparator that has not learned decides nothing."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from bench.report.claims import gates
from bench.report.claims.gate import Gate
from bench.report.claims.ledger import find, make
from bench.report.claims.registry import Check
from bench.report.claims.rules import NOT_SUPPORTED, SUPPORTED, UNDECIDED
from bench.report.scores import collect
from bench.runs.plan import Plan, make_plan
from tests.conftest import write_scores
from tests.helpers.evidence import EXPERT, MEDIUM, METHODS, REPLAY

Cells = dict[tuple[str, str], list[float]]


@pytest.fixture
def plan() -> Plan:
    axes = {
        "tasks": [REPLAY],
        "methods": [*METHODS, "behaviour", "uniform"],
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [0],
        "baselines": False,
    }
    return make_plan(
        {"name": "test", "suites": {"mujoco": axes}, "training": {"steps": 9}, "methods": METHODS}
    )


@pytest.fixture
def scored(tmp_path: Any, plan: Plan) -> Any:
    def make_frame(*groups: tuple[Cells, dict[str, Any]]) -> pd.DataFrame:
        paths = [path for cells, more in groups for path in write_scores(tmp_path, cells, **more)]
        return collect(paths, plan)

    return make_frame


def check(**changes: Any) -> Check:
    fields: dict[str, Any] = {
        "name": "DT - CQL",
        "suite": "mujoco",
        "statistic": "difference",
        "arguments": {"method": "dt", "against": "cql"},
        "rule": ("above", (-5.0,)),
        "truth": 0.0,
        "gate": Gate(("cql",)),
    }
    return Check(**(fields | changes))


def cells(cql: float, behaviour: float | None = 40.0) -> Cells:
    """DT is 30 points ahead of CQL; two data sets, three seeds."""
    found: Cells = {}
    for task, more in ((REPLAY, 0.0), (MEDIUM, 10.0)):
        found[task, "cql"] = [cql + more - 1, cql + more, cql + more + 1]
        found[task, "dt"] = [score + 30 for score in found[task, "cql"]]
        if behaviour is not None:
            found[task, "behaviour"] = [behaviour + more]
    return found


@pytest.mark.parametrize(
    ("cql", "learned"), [(35.5, True), (35.0, True), (34.5, False), (0.0, False)]
)
def test_the_gate_closes_five_points_below_the_behaviour(
    scored: Any, cql: float, learned: bool
) -> None:
    frames = {"mujoco": scored((cells(cql), {}))}
    found = gates.evaluate(check(), frames)
    assert found is not None
    assert found.open is learned
    assert found.reason == ("" if learned else "CQL is below the level of its data")
    assert found.numbers == f"CQL {cql + 5:.1f}, behaviour 45.0 - 5"


def test_a_closed_gate_leaves_the_check_undecided(scored: Any) -> None:
    found = find(check(), {"mujoco": scored((cells(0.0), {}))})
    assert found.result == UNDECIDED
    assert found.why == "CQL is below the level of its data"
    assert "CQL is below" in found.price
    assert found.measure is not None
    assert found.measure.value == pytest.approx(30)  # the number is still shown
    assert find(check(), {"mujoco": scored((cells(40.0), {}))}).result == SUPPORTED
    assert find(check(gate=None), {"mujoco": scored((cells(0.0), {}))}).result == SUPPORTED


def test_a_gate_without_a_behaviour_is_visible(scored: Any) -> None:
    found = find(check(), {"mujoco": scored((cells(0.0, None), {}))})
    assert found.result == UNDECIDED
    assert found.why == "the gate cannot be evaluated"
    assert f"no run of behaviour on {REPLAY}, {MEDIUM}" in found.gate
    assert "add it to the methods of suite `mujoco`" in found.gate


def test_the_behaviour_of_another_suite_is_that_of_the_same_data(scored: Any) -> None:
    without, withal = scored((cells(0.0, None), {})), scored((cells(0.0), {}))
    found = gates.evaluate(check(suite="sparse"), {"sparse": without, "mujoco": withal})
    assert found is not None
    assert found.reason == "CQL is below the level of its data"
    elsewhere = {(EXPERT, "behaviour"): [40.0]}
    found = gates.evaluate(
        check(suite="sparse"), {"sparse": without, "mujoco": scored((elsewhere, {}))}
    )
    assert found is not None
    assert found.reason == gates.NOT_EVALUATED


def test_the_gate_is_about_dense_rewards_and_all_of_the_data(scored: Any) -> None:
    """CQL fails on sparse rewards and on 1 % of the data; that is not too little training."""
    failed = {(task, "cql"): [0.0, 0.0, 0.0] for task in (REPLAY, MEDIUM)}
    frame = scored(
        (cells(40.0), {}), (failed, {"reward": "sparse"}), (failed, {"data_percent": 1.0})
    )
    found = gates.evaluate(check(), {"mujoco": frame})
    assert found is not None
    assert found.open
    only_few = scored((failed, {"data_percent": 1.0}))
    found = gates.evaluate(check(), {"mujoco": only_few[only_few["data_percent"] == 1.0]})
    assert found is not None
    assert found.reason == gates.NOT_EVALUATED
    assert "no run of cql on all of the data in suite `mujoco`" in found.numbers


def test_another_method_may_stand_for_the_data(scored: Any) -> None:
    uniform = {(task, "uniform"): [30.0] for task in (REPLAY, MEDIUM)}
    frame = scored((cells(35.0) | uniform, {}))
    found = gates.evaluate(check(gate=Gate(("cql",), "uniform")), {"mujoco": frame})
    assert found is not None
    assert found.numbers == "CQL 40.0, uniform 30.0 - 5"


def test_every_method_of_a_gate_must_have_learned(scored: Any) -> None:
    bc = {(task, "bc"): [0.0, 1.0, 2.0] for task in (REPLAY, MEDIUM)}
    found = gates.evaluate(
        check(gate=Gate(("cql", "bc"))), {"mujoco": scored((cells(45.0) | bc, {}))}
    )
    assert found is not None
    assert not found.open
    assert found.reason == "BC is below the level of its data"
    assert found.numbers == "CQL 50.0, behaviour 45.0 - 5; BC 1.0, behaviour 45.0 - 5"


def test_the_ledger_prints_the_gate(scored: Any) -> None:
    artifact = make({"mujoco": scored((cells(0.0), {}))}, "test")
    first = dict(zip(artifact.headings, artifact.body[0], strict=True))
    assert first["Result"] == "undecided: CQL is below the level of its data"
    assert first["Gate"] == "CQL 5.0, behaviour 45.0 - 5"
    assert artifact.numbers.iloc[0]["result"] == UNDECIDED
    assert artifact.numbers.iloc[0]["why"] == "CQL is below the level of its data"


def per_game(**changes: Any) -> Check:
    return check(statistic="difference_each", rule=("above", (0.0,)), least=2, **changes)


def with_games(**cql: float) -> Cells:
    """DT is 30 points ahead of CQL on three data sets, whose data have 40."""
    found: Cells = {}
    for task, level in zip((REPLAY, MEDIUM, EXPERT), cql.values(), strict=True):
        found[task, "cql"] = [level - 1, level, level + 1]
        found[task, "dt"] = [score + 30 for score in found[task, "cql"]]
        found[task, "behaviour"] = [40.0]
    return found


def test_a_rule_about_each_data_set_has_a_gate_on_each(scored: Any) -> None:
    frames = {"mujoco": scored((with_games(a=0.0, b=36.0, c=90.0), {}))}
    found = gates.evaluate(per_game(), frames)
    assert found is not None
    assert found.open
    assert found.closed == {REPLAY}
    assert f"{REPLAY}: CQL 0.0, behaviour 40.0 - 5; {MEDIUM}: CQL 36.0" in found.numbers
    judged = find(per_game(), frames)
    assert judged.result == SUPPORTED  # on the other two
    assert f"not judged on {REPLAY}" in judged.remarks
    assert judged.measure is not None
    assert set(judged.measure.parts) == {MEDIUM, EXPERT}
    assert judged.measure.value == pytest.approx(30)  # of all three


def test_a_data_set_without_runs_of_the_gate_is_visible(scored: Any) -> None:
    cells = with_games(a=90.0, b=90.0, c=90.0)
    without = {key: runs for key, runs in cells.items() if key != (REPLAY, "cql")}
    bc = {(task, "bc"): [1.0, 2.0, 3.0] for task in (REPLAY, MEDIUM, EXPERT)}
    judged = find(
        per_game(arguments={"method": "dt", "against": "bc"}),
        {"mujoco": scored((without | bc, {}))},
    )
    assert (judged.result, judged.why) == (UNDECIDED, gates.NOT_EVALUATED)
    assert judged.gate == f"no run of cql on {REPLAY} in suite `mujoco`"


def test_a_data_set_with_a_closed_gate_decides_neither_way(scored: Any) -> None:
    """DT is behind by 30 on two data sets that are judged, so the rule can hold on one at most."""
    behind = with_games(a=0.0, b=70.0, c=90.0)
    for task in (MEDIUM, EXPERT):
        behind[task, "dt"] = [score - 60 for score in behind[task, "dt"]]
    frames = {"mujoco": scored((behind, {}))}
    assert find(per_game(), frames).result == NOT_SUPPORTED
    ahead = with_games(a=90.0, b=0.0, c=0.0)
    closed = find(per_game(), {"mujoco": scored((ahead, {}))})
    assert closed.result == UNDECIDED
    assert closed.why == "CQL is below the level of its data on 2 of 3 data sets"
    nowhere = find(per_game(), {"mujoco": scored((with_games(a=0.0, b=0.0, c=0.0), {}))})
    assert nowhere.why == "CQL is below the level of its data on 3 of 3 data sets"


def test_only_data_sets_with_a_number_are_counted(scored: Any) -> None:
    """CQL is below both of its data sets; the check has a number on one of them."""
    frames = {"mujoco": scored((cells(0.0), {}))}
    all_of_them, one = (
        gates.evaluate(per_game(), frames),
        gates.evaluate(per_game(), frames, {MEDIUM}),
    )
    assert all_of_them is not None
    assert one is not None
    assert all_of_them.reason == "CQL is below the level of its data on 2 of 2 data sets"
    assert one.reason == "CQL is below the level of its data on 1 of 1 data sets"
    assert REPLAY not in one.numbers
    mean = gates.evaluate(
        check(), frames, {MEDIUM}
    )  # a rule about the mean is about all of the suite
    assert mean is not None
    assert "CQL 5.0" in mean.numbers


def test_a_gate_can_have_another_margin(scored: Any) -> None:
    frame = scored((cells(36.0), {}))
    found = gates.evaluate(check(gate=Gate(("cql",), margin=0.0)), {"mujoco": frame})
    assert found is not None
    assert not found.open
    assert found.numbers == "CQL 41.0, behaviour 45.0"


def test_a_rule_about_every_data_set_has_a_gate_on_each(scored: Any) -> None:
    every = check(statistic="difference_each", rule=("above", (0.0,)), every=True, min_data_sets=2)
    failed = with_games(a=0.0, b=36.0, c=90.0)
    failed[REPLAY, "dt"] = [-50.0, -51.0, -52.0]  # far behind, where CQL has not learned
    found = find(every, {"mujoco": scored((failed, {}))})
    assert found.result == SUPPORTED  # on the other two
    assert f"not judged on {REPLAY}" in found.remarks
    fewer = find(every, {"mujoco": scored((with_games(a=0.0, b=0.0, c=90.0), {}))})
    assert fewer.result == UNDECIDED
    assert fewer.why == "CQL is below the level of its data on 2 of 3 data sets"
    assert fewer.price.startswith("not decidable with these data")


@pytest.mark.parametrize(
    ("behaviour", "margin", "spelt"),
    [(158.0, 5.0, "158.0 - 5"), (20.0, 2.0, "20.0 - 2"), (1.2, 0.12, "1.2 - 0.12")],
)
def test_a_margin_can_be_at_most_a_share_of_the_level(
    scored: Any, behaviour: float, margin: float, spelt: str
) -> None:
    gate = Gate(("cql",), share=0.1)
    assert gate.margin_at(behaviour) == pytest.approx(margin)
    assert Gate(("cql",)).margin_at(behaviour) == 5
    assert gate.margin_at(-3.0) == 0
    for off, is_open in ((-0.1, False), (0.1, True)):
        level = behaviour - margin * (1 - off)
        one = {(REPLAY, "cql"): [level], (REPLAY, "dt"): [9.0], (REPLAY, "behaviour"): [behaviour]}
        found = gates.evaluate(check(gate=gate), {"mujoco": scored((one, {}))})
        assert found is not None
        assert found.open is is_open
        assert found.numbers.endswith(f"behaviour {spelt}")


def swept(achieved: dict[str, list[float]], targets: list[float]) -> pd.DataFrame:
    """Sweeps of DT with three seeds on data whose best return is 100 and whose behaviour scores 40."""
    shared = {"reward": "dense", "data_percent": 100.0, "label": "DT"}
    rows: list[dict[str, Any]] = []
    for task, scores in achieved.items():
        rows.append({**shared, "task": task, "method": "behaviour", "kind": "score", "score": 40.0})
        for seed in range(3):
            own = {**shared, "task": task, "method": "dt", "seed": seed}
            rows.append({**own, "kind": "score", "score": 0.0})
            rows += [
                {
                    **own,
                    "kind": "sweep",
                    "target": target,
                    "target_score": target,
                    "score": score + seed,
                    "best_return": 100.0,
                    "data_low": 0.0,
                    "data_high": 100.0,
                }
                for target, score in zip(targets, scores, strict=True)
            ]
    return pd.DataFrame(rows).assign(diverged=False, status="finished", final=True)


@pytest.mark.parametrize(
    ("statistic", "arguments", "rule"),
    [
        ("drop", {"near": [1, 1.25], "far": [2, 3]}, ("below", (10.0,))),
        ("target_deviation", {"near": [0.95, 1.4]}, ("within", (-10.0, 10.0))),
    ],
)
def test_a_policy_that_is_bad_at_every_target_supports_nothing(
    statistic: str, arguments: dict[str, Any], rule: tuple[str, tuple[float, ...]]
) -> None:
    """On one data set DT ignores its target and earns 2, on the others it earns what the data do."""
    targets = [50.0, 100.0, 110.0, 120.0, 200.0, 300.0]
    asked = check(
        suite="targets",
        statistic=statistic,
        arguments={"method": "dt", **arguments},
        rule=rule,
        every=True,
        gate=Gate(("dt",), targets=(1.0, 1.25)),
        min_data_sets=2,
    )
    bad, good = [2.0] * 6, [20.0, 60.0, 60.0, 60.0, 60.0, 60.0]
    found = find(asked, {"targets": swept({REPLAY: bad, MEDIUM: good, EXPERT: good}, targets)})
    assert found.result == SUPPORTED
    assert f"not judged on {REPLAY}" in found.remarks
    assert f"{REPLAY}: DT 3.0, behaviour 40.0 - 5" in found.gate
    assert f"{MEDIUM}: DT 61.0, behaviour 40.0 - 5" in found.gate
    assert found.measure is not None
    assert found.measure.cells == 2
    found = find(asked, {"targets": swept({REPLAY: bad, MEDIUM: bad, EXPERT: good}, targets)})
    assert found.result == UNDECIDED
    assert found.why == "DT is below the level of its data on 2 of 3 data sets"


def test_another_suite_may_have_the_scores_of_a_gate(scored: Any) -> None:
    gated = check(gate=Gate(("cql",), suite="dense_cql"))
    mine = scored((cells(0.0), {}))
    found = gates.evaluate(gated, {"mujoco": mine})
    assert found is not None
    assert not found.open
    assert (found.reason, found.numbers) == (gates.NOT_EVALUATED, "suite `dense_cql` was not run")
    found = gates.evaluate(gated, {"mujoco": mine, "dense_cql": mine[mine["method"] != "cql"]})
    assert found is not None
    assert found.numbers == "no run of cql on all of the data in suite `dense_cql`"
    theirs = scored((cells(60.0), {}))
    found = gates.evaluate(gated, {"mujoco": mine, "dense_cql": theirs})
    assert found is not None
    assert found.open
    assert found.numbers == "CQL 65.0 in suite dense_cql, behaviour 45.0 - 5"


def test_the_suite_of_a_gate_has_the_data_sets_of_the_check(scored: Any) -> None:
    gated = check(gate=Gate(("cql",), suite="dense_cql"))
    both, one = scored((cells(60.0), {})), {REPLAY: 0.0}
    alone = both[both["task"].isin(one)]
    found = gates.evaluate(gated, {"mujoco": both, "dense_cql": alone})
    assert found is not None
    assert found.numbers == f"suite `dense_cql` has no run on {MEDIUM}"
    found = gates.evaluate(gated, {"mujoco": alone, "dense_cql": both})
    assert found is not None
    assert found.numbers == "CQL 60.0 in suite dense_cql, behaviour 40.0 - 5"


def test_a_gate_may_be_of_runs_with_sparse_rewards(scored: Any) -> None:
    """The level of the data is that of dense rewards: it is the same."""
    frames = {"mujoco": scored((cells(50.0), {}), (cells(10.0, None), {"reward": "sparse"}))}
    for reward, learned in (("dense", True), ("sparse", False)):
        found = gates.evaluate(check(gate=Gate(("cql",), reward=reward)), frames)
        assert found is not None
        assert found.open is learned
    assert found.numbers == "CQL 15.0 with sparse rewards, behaviour 45.0 - 5"
