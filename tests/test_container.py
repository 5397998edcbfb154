"""The Dockerfile, without a container engine: what it copies is enough to plan the workflow."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.core.code import ROOT
from tests.helpers.pipeline import jobs, snakemake


def copied() -> list[tuple[str, str]]:
    """Return source and destination of each COPY, below the work folder."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    pairs = []
    for line in lines:
        if line.startswith("COPY "):
            *sources, destination = line.split()[1:]
            pairs += [(source, destination) for source in sources]
    return pairs


def test_the_image_has_the_python_of_the_project_and_sets_it_up_from_the_lock() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert text.split("FROM ")[1].startswith("python:3.11")
    assert "RUN make .venv/.installed" in text
    before = text.split("RUN make .venv/.installed")[0]
    for needed in ("pyproject.toml", "requirements.lock", "Makefile", "COPY tools tools"):
        assert needed in before, needed


@pytest.mark.slow
def test_what_the_image_holds_plans_the_workflow(tmp_path: Path) -> None:
    folder = tmp_path / "suite"
    folder.mkdir()
    for source, destination in copied():
        target = folder / destination / (Path(source).name if destination == "./" else "")
        if (ROOT / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source, target, ignore=ignored)
        else:
            shutil.copy2(ROOT / source, target)
    planned = jobs(snakemake(folder, "-n", "all_mujoco", config="config/smoke.yaml"))
    assert planned["train"] == planned["evaluate"] > 0
