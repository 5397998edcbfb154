"""Parts of a plan: the suites that targets of the workflow need."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from bench.runs.identity import Identity
from bench.runs.plan import Plan
from bench.tasks.registry import FAMILIES, family_of, task_by_name


def part_of(plan: Plan, suites: Collection[str]) -> Plan:
    """Return the part of a plan with some of its suites."""
    return replace(
        plan,
        runs={suite: runs for suite, runs in plan.runs.items() if suite in suites},
        swept=frozenset(suite for suite in plan.swept if suite in suites),
        diagnosed={suite: name for suite, name in plan.diagnosed.items() if suite in suites},
    )


def targets_of(plan: Plan) -> list[str]:
    """Return the targets of the workflow that begin with `all_` or `paper_`: of suites, groups and families."""
    families = {family for runs in plan.runs.values() for family in _families(runs)}
    own = [f"all_{name}" for name in (*plan.runs, *plan.groups, "claims")]
    return own + [f"paper_{family}" for family in FAMILIES if family in families]


def suites_of(plan: Plan, targets: Sequence[str]) -> list[str]:
    """Return the suites that targets of the workflow need: `all_SUITE`, `all_GROUP`, `paper_FAMILY`, and any other one
    means all.

    Without a target it is the default one: the suite `mujoco`, or the first.
    """
    if not targets:
        return ["mujoco"] if "mujoco" in plan.runs else list(plan.runs)[:1]
    found: set[str] = set()
    for target in targets:
        kind, _, name = target.partition("_")
        if kind == "all" and name in plan.runs:
            found.add(name)
        elif kind == "all" and name in plan.groups:
            found |= set(plan.groups[name])
        elif kind == "paper" and name in FAMILIES:
            found |= {suite for suite, runs in plan.runs.items() if _families(runs) == {name}}
        elif not target.startswith("-"):
            return list(plan.runs)
        else:
            break  # options of Snakemake follow
    return [suite for suite in plan.runs if suite in found] or list(plan.runs)


def _families(runs: Sequence[Identity]) -> set[str]:
    return {family_of(task_by_name(task)).name for task in {run.task for run in runs}}
