"""bench/report/claims/registry.py: the claims as data, and their errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report.claims.registry import all_claims, read_claims, suites_of_claims
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {id: C1, claim: a, source: b, checks: []}", "'paper' is missing"),
        (
            "- {id: C1, claim: a, source: b, paper: '', checks: "
            "[{name: n, suite: s, statistic: t, arguments: {}, rule: {over: 1}}]}",
            "unknown rule 'over'; known: above, below, within",
        ),
        (
            "- {id: C1, claim: a, source: b, paper: '', checks: "
            "[{name: n, suite: s, statistic: t, arguments: {}, rule: {within: [1]}}]}",
            "rule within has 1 bounds; it needs 2",
        ),
        (
            "- {id: C1, claim: a, source: b, paper: '', checks: "
            "[{name: n, suite: s, statistic: t, arguments: {}, margin: 1}]}",
            "unknown key margin",
        ),
        ("- {id: C1, claim: a, source: b, paper: '', checks: [], ayn: true}", "unknown key ayn"),
        (2 * "- {id: C1, claim: a, source: b, paper: '', checks: []}\n", "C1 is there twice"),
        ("- C1", "a claim is 'C1'; it must have the keys id, claim, source, paper, checks"),
    ],
    ids=["missing", "rule", "bounds", "key", "claim-key", "twice", "text"],
)
def test_a_crooked_claim_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "claims.yaml").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_claims(tmp_path / "claims.yaml")
    assert "C1" in str(caught.value)


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
