"""From a data set to a policy and what is said of its training: stopping, diverging, the axes of the plan."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import bench.runs.evaluate
import bench.runs.train
import dt.method
from baselines import bc
from bench.core.files import read_json
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.methods.checkpoints import CHECKPOINT
from bench.methods.context import SNAPSHOTS, Context
from bench.methods.loader import Method
from bench.runs.identity import identity_of
from bench.runs.policies import POLICY
from bench.runs.train import TRAINING, load_data, train_run
from tests.helpers.runs import OPTIONS, evaluate_one, run_folder, stop_after, train_one


def test_another_seed_is_another_run(hopper_data: Path, tmp_path: Path) -> None:
    policies = []
    for seed in (0, 1):
        train_one(run_folder(tmp_path, seed=seed), hopper_data)
        policies.append(load_file(run_folder(tmp_path, seed=seed) / POLICY))
    assert not torch.equal(policies[0]["network.0.weight"], policies[1]["network.0.weight"])


def test_a_stopped_train_run_goes_on_and_writes_the_same(
    hopper_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.runs.train, "Context", partial(Context, save_every=0.0))
    whole, cut = run_folder(tmp_path / "whole", "dt"), run_folder(tmp_path / "cut", "dt")
    train_one(whole, hopper_data, "dt")
    with monkeypatch.context() as patch:
        stop_after(13, dt.method, patch)
        with pytest.raises(KeyboardInterrupt):
            train_one(cut, hopper_data, "dt")
    assert not (cut / TRAINING).exists()
    assert (cut / CHECKPOINT).exists()
    train_one(cut, hopper_data, "dt")
    trainings = [read_json(folder / TRAINING) for folder in (whole, cut)]
    for training in trainings:
        del training["clock"], training["digest"]
    assert trainings[0] == trainings[1]


@pytest.mark.parametrize("changed", ["options", "steps"])
def test_a_checkpoint_of_another_run_is_not_resumed(
    changed: str,
    hopper_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bench.runs.train, "Context", partial(Context, save_every=0.0))
    folder = run_folder(tmp_path)
    with monkeypatch.context() as patch:
        stop_after(13, bc, patch)
        with pytest.raises(KeyboardInterrupt):
            train_one(folder, hopper_data)
    if changed == "options":
        monkeypatch.setitem(OPTIONS, "bc", {"width": 16, "batch_size": 8, "learning_rate": 1e-3})
    train_one(folder, hopper_data, steps=21 if changed == "steps" else 20)
    assert "resuming" not in capsys.readouterr().out
    kept = sorted(path.name for path in (folder / SNAPSHOTS).iterdir())
    expected = (0, 5, 10, 21) if changed == "steps" else (0, 5, 10, 20)
    assert kept == [f"{step:08d}.safetensors" for step in expected]


def diverging(data: Trajectories, config: bc.Config, context: Context) -> Any:
    """Learn as BC does until step 7, whose loss is NaN."""
    bc.train(data, config, replace(context, steps=5, losses=[]))
    context.log(6, loss=0.5)
    context.log(7, loss=float("nan"))
    raise AssertionError("log let a NaN through")


def test_a_diverged_run_is_scored_as_it_was_kept_last(
    hopper_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = Method("bad", bc.Config, diverging, bc.load)
    for module in (bench.runs.train, bench.runs.evaluate):
        monkeypatch.setattr(module, "load_method", lambda name: method)
    folder = run_folder(tmp_path, "bad")
    train_run(folder, hopper_data, "bad", OPTIONS["bc"], 20, (0.25, 0.5, 1.0), "cpu")
    training = read_json(folder / TRAINING)
    assert training["diverged_at"] == 7
    assert training["losses"] == [{"step": 6, "loss": 0.5}]
    assert list(training["snapshots"]) == ["00000000.safetensors", "00000005.safetensors"]
    assert (folder / POLICY).read_bytes() == (
        folder / SNAPSHOTS / "00000005.safetensors"
    ).read_bytes()
    result = evaluate_one(folder)
    assert (result["status"], result["diverged_at"]) == ("diverged", 7)
    assert [len(evaluation["returns"]) for evaluation in result["evaluations"]] == [1, 3]


@pytest.mark.parametrize(
    ("logged", "spoiled"), [(4, False), (6, True)], ids=["after-the-last-line", "not-finite"]
)
def test_a_diverged_run_is_not_scored_with_a_doubtful_policy(
    logged: int, spoiled: bool, hopper_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step 5 is kept, but no log line vouches for it, or its weights are not finite."""

    def train(data: Trajectories, config: bc.Config, context: Context) -> Any:
        policy = bc.train(data, config, replace(context, steps=0, losses=[]))
        if spoiled:
            policy.network[0].weight.data[0, 0] = float("nan")
        context.log(logged, loss=0.5)
        context.snapshot(5, policy)
        context.log(7, loss=float("nan"))

    method = Method("bad", bc.Config, train, bc.load)
    monkeypatch.setattr(bench.runs.train, "load_method", lambda name: method)
    folder = run_folder(tmp_path, "bad")
    train_run(folder, hopper_data, "bad", OPTIONS["bc"], 20, (0.25, 0.5, 1.0), "cpu")
    assert list(read_json(folder / TRAINING)["snapshots"]) == ["00000000.safetensors"]
    assert [path.name for path in (folder / SNAPSHOTS).iterdir()] == ["00000000.safetensors"]
    assert (folder / POLICY).read_bytes() == (
        folder / SNAPSHOTS / "00000000.safetensors"
    ).read_bytes()


