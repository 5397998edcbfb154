"""Training: stopping, resuming, diverging, and one whole run."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import dt.method
from baselines import bc, cql
from bench.methods.context import SNAPSHOTS
from bench.methods.contract import Diverged
from bench.methods.training import (
    check_average_decay,
    decaying,
    descend,
    fit,
    half_cosine,
    pack,
    unpack,
)
from tests.helpers.dt import make_context, make_data, saved_bytes
from tests.helpers.runs import stop_after
from tests.helpers.tiny_training import saving, tiny

SMALL: dict[str, Any] = {
    "dt": dt.method.Config(context_length=3, layers=2, width=16, batch_size=8, warmup_steps=9),
    "bc": bc.Config(width=16, batch_size=8, warmup_steps=9),
    "cql": cql.Config(width=16, batch_size=8, alpha_learning_rate=1e-3),
}
STEPS, STOP, KEEP_AT = 60, 32, (15, 31, 45)  # logs and checkpoints at 3, 6, ..., 60


def module_of(name: str) -> Any:
    return importlib.import_module("dt.method" if name == "dt" else f"baselines.{name}")


def trainer_of(name: str) -> Any:
    """Return the module whose `fit` trains a method."""
    return module_of("_actor" if name == "cql" else name)


# --- stopping and resuming ----------------------------------------------------------------------


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
        stop_after(STOP, trainer_of(name), patch)
        with pytest.raises(KeyboardInterrupt):
            module.train(data, SMALL[name], first)
    updates = []

    def counting_fit(update: Callable[..., Tensor], *rest: Any) -> None:
        fit(lambda step, rng: (updates.append(step), update(step, rng))[1], *rest)

    monkeypatch.setattr(trainer_of(name), "fit", counting_fit)
    resumed = module.train(data, SMALL[name], second)

    assert updates == list(range(STOP, STEPS + 1)), "it did not go on from the last update"
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


# --- the axes reach the method ------------------------------------------------------------------


# --- learning rates that fall ---------------------------------------------------------------------


def test_the_factor_is_pytorchs_cosine() -> None:
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=30)
    for step in range(1, 31):
        assert half_cosine(step, 30) == pytest.approx(optimiser.param_groups[0]["lr"], abs=1e-12)
        optimiser.step()
        theirs.step()


def test_the_rates_of_the_named_optimisers_fall() -> None:
    """The step alone decides them: also where another step came before, as in a resumed run."""
    falls, stays = (torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0) for _ in range(2))
    seen = []

    def update(step: int, rng: np.random.Generator) -> Tensor:
        seen.append(tuple(optimiser.param_groups[0]["lr"] for optimiser in (falls, stays)))
        return torch.zeros(())

    decayed = decaying(update, [falls], 4)
    for step in (1, 3, 2, 3):
        falls.load_state_dict(falls.state_dict())  # makes new groups
        decayed(step, np.random.default_rng(0))
    half = 1 + np.sqrt(0.5)
    assert seen == [pytest.approx((rate, 2.0)) for rate in (2.0, 1.0, half, 1.0)]


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_without_meaning_is_refused(decay: float) -> None:
    check_average_decay(0.0)
    with pytest.raises(ValueError, match=f"average_decay must be .* below 1, not {decay}"):
        check_average_decay(decay)
