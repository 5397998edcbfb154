"""Which files decide the numbers of a run, one list for the workflow and the records."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.core.code import OWN, ROOT, fingerprint, is_plumbing, method_file
from bench.runs import code
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.plan import found_modules
from bench.tasks.registry import FAMILIES, TASKS, family_of, tasks_of


def every_list_of_files() -> list[tuple[Path, ...]]:
    found = []
    for module in [*OWN, *found_modules(), "_template"]:
        found.append(code.training_files(module))
        for family in FAMILIES:
            task = TASKS[tasks_of(family)[0]]
            found += [
                code.generator_files(task),
                code.evaluation_files(module, task),
                code.sweep_files(module, task),
                code.video_files(module, task),
            ]
            for diagnostic in DIAGNOSTICS.values():
                found.append(code.diagnostic_files(module, task, diagnostic))
    return found


def test_nothing_that_counts_is_reached_through_plumbing_alone() -> None:
    for files in dict.fromkeys(every_list_of_files()):
        reached = set(fingerprint(*files, plumbing=True)) - set(fingerprint(*files))
        lost = {path for path in reached if not is_plumbing(Path(path))}
        # a package's file may be on the way to plumbing inside it
        assert {Path(path).name for path in lost} <= {"__init__.py"}, files


@pytest.mark.parametrize("family", FAMILIES)
def test_an_evaluation_depends_on_the_environment_of_its_own_family_alone(family: str) -> None:
    task = TASKS[tasks_of(family)[0]]
    found = set(code.record_code("result.json", "uniform", task))
    environments = {other.environment for other in FAMILIES.values()}
    modules = {str(Path(*name.split(".")).with_suffix(".py")) for name in environments}
    assert found & modules == {str(path) for path in FAMILIES[family].files}


def test_a_record_and_the_rule_of_the_workflow_use_one_list() -> None:
    task = TASKS["hopper-medium"]
    lists = {
        "result.json": code.evaluation_files("bc", task),
        "sweep.json": code.sweep_files("bc", task),
        "critic.json": code.diagnostic_files("bc", task, DIAGNOSTICS["critic"]),
    }
    for name, files in lists.items():
        assert code.record_files(name, "bc", task) == files
    with pytest.raises(
        ValueError, match=r"other\.json is not the name of a record; known: result\.json, "
    ):
        code.record_files("other.json", "bc", task)


@pytest.mark.parametrize(
    ("module", "mine", "others"),
    [
        ("dt", {str(method_file("dt"))}, {"baselines/bc.py"}),
        (
            "bc",
            {"baselines/bc.py", "bench/methods/training.py"},
            {"dt/model.py", "baselines/uniform.py"},
        ),
        ("percent_bc", {"baselines/percent_bc.py", "baselines/bc.py"}, {"baselines/uniform.py"}),
    ],
)
def test_what_a_training_depends_on_here(module: str, mine: set[str], others: set[str]) -> None:
    found = set(code.training_code(module))
    assert (
        mine
        | {
            "bench/runs/train.py",
            "bench/methods/context.py",
            "bench/datasets/trajectories.py",
            "bench/core/seeds.py",
        }
        <= found
    )
    # an edit of figures, tables, scores, protocol or plumbing trains nothing again
    assert not found & (
        others
        | {
            "bench/report/figures.py",
            "bench/report/tables.py",
            "bench/report/scores.py",
            "bench/runs/rollout.py",
            "bench/core/files.py",
            "bench/tasks/registry.py",
        }
    )
    assert all((ROOT / path).is_file() for path in found)


def test_a_training_in_an_environment_depends_on_the_environment_of_its_family() -> None:
    task = TASKS["hopper-medium"]
    own = family_of(task).files
    assert set(own) <= set(code.training_files("dt_online", task))
    assert not set(own) & set(code.training_files("dt", task))
    online = [name for name in [*OWN, *found_modules(), "_template"] if code.learns_online(name)]
    assert online == ["dt_online"]


def test_no_method_is_given_an_environment_but_by_what_counts_its_steps() -> None:
    """The offline training of every method sees none."""
    for module in [*OWN, *found_modules(), "_template"]:
        if not code.learns_online(module):
            assert "bench/environments/vector.py" not in code.training_code(module), module
