"""The claims as data, and the suites that they need.

The workflow imports this file when it is parsed, so it imports no heavy library.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.runs.plan import Plan

CLAIMS = Path(__file__).with_name("claims.yaml")
KEYS = ("id", "claim", "source", "paper", "checks")
RULES = ("above", "below", "within")


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
    """

    name: str
    suite: str
    statistic: str
    arguments: dict[str, Any]
    rule: tuple[str, tuple[float, ...]] | None
    every: bool = False
    least: int = 0


@dataclass(frozen=True)
class Claim:
    """A claim and its checks.

    Attributes:
        id: such as `C1`.
        claim: a sentence.
        source: page and table of the paper, or the talk.
        paper: the paper's numbers; empty if there are none.
        checks: those with a rule decide the verdict.
        any: one supported check is enough; otherwise all must be supported.
    """

    id: str
    claim: str
    source: str
    paper: str
    checks: tuple[Check, ...]
    any: bool = False


def read_claims(path: Path) -> tuple[Claim, ...]:
    """Read claims.

    Raises:
        ValueError: the file is not a YAML list, a key is missing or unknown, two claims have the same id,
            or a rule is not one of RULES. The message names the file and the claim.
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
    """Return the claims of this repository."""
    return read_claims(CLAIMS)


def suites_of_claims(plan: Plan) -> list[str]:
    """Return the suites of a plan that any claim needs, in the order of the plan."""
    needed = {check.suite for claim in all_claims() for check in claim.checks}
    return [suite for suite in plan.runs if suite in needed]


def _claim(entry: Any, path: Path) -> Claim:
    if not isinstance(entry, dict):
        raise ValueError(f"{path}: a claim is {entry!r}; it must have the keys {', '.join(KEYS)}")
    try:
        if unknown := set(entry) - {*KEYS, "any"}:
            raise ValueError(f"unknown key {', '.join(sorted(unknown))}")
        checks = tuple(_check(test) for test in entry["checks"])
        fields = {key: entry[key] for key in KEYS if key != "checks"}
    except KeyError as error:
        raise ValueError(f"{path}: claim {entry.get('id', entry)}: {error} is missing") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: claim {entry.get('id', entry)}: {error}") from error
    return Claim(**fields, checks=checks, any=bool(entry.get("any", False)))


def _check(entry: dict[str, Any]) -> Check:
    unknown = set(entry) - {"name", "suite", "statistic", "arguments", "rule", "every", "least"}
    if unknown:
        raise ValueError(f"unknown key {', '.join(sorted(unknown))}")
    rule = None
    if "rule" in entry:
        [(kind, bounds)] = entry["rule"].items()
        if kind not in RULES:
            raise ValueError(f"unknown rule {kind!r}; known: {', '.join(RULES)}")
        listed = bounds if isinstance(bounds, list) else [bounds]
        if len(listed) != (2 if kind == "within" else 1):
            raise ValueError(
                f"rule {kind} has {len(listed)} bounds; it needs {2 if kind == 'within' else 1}"
            )
        rule = (kind, tuple(float(bound) for bound in listed))
    return Check(
        name=entry["name"],
        suite=entry["suite"],
        statistic=entry["statistic"],
        arguments=entry["arguments"],
        rule=rule,
        every=bool(entry.get("every", False)),
        least=int(entry.get("least", 0)),
    )
