"""Training: stopping, resuming, diverging, and one whole run."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import bench.runs.evaluate
import bench.runs.train
import dt.method
from baselines import bc, cql
from bench.core.files import DamagedFile, read_json, sha256
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.methods.context import CHECKPOINT, SNAPSHOTS, Context
from bench.methods.contract import Diverged
from bench.methods.loader import Method
from bench.methods.training import descend, fit, pack, unpack
from bench.runs import record
from bench.runs.identity import identity_of
from bench.runs.train import POLICY, TRAINING, load_data, train_run
from tests.helpers.dt import make_context, make_data, saved_bytes
from tests.helpers.tiny_training import saving, tiny

SMALL: dict[str, Any] = {
    "dt": dt.method.Config(context_length=3, layers=2, width=16, batch_size=8, warmup_steps=9),
    "bc": bc.Config(width=16, batch_size=8, warmup_steps=9),
    "cql": cql.Config(width=16, batch_size=8, alpha_learning_rate=1e-3),
}
STEPS, STOP, KEEP_AT = 60, 32, (15, 31, 45)  # logs and checkpoints at 3, 6, ..., 60


def module_of(name: str) -> Any:
    return importlib.import_module("dt.method" if name == "dt" else f"baselines.{name}")


# --- stopping and resuming ----------------------------------------------------------------------


def stop_after(count: int, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the `count`-th update of a method raise KeyboardInterrupt, as Ctrl-C would."""

    def interrupted_fit(update: Callable[..., Tensor], *rest: Any) -> None:
        def interrupted_update(step: int, generator: np.random.Generator) -> Tensor:
            if step == count:
                raise KeyboardInterrupt
            return update(step, generator)

        fit(interrupted_update, *rest)

    monkeypatch.setattr(module, "fit", interrupted_fit)


def kept_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / SNAPSHOTS).iterdir())}


@pytest.mark.parametrize("name", ["dt", "bc", "cql"])
def test_a_stopped_run_goes_on_with_the_same_numbers(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, data = module_of(name), make_data()
    context_in = partial(make_context, steps=STEPS, save_every=0.0, snapshot_steps=KEEP_AT)
    straight, first, second = (context_in(folder=tmp_path / f) for f in ("whole", "cut", "cut"))
    whole = module.train(data, SMALL[name], straight)

    with monkeypatch.context() as patch:
        stop_after(STOP, module, patch)
        with pytest.raises(KeyboardInterrupt):
            module.train(data, SMALL[name], first)
    updates = []

    def counting_fit(update: Callable[..., Tensor], *rest: Any) -> None:
        fit(lambda step, rng: (updates.append(step), update(step, rng))[1], *rest)

    monkeypatch.setattr(module, "fit", counting_fit)
    resumed = module.train(data, SMALL[name], second)

    assert updates == list(range(31, STEPS + 1)), "it did not go on from the checkpoint of step 30"
    assert second.losses == straight.losses
    assert [line["step"] for line in straight.losses] == list(range(3, STEPS + 1, 3))
    assert saved_bytes(resumed, tmp_path / "b") == saved_bytes(whole, tmp_path / "a")
    assert kept_bytes(tmp_path / "cut") == kept_bytes(tmp_path / "whole")
    assert list(kept_bytes(tmp_path / "cut")) == [
        f"{step:08d}.safetensors" for step in (0, *KEEP_AT)
    ]


@pytest.mark.parametrize("name", ["dt", "bc", "cql"])
def test_without_a_folder_nothing_is_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    context = make_context(steps=3, folder=None, save_every=0.0, snapshot_steps=(1, 2))
    module_of(name).train(make_data(), SMALL[name], context)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["dt", "bc", "cql"])
def test_keeping_policies_and_checkpoints_does_not_change_the_training(
    name: str, tmp_path: Path
) -> None:
    saved = []
    for number, (folder, snapshot_steps) in enumerate(
        [(None, ()), (tmp_path / "snapshots", (1, 3, 4, 7))]
    ):
        context = make_context(
            steps=8, folder=folder, save_every=0.0, snapshot_steps=snapshot_steps
        )
        policy = module_of(name).train(make_data(), SMALL[name], context)
        saved.append(saved_bytes(policy, tmp_path / str(number)))
    assert saved[0] == saved[1]


@pytest.mark.parametrize("name", ["dt", "bc", "cql"])
def test_the_seed_decides_the_first_weights_too(name: str, tmp_path: Path) -> None:
    """After 0 steps no batch has been drawn yet."""
    untrained = [
        saved_bytes(
            module_of(name).train(make_data(), SMALL[name], make_context(seed=seed, steps=0)),
            tmp_path / str(number),
        )
        for number, seed in enumerate((1, 1, 2))
    ]
    assert untrained[0] == untrained[1] != untrained[2]