@pytest.mark.parametrize("module", ["dt", "bc"])
def test_a_run_that_diverges_before_a_policy_is_kept_still_gets_a_record(
    module: str, hopper_data: Path, tmp_path: Path
) -> None:
    """The learning rate is beyond all bounds: the loss of step 2 is NaN, and so are the weights that
    step 2 would keep; the next log line is at step 3.
    """
    options = OPTIONS[module] | {"learning_rate": 1e38, "warmup_steps": 1}
    folder = run_folder(tmp_path, module)
    train_run(folder, hopper_data, module, options, 60, (2 / 60,), "cpu")
    assert read_json(folder / TRAINING)["diverged_at"] in (2, 3)
    result = evaluate_one(folder)
    assert result["status"] == "diverged"
    assert (folder / POLICY).read_bytes() == (
        folder / SNAPSHOTS / "00000000.safetensors"
    ).read_bytes()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Trajectories]:
    """Return a list that fills with what the method's train is given."""
    seen: list[Trajectories] = []

    def spy(data: Trajectories, config: bc.Config, context: Context) -> Any:
        seen.append(data)
        return bc.train(data, config, context)

    method = Method("spy", bc.Config, spy, bc.load)
    monkeypatch.setattr(bench.runs.train, "load_method", lambda name: method)
    return seen


def test_dense_and_whole_is_the_data_as_stored(
    hopper_data: Path, tmp_path: Path, given: list[Trajectories]
) -> None:
    train_one(run_folder(tmp_path), hopper_data, steps=1)
    stored = storage.load(hopper_data)
    np.testing.assert_array_equal(given[0].rewards, stored.rewards)
    np.testing.assert_array_equal(given[0].episode_starts, stored.episode_starts)


def test_sparse_reaches_the_method(
    hopper_data: Path, tmp_path: Path, given: list[Trajectories]
) -> None:
    train_one(run_folder(tmp_path, reward="sparse"), hopper_data, steps=1)
    stored = storage.load(hopper_data)
    last = np.zeros(stored.steps, dtype=bool)
    last[stored.episode_starts[1:] - 1] = True
    assert (given[0].rewards[~last] == 0).all()
    np.testing.assert_allclose(given[0].rewards[last], stored.returns)


def test_percent_reaches_the_method(
    hopper_data: Path, tmp_path: Path, given: list[Trajectories]
) -> None:
    for percent in ("50", "20"):
        for seed in (0, 1):
            train_one(run_folder(tmp_path, percent=percent, seed=seed), hopper_data, steps=1)
    stored = storage.load(hopper_data)
    rows = [{row.tobytes() for row in data.observations} for data in given]
    assert [len(r) for r in rows] == [data.steps for data in given]
    assert all(r < {row.tobytes() for row in stored.observations} for r in rows)
    assert all(0.2 * stored.steps < data.steps <= 0.5 * stored.steps for data in given[:2])
    assert rows[0] != rows[1], "each seed draws its own subset"
    assert rows[2] < rows[0]  # nested
    for data in given:
        np.testing.assert_array_equal(data.observation_mean, stored.observation_mean)


def test_load_data_cuts_before_it_makes_rewards_sparse(hopper_data: Path, tmp_path: Path) -> None:
    both = load_data(hopper_data, identity_of(run_folder(tmp_path, reward="sparse", percent="50")))
    cut = load_data(hopper_data, identity_of(run_folder(tmp_path, percent="50")))
    np.testing.assert_array_equal(both.episode_starts, cut.episode_starts)
    np.testing.assert_allclose(both.rewards[both.episode_starts[1:] - 1], cut.returns)
