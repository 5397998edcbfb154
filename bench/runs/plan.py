"""The plan: from a config to a table with one row for each run.

This module imports no method and no torch, so that the workflow is planned quickly.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.code import OWN, ROOT
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.identity import RESULT, SWEEP, Identity
from bench.runs.options import unknown_option
from bench.runs.plan_checks import check_labels, check_names, check_sources
from bench.runs.schema import BadConfig
from bench.runs.suite_groups import groups_of
from bench.tasks.registry import known_tasks

DEFAULT_ARTIFACTS = ("table2",)
# tables that are made from records and their run times, not from scores alone
OWN_TABLES = ("time_to_score", "trials")


@dataclass(frozen=True)
class Variant:
    """A method as the config names it: a module with hyperparameters.

    Attributes:
        name: as in paths.
        module: `dt`, `dt_atari`, `dt_graph`, or a file in baselines/.
        label: the name in tables and figures.
        steps: gradient steps.
        domain_steps: domain or task -> gradient steps on it, in place of `steps`.
        options: values for the module's Config.
        domains: domain or task -> options that replace the general ones on it, such as the shorter
            context on Reacher.
        reason: why hyperparameters differ from the module's defaults; printed in the report.
        quoted: table and column of the paper with the numbers to compare with; None: there are none.
    """

    name: str
    module: str
    label: str
    steps: int
    domain_steps: dict[str, int]
    options: dict[str, Any]
    domains: dict[str, dict[str, Any]]
    reason: str
    quoted: tuple[str, str] | None

    def steps_on(self, task: str) -> int:
        """Return the gradient steps on a task: those of the task, else its domain's, else `steps`."""
        domain = task.split("-", 1)[0]
        return self.domain_steps.get(task, self.domain_steps.get(domain, self.steps))

    def options_json(self, task: str) -> str:
        """Return the options on a task as canonical JSON. Options of the domain replace those of the
        method, and options of the task replace both.
        """
        domain = task.split("-", 1)[0]
        own = self.domains.get(domain, {}) | self.domains.get(task, {})
        return json.dumps(self.options | own, sort_keys=True)


@dataclass(frozen=True)
class Plan:
    """All runs, tables and figures of a config.

    Attributes:
        scale: the config's name; the first folder of every result and report.
        variants: name -> each method that a suite runs, in the order of the tables.
        runs: suite -> its runs, in the order of the tables.
        artifacts: suite -> names of the tables and figures that are made from it.
        swept: suites whose policies are also evaluated on a grid of target returns.
        diagnosed: suite -> name of the diagnostic that is measured of its policies.
        tables: suite -> the one of `OWN_TABLES` that is made of its records.
        curved: runs with a learning curve.
        groups: name of a group -> its suites.
    """

    scale: str
    variants: dict[str, Variant]
    runs: dict[str, tuple[Identity, ...]]
    artifacts: dict[str, tuple[str, ...]]
    swept: frozenset[str]
    diagnosed: dict[str, str]
    tables: dict[str, str]
    curved: frozenset[Identity]
    groups: dict[str, tuple[str, ...]]

    def records(self, suite: str) -> list[Path]:
        """Return the records of a suite: one result for each run, and also a sweep and a diagnostic if
        the suite has them.
        """
        names = [RESULT]
        names += [SWEEP] if suite in self.swept else []
        names += [DIAGNOSTICS[self.diagnosed[suite]].record] if suite in self.diagnosed else []
        return [run.folder() / name for name in names for run in self.runs[suite]]

    def all_runs(self) -> tuple[Identity, ...]:
        """Return every run once."""
        return tuple(dict.fromkeys(run for runs in self.runs.values() for run in runs))


