"""The artifact `time_to_score`."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from bench.report.time_to_score import make, reached, spell
from bench.runs.identity import RESULT, Identity
from bench.runs.plan import Plan, make_plan
from bench.runs.record import write as write_record
from bench.tasks.registry import task_by_name
from tests.conftest import RECORD
from tests.helpers.evidence import EXPERT, METHODS


@pytest.fixture
def plan() -> Plan:
    axes = {
        "tasks": [EXPERT],
        "methods": ["dt", "bc"],
        "rewards": ["dense"],
        "data_percents": [100],
    }
    suite = axes | {"seeds": [0, 1, 2], "baselines": False}
    return make_plan(
        {"name": "test", "suites": {"fast": suite}, "training": {"steps": 9}, "methods": METHODS}
    )


def raw(score: float) -> float:
    domain = task_by_name(EXPERT).domain
    return domain.reference_min + score / 100 * (domain.reference_max - domain.reference_min)


def run_of(
    root: Path, plan: Plan, method: str, seed: int, scores: dict[int, float], seconds: float
) -> Path:
    """Write the record and the clock of a run with these normalised scores at these updates."""
    identity = Identity("test", EXPERT, "dense", 100.0, method, seed)
    folder = root / identity.folder()
    steps = max(scores)
    evaluations = [
        {
            "step": step,
            "target": 3600.0,
            "final": step == steps,
            "returns": [raw(score - 1), raw(score + 1)],
            "lengths": [9, 9],
        }
        for step, score in scores.items()
    ]
    fields = RECORD | {
        "evaluations": evaluations,
        "training": RECORD["training"] | {"steps": steps},
    }
    write_record(folder, identity, RESULT, **fields)
    (folder / "run.json").write_text(json.dumps({"training": {"cpu_seconds": seconds}}))
    return folder / RESULT


def test_the_first_policy_at_or_above_the_score_counts(tmp_path: Path, plan: Plan) -> None:
    path = run_of(tmp_path, plan, "dt", 0, {10: 30.0, 20: 80.5, 30: 60.0, 40: 91.0}, 200.0)
    result = json.loads(path.read_text())
    clock = {"training": {"cpu_seconds": 200.0}}
    result["evaluations"].reverse()  # their order does not matter
    assert reached(result, clock, 80) == pytest.approx(
        100
    )  # half of the 200 s, though it falls again
    assert reached(result, clock, 90) == pytest.approx(200)
    assert reached(result, clock, 10) == pytest.approx(50)
    assert math.isinf(reached(result, clock, 95))


def test_the_table_has_medians_over_seeds_and_says_what_was_not_reached(
    tmp_path: Path, plan: Plan
) -> None:
    curves = [
        {10: 55.0, 20: 92.0},
        {10: 10.0, 20: 81.0},
        {10: 85.0, 20: 95.0},
    ]
    paths = [run_of(tmp_path, plan, "dt", s, scores, 60.0) for s, scores in enumerate(curves)]
    paths += [run_of(tmp_path, plan, "bc", 0, {10: 5.0, 20: 7.0}, 1234.0)]
    artifact = make(paths, plan, "fast")
    assert artifact.headings[3:7] == ["to 50", "to 80", "to 90", "to 100"]
    assert artifact.body == [
        [
            "Medium-Expert",
            "Hopper",
            "DT",
            "30 (30 to 60)",
            "60 (30 to 60)",
            "60 (60 to > 60)",
            "> 60",
        ]
        + ["92.0, 81.0, 95.0"],
        ["Medium-Expert", "Hopper", "BC", *4 * ["> 1,234"], "7.0"],
    ]
    assert "after 50, 100 % of the updates" in artifact.notes[0]
    assert artifact.numbers["to_50"].tolist() == [30, 60, 30, math.inf]


def test_measured_times_are_used_and_said(tmp_path: Path, plan: Plan) -> None:
    path = run_of(tmp_path, plan, "dt", 0, {10: 55.0, 20: 92.0}, 60.0)
    assert "every update costs the same" in make([path], plan, "fast").notes[1]
    clock = {"training": {"cpu_seconds": 60.0, "snapshots": {"10": 5.0}}}
    path.with_name("run.json").write_text(json.dumps(clock))
    artifact = make([path], plan, "fast")
    assert artifact.body[0][3:6] == ["5", "60", "60"]
    assert "were measured" in artifact.notes[1]


def test_a_run_without_times_is_refused(tmp_path: Path, plan: Plan) -> None:
    path = run_of(tmp_path, plan, "dt", 0, {10: 55.0, 20: 92.0}, 60.0)
    path.with_name("run.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"run\.json is missing"):
        make([path], plan, "fast")


def test_runs_without_policies_on_the_way_are_refused(tmp_path: Path, plan: Plan) -> None:
    path = run_of(tmp_path, plan, "dt", 0, {20: 92.0}, 60.0)
    with pytest.raises(ValueError, match=r"set training\.curve"):
        make([path], plan, "fast")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ([5.4], "5"),
        ([3.0, 1.0, 2.0], "2 (1 to 3)"),
        ([math.inf, math.inf], "> 99"),
        ([1.0, math.inf, math.inf], "> 99 (1 to > 99)"),
    ],
)
def test_spelling(seconds: list[float], text: str) -> None:
    assert spell(seconds, 99.0) == text