def test_pack_and_unpack_restore_the_future() -> None:
    """Networks, optimisers and both random states: the same draws, the same updates."""
    _, module, optimiser = tiny(Path())
    generator = np.random.default_rng(4)
    generator.integers(7, dtype=np.int32)  # leaves half a word in the generator's buffer

    def future() -> list[Any]:
        for _ in range(3):
            optimiser.zero_grad()
            module(torch.randn(1, 2)).sum().backward()
            optimiser.step()
        draws = [int(generator.integers(1000, dtype=np.int32)) for _ in range(4)]
        return [module.weight.tolist(), torch.randn(2).tolist(), draws]

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        future()  # so that the optimiser has moments
        state = pack({"net": module}, {"adam": optimiser}, generator)
        expected = future()
        assert future() != expected
        unpack(state, {"net": module}, {"adam": optimiser}, generator)
        assert future() == expected


# --- logging ------------------------------------------------------------------------------------


def test_a_log_line_is_the_mean_since_the_last_one(tmp_path: Path) -> None:
    """45 steps: lines every 2 steps; the last step has a line of its own."""
    context = make_context(steps=45)
    fit(
        lambda step, rng: torch.tensor(float(step)),
        {},
        {},
        lambda: saving(nn.Linear(2, 1)),
        context,
    )
    expected = [{"step": s, "loss": s - 0.5} for s in range(2, 45, 2)] + [{"step": 45, "loss": 45}]
    assert context.losses == expected


def test_batches_are_drawn_from_the_runs_own_generator() -> None:
    def draws(seed: int) -> list[float]:
        context = make_context(seed=seed, steps=3)
        fit(lambda step, rng: torch.tensor(rng.random()), {}, {}, lambda: None, context)  # type: ignore[arg-type, return-value]
        return [line["loss"] for line in context.losses]

    assert draws(1) == draws(1) != draws(2)


# --- the usual update ---------------------------------------------------------------------------


def weights_after(steps: int, gradient: tuple[float, ...], **options: Any) -> list[list[float]]:
    """Return the weights after each update of plain descent along a constant gradient."""
    module = nn.Linear(len(gradient), 1, bias=False)
    nn.init.zeros_(module.weight)
    slope = torch.tensor(gradient)
    optimiser = torch.optim.SGD(module.parameters(), lr=1.0)
    update = descend(lambda rng: module(slope).sum(), module, optimiser, **options)
    weights = []
    for step in range(1, steps + 1):
        update(step, np.random.default_rng(0))
        weights.append(module.weight.detach()[0].tolist())
    return weights


def test_learning_rate_climbs_linearly_and_stays() -> None:
    """Four steps of warm-up: rates 1/4, 2/4, 3/4, 1, 1, 1."""
    walked = [-weight[0] for weight in weights_after(6, (1.0,), warmup_steps=4)]
    assert walked == [0.25, 0.75, 1.5, 2.5, 3.5, 4.5]


def test_without_warm_up_the_first_step_has_the_whole_rate() -> None:
    assert weights_after(2, (1.0,)) == [[-1.0], [-2.0]]


@pytest.mark.parametrize("step", [1, 5_000, 10_000, 20_000])
def test_warm_up_of_the_papers_code(step: int) -> None:
    module = nn.Linear(1, 1)
    optimiser = torch.optim.AdamW(module.parameters(), lr=1e-4)
    update = descend(
        lambda rng: module(torch.ones(1)).sum(), module, optimiser, warmup_steps=10_000
    )
    update(step, np.random.default_rng(0))
    expected = {1: 1e-8, 5_000: 5e-5, 10_000: 1e-4, 20_000: 1e-4}[step]
    assert optimiser.param_groups[0]["lr"] == pytest.approx(expected, rel=1e-12)


def test_gradient_is_cut_to_the_bound_and_keeps_its_direction() -> None:
    [weight] = weights_after(1, (3.0, 4.0), gradient_clip=0.25)  # norm 5
    assert weight == pytest.approx([-0.15, -0.2], rel=1e-5)


def test_gradient_below_the_bound_is_left_alone() -> None:
    [weight] = weights_after(1, (0.03, 0.04), gradient_clip=0.25)
    assert weight == pytest.approx([-0.03, -0.04], rel=1e-6)


# --- divergence ---------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_stops_at_its_step() -> None:
    context = make_context(steps=20)  # a line every step

    def update(step: int, generator: np.random.Generator) -> Tensor:
        return torch.tensor(float("nan") if step == 7 else 1.0)

    with pytest.raises(Diverged, match="loss is not finite at step 7") as caught:
        fit(update, {}, {}, lambda: saving(nn.Linear(2, 1)), context)
    assert caught.value.step == 7
    assert [line["step"] for line in context.losses] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("when", [28, 31, 32], ids=lambda step: f"from-step-{step}")
