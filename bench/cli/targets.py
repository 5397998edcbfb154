"""Targets of the workflow on the command line: which suites each one needs, and that part of a plan."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import takewhile

from bench.cli.values import did_you_mean
from bench.runs.identity import Identity
from bench.runs.plan import Plan
from bench.tasks.registry import FAMILIES, family_of, task_by_name

LEDGER = "all_claims"
OTHER_PLAN = ("--config", "-C", "--snakefile", "-s")  # --configfile, too


def part_of(plan: Plan, suites: Collection[str]) -> Plan:
    """Return the part of a plan with some of its suites."""
    return replace(
        plan,
        runs={suite: runs for suite, runs in plan.runs.items() if suite in suites},
        swept=frozenset(suite for suite in plan.swept if suite in suites),
        diagnosed={suite: name for suite, name in plan.diagnosed.items() if suite in suites},
    )


def targets_of(plan: Plan) -> dict[str, list[str]]:
    """Return the targets of the workflow with their suites: `all`, and those of suites, groups and families. That of
    the ledger, `LEDGER`, is not among them, because its suites take a while to read.
    """
    families = {suite: _families(runs) for suite, runs in plan.runs.items()}
    found = {"all": list(plan.runs)}
    found |= {f"all_{suite}": [suite] for suite in plan.runs}
    found |= {f"all_{group}": list(suites) for group, suites in plan.groups.items()}
    for family in FAMILIES:  # a suite of two families belongs to neither, as in the workflow
        if own := [suite for suite in plan.runs if families[suite] == {family}]:
            found[f"paper_{family}"] = own
    return found


def suites_of(plan: Plan, targets: Sequence[str]) -> list[str]:
    """Return the suites that targets of the workflow need. A file or a rule that `targets_of` does not have means all.

    Without a target it is the default one: the suite `mujoco`, or the first.
    """
    if not targets:
        return ["mujoco"] if "mujoco" in plan.runs else list(plan.runs)[:1]
    known = targets_of(plan)
    found: set[str] = set()
    for target in takewhile(lambda word: not word.startswith("-"), targets):
        found |= set(_of_ledger(plan) if target == LEDGER else known.get(target, plan.runs))
    return [suite for suite in plan.runs if suite in found] or list(plan.runs)


def check_targets(plan: Plan, targets: Sequence[str], strict: bool = False) -> None:
    """Check the names of targets.

    Args:
        plan: of the config.
        targets: words of a command line. Options of Snakemake follow the first word with a dash.
        strict: whether each word must be in `targets_of` or `LEDGER`. Otherwise Snakemake checks files and rules, and
            all words if its options name another config or Snakefile.

    Raises:
        ValueError: a target is unknown, or lacks its `all_`.
    """
    known = [*targets_of(plan), LEDGER]
    words = list(takewhile(lambda word: not word.startswith("-"), targets))
    if any(option.startswith(OTHER_PLAN) for option in targets[len(words) :]):
        return
    for target in words:
        without = f"all_{target}" in known
        wrong = strict or without or target.startswith(("all_", "paper_"))
        if wrong and target not in known:
            near = f"; did you mean 'all_{target}'?" if without else did_you_mean(target, known)
            raise ValueError(
                f"scale {plan.scale} has no target {target!r}{near or ';'} there are {', '.join(known)}"
            )


def _of_ledger(plan: Plan) -> list[str]:
    from bench.report.claims.registry import suites_of_claims

    return suites_of_claims(plan)


def _families(runs: Sequence[Identity]) -> set[str]:
    return {family_of(task_by_name(task)).name for task in {run.task for run in runs}}
