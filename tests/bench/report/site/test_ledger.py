"""The ledger of claims as pages show it."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from bench.core.code import ROOT
from bench.report.claims.registry import open_questions
from bench.report.site.ledger import Check, Claim, counts, read

KEPT = ROOT / "reports/reference/quick/claims.csv"


@pytest.fixture(scope="module")
def claims() -> list[Claim]:
    return read(KEPT)


def test_every_claim_once_with_all_of_its_checks(claims: list[Claim]) -> None:
    rows = pd.read_csv(KEPT)
    assert [claim.id for claim in claims] == list(dict.fromkeys(rows["id"]))
    assert sum(len(claim.checks) for claim in claims) == len(rows)


def test_the_check_that_decides_stands_for_the_claim(claims: list[Claim]) -> None:
    first = claims[0].deciding
    assert (first.name, first.measured) == ("DT - CQL", "28.26 [23.73, 32.80]")
    assert (first.suite, first.methods) == ("mujoco", ("dt", "cql"))
    assert first.price.startswith("not decidable with these data: CQL is below")
    assert first.seeds == math.inf


@pytest.mark.parametrize("verdict", ["supported", "not supported", "undecided"])
def test_the_deciding_check_has_the_result_of_the_verdict(verdict: str) -> None:
    results = {"a": "—", "b": "supported", "c": "undecided", "d": "not supported"}
    checks = tuple(
        Check(name, "mujoco", "—" if result == "—" else "> 0", "1.00", result, "", "")
        for name, result in results.items()
    )
    found = Claim("C1", "A claim.", "p.1", "", verdict, checks).deciding
    assert found.result == verdict
    # where no check has this result, the first one with a rule stands for the claim
    assert Claim("C1", "A claim.", "p.1", "", "not run", checks).deciding.name == "b"


def test_of_several_undecided_checks_the_dearest_stands_for_the_claim() -> None:
    checks = tuple(
        Check(name, "critic", "> 0", "1.00", result, "", "a price", seeds)
        for name, result, seeds in (
            ("a", "undecided", 7.0),
            ("b", "undecided", 239.0),
            ("c", "supported", math.inf),
        )
    )
    assert Claim("C11", "A claim.", "p.1", "", "undecided", checks).deciding.name == "b"
    impossible = (*checks, Check("d", "critic", "> 0", "1.00", "undecided", "", "not decidable"))
    assert Claim("C11", "A claim.", "p.1", "", "undecided", impossible).deciding.name == "d"


def test_verdicts_are_counted_the_most_telling_first(claims: list[Claim]) -> None:
    found = counts(claims)
    assert list(found) == [
        name for name in ("supported", "not supported", "undecided", "not run") if name in found
    ]
    assert sum(found.values()) == len(claims)


def test_another_csv_is_refused(tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_text("id,claim\nC1,a\n")
    with pytest.raises(ValueError, match="has no column 'source'"):
        read(tmp_path / "claims.csv")


def test_a_check_of_an_open_question_names_its_methods(tmp_path: Path) -> None:
    first = {claim.id: claim.checks[0].name for claim in open_questions()}
    rows = pd.read_csv(KEPT).head(2).assign(id=["C20", "C24"], check=[first["C20"], first["C24"]])
    rows.to_csv(tmp_path / "claims_open.csv", index=False)
    found = {claim.id: claim for claim in read(tmp_path / "claims_open.csv")}
    assert found["C20"].deciding.methods == ("dt-online", "dt-online-fixed")
    assert found["C24"].deciding.methods == tuple(f"dt-size{n}" for n in range(1, 11))
