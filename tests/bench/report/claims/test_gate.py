"""Gates as the claims state them."""

from __future__ import annotations

from typing import Any

import pytest

from bench.report.claims.gate import Gate, read_gate
from bench.report.claims.registry import all_claims, open_questions


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("cql", "gate 'cql' must be a list of methods"),
        ([], "names no methods"),
        ({"methods": ["cql"], "against": "bc"}, "or have the keys methods, behaviour"),
        ({"methods": ["cql"], "margin": -1}, "margin must be a number of points"),
        ({"methods": ["cql"], "share": -1}, "share must be a number, 0 or more"),
        ({"methods": ["cql"], "targets": [1]}, "targets must be two multiples"),
        ({"methods": ["cql"], "reward": "spare"}, "reward must be one of dense, sparse"),
    ],
)
def test_a_wrong_gate_is_named(entry: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_gate(entry)


def test_the_margin_is_at_most_a_share_of_the_level() -> None:
    gate = Gate(("cql",), share=0.1)
    assert gate.margin_at(100.0) == 5.0
    assert gate.margin_at(20.0) == pytest.approx(2.0)
    assert gate.margin_at(-3.0) == 0.0
    assert Gate(("cql",)).margin_at(20.0) == 5.0


def test_gates_of_the_claims() -> None:
    claims = (*all_claims(), *open_questions())
    checks = {check.name: check for claim in claims for check in claim.checks}
    assert checks["DT - CQL"].gate == Gate(("cql",), "behaviour")
    credit = checks["worse one of DT and %BC - best one of CQL, BC and random"]
    assert credit.gate == Gate(("cql-discrete",), "uniform", 0.0)
    assert checks["DT - 0.9 CQL"].gate == Gate(("cql-atari",), share=0.1)
    far = checks["drop from targets of 1 to 1.25 to targets of 2 to 3 times the best return"]
    assert far.gate == Gate(("dt",), targets=(1.0, 1.25))
    sparse = checks["sparse rewards, CQL that sees the return-to-go - CQL"]
    assert sparse.gate == Gate(("cql",), suite="dense_cql")
    blank = checks["sparse rewards, DT - DT with blank return tokens"]
    assert blank.gate == Gate(("dt",), reward="sparse")
