"""Our optimisers are torch's, and a training loads no compiler."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from bench.core.code import ROOT
from bench.core.machine import importing
from bench.datasets.storage import save
from bench.datasets.trajectories import Trajectories
from bench.methods.optimisers import Adam, AdamW

KINDS = [(Adam, torch.optim.Adam, {}), (AdamW, torch.optim.AdamW, {"fused": True})]


def descended(kind: Any, settings: dict[str, Any], *, reload_at: int | None = None) -> list[Any]:
    """Return weights and the optimiser's state after some steps, put back half-way if asked."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    inputs = torch.randn(16, 3)
    optimiser = kind(network.parameters(), lr=1e-2, weight_decay=0.1, **settings)
    for step in range(10):
        if step == reload_at:
            state = optimiser.state_dict()
            optimiser = kind(network.parameters(), lr=1.0, **settings)
            optimiser.load_state_dict(state)
        optimiser.zero_grad()
        network(inputs).square().mean().backward()
        optimiser.step()
    moments = optimiser.state_dict()["state"].values()
    return [*network.parameters(), *(tensor for entry in moments for tensor in entry.values())]


@pytest.mark.parametrize(("ours", "theirs", "settings"), KINDS, ids=["adam", "adamw"])
@pytest.mark.parametrize("reload_at", [None, 5], ids=["straight", "reloaded"])
def test_the_same_steps_bit_for_bit(
    ours: Any, theirs: Any, settings: dict[str, Any], reload_at: int | None
) -> None:
    mine = descended(ours, settings, reload_at=reload_at)
    expected = descended(theirs, settings)
    assert len(mine) == len(expected) == 4 + 4 * 3
    assert all(torch.equal(a, b) for a, b in zip(mine, expected, strict=True))


@pytest.mark.parametrize(("ours", "theirs", "settings"), KINDS, ids=["adam", "adamw"])
def test_they_are_torchs(ours: Any, theirs: Any, settings: dict[str, Any]) -> None:
    parameter = nn.Parameter(torch.zeros(2))
    optimiser, seen = ours([parameter], **settings), []
    assert isinstance(optimiser, theirs)
    optimiser.register_step_post_hook(lambda *given: seen.append(torch.is_grad_enabled()))
    parameter.sum().backward()
    optimiser.step(lambda: seen.append(torch.is_grad_enabled()))
    assert seen == [True, True]  # a closure may differentiate, and so may what comes after
    assert parameter.requires_grad
    optimiser.zero_grad()
    assert parameter.grad is None


UNNEEDED = {"torch._dynamo", "sympy", "mujoco", "matplotlib"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("modules", "unneeded"),
    [(["dt", "bc", "percent_bc"], UNNEEDED | {"d3rlpy", "pandas"}), (["cql"], UNNEEDED)],
    ids=["ours", "d3rlpy's"],
)
def test_a_training_loads_no_compiler(
    toy: Trajectories, tmp_path: Path, modules: list[str], unneeded: set[str]
) -> None:
    save(toy, tmp_path / "set", {"source": "hand"})
    code = """
import sys
from bench.cli.main import main
for module in sys.argv[1:]:
    run = f"results/test/runs/hopper-medium/dense/100/{module}/0"
    arguments = ["--run", run, "--data", "set", "--module", module, "--steps", "2"]
    assert main(["train", *arguments]) == 0
    print(module, *sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *modules],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    loaded = {line[0]: set(line[1:]) for line in lines if line[0] in modules}
    assert list(loaded) == modules
    for module in modules:
        assert "torch" in loaded[module]
        assert not loaded[module] & unneeded, module


@pytest.mark.parametrize("collecting", [True, False])
def test_importing_leaves_the_collector_as_it_was(collecting: bool) -> None:
    def fail() -> None:
        with importing():
            assert not gc.isenabled()
            raise ImportError

    was = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        with pytest.raises(ImportError):
            fail()
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if was else gc.disable)()
        gc.unfreeze()
