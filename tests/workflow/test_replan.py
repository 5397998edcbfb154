"""Which edits plan a finished run again: those of code that decides its numbers, and no others."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.pipeline import checkout, clean, jobs, snakemake, tiny

pytestmark = pytest.mark.slow
RULES = ("train", "evaluate", "diagnose", "generate")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which a run of a baseline on MuJoCo and one of DT on a graph have finished."""
    folder = checkout(tmp_path_factory.mktemp("finished") / "clone")
    suites = {
        "mujoco": {"methods": ["bc"], "baselines": False},
        "graph": {"tasks": ["graph1-walks"], "seeds": [0]},
    }
    graph = {"episodes": 4, "num_envs": 4, "diagnostic_episodes": 20}
    config = tiny(
        folder,
        suites=suites,
        evaluation={"domains": {"graph1": graph}},
        methods={"dt-graph": {"steps": 3}},
    )
    done = jobs(snakemake(folder, *records(), config=config))
    assert {rule: done[rule] for rule in RULES} == {
        "train": 2,
        "evaluate": 2,
        "diagnose": 1,
        "generate": 2,
    }
    assert planned(folder) == {}
    return folder


def records() -> tuple[str, ...]:
    graph = "results/tiny/runs/graph1-walks/dense/100/dt-graph/0"
    return (
        "results/tiny/runs/hopper-medium/dense/100/bc/0/result.json",
        f"{graph}/result.json",
        f"{graph}/paths.json",
    )


def planned(folder: Path) -> dict[str, int]:
    """Return how many runs, evaluations and data sets a dry run plans."""
    output = snakemake(folder, *records(), "--dry-run", config="config/tiny.yaml")
    found = jobs(output)
    return {rule: found[rule] for rule in RULES if rule in found}


@contextmanager
def edited(folder: Path, *edits: tuple[str, str, str]) -> Iterator[None]:
    """Replace texts in files of a checkout, and put them back."""
    before = {name: (folder / name).read_text() for name, _, _ in edits}
    try:
        for name, old, new in edits:
            text = (folder / name).read_text()
            assert text.count(old) >= 1, f"{name}: {old}"
            (folder / name).write_text(text.replace(old, new, 1))
        yield
    finally:
        for name, text in before.items():
            (folder / name).write_text(text)


def test_words_and_plumbing_plan_no_finished_run(finished: Path) -> None:
    with edited(
        finished,
        (
            "bench/runs/train.py",
            '"""First half of a run',
            '"""The first half of any run',
        ),  # docstring
        ("bench/methods/contract.py", 'raise BadMethod(f"', 'raise BadMethod(f"sorry: '),  # message
        ("bench/runs/train.py", 'print(f"', 'print(f"now: '),  # what is printed
        ("bench/cli/runs.py", '"train the policy', '"train a policy'),
        ("bench/core/files.py", "indent=1", "indent=2"),
        ("bench/core/machine.py", "32 * 2**20", "16 * 2**20"),
        ("bench/tasks/registry.py", "TASK_FILE = ", "OWN_FILE = TASK_FILE = "),
        ("bench/runs/record.py", "SCHEMA_VERSION = 1", "SCHEMA_VERSION = 2"),
        ("bench/report/tables.py", "from __future__", "MORE = 1\nfrom __future__"),
        ("bench/environments/atari.py", "from __future__", "MORE = 1\nfrom __future__"),
    ):
        assert planned(finished) == {}


def test_an_addition_to_a_registry_plans_no_finished_run(finished: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "clone", symlinks=True))
    graph = (folder / "bench/tasks/graph.toml").read_text()
    toy = graph.replace('name = "graph"', 'name = "toy"').replace("[domains.graph", "[domains.toy")
    (folder / "bench/tasks/toy.toml").write_text(toy.replace("ShortestPath", "ToyPath"))
    diagnostics = folder / "bench/runs/diagnostics"
    shutil.copy(diagnostics / "paths.py", diagnostics / "toy.py")
    with (diagnostics / "diagnostics.toml").open("a") as file:
        file.write('\n[toy]\nneeds = "generate"\nmeasures = "nothing yet"\n')
    shutil.copy(folder / "baselines/_template.py", folder / "baselines/mine.py")
    claims = folder / "bench/report/claims/claims.yaml"
    lines = claims.read_text().splitlines(keepends=True)
    claims.write_text("".join([*lines, *lines[-1:]]))
    assert planned(folder) == {}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("baselines/bc.py", "from __future__", "MORE = 1\nfrom __future__"), (1, 1, 0, 0)),
        (
            ("bench/methods/training.py", "from __future__", "MORE = 1\nfrom __future__"),
            (2, 2, 1, 0),
        ),
        (("bench/core/seeds.py", ">> 1", ">> 2"), (2, 2, 1, 2)),
        (
            ("bench/environments/graph.py", "from __future__", "MORE = 1\nfrom __future__"),
            (1, 1, 1, 1),  # the data are made in it
        ),
        (
            ("bench/runs/diagnostics/paths.py", "from __future__", "M = 1\nfrom __future__"),
            (0, 0, 1, 0),
        ),
    ],
    ids=["method", "training-loop", "seeds", "environment", "diagnostic"],
)
def test_code_that_decides_numbers_plans_its_runs(
    finished: Path, edit: tuple[str, str, str], expected: tuple[int, ...]
) -> None:
    with edited(finished, edit):
        found = planned(finished)
    assert found == {rule: n for rule, n in zip(RULES, expected, strict=True) if n}


def test_code_that_is_linked_plans_no_finished_run(finished: Path) -> None:
    """In a checkout whose code was edited, a script links the edited code as `bench reproduce` does."""
    script = (
        "import json, sys; from bench.runs import code, links; from bench.tasks.registry import TASKS;"
        "new = [code.training_code('bc'), code.record_code('result.json', 'bc', TASKS['hopper-medium'])];"
        "old = json.loads(sys.argv[1]) if len(sys.argv) > 1 else new;"
        "links.add(zip(old, new)); print(json.dumps(new))"
    )

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", script, *arguments]
        return subprocess.run(
            command, cwd=finished, text=True, check=True, stdout=subprocess.PIPE, env=clean()
        ).stdout

    old, kept = run(), finished / "bench/runs/links.json"
    before = kept.read_bytes() if kept.exists() else None
    with edited(finished, ("baselines/bc.py", "from __future__", "MORE = 2\nfrom __future__")):
        run(old)
        try:
            assert planned(finished) == {}
            with edited(finished, ("baselines/bc.py", "MORE = 2", "MORE = 3")):
                assert planned(finished) == {"train": 1, "evaluate": 1}
        finally:
            kept.unlink() if before is None else kept.write_bytes(before)
