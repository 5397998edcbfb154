"""The tables that the repository shows come from the records that lie beside them."""

from pathlib import Path

import pytest
import yaml

from bench import record, scores, sheets
from bench.pages import table2
from bench.plan import make_plan

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "reports" / "reference"
RECORDS = sorted((KEPT / "results/quick/runs").rglob("result.json"))


@pytest.fixture(scope="module")
def plan():
    return make_plan(yaml.safe_load((ROOT / "config/config.yaml").read_text()))


def test_every_run_of_the_plan_has_a_record(plan):
    there = {record.read(path)["identity"]["method"] for path in RECORDS}
    assert len(RECORDS) == len(plan.runs["mujoco"])
    assert there == set(plan.variants)


@pytest.mark.parametrize("page", ["table2.md", "table2.csv"])
def test_the_table_is_that_of_the_records(plan, tmp_path, page):
    by_run = {path.parent.relative_to(KEPT): path for path in RECORDS}
    ordered = [by_run[run.folder()] for run in plan.runs["mujoco"]]
    sheets.write(table2.make(scores.collect(ordered, plan), "quick"), [tmp_path / page])
    assert (tmp_path / page).read_text() == (KEPT / "quick" / page).read_text()


def test_the_readme_shows_that_table():
    table = [
        line for line in (KEPT / "quick/table2.md").read_text().splitlines() if line[:1] == "|"
    ]
    assert len(table) >= 6
    assert "\n".join(table) in (ROOT / "README.md").read_text()
