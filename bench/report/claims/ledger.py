"""The ledger: every claim with its statistics, intervals and verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import MISSING
from bench.report.claims import gates
from bench.report.claims.measure import Measure, NotRun
from bench.report.claims.price import IMPOSSIBLE, NOTE, Price, spell_prices
from bench.report.claims.registry import (
    CLAIMS,
    QUESTIONS,
    Check,
    Claim,
    all_claims,
    claims_about,
    open_questions,
    spell_rule,
)
from bench.report.claims.rules import (
    NOT_SUPPORTED,
    SHOWN,
    SUPPORTED,
    UNDECIDED,
    apply_rule,
    apply_rule_to_each,
    spell_parts,
)
from bench.report.claims.sampled import Sampled, data_set_of, without
from bench.report.claims.statistics import STATISTICS
from bench.report.frame import check_comparable, seed_count
from bench.stats.power import MOST_SEEDS
from bench.tasks.registry import FAMILIES

NOT_RUN = "not run"
TITLE = "The ledger: the claims of the paper and its talk, and the verdicts from these runs."


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        check: the check.
        measure: its number; None: there are no runs for it.
        result: `SUPPORTED`, `NOT_SUPPORTED`, `UNDECIDED`, `NOT_RUN` or `SHOWN`.
        remarks: what is missing, and what a reader must know; often empty.
        why: the reason of `UNDECIDED`, if it is not the interval; else empty.
        gate: the levels that open or close the gate; empty without one.
        price: what a verdict costs, in words; empty if there is one.
        cost: the price as numbers, for the value that the claim expects; None: there is none.
        data_sets: the number of data sets behind the measure, before gates.
    """

    check: Check
    measure: Measure | None
    result: str
    remarks: str
    why: str = ""
    gate: str = ""
    price: str = ""
    cost: Price | None = None
    data_sets: int = 0


def find(check: Check, frames: dict[str, pd.DataFrame]) -> Finding:
    """Compute the statistic of a check and apply its rule.

    Args:
        check: the check.
        frames: suite -> scores.
    """
    if check.suite not in frames:
        return Finding(
            check,
            None,
            NOT_RUN,
            f"suite `{check.suite}` is not in the config, or its runs are not complete",
        )
    try:
        measure = STATISTICS[check.statistic](frames[check.suite], **check.arguments)
    except NotRun as error:
        return Finding(check, None, NOT_RUN, str(error))
    remarks = [measure.note] if measure.note else []
    if measure.missing:
        remarks.append(f"{measure.missing} data set(s) without these runs are left out")
    if measure.diverged:
        remarks.append(f"{measure.diverged} run(s) diverged and are counted")
    if math.isnan(measure.low):
        remarks.append("no interval: one seed, or no spread to compare")
    opening = gates.evaluate(check, frames, {data_set_of(part) for part in measure.parts})
    data_sets, parts = measure.cells, measure.parts
    if opening is not None and opening.closed:
        measure = without(measure, opening.closed)
        opening = replace(opening, open=measure.cells >= check.data_sets_needed)
    if parts:
        remarks.append(spell_parts(parts, measure if check.of_each else None))
    if opening is not None and opening.closed:
        remarks.append(f"not judged on {', '.join(sorted(opening.closed))}")
    if check.of_each:
        there = len(measure.parts)
        least, of = (there, there) if check.every else (check.least, there + measure.missing)
        result = apply_rule_to_each(measure, check.rule, least, of)
    else:
        result = apply_rule(measure, check.rule)
    text = "; ".join(remarks)
    short = measure.cells < check.min_data_sets
    few = f"{measure.cells} data set(s); {check.min_data_sets} are needed" if short else ""
    if check.rule is None:
        text = "; ".join(filter(None, [few, text]))
        return Finding(check, measure, result, text, data_sets=data_sets)
    finding = Finding(check, measure, result, text, data_sets=data_sets)
    return _judged(finding, measure, opening, frames[check.suite])


def _judged(
    finding: Finding, measure: Measure, opening: gates.Opening | None, rows: pd.DataFrame
) -> Finding:
    """Return a finding after the conditions of its check besides the rule: the gate, the number of data
    sets and the number of seeds. An undecided one gets its price.
    """
    check = finding.check
    why, seeds = "", _fewest_seeds(measure)
    if opening is not None and not opening.open:
        why = opening.reason
    elif measure.cells < check.min_data_sets:
        why = f"{measure.cells} data set(s), the rule needs {check.min_data_sets}"
    elif seeds < check.min_seeds:
        why = f"{seeds} seed(s), the rule needs {check.min_seeds}"
    judged = replace(finding, why=why, gate=opening.numbers if opening else "")
    if not why and judged.result != UNDECIDED:
        return judged
    if opening is not None and not opening.open:
        text = f"{IMPOSSIBLE}: {opening.reason}"
        return replace(judged, result=UNDECIDED, price=text)
    text, cost = spell_prices(check, measure, rows)
    return replace(judged, result=UNDECIDED, price=text, cost=cost)


def _fewest_seeds(measure: Measure) -> int:
    """Return the smallest number of runs of an arm on a data set; a large number if it is unknown."""
    if not isinstance(measure, Sampled):
        return MOST_SEEDS
    return min((len(runs) for arms in measure.arms.values() for runs in arms), default=MOST_SEEDS)


