"""The claims as data, and the suites that they need.

The workflow imports this file when it is parsed, so it imports no heavy library.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.report.claims.designs import DESIGNS, check_arguments
from bench.report.claims.gate import Gate, read_gate
from bench.runs.plan import Plan

CLAIMS = Path(__file__).with_name("claims.yaml")
QUESTIONS = Path(__file__).with_name("open_questions.yaml")
KEYS = ("id", "claim", "source", "paper", "checks")
RULES = ("above", "below", "within")
CHECK_KEYS = (
    "name",
    "suite",
    "statistic",
    "arguments",
    "rule",
    "truth",
    "every",
    "least",
    "gate",
    "min_seeds",
    "min_data_sets",
)


@dataclass(frozen=True)
class Check:
    """One line of the ledger.

    Attributes:
        name: the text in the column `Check`.
        suite: the suite whose scores it needs.
        statistic: a key of `STATISTICS` in bench/report/claims/statistics.py.
        arguments: of the statistic.
        rule: (kind, bounds): `above` x, `below` x, `within` a and b; None: the number is only shown.
        every: the rule must hold on every data set, not for their mean.
        least: the rule must hold on at least this many data sets, not for their mean; 0: for the mean.
        truth: the value at which the power of the rule is computed.
        gate: the methods that must have learned; None: none.
        min_seeds, min_data_sets: with fewer, the check is undecided. There is no interval from one seed.
    """

    name: str
    suite: str
    statistic: str
    arguments: dict[str, Any]
    rule: tuple[str, tuple[float, ...]] | None
    every: bool = False
    least: int = 0
    truth: float | None = None
    gate: Gate | None = None
    min_seeds: int = 3
    min_data_sets: int = 1

    @property
    def of_each(self) -> bool:
        """Whether the rule is applied to data sets one by one."""
        return self.every or self.least > 0

    @property
    def suites(self) -> tuple[str, ...]:
        """The suites whose scores it needs: its own, and that of its gate."""
        other = (self.gate.suite,) if self.gate and self.gate.suite else ()
        return (self.suite, *other)

    @property
    def data_sets_needed(self) -> int:
        """The smallest number of data sets that can decide the rule."""
        return max(self.min_data_sets, self.least, 1)


@dataclass(frozen=True)
class Claim:
    """A claim and its checks.

    Attributes:
        id: such as `C1`.
        claim: a sentence.
        source: page and table of the paper, or the talk.
        paper: the paper's numbers; empty if there are none.
        checks: those with a rule decide the verdict.
    """

    id: str
    claim: str
    source: str
    paper: str
    checks: tuple[Check, ...]


def read_claims(path: Path) -> tuple[Claim, ...]:
    """Read claims.

    Raises:
        ValueError: the file is not a YAML list, two claims have the same id, or a key, a statistic, an
            argument, a rule or a gate is missing, unknown or impossible. The message names the file and
            the claim.
    """
    import yaml

    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(entries, list):
        raise ValueError(f"{path}: must be a list of claims, not {type(entries).__name__}")
    claims = tuple(_claim(entry, path) for entry in entries)
    ids = [claim.id for claim in claims]
    for name in ids:
        if ids.count(name) > 1:
            raise ValueError(f"{path}: claim {name} is there twice; give one of them another id")
    return claims


@cache
def all_claims() -> tuple[Claim, ...]:
    """Return the claims of the paper and its talk."""
    return read_claims(CLAIMS)


@cache
def open_questions() -> tuple[Claim, ...]:
    """Return what the audience of the talk asked, as claims."""
    return read_claims(QUESTIONS)


def claims_about(suites: Iterable[str]) -> tuple[Claim, ...]:
    """Return the claims that a ledger of these suites shows: the paper's, the open questions, or both. Neither list is
    shown if no suite of it is there; without any suite the paper's is.
    """
    there = set(suites)
    chosen = [
        claims
        for claims in (all_claims(), open_questions())
        if any(check.suite in there for claim in claims for check in claim.checks)
    ]
    return tuple(claim for claims in chosen or [all_claims()] for claim in claims)


def bounds_of(rule: tuple[str, tuple[float, ...]]) -> tuple[float, float]:
    """Return the bounds of a rule; infinite where it has one bound."""
    kind, bounds = rule
    return (
        -math.inf if kind == "below" else bounds[0],
        math.inf if kind == "above" else bounds[-1],
    )


def spell_rule(check: Check) -> str:
    """Return the text of the rule of a check."""
    if check.rule is None:
        return "—"
    kind, bounds = check.rule
    signs = {"above": "> ", "below": "< "}
    text = (
        f"within {bounds[0]:g} to {bounds[1]:g}"
        if kind == "within"
        else f"{signs[kind]}{bounds[0]:g}"
    )
    if check.every:
        return f"{text}, on every data set"
    if check.least:
        return f"{text}, on at least {check.least} data set{'s' * (check.least > 1)}"
    return text


def suites_of_claims(plan: Plan, claims: Iterable[Claim] | None = None) -> list[str]:
    """Return the suites of a plan that any claim needs, in the order of the plan.

    Args:
        plan: the plan.
        claims: the claims; None: those of the paper and the open questions.
    """
    chosen = [*all_claims(), *open_questions()] if claims is None else claims
    needed = {suite for claim in chosen for check in claim.checks for suite in check.suites}
    return [suite for suite in plan.runs if suite in needed]


def _claim(entry: Any, path: Path) -> Claim:
    if not isinstance(entry, dict):
        raise ValueError(f"{path}: a claim is {entry!r}; it must have the keys {', '.join(KEYS)}")
    try:
        _known(entry, KEYS)
        checks = tuple(_named_check(test) for test in entry["checks"])
        fields = {key: entry[key] for key in KEYS if key != "checks"}
    except KeyError as error:
        raise ValueError(f"{path}: claim {entry.get('id', entry)}: {error} is missing") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: claim {entry.get('id', entry)}: {error}") from error
    return Claim(**fields, checks=checks)


def _known(entry: dict[str, Any], known: tuple[str, ...]) -> None:
    if unknown := set(entry) - set(known):
        raise ValueError(
            f"unknown key {', '.join(sorted(map(str, unknown)))}; known: {', '.join(known)}"
        )


def _named_check(entry: dict[str, Any]) -> Check:
    try:
        return _check(entry)
    except ValueError as error:
        raise ValueError(f"check {entry.get('name', entry)!r}: {error}") from error


def _check(entry: dict[str, Any]) -> Check:
    _known(entry, CHECK_KEYS)
    check_arguments(entry["statistic"], entry["arguments"])
    rule = _rule(entry["rule"]) if "rule" in entry else None
    every, least = bool(entry.get("every", False)), int(entry.get("least", 0))
    if (every or least) and not DESIGNS[entry["statistic"]].parts:
        raise ValueError(
            f"statistic {entry['statistic']} has no numbers for each data set, so no rule can be about each"
        )
    truth = entry.get("truth")
    if rule and truth is None:
        raise ValueError("a rule needs a truth: the value at which its power is computed")
    return Check(
        name=entry["name"],
        suite=entry["suite"],
        statistic=entry["statistic"],
        arguments=entry["arguments"],
        rule=rule,
        every=every,
        least=least,
        truth=None if truth is None else float(truth),
        gate=read_gate(entry["gate"]) if "gate" in entry else None,
        min_seeds=max(int(entry.get("min_seeds", Check.min_seeds)), 2),
        min_data_sets=max(int(entry.get("min_data_sets", 1)), least),
    )


def _rule(entry: dict[str, Any]) -> tuple[str, tuple[float, ...]]:
    if not isinstance(entry, dict) or len(entry) != 1:
        raise ValueError(f"rule {entry!r} must have one key of {', '.join(RULES)}")
    [(kind, bounds)] = entry.items()
    if kind not in RULES:
        raise ValueError(f"unknown rule {kind!r}; known: {', '.join(RULES)}")
    listed = bounds if isinstance(bounds, list) else [bounds]
    if len(listed) != (2 if kind == "within" else 1):
        raise ValueError(
            f"rule {kind} has {len(listed)} bounds; it needs {2 if kind == 'within' else 1}"
        )
    return kind, tuple(float(bound) for bound in listed)
