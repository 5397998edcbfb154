"""docs/add_a_method.md, followed as it stands: from a clone to a row in a table."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.pipeline import checkout, clean
from tests.test_docs import ROOT, code_blocks

PAGE = ROOT / "docs/add_a_method.md"


def commands() -> list[str]:
    return [line for block in code_blocks(PAGE, "sh") for line in block.splitlines()]


def run(command: str, clone: Path) -> str:
    """Run a command of the page in the environment of this test."""
    path = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=clone,
        env=clean() | {"PATH": path, "OMP_NUM_THREADS": "1"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose .venv is the environment of this test."""
    folder = checkout(tmp_path_factory.mktemp("guide") / "clone")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def test_the_page_has_the_commands_that_the_tests_follow() -> None:
    assert commands() == [
        "source .venv/bin/activate",
        "cp baselines/_template.py baselines/nearest.py",
        "python -m pytest tests/test_contract.py -k nearest",
        "snakemake all_mujoco --cores 2 --configfile config/nearest.yaml",
        "cat reports/nearest/mujoco/table2.md",
    ]


@pytest.mark.slow
def test_the_file_keeps_the_contract(clone: Path) -> None:
    activate, copy, contract, *_ = commands()
    run(f"{activate}; {copy}", clone)
    [code] = code_blocks(PAGE, "python")
    (clone / "baselines/nearest.py").write_text(code)
    output = run(contract, clone)
    assert "failed" not in output
    assert "skipped" not in output


@pytest.mark.long
def test_it_gets_a_row_in_ten_minutes(clone: Path) -> None:
    began = time.monotonic()
    *_, pipeline, show = commands()
    [code], [config] = code_blocks(PAGE, "python"), code_blocks(PAGE, "yaml")
    (clone / "baselines/nearest.py").write_text(code)
    (clone / config.partition("\n")[0].removeprefix("# ")).write_text(config)
    run(pipeline, clone)
    table = run(show, clone)
    assert re.search(r"\|[^|\n]*Hopper[^\n]*\|", table)
    assert "Nearest" in table
    assert time.monotonic() - began < 600
    records = list((clone / "results/nearest/runs").rglob("nearest/*/result.json"))
    assert len(records) == 3
