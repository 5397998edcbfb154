"""The runs behind a cell."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from bench.report.site.cell_links import facets, links, of_others, spell, tasks
from bench.report.site.tables import Grid
from bench.runs.plan import make_plan
from tests.helpers.site import config

PLAN = make_plan(config())
KNOWN = facets(PLAN, "mujoco")


def queries(headings: list[str], row: list[str]) -> list[dict[str, list[str]]]:
    [line] = links(Grid("", headings, [row], []), KNOWN)
    return [parse_qs(query) for query in line]


def test_a_cell_of_table_2_leads_to_its_runs_and_the_papers_nowhere() -> None:
    row = ["Medium", "Hopper", "42.0 [39.0, 45.0]", "67.6 ± 1.0", "—"]
    found = queries(["Data", "Environment", "DT", "DT, paper", "BC"], row)
    ours = {"suite": ["mujoco"], "task": ["hopper-medium"], "method": ["dt"]}
    assert found == [{}, {}, ours, {}, {}]


def test_an_average_leads_to_all_tasks_or_to_those_that_are_left() -> None:
    headings = ["Data", "Environment", "DT"]
    assert queries(headings, ["Average", "", "1.0"])[2] == {"suite": ["mujoco"], "method": ["dt"]}
    [query] = queries(headings, ["Average", "without Reacher", "1.0"])[2:]
    assert query["task"] == ["hopper-medium,hopper-medium-expert"]


def test_rewards_fractions_and_seeds() -> None:
    assert queries(["Data", "Environment", "DT, sparse"], ["Medium", "Hopper", "1.0"])[2][
        "reward"
    ] == ["sparse"]
    assert queries(["Data", "Environment", "DT"], ["Medium, 10 %", "Hopper", "1"])[2][
        "percent"
    ] == ["10"]
    assert queries(["Data", "Seed", "DT"], ["Medium", "1", "1.0"])[2]["seed"] == ["1"]


def test_a_method_in_the_row() -> None:
    assert queries(["Method", "Mean"], ["BC", "1.0"])[1]["method"] == ["bc"]
    assert queries(["Pair", "Probability"], ["DT > BC", "0.9"])[1]["method"] == ["dt,bc"]
    assert queries(["Group", "Method", "Ours"], ["Gym", "Decision Transformer", "1.0"])[2][
        "method"
    ] == ["dt"]


def test_a_column_of_somebody_else() -> None:
    assert [of_others(name) for name in ("CORL, last", "Paper", "DT, paper", "Target")] == [
        True
    ] * 4
    assert not any(of_others(name) for name in ("DT", "Ours", "At the end", "Mean"))


def test_the_task_of_a_row() -> None:
    grid = Grid("", ["Data", "Environment"], [["Medium", "Hopper"], ["Average", ""]], [])
    assert tasks(grid, KNOWN) == ["hopper-medium", ""]


def test_a_query_leaves_out_what_is_empty() -> None:
    assert spell({"suite": ("a b",), "task": (), "method": ("x", "y")}) == "suite=a+b&method=x,y"


def test_a_task_that_is_not_here_is_no_error() -> None:
    changed = config()
    plan = make_plan(changed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.report.site.cell_links.row_of", _unknown)
        assert facets(plan, "mujoco").rows[("hopper-medium", "")] == "hopper-medium"


def _unknown(task: str) -> tuple[str, str]:
    raise ValueError(f"unknown task {task!r}")
