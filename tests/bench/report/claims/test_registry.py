"""bench/report/claims/registry.py: the claims as data, and their errors."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.report.claims import registry
from bench.report.claims.registry import (
    Check,
    all_claims,
    bounds_of,
    open_questions,
    read_claims,
    spell_rule,
    suites_of_claims,
)
from bench.report.claims.statistics import STATISTICS
from bench.runs.plan import Plan
from tests.helpers.evidence import whole

__all__ = ["whole"]  # fixtures


def test_the_claims_of_continuous_control_are_all_there() -> None:
    ids = [claim.id for claim in all_claims()]
    assert ids == [f"C{n}" for n in range(1, 18)]
    for claim in all_claims():
        assert claim.source
        assert any(check.rule for check in claim.checks), claim.id
        assert {check.statistic for check in claim.checks} <= set(STATISTICS)


def test_the_ledger_needs_the_suites_of_its_claims(whole: Plan) -> None:
    assert suites_of_claims(whole) == ["mujoco"]


SLOPE = "name: n, suite: s, statistic: slope, arguments: {method: dt}"


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (
            f"{SLOPE}, truth: 0, rule: {{over: 1}}",
            "unknown rule 'over'; known: above, below, within",
        ),
        (f"{SLOPE}, truth: 0, rule: {{within: [1]}}", "rule within has 1 bounds; it needs 2"),
        (f"{SLOPE}, truth: 0, rule: {{above: 1, below: 2}}", "must have one key of above, below"),
        (f"{SLOPE}, rule: {{above: 1}}", "a rule needs a truth"),
        (f"{SLOPE}, margin: 1", "unknown key margin; known: name, suite, statistic"),
        ("name: n, suite: s, statistic: slop, arguments: {}", "unknown statistic 'slop'; known: "),
        (
            "name: n, suite: s, statistic: slope, arguments: {methode: dt}",
            "takes no argument methode; known: method",
        ),
        ("name: n, suite: s, arguments: {}", "'statistic' is missing"),
        (f"{SLOPE}, gate: cql", "gate 'cql' must be a list of methods"),
        (f"{SLOPE}, truth: 0, rule: {{above: 1}}, every: true", "no rule can be about each"),
    ],
)
def test_a_wrong_check_is_named_in_one_line(tmp_path: Path, check: str, message: str) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(f"- {{id: C1, claim: a, source: b, paper: '', checks: [{{{check}}}]}}")
    with pytest.raises(ValueError, match=message) as caught:
        read_claims(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: claim C1: ")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {id: C1, claim: a, source: b, checks: []}", "claim C1: 'paper' is missing"),
        (
            "- {id: C1, claim: a, source: b, paper: '', checks: [], sorce: c}",
            "claim C1: unknown key sorce; known: id, claim, source",
        ),
        ("- {id: C1, claim: a, source: b, paper: '', checks: [], ayn: true}", "unknown key ayn"),
        (2 * "- {id: C1, claim: a, source: b, paper: '', checks: []}\n", "C1 is there twice"),
        ("- C1", "a claim is 'C1'; it must have the keys id, claim, source, paper, checks"),
    ],
)
def test_a_wrong_claim_is_named_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_claims(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_rule_that_compares_with_a_trained_method_has_a_gate() -> None:
    """But for BC on fractions, whose curve is flat where it is below its data."""
    without = {"DT - BC, 1 and 10 % of the data"}
    for claim in (*all_claims(), *open_questions()):
        for check in claim.checks:
            if check.rule and "against" in check.arguments:
                assert (check.gate is None) == (check.name in without)


def test_the_suite_of_a_gate_is_needed(whole: Plan) -> None:
    sparse = next(claim for claim in open_questions() if claim.id == "C21")
    assert sparse.checks[0].suites == ("sparse_cql", "dense_cql")
    assert sparse.checks[1].suites == ("sparse_cql",)
    runs = whole.runs["mujoco"]
    plan = replace(whole, runs={"dense_cql": runs, "other": runs, "sparse_cql": runs})
    assert suites_of_claims(plan) == ["dense_cql", "sparse_cql"]
    assert suites_of_claims(plan, all_claims()) == []


def test_the_truth_of_a_claim_lies_inside_its_rule() -> None:
    for claim in all_claims():
        for check in claim.checks:
            if check.rule:
                low, high = bounds_of(check.rule)
                assert check.truth is not None
                assert low < check.truth < high, check.name


@pytest.mark.parametrize(
    ("rule", "more", "bounds", "text"),
    [
        (("above", (-5.0,)), {}, (-5.0, math.inf), "> -5"),
        (("below", (0.5,)), {"every": True}, (-math.inf, 0.5), "< 0.5, on every data set"),
        (
            ("within", (-5.0, 5.0)),
            {"least": 3},
            (-5.0, 5.0),
            "within -5 to 5, on at least 3 data sets",
        ),
        (("above", (0.0,)), {"least": 1}, (0.0, math.inf), "> 0, on at least 1 data set"),
    ],
)
def test_bounds_and_text_of_a_rule(
    rule: tuple[str, tuple[float, ...]],
    more: dict[str, Any],
    bounds: tuple[float, float],
    text: str,
) -> None:
    assert bounds_of(rule) == bounds
    assert spell_rule(Check("n", "s", "slope", {}, rule, **more)) == text


def test_a_number_that_is_only_shown_has_no_rule() -> None:
    assert spell_rule(Check("n", "s", "slope", {}, None)) == "—"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("C1: {claim: a}", "must be a list of claims, not dict"),
        ("", "must be a list of claims, not NoneType"),
        ("- {id: C1", "not a YAML file: while parsing"),
    ],
)
def test_a_file_that_is_no_list_of_claims_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "claims.yaml").write_text(text)
    with pytest.raises(ValueError, match=f"^{tmp_path / 'claims.yaml'}: {message}") as caught:
        read_claims(tmp_path / "claims.yaml")
    assert "\n" not in str(caught.value)


def test_a_ledger_shows_the_claims_of_its_suites() -> None:
    paper, questions = registry.all_claims(), registry.open_questions()
    assert registry.claims_about(["mujoco"]) == paper
    assert registry.claims_about(["luck"]) == questions
    assert registry.claims_about(["luck", "mujoco"]) == (*paper, *questions)
    assert registry.claims_about([]) == paper
    ids = [claim.id for claim in (*paper, *questions)]
    assert len(set(ids)) == len(ids)
