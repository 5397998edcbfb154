"""What jobs ask a machine or a cluster for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.pipeline import checkout, snakemake, tiny

pytestmark = pytest.mark.slow
DATA = "data/generated/hopper-medium/1500-0/manifest.json"
SHARED = "The runs share the GPU at the same time; with `--resources gpu=1`"


def test_jobs_that_share_a_gpu_are_announced(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "clone")
    assert SHARED not in snakemake(folder, DATA, config=tiny(folder))
    on_gpu = tiny(folder, device="cuda")
    assert SHARED in snakemake(folder, DATA, "--forceall", config=on_gpu)
    assert SHARED not in snakemake(
        folder, DATA, "--forceall", "--resources", "gpu=1", config=on_gpu
    )