def verdict(findings: list[Finding]) -> str:
    """Return the verdict on a claim from its checks with a rule: supported if all of them are, and not supported if
    one is not.
    """
    results = [finding.result for finding in findings if finding.check.rule]
    if not results:
        return NOT_RUN if all(finding.measure is None for finding in findings) else SHOWN
    for result in (NOT_SUPPORTED, NOT_RUN, UNDECIDED):
        if result in results:
            return NOT_RUN if set(results) == {NOT_RUN} else _without_not_run(result)
    return SUPPORTED


def _without_not_run(result: str) -> str:
    """Return the verdict if some checks were run: a check that was not run leaves the claim undecided."""
    return UNDECIDED if result == NOT_RUN else result


def make(frames: dict[str, pd.DataFrame], scale: str) -> Artifact:
    """Return the ledger of these scores.

    Args:
        frames: suite -> scores; a check whose suite is missing is `not run`.
        scale: for the notes.

    Raises:
        Incomparable: the suites were scored by different simulators or protocols.
    """
    if frames:
        check_comparable(pd.concat(frames.values(), ignore_index=True))
    body, numbers = [], []
    for claim in claims_about(frames):
        findings = [find(check, frames) for check in claim.checks]
        claim_verdict = verdict(findings)
        for position, finding in enumerate(findings):
            head = [claim.id, f"{claim.claim} ({claim.source})", claim_verdict]
            body.append([*(head if position == 0 else ["", "", ""]), *_cells(finding)])
            numbers.append(_numbers(claim, claim_verdict, finding))
    headings = ["", "Claim", "Verdict", "Check", "Measured", "Rule", "Gate", "Result", "Price"]
    headings.append("Remarks")
    return Artifact(TITLE, headings, body, _notes(frames, scale), pd.DataFrame(numbers))


def _cells(finding: Finding) -> list[str]:
    measure = finding.measure
    if measure is None:
        text = MISSING
    elif math.isnan(measure.low):
        text = f"{measure.value:.2f}"
    else:
        text = f"{measure.value:.2f} [{measure.low:.2f}, {measure.high:.2f}]"
    result = f"{finding.result}: {finding.why}" if finding.why else finding.result
    more = [finding.gate or MISSING, result, finding.price or MISSING, finding.remarks]
    return [finding.check.name, text, spell_rule(finding.check), *more]


def _numbers(claim: Claim, claim_verdict: str, finding: Finding) -> dict[str, object]:
    measure = finding.measure
    return {
        "id": claim.id,
        "claim": claim.claim,
        "source": claim.source,
        "paper": claim.paper,
        "verdict": claim_verdict,
        "suite": finding.check.suite,
        "check": finding.check.name,
        "value": measure.value if measure else math.nan,
        "low": measure.low if measure else math.nan,
        "high": measure.high if measure else math.nan,
        "data_sets": finding.data_sets,
        "data_sets_judged": measure.cells if measure else 0,
        "rule": spell_rule(finding.check),
        "every_data_set": finding.check.every,
        "gate": finding.gate,
        "result": finding.result,
        "why": finding.why,
        "seeds_for_a_verdict": finding.cost.seeds if finding.cost else None,
        "core_hours_more": finding.cost.core_hours if finding.cost else math.nan,
        "price": finding.price,
        "remarks": finding.remarks,
    }


def _notes(frames: dict[str, pd.DataFrame], scale: str) -> list[str]:
    shown = {claim.id for claim in claims_about(frames)}
    lists = ((CLAIMS, all_claims()), (QUESTIONS, open_questions()))
    files = [path.name for path, claims in lists if any(claim.id in shown for claim in claims)]
    notes = [
        "Supported: for every rule of the claim the 95 % interval lies inside the rule's bounds. Not supported: for "
        "one rule it lies outside. Undecided: neither. Statistics and rules: "
        f"{' and '.join(f'bench/report/claims/{name}' for name in files)}.",
        "Numbers are normalised points unless the check says otherwise: means over data sets with intervals over "
        "training seeds.",
        "Gate: the compared method must score at least the behaviour's level minus 5 points, or minus what the column "
        "says, as means over the data sets of the check, or on each where the rule is about every data set or about a "
        "number of them. Otherwise the check, or the data set, is undecided, because a method that has not learned "
        "decides nothing.",
        NOTE,
    ]
    if frames:
        runs = pd.concat(frames.values(), ignore_index=True)
        sources = ", ".join(sorted(set(runs["source"])))
        trained = [frame[frame["rolled_out"]] for frame in frames.values()]
        notes.append(f"Scale {scale}, {seed_count(*trained)}, data: {sources}.")
        theirs = runs["source"].isin(
            [family.source for family in FAMILIES.values() if family.source]
        )
        if others := sorted(set(runs[~theirs]["task"])):
            which = (
                f"The data of {', '.join(others)} are not"
                if theirs.any()
                else "None of the data are"
            )
            notes.append(
                f"{which} those of D4RL or DQN-replay. So a verdict holds for the claim on these data and with "
                "this budget; it does not hold for the paper's numbers."
            )
    return notes
