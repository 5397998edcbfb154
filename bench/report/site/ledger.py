"""The ledger of claims as pages show it: a verdict for each claim, with its checks."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.report.claims.registry import all_claims, open_questions
from bench.report.claims.rules import UNDECIDED

COLUMNS = (
    "id",
    "claim",
    "source",
    "verdict",
    "suite",
    "check",
    "value",
    "low",
    "high",
    "rule",
    "result",
    "why",
    "price",
)
SEEDS = "seeds_for_a_verdict"


@dataclass(frozen=True)
class Check:
    """A check of a claim.

    Attributes:
        name, suite, rule: as in claims.yaml.
        measured: its number with the interval, as text.
        result: the result of the rule.
        why: the reason of an undecided result, if it is not the interval.
        price: what a verdict costs, in words; empty if there is one.
        seeds: the number of seeds of this price; infinite if no number gives a verdict.
        methods: the methods that it compares, for a link to their runs.
    """

    name: str
    suite: str
    rule: str
    measured: str
    result: str
    why: str
    price: str
    seeds: float = math.inf
    methods: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claim:
    """A claim of the paper with its verdict."""

    id: str
    text: str
    source: str
    paper: str
    verdict: str
    checks: tuple[Check, ...]

    @property
    def deciding(self) -> Check:
        """The check that decides the verdict: the first one with a rule and this result, else the first with a rule.
        Of several undecided ones it is the dearest, because a verdict needs all of them.
        """
        ruled = [check for check in self.checks if check.rule not in ("", "—")]
        same = [check for check in ruled if check.result == self.verdict]
        if self.verdict == UNDECIDED and same:
            return max(same, key=lambda check: check.seeds)
        return [*same, *ruled, *self.checks][0]


def read(path: Path) -> list[Claim]:
    """Return the claims of a ledger, in its order.

    Args:
        path: the CSV of the ledger.

    Raises:
        ValueError: the file is no ledger.
    """
    rows = pd.read_csv(path, keep_default_na=True)
    if lacking := [name for name in COLUMNS if name not in rows]:
        raise ValueError(f"{path} has no column {lacking[0]!r}; make the ledger again")
    found = []
    for _, part in rows.groupby("id", sort=False):
        head = part.iloc[0]
        checks = tuple(_check(row) for _, row in part.iterrows())
        told = {name: _text(head, name) for name in ("id", "source", "paper", "verdict")}
        found.append(Claim(text=_text(head, "claim"), checks=checks, **told))
    return found


def counts(claims: list[Claim]) -> dict[str, int]:
    """Return verdict -> number of claims, the most telling first."""
    order = ("supported", "not supported", "undecided", "not run")
    found = Counter(claim.verdict for claim in claims)
    return {name: found[name] for name in (*order, *sorted(set(found) - set(order))) if found[name]}


def _check(row: Any) -> Check:
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    measured = "—" if math.isnan(value) else f"{value:.2f}"
    if not math.isnan(low):
        measured += f" [{low:.2f}, {high:.2f}]"
    texts = {
        name: _text(row, name) for name in ("check", "suite", "rule", "result", "why", "price")
    }
    return Check(
        name=texts["check"],
        suite=texts["suite"],
        rule=texts["rule"],
        measured=measured,
        result=texts["result"],
        why=texts["why"],
        price=texts["price"],
        seeds=_seeds(row),
        methods=_methods(_text(row, "id"), texts["check"]),
    )


def _seeds(row: Any) -> float:
    seeds = float(row.get(SEEDS, math.nan))
    return math.inf if math.isnan(seeds) else seeds


def _methods(claim: str, check: str) -> tuple[str, ...]:
    """Return the methods that a check names in its arguments."""
    for one in (*all_claims(), *open_questions()):
        for known in one.checks:
            if (one.id, known.name) == (claim, check):
                values = [known.arguments.get(key) for key in ("method", "against", "methods")]
                flat = [each for v in values for each in (v if isinstance(v, list) else [v])]
                return tuple(each for each in flat if isinstance(each, str))
    return ()


def _text(row: Any, name: str) -> str:
    value = row[name]
    # a text that a spreadsheet would take for a formula begins with an apostrophe
    return "" if isinstance(value, float) and math.isnan(value) else str(value).removeprefix("'")
