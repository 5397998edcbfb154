"""bench/report/claims/power.py: what a config can decide, before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.artifact import write_artifact
from bench.report.claims import power
from bench.report.claims.gate import Gate
from bench.report.claims.known import Known
from bench.report.claims.power import Forecast, decides, forecast, make, refusals
from bench.report.claims.registry import all_claims
from bench.report.claims.statistics import STATISTICS
from bench.report.scores import collect
from bench.runs.plan import make_plan
from bench.stats.power import supported
from tests.conftest import write_scores
from tests.helpers.claims import check, config
from tests.helpers.evidence import EXPERT, MEDIUM, REPLAY

SIX = Known("assumed", 6.0)


def of(given: dict[str, Any], known: Known = SIX, aim: float = 0.8, **changes: Any) -> Forecast:
    return forecast(check(**changes), make_plan(given), given, known, aim)


def test_the_power_of_a_planned_check() -> None:
    found = of(config())
    expected = supported((-5.0, float("inf")), 0.0, [[6.0, 6.0]] * 3, 3)
    assert (found.data_sets, found.seeds, found.spread) == (3, (3, 3), 6.0)
    assert found.power == pytest.approx(expected, abs=1e-3)
    assert found.needed == 8
    assert not found.decidable(0.8)
    eight = of(config(mujoco={"seeds": list(range(8))}))
    assert eight.power >= 0.8
    assert eight.decidable(0.8)
    assert not eight.decidable(0.99)


def test_the_power_of_a_difference_of_differences() -> None:
    """Two pairs: four means of two runs in each, so the error is sqrt(4 * 36 / 2 / 2) = 6, with 8 degrees of freedom
    if the spreads are equal.
    """
    tasks = ["hopper_positions-medium", "hopper-medium"]
    tasks += ["walker2d_positions-medium", "walker2d-medium"]
    arguments = {"method": "dt", "against": "cql", "family": "positions", "base": "mujoco"}
    found = of(
        config(mujoco={"tasks": tasks, "seeds": [0, 1]}),
        statistic="interaction",
        arguments=arguments,
        rule=("above", (0.0,)),
        truth=15.0,
        min_data_sets=4,
        min_seeds=2,
    )
    assert (found.data_sets, found.spread) == (2, 6.0)
    assert found.power == pytest.approx(
        supported((0.0, float("inf")), 15.0, [[6.0] * 4] * 2, 2), abs=0.02
    )
    assert found.obstacles == ("2 data set(s), needs 4",)
    four = supported((0.0, float("inf")), 15.0, [[6.0] * 4] * 4, 2)
    assert found.needed == (2 if four >= 0.8 else 3)


def test_a_check_on_every_data_set_needs_more() -> None:
    each = {"statistic": "drop", "arguments": {"method": "dt", "near": [1, 1.2], "far": [2, 3]}}
    given = config(mujoco={"sweep": True, "seeds": [0, 1, 2, 3, 4]})
    rule = {"rule": ("below", (10.0,)), "truth": 0.0}
    assert of(given, every=True, **each, **rule).power < of(given, **each, **rule).power


def test_an_obstacle_forbids_a_decision_whatever_the_power() -> None:
    few = of(config(), rule=("above", (-500.0,)), min_data_sets=6)
    assert few.power > 0.99
    assert few.obstacles == ("3 data set(s), needs 6",)
    assert not few.decidable(0.8)
    assert few.needed == 3  # on six data sets
    absent = of(config(), suite="atari")
    assert (absent.data_sets, absent.seeds, absent.power, absent.needed) == (0, (0,), 0.0, None)
    one = of(config(mujoco={"seeds": [0]}))
    assert (one.power, one.needed) == (0.0, 8)


def test_a_gate_that_the_records_close_counts_as_undecided(tmp_path: Path) -> None:
    cells = {
        (task, method): [score, score + 1]
        for task in (EXPERT, MEDIUM, REPLAY)
        for method, score in (("dt", 50.0), ("cql", 10.0), ("behaviour", 40.0))
    }
    given = config(mujoco={"seeds": list(range(9))})
    frame = collect(write_scores(tmp_path, cells), make_plan(given))
    known = Known("records", frames={"mujoco": frame})
    found = of(given, known, gate=Gate(("cql",)))
    assert found.obstacles == (
        "in the records: CQL is below the level of its data (CQL 10.5, behaviour 40.5 - 5)",
    )
    assert not found.decidable(0.8)
    assert of(given, known, gate=Gate(("dt",))).decidable(0.8)
    without = Known("records", frames={"mujoco": frame[frame["method"] != "behaviour"]})
    assert of(given, without, gate=Gate(("cql",))).decidable(0.8)  # not known before the runs


def test_a_data_set_with_a_closed_gate_cannot_decide(tmp_path: Path) -> None:
    """CQL is below its data on one of three data sets; the rule must hold on two. The intervals hold for those that are
    judged, so they are narrower for two than for three.
    """
    given = config(mujoco={"seeds": list(range(4))})

    def forecast_with(lowest: float) -> Forecast:
        cells = {
            (task, method): [score - 1, score, score + 1]
            for task, cql in ((EXPERT, 50.0), (MEDIUM, 50.0), (REPLAY, lowest))
            for method, score in (("dt", 60.0), ("cql", cql), ("behaviour", 40.0))
        }
        frame = collect(write_scores(tmp_path, cells), make_plan(given))
        rule = {"statistic": "difference_each", "rule": ("above", (0.0,)), "truth": 5.0, "least": 2}
        return of(given, Known("records", frames={"mujoco": frame}), gate=Gate(("cql",)), **rule)

    all_judged, two_judged = forecast_with(50.0), forecast_with(0.0)
    assert all_judged.obstacles == two_judged.obstacles == ()
    assert 0 < all_judged.power < two_judged.power < 1
    assert two_judged.needed is not None
    assert all_judged.needed is not None
    assert two_judged.needed <= all_judged.needed


def test_the_power_with_uneven_seeds_lies_between_those_with_even_ones() -> None:
    def with_seeds(dt: int, cql: int) -> Forecast:
        return of(config(mujoco={"seeds": list(range(dt)), "method_seeds": {"cql": [*range(cql)]}}))

    three, uneven, six = with_seeds(3, 3), with_seeds(6, 3), with_seeds(6, 6)
    assert uneven.seeds == (6, 3)
    assert three.power < uneven.power < six.power
    assert three.needed == uneven.needed == six.needed
    given = config(mujoco={"seeds": [0, 1, 2, 3], "method_seeds": {"cql": [0, 1, 2]}})
    table = make(make_plan(given), given, SIX)
    first = dict(zip(table.headings, table.body[0], strict=True))
    assert first["Seeds"] == "3 to 4"
    assert (table.numbers["seeds"][0], table.numbers["most_seeds"][0]) == (3, 4)


def test_the_spread_says_of_how_many_data_sets_it_is(tmp_path: Path) -> None:
    cells = {
        (task, method): [50.0, 52.0, 54.0] for task in (EXPERT, MEDIUM) for method in ("dt", "cql")
    }
    given = config()
    frame = collect(write_scores(tmp_path, cells), make_plan(given))
    table = make(make_plan(given), given, Known("records", frames={"mujoco": frame}))
    first = dict(zip(table.headings, table.body[0], strict=True))
    assert first["Spread"] == "2 (from 2 data sets)"
    assert table.numbers["spread_data_sets"][0] == 2


def test_a_number_that_too_few_data_sets_have_is_an_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All runs are recorded, and the statistic leaves one of three data sets out, whatever its runs."""
    cells = {
        (task, method): [50.0, 52.0, 54.0]
        for task in (EXPERT, MEDIUM, REPLAY)
        for method in ("dt", "cql")
    }
    given = config()
    frame = collect(write_scores(tmp_path, cells), make_plan(given))
    known = Known("records", frames={"mujoco": frame})
    assert of(given, known, min_data_sets=3).obstacles == ()
    statistic = STATISTICS["difference"]
    monkeypatch.setitem(
        STATISTICS,
        "difference",
        lambda rows, **arguments: statistic(rows[rows["task"] != REPLAY], **arguments),
    )
    found = of(given, known, min_data_sets=3)
    assert found.data_sets == 2
    assert found.obstacles == ("in the records: 2 data set(s) have this number, needs 3",)
    assert not found.decidable(0.8)


