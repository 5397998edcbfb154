"""The suites that a target of the workflow needs."""

from __future__ import annotations

import pytest

from bench.report.parts import part_of, suites_of, targets_of
from bench.runs.plan import make_plan
from tests.helpers.started import started_config


@pytest.mark.parametrize(
    ("targets", "suites"),
    [
        ([], ["mujoco"]),
        (["all_mujoco"], ["mujoco"]),
        (["all_graph", "all_mujoco"], ["mujoco", "graph"]),
        (["paper_graph"], ["graph"]),
        (["all_mujoco", "--forcerun", "train"], ["mujoco"]),
        (["all"], ["mujoco", "graph"]),
        (["all_mujoco", "reports/x.html"], ["mujoco", "graph"]),
    ],
)
def test_the_suites_of_a_target(targets: list[str], suites: list[str]) -> None:
    config = started_config()
    axes = config["suites"]["again"]
    graph = axes | {"tasks": ["graph1-walks"]}
    plan = make_plan(config | {"suites": {"mujoco": axes, "graph": graph}})
    assert suites_of(plan, targets) == suites
    part = part_of(plan, suites)
    assert list(part.runs) == suites
    assert {run.task for run in part.all_runs()} <= {"hopper-medium", "graph1-walks"}


def test_a_group_and_a_family() -> None:
    """A suite of two families belongs to neither, as in the workflow."""
    config = started_config()
    axes = config["suites"]["again"]
    tasks = {"hop": ["hopper-medium"], "walks": ["graph1-walks"]}
    tasks["both"] = tasks["hop"] + tasks["walks"]
    suites = {name: axes | {"tasks": own} for name, own in tasks.items()}
    suites["hop"] = suites["hop"] | {"group": "mine"}
    suites["both"] = suites["both"] | {"group": "mine"}
    plan = make_plan(config | {"suites": suites})
    own = ["all_hop", "all_walks", "all_both", "all_mine", "all_claims"]
    assert targets_of(plan) == [*own, "paper_mujoco", "paper_graph"]
    assert suites_of(plan, ["all_mine"]) == ["hop", "both"]
    assert suites_of(plan, ["paper_graph"]) == ["walks"]
    assert suites_of(plan, ["paper_graph", "all_mine"]) == ["hop", "walks", "both"]