def found_modules(root: Path = ROOT) -> list[str]:
    """Return the names of the method modules: `dt`, and every file in baselines/ whose name does not
    start with `_`.

    Raises:
        BadConfig: a file has a name that cannot be imported.
    """
    baselines = sorted(
        path.stem for path in (root / "baselines").glob("*.py") if not path.stem.startswith("_")
    )
    if wrong := [name for name in baselines if not name.isidentifier()]:
        raise BadConfig(
            f"baselines/{wrong[0]}.py cannot be imported: the name of a module may only hold letters, digits and _; "
            "rename the file"
        )
    return ["dt", *baselines]


def unlisted_methods(config: dict[str, Any], shipped: dict[str, Any]) -> list[str]:
    """Return a line for each module of the user that the config names and no suite runs.

    A module in baselines/ that no entry of `methods` mentions runs in every suite. An entry for it takes it out of
    all suites that do not list it.

    Args:
        config: the merged config.
        shipped: the `methods` of config/config.yaml. Their modules are those of the suite.
    """
    declared = {name: _resolved(name, config["methods"]) for name in config["methods"]}
    listed = {name for axes in config["suites"].values() for name in axes["methods"]}
    run = {declared[name]["module"] for name in listed if name in declared} | listed
    own = {entry.get("module") for entry in shipped.values()} | {*OWN}
    return [
        f"methods.{name}: no suite lists this method, so baselines/{entry['module']}.py does not run. Add {name} to "
        "suites.S.methods; or remove the entry, and every suite runs the module with its defaults"
        for name, entry in declared.items()
        if entry["module"] not in run | own
    ]


def make_plan(config: dict[str, Any], root: Path = ROOT) -> Plan:
    """Return the plan of a config that passed the schema.

    A module in baselines/ that no entry of `methods` mentions is a method too. Its name is the file's
    name, and every suite runs it except those with `baselines: false`. A method with a `base` takes
    module, steps, options and reason from the base; its own values replace these.

    Raises:
        BadConfig: a suite names an unknown method, task, diagnostic or table, or a method names an unknown
            module, base or option.
    """
    modules = found_modules(root)
    written: dict[str, dict[str, Any]] = config["methods"]
    declared = {name: _resolved(name, written) for name in written}
    for name, entry in declared.items():
        if entry["module"] not in {*modules, *OWN}:
            known_modules = ", ".join(dict.fromkeys([*OWN, *modules]))
            raise BadConfig(
                f"methods.{name}.module: unknown module {entry['module']!r}; known: {known_modules}"
            )
        if (unknown := unknown_option(entry, root)) is not None:
            raise BadConfig(f"methods.{name}.{unknown}")
    dropped = [
        module
        for module in modules
        if module not in {entry["module"] for entry in declared.values()} | set(declared)
    ]
    for name in set(declared) & set(modules):
        if declared[name]["module"] != name:
            raise BadConfig(
                f"methods.{name}: this variant of module {declared[name]['module']!r} has the same name as "
                f"baselines/{name}.py, which would therefore never run; rename one of the two"
            )
    known = [*declared, *dropped]
    domains = list(dict.fromkeys(task.split("-", 1)[0] for task in known_tasks()))
    places = [*domains, *known_tasks()]
    for name, entry in declared.items():
        for key in ("domains", "domain_steps"):
            check_names(f"methods.{name}.{key}", list(entry.get(key) or {}), places, "domain")
    for key in ("data", "evaluation"):
        check_names(
            f"{key}.domains", list(config.get(key, {}).get("domains", {})), domains, "domain"
        )
    check_sources(config.get("data", {}))

    runs: dict[str, tuple[Identity, ...]] = {}
    used: dict[str, None] = {}
    for suite, axes in config["suites"].items():
        check_names(f"suites.{suite}.tasks", axes["tasks"], known_tasks(), "task")
        check_names(f"suites.{suite}.methods", axes["methods"], known, "method")
        if "diagnostic" in axes:
            check_names(
                f"suites.{suite}.diagnostic", [axes["diagnostic"]], list(DIAGNOSTICS), "diagnostic"
            )
        if "table" in axes:
            check_names(f"suites.{suite}.table", [axes["table"]], list(OWN_TABLES), "table")
        joining = dropped if axes.get("baselines", True) else []
        methods = list(dict.fromkeys([*axes["methods"], *joining]))
        own = list(axes.get("method_seeds", {}))
        check_names(f"suites.{suite}.method_seeds", own, methods, "method of the suite")
        check_labels(suite, {name: declared.get(name, {}).get("label", name) for name in methods})
        used |= dict.fromkeys(methods)
        runs[suite] = tuple(
            Identity(config["name"], task, reward, float(percent), method, seed)
            for task in axes["tasks"]
            for reward in axes["rewards"]
            for percent in axes["data_percents"]
            for method in methods
            if _differs(reward, axes["rewards"], declared.get(method, {}))
            for seed in axes.get("method_seeds", {}).get(method, axes["seeds"])
        )
    variants = {name: _variant(name, declared.get(name, {}), config) for name in used}
    suites = config["suites"].items()
    artifacts = {suite: tuple(axes.get("artifacts", DEFAULT_ARTIFACTS)) for suite, axes in suites}
    swept = frozenset(suite for suite, axes in suites if axes.get("sweep", False))
    diagnosed = {suite: axes["diagnostic"] for suite, axes in suites if "diagnostic" in axes}
    tables = {suite: axes["table"] for suite, axes in suites if "table" in axes}
    curved = frozenset(
        run for suite, axes in suites if axes.get("curve", True) for run in runs[suite]
    )
    groups = groups_of(config["suites"])
    return Plan(config["name"], variants, runs, artifacts, swept, diagnosed, tables, curved, groups)