def test_a_data_set_with_one_run_in_the_records_is_no_obstacle(tmp_path: Path) -> None:
    """The ratio of spreads is on two of three data sets, and more seeds give the third."""
    cells = {
        (task, method): [50.0, 52.0, 54.0]
        for task in (EXPERT, MEDIUM, REPLAY)
        for method in ("dt", "cql")
    } | {(REPLAY, "cql"): [50.0]}
    given = config()
    frame = collect(write_scores(tmp_path, cells), make_plan(given))
    ratio = {"statistic": "spread_ratio", "rule": ("below", (1.0,)), "truth": 0.5}
    known = Known("records", frames={"mujoco": frame})
    found = of(given, known, min_data_sets=3, **ratio)
    assert found.measured == 2
    assert found.obstacles == ()


def test_a_claim_needs_all_of_its_checks() -> None:
    good = of(config(mujoco={"seeds": list(range(9))}))
    bad = of(config(mujoco={"seeds": [0]}))
    assert decides([good, good], 0.8)
    assert not decides([good, bad], 0.8)


def test_the_table_lists_every_check_with_a_rule(tmp_path: Path) -> None:
    given = config()
    table = make(make_plan(given), given, SIX)
    assert len(table.body) == sum(bool(one.rule) for c in all_claims() for one in c.checks)
    assert {row[0] for row in table.body} - {""} == {claim.id for claim in all_claims()}
    assert table.notes[0] == "0 of 17 claims can be decided with probability 0.8: none."
    assert any(note.startswith("Seeds for all checks of a suite: mujoco ") for note in table.notes)
    first = dict(zip(table.headings, table.body[0], strict=True))
    assert (first["Data sets"], first["Seeds"], first["Seeds for 0.8"]) == ("3", "3", "8")
    assert (first["If truly"], first["Rule"], first["Can be decided"]) == ("0", "> -5", "no")
    write_artifact(table, [tmp_path / f"power{suffix}" for suffix in (".md", ".html", ".csv")])
    numbers = pd.read_csv(tmp_path / "power.csv")
    assert numbers["seeds_needed"][0] == 8


def test_a_suite_that_asks_for_a_power_it_cannot_have_is_told() -> None:
    many = {"seeds": list(range(9)), "tasks": [EXPERT, MEDIUM, REPLAY]}
    given = config(mujoco=many | {"power": 0.8})
    lines = refusals(make_plan(given), given, SIX)
    assert not any("C1, DT - CQL, cannot" in line for line in lines)
    few = config(mujoco={"power": 0.8})
    line = refusals(make_plan(few), few, SIX)[0]
    assert line.startswith("suite `mujoco` asks for power 0.8, and C1, DT - CQL, cannot have it: ")
    assert line.endswith("needs 8 seeds")
    assert refusals(make_plan(config()), config(), SIX) == []


def test_certainty_is_refused() -> None:
    given = config()
    with pytest.raises(ValueError, match="give more than 0 and less than 1"):
        make(make_plan(given), given, SIX, 1.0)
    assert power.POWER == 0.8