def test_a_policy_kept_after_the_divergence_is_not_the_runs_policy(
    when: int, tmp_path: Path
) -> None:
    """Log lines are at 30 and 33, so a NaN of step 31 is not seen before step 32 is kept; but the
    last kept policy is the one that the run is scored with.
    """
    context, module, _ = tiny(tmp_path, steps=60, snapshot_steps=(15, 32))

    def update(step: int, generator: np.random.Generator) -> Tensor:
        if step >= when:
            module.weight.data.fill_(float("nan"))
        return torch.tensor(float("nan") if step >= when else 1.0)

    with pytest.raises(Diverged):
        fit(update, {"net": module}, {}, lambda: saving(module), context)
    for path in (tmp_path / SNAPSHOTS).iterdir():
        assert np.isfinite(np.frombuffer(path.read_bytes(), np.float32)).all(), path.name


# --- a whole run --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hopper_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of Hopper's sizes on disk."""
    folder = tmp_path_factory.mktemp("data") / "hopper-medium"
    data = make_data((20, 12, 31, 17, 9, 11), observation_size=11, action_size=3)
    storage.save(data, folder, {"source": "generated"})
    return folder


def run_folder(
    root: Path, method: str = "bc", reward: str = "dense", percent: str = "100", seed: int = 0
) -> Path:
    return (
        root / "results" / "tiny" / "runs" / "hopper-medium" / reward / percent / method / str(seed)
    )


OPTIONS = {
    "dt": {"context_length": 3, "layers": 1, "width": 16, "batch_size": 8},
    "bc": {"width": 16, "batch_size": 8},
    "cql": {"width": 16, "batch_size": 8},
    "behaviour": {},
}


def train_one(folder: Path, data: Path, module: str = "bc", steps: int = 20) -> None:
    train_run(
        folder,
        data,
        module=module,
        options=OPTIONS[module],
        steps=steps,
        curve=(0.25, 0.5, 1.0),
        device="cpu",
    )


def evaluate_one(folder: Path, episodes: int = 3, curve_episodes: int = 1) -> dict[str, Any]:
    bench.runs.evaluate.evaluate_run(
        folder, episodes=episodes, num_envs=2, curve_episodes=curve_episodes, device="cpu"
    )
    return record.read(folder / record.RESULT)


@pytest.mark.parametrize("module", ["dt", "bc", "cql"])
def test_the_same_run_twice_writes_the_same_bytes(
    module: str, hopper_data: Path, tmp_path: Path
) -> None:
    results = []
    for place in ("here", "there"):
        folder = run_folder(tmp_path / place, module)
        train_one(folder, hopper_data, module)
        evaluate_one(folder)
        results.append((folder / record.RESULT).read_bytes())
    assert results[0] == results[1]


def test_the_record_says_what_was_run(hopper_data: Path, tmp_path: Path) -> None:
    folder = run_folder(tmp_path, seed=3)
    train_one(folder, hopper_data)
    result = evaluate_one(folder)
    assert result["status"] == "done"
    assert result["diverged_at"] is None
    assert result["identity"] == {
        "scale": "tiny",
        "task": "hopper-medium",
        "reward": "dense",
        "data_percent": 100.0,
        "method": "bc",
        "seed": 3,
    }
    assert [(e["step"], e["final"], len(e["returns"])) for e in result["evaluations"]] == [
        (5, False, 1),
        (10, False, 1),
        (20, False, 1),
        (20, True, 3),
    ]
    assert result["config"]["width"] == 16
    assert result["protocol"]["target"] == 3600.0
    assert result["protocol"]["source"] == "generated"
    assert result["hashes"]["policy"] == sha256(folder / POLICY)
    assert not (folder / CHECKPOINT).exists()


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
        del training["clock"]
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


@pytest.mark.parametrize(
    "file", [POLICY, f"{SNAPSHOTS}/00000005.safetensors"], ids=["last", "snapshots"]
)
@pytest.mark.parametrize("gone", [False, True], ids=["changed", "missing"])
def test_another_policy_than_the_trained_one_is_refused(
    file: str, gone: bool, hopper_data: Path, tmp_path: Path
) -> None:
    folder = run_folder(tmp_path)
    train_one(folder, hopper_data)
    path = folder / file
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    if gone:
        path.unlink()
    with pytest.raises(DamagedFile) as caught:
        evaluate_one(folder)
    assert f"policy {path} is not the one that was trained" in str(caught.value)
    assert not (folder / record.RESULT).exists()


def test_an_untrained_run_is_not_evaluated(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        evaluate_one(run_folder(tmp_path))


# --- the axes reach the method ------------------------------------------------------------------


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


def test_behaviour_is_scored_without_a_roll_out(hopper_data: Path, tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "behaviour")
    train_one(folder, hopper_data, "behaviour", steps=0)
    result = evaluate_one(folder)
    assert result["protocol"]["rolled_out"] is False
    stored = storage.load(hopper_data)
    assert result["evaluations"][-1]["returns"] == stored.returns.tolist()
    assert result["evaluations"][-1]["lengths"] == stored.lengths.tolist()
