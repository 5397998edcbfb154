"""The commands of the README do what it says, run as a reader runs them (the long ones at scale smoke)."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.helpers.pipeline import ROOT, checkout, clean

pytestmark = pytest.mark.slow
LONG = pytest.mark.long  # every command once: five minutes

# What a test cannot do as written, and what it does instead.
INSTEAD = {
    "make mujoco SCALE=smoke": "make mujoco SCALE=smoke CORES=2",
    "make mujoco": "make mujoco SCALE=smoke CORES=2",
    "snakemake --cores 8 all_mujoco": "snakemake all_mujoco --cores 2 --configfile config/smoke.yaml",
    "snakemake --cores 8 paper_mujoco": "snakemake paper_mujoco --cores 2 --configfile config/smoke.yaml",
    "snakemake --cores 8 paper_atari": "snakemake paper_atari --cores 2 --configfile config/smoke.yaml",
    "snakemake --cores 8 all_claims": "snakemake all_claims --cores 2 --configfile config/smoke.yaml",
    **{
        f"snakemake --cores 8 all_{suite}": f"snakemake all_{suite} --cores 2 --configfile config/smoke.yaml"
        for suite in ("atari", "key_to_door", "critic", "graph")
    },
    "make demo": "make demo CORES=2",
    "bench status": "bench status --config config/smoke.yaml",
    "bench report": "bench report --config config/smoke.yaml",
}
# what other pages name, run after these commands
REPORT = "make report WHAT=paper_mujoco SCALE=smoke"
PARTIAL = "snakemake partial --cores 2 --configfile config/smoke.yaml"
NOT_HERE = {
    "make test": "this test is part of it; test_ci_runs_the_readme_test_command checks the command",
}


def commands():
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A checkout whose .venv is the environment that runs this test: set-up is tested by CI itself."""
    folder = checkout(tmp_path_factory.mktemp("readme") / "clone")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / ".venv" / ".installed").touch()
    for name in ("requirements.lock", "pyproject.toml", "tools/setup.sh"):
        os.utime(folder / name, (0, 0))  # older than the environment: nothing to install
    return folder


def run(clone, command):
    environment = clean() | {"PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command,
        shell=True,
        executable="/bin/bash",
        cwd=clone,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}"
    return done.stdout


def make_demo_tiny(clone):
    """Give the demo few steps and episodes; its targets, its table and its videos stay."""
    path = clone / "config/demo.yaml"
    demo = yaml.safe_load(path.read_text())
    demo["data"] = {"steps": 2000}
    demo["evaluation"] |= {"episodes": 2, "num_envs": 2, "sweep_episodes": 1, "sweep_points": 2}
    demo["methods"] = {name: {"steps": 5} for name in ("dt", "bc", "bc10")}
    path.write_text(yaml.safe_dump(demo))


def keep_one_seed(clone):
    """Give every suite of scale smoke one seed, which halves the runs."""
    path = clone / "config/smoke.yaml"
    smoke = yaml.safe_load(path.read_text())
    for suite in smoke["suites"].values():
        suite["seeds"] = [0]
    path.write_text(yaml.safe_dump(smoke))


SWEPT = "results/smoke/runs/reacher2d-medium/dense/100/dt/0/sweep.json"


@pytest.fixture(scope="module")
def ran(clone):
    """Run every command of the README: the first with two seeds, the rest with one.

    Returns the checkout, and command -> output; `two seeds` is the table of the first command,
    `again` the output of paper_mujoco's second run, `sweep` a file that is lost before `partial`.
    """
    found = {}
    make_demo_tiny(clone)
    for command in commands():
        if command in NOT_HERE:
            continue
        found[command] = run(clone, INSTEAD.get(command, command))
        if command == "make mujoco":
            found["two seeds"] = (clone / "reports/smoke/mujoco/table2.md").read_text()
            keep_one_seed(clone)
        if command == "snakemake --cores 8 paper_mujoco":
            found["again"] = run(clone, INSTEAD[command])
    run(clone, REPORT)
    found["sweep"] = (clone / SWEPT).read_text()
    (clone / SWEPT).unlink()
    run(clone, PARTIAL)
    return clone, found


