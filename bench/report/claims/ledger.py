"""The ledger: every claim with its statistic, interval and verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import MISSING
from bench.report.claims.measures import STATISTICS, Measure, NotRun, at_once
from bench.report.claims.registry import Check, Claim, all_claims
from bench.report.frame import check_comparable
from bench.tasks.registry import FAMILIES

SUPPORTED, NOT_SUPPORTED, UNDECIDED = "supported", "not supported", "undecided"
NOT_RUN, SHOWN = "not run", "—"
TITLE = "The ledger: what the paper and its talk claim, and what these runs say."


@dataclass(frozen=True)
class Finding:
    """What the runs say of one check.

    Attributes:
        check: what was asked.
        measure: the number; None: there are no runs for it.
        word: the verdict on it.
        why: what is missing, or must be known; empty for most.
    """

    check: Check
    measure: Measure | None
    word: str
    why: str


def find(check: Check, frames: dict[str, pd.DataFrame]) -> Finding:
    """Measure one check and judge it by its rule.

    Args:
        check: what is asked.
        frames: suite -> scores.
    """
    if check.suite not in frames:
        return Finding(check, None, NOT_RUN, f"suite `{check.suite}` is not in the config")
    try:
        measure = STATISTICS[check.statistic](frames[check.suite], **check.arguments)
    except NotRun as error:
        return Finding(check, None, NOT_RUN, str(error))
    why = [measure.note] if measure.note else []
    if measure.missing:
        why.append(f"{measure.missing} data set(s) without these runs left out")
    if measure.diverged:
        why.append(f"{measure.diverged} run(s) diverged and are counted")
    if math.isnan(measure.low):
        why.append("no interval: one seed, or no spread to compare")
    if measure.parts:
        why.append(", ".join(f"{task} {one.mean:.2f}" for task, one in measure.parts.items()))
    if check.every or check.least:
        there = len(measure.parts)
        least, of = (there, there) if check.every else (check.least, there + measure.missing)
        word = judge_each(measure, check.rule, least, of)
    else:
        word = judge(measure, check.rule)
    return Finding(check, measure, word, "; ".join(why))


def judge_each(
    measure: Measure, rule: tuple[str, tuple[float, ...]] | None, least: int, of: int
) -> str:
    """Return the verdict of a rule about each data set, by intervals that hold for all at once:
    supported if it holds on at least so many, not supported if it fails on too many for that.

    Args:
        measure: with its parts.
        rule: of the check.
        least: on how many data sets it must hold.
        of: how many there are, with those that have no runs; where they are too few to hold on so
            many, nothing is decided.
    """
    words = []
    for one in measure.parts.values():
        wide = at_once(one, len(measure.parts))
        words.append(judge(Measure(wide.mean, wide.low, wide.high, 1, 0, 0), rule))
    if SHOWN in words:
        return SHOWN
    if words.count(SUPPORTED) >= least:
        return SUPPORTED
    failed = of - words.count(NOT_SUPPORTED) < least <= of
    return NOT_SUPPORTED if failed else UNDECIDED


def judge(measure: Measure, rule: tuple[str, tuple[float, ...]] | None) -> str:
    """Return the verdict that a rule fixed beforehand gives."""
    if rule is None:
        return SHOWN
    if math.isnan(measure.low) or math.isnan(measure.high):
        return UNDECIDED
    kind, bounds = rule
    least = -math.inf if kind == "below" else bounds[0]
    most = math.inf if kind == "above" else bounds[-1]
    if least < measure.low and measure.high < most:
        return SUPPORTED
    return NOT_SUPPORTED if measure.high < least or measure.low > most else UNDECIDED


def verdict(findings: list[Finding], *, one_suffices: bool = False) -> str:
    """Return the verdict on a claim: supported if all of its ruled checks are, not supported if one
    is not; or where one suffices, supported if one is, not supported if none can be.
    """
    words = [finding.word for finding in findings if finding.check.rule]
    if not words:
        return NOT_RUN if all(finding.measure is None for finding in findings) else SHOWN
    if one_suffices and SUPPORTED in words:
        return SUPPORTED
    order = (NOT_SUPPORTED, NOT_RUN, UNDECIDED)
    for word in (*order[1:], order[0]) if one_suffices else order:
        if word in words:
            return NOT_RUN if word == NOT_RUN and set(words) == {NOT_RUN} else _mixed(word)
    return SUPPORTED


def _mixed(word: str) -> str:
    """Return the verdict where some checks were run: one that was not leaves the claim open."""
    return UNDECIDED if word == NOT_RUN else word


def make(frames: dict[str, pd.DataFrame], scale: str) -> Artifact:
    """Return the ledger of these scores.

    Args:
        frames: suite -> scores; a claim whose suite is not there is `not run`.
        scale: for the notes.

    Raises:
        Incomparable: the suites were scored by different simulators or protocols.
    """
    if frames:
        check_comparable(pd.concat(frames.values(), ignore_index=True))
    body, numbers = [], []
    for claim in all_claims():
        findings = [find(check, frames) for check in claim.checks]
        word = verdict(findings, one_suffices=claim.any)
        for position, finding in enumerate(findings):
            head = [claim.id, f"{claim.claim} ({claim.source})", f"{word}"]
            body.append([*(head if position == 0 else ["", "", ""]), *_cells(finding)])
            numbers.append(_numbers(claim, word, finding))
    headings = ["", "Claim", "Verdict", "Check", "Measured", "Rule", "Result", "Remarks"]
    return Artifact(TITLE, headings, body, _notes(frames, scale), pd.DataFrame(numbers))


def spell_rule(rule: tuple[str, tuple[float, ...]] | None) -> str:
    """Return a rule as printed."""
    if rule is None:
        return MISSING
    kind, bounds = rule
    signs = {"above": "> ", "below": "< "}
    return (
        f"within {bounds[0]:g} to {bounds[1]:g}"
        if kind == "within"
        else f"{signs[kind]}{bounds[0]:g}"
    )


def _where(check: Check) -> str:
    if check.every:
        return ", on every data set"
    return f", on at least {check.least} data sets" if check.least else ""


def _cells(finding: Finding) -> list[str]:
    measure = finding.measure
    if measure is None:
        text = MISSING
    elif math.isnan(measure.low):
        text = f"{measure.value:.2f}"
    else:
        text = f"{measure.value:.2f} [{measure.low:.2f}, {measure.high:.2f}]"
    rule = spell_rule(finding.check.rule) + _where(finding.check)
    return [finding.check.name, text, rule, finding.word, finding.why]


def _numbers(claim: Claim, word: str, finding: Finding) -> dict[str, object]:
    measure = finding.measure
    return {
        "id": claim.id,
        "claim": claim.claim,
        "source": claim.source,
        "paper": claim.paper,
        "verdict": word,
        "suite": finding.check.suite,
        "check": finding.check.name,
        "value": measure.value if measure else math.nan,
        "low": measure.low if measure else math.nan,
        "high": measure.high if measure else math.nan,
        "data_sets": measure.cells if measure else 0,
        "rule": spell_rule(finding.check.rule) + _where(finding.check) * bool(finding.check.least),
        "every_data_set": finding.check.every,
        "result": finding.word,
        "remarks": finding.why,
    }


def _notes(frames: dict[str, pd.DataFrame], scale: str) -> list[str]:
    notes = [
        "Supported: the 95 % interval keeps every rule of the claim. Not supported: the whole interval breaks one. "
        "Undecided: these runs do not settle it. Statistics and rules: bench/report/claims/claims.yaml.",
        "Normalised points unless it says otherwise; mean over data sets, interval over training seeds.",
    ]
    if frames:
        runs = pd.concat(frames.values(), ignore_index=True)
        sources = ", ".join(sorted(set(runs["source"])))
        notes.append(f"Scale {scale}, {runs['seed'].nunique()} seeds, data: {sources}.")
        theirs = runs["source"].isin(
            [family.source for family in FAMILIES.values() if family.source]
        )
        if others := sorted(set(runs[~theirs]["task"])):
            which = f"{', '.join(others)} are" if theirs.any() else "All data are"
            notes.append(
                f"{which} not D4RL's or DQN-replay's, so a verdict is about the claim on these data and at this "
                "budget, not about the paper's numbers."
            )
    return notes