def _differs(reward: str, rewards: list[str], entry: dict[str, Any]) -> bool:
    """Return whether a method's runs with this reward differ from others of the suite.

    A method that reads no reward, or only the return of an episode, learns the same from dense and from sparse rewards.
    A suite of both has its dense runs alone.
    """
    return reward == "dense" or "dense" not in rewards or bool(entry.get("reads_rewards", True))


def _resolved(name: str, declared: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return an entry of `methods`, completed with the values of its base."""
    entry = declared[name]
    if "base" not in entry:
        if "module" not in entry:
            raise BadConfig(f"methods.{name}: has neither `module` nor `base`; add one of them")
        return entry
    if "module" in entry:
        raise BadConfig(
            f"methods.{name}: has both `base` and `module`; remove `module`, the base decides it"
        )
    if entry["base"] not in declared or "base" in declared[entry["base"]]:
        known = ", ".join(other for other in declared if "base" not in declared[other])
        raise BadConfig(f"methods.{name}.base: unknown base {entry['base']!r}; known: {known}")
    base = declared[entry["base"]]
    own = entry.get("options") or {}
    domains = {
        domain: {key: value for key, value in (options or {}).items() if key not in own}
        for domain, options in (base.get("domains") or {}).items()
    }
    for domain, options in (entry.get("domains") or {}).items():
        domains[domain] = domains.get(domain, {}) | (options or {})
    inherited = {
        key: base[key]
        for key in ("module", "steps", "domain_steps", "reads_rewards", "reason")
        if key in base
    }
    return inherited | entry | {"options": (base.get("options") or {}) | own, "domains": domains}


def _variant(name: str, entry: dict[str, Any], config: dict[str, Any]) -> Variant:
    return Variant(
        name=name,
        module=entry.get("module", name),
        label=entry.get("label", name),
        steps=entry.get("steps", config["training"]["steps"]),
        domain_steps=entry.get("domain_steps") or {},
        options=entry.get("options") or {},
        domains={name: options or {} for name, options in (entry.get("domains") or {}).items()},
        reason=entry.get("reason", ""),
        quoted=(entry["quoted"]["table"], entry["quoted"]["method"]) if "quoted" in entry else None,
    )