def test_an_unknown_scale_is_refused_with_the_known_ones(clone):
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "mujoco", "SCALE=smok"], cwd=clone, capture_output=True, text=True, env=alone
    )
    assert done.returncode == 2
    assert "unknown SCALE=smok; known: quick " in done.stderr
    assert done.stdout == ""


def test_the_readme_gives_the_commands_this_project_promises():
    promised = {"make demo", "make mujoco SCALE=smoke", "make mujoco", "make test"}
    promised |= {
        f"snakemake --cores 8 {target}"
        for target in ("all_mujoco", "paper_mujoco", "all_atari", "paper_atari")
    }
    assert promised <= set(commands())


@LONG
def test_every_readme_command_runs(ran):
    clone, found = ran
    assert set(found) >= set(commands()) - set(NOT_HERE)
    for table in (found["two seeds"], (clone / "reports/smoke/mujoco/table2.md").read_text()):
        for heading in ("DT", "CQL", "BC", "10%BC", "Uniform", "Behaviour", "other data"):
            assert heading in table
    assert re.search(r"\d \[-?\d", found["two seeds"])  # an interval
    for page in ("mujoco/table2", "percent_bc/table3", "context/table5", "sparse/table7"):
        for suffix in ("md", "tex", "csv", "html", "png", "svg"):
            assert (clone / f"reports/smoke/{page}.{suffix}").stat().st_size > 0
    assert (clone / "reports/smoke/report.html").exists()
    assert (clone / "reports/smoke/index.html").exists()
    assert (clone / "reports/demo/index.html").exists()
    assert "runs" in found["bench status"]
    for page in (
        "claims",
        "targets/figure4",
        "atari/table1",
        "atari/table11",
        "atari/table12",
        "atari_context/table5",
        "atari_targets/figure4",
        "claims_atari",
        "key_to_door/table6",
        "critic/figure5",
        "graph/figure6",
        "graph/figure2",
    ):
        assert (clone / f"reports/smoke/{page}.md").stat().st_size > 0
    for video in ("key_to_door/episode", "atari/pong-replay.dt-atari"):
        assert (clone / f"reports/smoke/{video}.gif").stat().st_size > 0
    record = clone / "results/smoke/runs/reacher2d-medium/dense/100/mine/0/result.json"
    assert record.exists()  # the baseline that the README adds


@LONG
def test_the_ledger_of_one_seed(ran):
    clone, found = ran
    # said at the end, first
    assert "reports/smoke/claims_mujoco.html" in found["snakemake --cores 8 paper_mujoco"]
    below = clone / "reports/smoke"
    ledger = pd.read_csv(below / "claims_mujoco.csv", keep_default_na=False)
    assert set(ledger["verdict"]) == {"undecided", "not run"}  # one seed decides nothing
    assert "no interval: one seed" in (below / "claims_mujoco.md").read_text()


@LONG
def test_a_second_run_of_everything_has_nothing_to_do(ran):
    assert "Nothing to be done" in ran[1]["again"]


@LONG
def test_a_sweep_asks_for_the_papers_grid_and_for_more(ran):
    clone, found = ran
    evaluations = json.loads(found["sweep"])["evaluations"]
    assert not any(evaluation["final"] for evaluation in evaluations)
    manifest = clone / "data/generated/reacher2d-medium/2000-0/manifest.json"
    best = max(json.loads(manifest.read_text())["returns"])
    # two of the grid: its first, which the paper prints, and its last, the best of the data; then
    # multiples of that
    multiples = [best * multiple for multiple in (1.0, 1.1, 1.25, 1.5, 2.0, 2.5, 3.0)]
    targets = [evaluation["target"] for evaluation in evaluations]
    assert targets == pytest.approx([2.0, *multiples])


@LONG
def test_what_is_missing_is_named(ran):
    assert "dt/0/sweep.json" in (ran[0] / "reports/smoke/targets/partial.md").read_text()


def test_ci_runs_the_readme_test_command():
    assert "make test" in (ROOT / ".ci/run").read_text()
    recipe = subprocess.run(
        ["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for tool in ("ruff check", "snakefmt --check", "snakemake --lint", "mypy", "pytest"):
        assert tool in recipe
