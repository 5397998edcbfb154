"""Why a check can never be decided with a config, whatever the runs give. It is known before anything runs.

This file imports no heavy library, so that the workflow can print the obstacles when it starts.
"""

from __future__ import annotations

from typing import Any

from bench.report.claims.designs import DESIGNS, arms_of, methods_of, percents_of, rewards_of
from bench.report.claims.pairs import pairs_of
from bench.report.claims.registry import Check, claims_about
from bench.runs.identity import Identity
from bench.runs.plan import Plan
from bench.tasks.registry import kind_of


def obstacles(check: Check, plan: Plan, config: dict[str, Any]) -> list[str]:
    """Return the reasons why a check with a rule cannot be decided; empty: it can.

    Args:
        check: with a rule.
        plan: of the config.
        config: the merged config; its snapshots matter for a check at equal cost.
    """
    if check.suite not in plan.runs:
        return [f"suite `{check.suite}` is not in the config"]
    runs = plan.runs[check.suite]
    methods = methods_of(check.statistic, check.arguments)
    found = [
        f"suite `{check.suite}` does not run {name}"
        for name in methods
        if name not in {run.method for run in runs}
    ]
    found += _missing_numbers(check, plan, config)
    used = runs_of(check, plan)
    if used and not found:
        seeds, data_sets = min(seeds_of(check, used)), data_sets_of(check, used)
        if seeds < check.min_seeds:
            found.append(f"{seeds} seed(s), needs {check.min_seeds}")
        if data_sets < check.min_data_sets:
            found.append(f"{data_sets} data set(s), needs {check.min_data_sets}")
    elif not found:
        found.append(f"suite `{check.suite}` has no data set of this check")
    return found + _closed_gate(check, plan)


def all_obstacles(plan: Plan, config: dict[str, Any]) -> list[str]:
    """Return a line for each check of the claims that can never be decided with a config."""
    return [
        f"{claim.id}, {check.name}: cannot be decided at scale {plan.scale}: {'; '.join(reasons)}"
        for claim in claims_about(plan.runs)
        for check in claim.checks
        if check.rule and (reasons := obstacles(check, plan, config))
    ]


def runs_of(check: Check, plan: Plan) -> list[Identity]:
    """Return the runs of a plan that a check compares."""
    rewards = rewards_of(check.statistic)
    percents = percents_of(check.arguments)
    methods = methods_of(check.statistic, check.arguments)
    kinds = check.arguments.get("kinds")
    runs = list(plan.runs.get(check.suite, ()))
    if DESIGNS[check.statistic].pairs > 1:
        family, base = check.arguments["family"], check.arguments["base"]
        paired = {
            name for pair in pairs_of((run.task for run in runs), family, base) for name in pair
        }
        runs = [run for run in runs if run.task in paired]
    return [
        run
        for run in runs
        if run.method in methods
        and run.reward in rewards
        and run.data_percent in percents
        and (not kinds or kind_of(run.task) in kinds)
    ]


def seeds_of(check: Check, runs: list[Identity]) -> tuple[int, ...]:
    """Return the number of seeds of each compared arm: of the method of an arm that has the fewest. Where a number is
    of a seed and takes the runs of all arms, there is one arm, with the seeds that all methods have.
    """
    seeds: dict[str, set[int]] = {
        name: set() for name in methods_of(check.statistic, check.arguments)
    }
    for run in runs:
        seeds[run.method].add(run.seed)
    if DESIGNS[check.statistic].by_seed:
        return (len(set.intersection(*seeds.values())),)
    arms = arms_of(check.statistic, check.arguments)
    return tuple(min((len(seeds[name]) for name in arm), default=0) for arm in arms) or (0,)


def data_sets_of(check: Check, runs: list[Identity]) -> int:
    """Return the number of data sets of these runs; each fraction of the data counts, and a pair counts once.
    Where a number takes all fractions, they count once.
    """
    if DESIGNS[check.statistic].by_seed:
        return len({run.task for run in runs})
    return len({(run.task, run.data_percent) for run in runs}) // DESIGNS[check.statistic].pairs


def _missing_numbers(check: Check, plan: Plan, config: dict[str, Any]) -> list[str]:
    """Return which numbers besides scores the suite of a check does not make."""
    needs = DESIGNS[check.statistic].needs
    runs = plan.runs[check.suite]
    if needs == "sweep" and check.suite not in plan.swept:
        return [f"suite `{check.suite}` has no `sweep: true`"]
    if needs == "diagnostic" and check.suite not in plan.diagnosed:
        return [f"suite `{check.suite}` has no `diagnostic`"]
    if needs == "sparse" and not {"dense", "sparse"} <= {run.reward for run in runs}:
        return [f"suite `{check.suite}` does not have both rewards, dense and sparse"]
    curve = config["training"].get("curve") and config.get("evaluation", {}).get("curve_episodes")
    if needs == "curve" and not curve:
        return ["no snapshots are evaluated: set training.curve and evaluation.curve_episodes"]
    if needs == "curve" and not plan.curved.issuperset(runs):
        return [f"suite `{check.suite}` has `curve: false`"]
    return []


def _closed_gate(check: Check, plan: Plan) -> list[str]:
    """Return why the gate of a check cannot be evaluated."""
    if check.gate is None:
        return []
    suite = check.gate.suite or check.suite
    own = [
        run
        for run in plan.runs.get(suite, ())
        if (run.reward, run.data_percent) == (check.gate.reward, 100)
        and run.method in check.gate.methods
    ]
    found = [
        f"the gate cannot be evaluated: suite `{suite}` does not run {name} on all of the data"
        for name in check.gate.methods
        if name not in {run.method for run in own}
    ]
    if found:
        return found
    known = {
        run.task
        for runs in plan.runs.values()
        for run in runs
        if run.method == check.gate.behaviour and run.reward == "dense" and run.data_percent == 100
    }
    if missing := [task for task in dict.fromkeys(run.task for run in own) if task not in known]:
        found.append(
            f"the gate cannot be evaluated: no suite runs {check.gate.behaviour} on {', '.join(missing)}; "
            f"add it to the methods of suite `{suite}`"
        )
    tasks = {run.task for run in plan.runs[check.suite]}
    if lacks := sorted(tasks - {run.task for run in own}) if suite != check.suite else []:
        found.append(
            f"the gate cannot be evaluated: suite `{suite}` has no run on {', '.join(lacks)}"
        )
    return found
