"""dt/atari/method.py: the loss, the learning rate, the data, and what it learns."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from baselines import bc, percent_bc
from bench.datasets.build import from_arrays
from bench.datasets.frames import statistics
from bench.datasets.trajectories import Trajectories
from bench.methods.checkpoints import CHECKPOINT
from dt import method
from dt.atari import method as atari
from dt.atari.config import Config
from dt.atari.method import decayed_and_others, rate_of
from dt.atari.windows import AtariWindows
from tests.helpers.atari import SIDE, STACK, make_frames
from tests.helpers.discrete import make_choices, short_context
from tests.helpers.dt import captured_loss, make_context, saved_bytes

SMALL = Config(
    context_length=4, layers=2, heads=2, width=16, dropout=0.0, batch_size=8, warmup_tokens=32
)


def train(config: Config = SMALL, data: Trajectories | None = None, **fields: Any) -> Any:
    return atari.train(data or make_frames(), config, make_context(**({"steps": 3} | fields)))


# --- the loss -----------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("returns", [True, False], ids=["dt", "bc"])
def test_the_loss_is_the_cross_entropy_of_all_real_steps(
    returns: bool, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atari, "IN_MEMORY", {1: 1024, 3: 3 * 4}[parts])  # of 3, 3 and 2 windows
    data, config = make_frames((2, 9)), replace(SMALL, returns=returns)
    loss_of_batch, model, policy = captured_loss(atari, data, config, monkeypatch)
    batch = AtariWindows(data, 4, policy.return_scale, "cpu").sample(8, np.random.default_rng(3))
    with torch.no_grad():
        states = model.see(batch.frames)
        logits = model(batch.returns_to_go, states, batch.actions, batch.times).numpy()
    likely = log_softmax(logits.astype(np.float64), axis=2)
    surprise = [
        -likely[i, t, batch.actions[i, t]] for i in range(8) for t in range(4) if batch.valid[i, t]
    ]
    assert 16 <= len(surprise) < 32
    found = [part.item() for part in loss_of_batch(np.random.default_rng(3))]
    assert len(found) == parts
    assert sum(found) == pytest.approx(np.mean(surprise), rel=1e-5)


def test_gradients_of_parts_are_the_gradient_of_the_whole_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Parts weigh by their real steps: gradients add up, whatever is in memory at once."""
    gradients = []
    for stacks in (1024, 12, 1):
        monkeypatch.setattr(atari, "IN_MEMORY", stacks)
        data = make_frames((2, 9))
        loss_of_batch, model, _ = captured_loss(atari, data, SMALL, monkeypatch)
        for part in loss_of_batch(np.random.default_rng(3)):
            part.backward()
        gradients.append({name: p.grad for name, p in model.named_parameters()})
    for other in gradients[1:]:
        for name, gradient in gradients[0].items():
            assert gradient.abs().max() > 0
            torch.testing.assert_close(other[name], gradient, rtol=1e-4, atol=1e-7)


def test_a_step_in_parts_is_the_step_of_the_whole_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, losses = [], []
    for stacks in (1024, 12, 1):
        monkeypatch.setattr(atari, "IN_MEMORY", stacks)
        # Adam's first step does not depend on how large a gradient is
        monkeypatch.setattr(atari, "AdamW", lambda groups, **_: torch.optim.SGD(groups, lr=0.1))
        context = make_context(steps=1)
        steps.append(atari.train(make_frames((2, 9)), SMALL, context).model.state_dict())
        losses.append(context.losses[0]["loss"])
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)
    for other in steps[1:]:
        for name, weight in steps[0].items():
            torch.testing.assert_close(other[name], weight, rtol=1e-4, atol=1e-6)


def test_weights_of_layers_decay_and_nothing_else() -> None:
    model = train().model
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decayed, others = ({names[id(p)] for p in group} for group in decayed_and_others(model))
    layers = [
        f"transformer.blocks.{i}.{part}"
        for i in (0, 1)
        for part in ("attention.qkv", "attention.project", "mlp.fc1", "mlp.fc2")
    ]
    eyes = [f"embed_state.{part}" for part in ("convolve.0", "convolve.1", "convolve.2", "project")]
    assert decayed == {f"{n}.weight" for n in [*layers, *eyes, "embed_return", "predict_action"]}
    assert others == set(names.values()) - decayed
    assert {
        "positions",
        "embed_action.weight",
        "embed_timestep.weight",
        "transformer.final_norm.weight",
    } < others


def test_the_optimiser_takes_these_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def spy(loss: Any, network: Any, optimiser: Any, **options: Any) -> Any:
        made.extend([network, optimiser, options])
        return lambda step, generator: torch.zeros(())

    monkeypatch.setattr(atari, "descend", spy)
    train(replace(SMALL, weight_decay=0.3, learning_rate=2e-3, gradient_clip=0.7))
    model, optimiser, options = made
    first, second = optimiser.param_groups
    assert (first["weight_decay"], second["weight_decay"]) == (0.3, 0.0)
    assert all(g["lr"] == 2e-3 and g["betas"] == (0.9, 0.95) for g in (first, second))
    sizes = [sum(p.numel() for p in group) for group in decayed_and_others(model)]
    assert [group["params"][0].numel() for group in (first, second)] == sizes
    assert options["gradient_clip"] == 0.7


# --- the learning rate --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "update", "expected"),
    [
        # 3840 actions an update: two updates climb, the third is past 10240
        (1.2, 1, 3840 / 10240),
        (1.2, 2, 7680 / 10240),
        (1.2, 3, 0.5 * (1 + math.cos(math.pi * 1280 / (6 * 500_000 * 30 - 10240)))),
        # kzl: after 5 of 6 epochs 0.5 (1 + cos(5/6 pi)) = 0.067, so the floor
        (1.2, 19531, 0.1),
        (1.2, 11719, 0.5 * (1 + math.cos(math.pi * (3 / 6)))),
        # Table 8: lowest after 2 epochs, half-way up again after 2.5 times that
        (0.4, 7812, 0.1),
        (0.4, 19531, 0.5),
    ],
)
def test_the_rate_at_the_papers_size(length: float, update: int, expected: float) -> None:
    """5 epochs of 500,000 steps in batches of 128 windows of 30 steps."""
    multiplier = rate_of(Config(cosine_length=length), 19531)
    assert multiplier(update) == pytest.approx(expected, abs=1e-3)


def test_the_rate_reaches_the_optimiser(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[list[float]] = []
    step = atari.AdamW.step

    def spy(self: Any, closure: Any = None) -> Any:
        rates.append([group["lr"] for group in self.param_groups])
        return step(self, closure)

    monkeypatch.setattr(atari.AdamW, "step", spy)
    config = replace(SMALL, warmup_tokens=64, learning_rate=1e-3)  # 32 actions an update
    train(config, steps=4)
    falling = 1.2 * 4 * 32 - 64
    cosines = [0.5 * (1 + math.cos(math.pi * passed / falling)) for passed in (0, 32, 64)]
    expected = [0.5, *(max(0.1, cosine) for cosine in cosines)]
    np.testing.assert_allclose(rates, 1e-3 * np.array([expected, expected]).T)


# --- the data -----------------------------------------------------------------------------------


def test_top_percent_learns_from_the_best_episodes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[Trajectories] = []
    monkeypatch.setattr(atari, "AtariWindows", lambda data, *rest: given.append(data))
    data, config = make_frames(), replace(SMALL, top_percent=40, returns=False)
    monkeypatch.setattr(atari, "descend", lambda *a, **k: lambda step, generator: torch.zeros(()))
    policy = train(config, data)
    best = data.top_percent(40)
    assert given[0].returns.tolist() == best.returns.tolist()
    assert best.episodes < data.episodes
    assert policy.model.embed_timestep.num_embeddings == best.lengths.max()
    assert f"top 40 %: {best.episodes} of 4 episodes" in capsys.readouterr().out


def test_a_method_says_which_data_it_takes() -> None:
    with pytest.raises(ValueError, match="dt_atari learns from stacks of frames"):
        train(data=make_choices())
    frames, context = make_frames(), make_context(steps=1)
    for other in (bc, percent_bc, method):
        with pytest.raises(ValueError, match="stacks of 4 frames, but this method needs vectors"):
            other.train(frames, other.Config(), context)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_stopped_run_goes_on_with_the_same_numbers(
    precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atari, "IN_MEMORY", 12)  # the step is in three parts
    config = replace(SMALL, dropout=0.1, precision=precision, standardise_frames=True)
    whole = train(config, steps=40)
    folder = tmp_path / "run"
    folder.mkdir()
    context = make_context(steps=40, folder=folder, save_every=0.0)
    log = context.log

    def stop(step: int, **numbers: float) -> None:
        if step == 24:
            raise KeyboardInterrupt
        log(step, **numbers)

    monkeypatch.setattr(context, "log", stop)
    with pytest.raises(KeyboardInterrupt):
        atari.train(make_frames(), config, context)
    assert (folder / CHECKPOINT).exists()
    again = atari.train(make_frames(), config, make_context(steps=40, folder=folder))
    assert saved_bytes(again, tmp_path / "a") == saved_bytes(whole, tmp_path / "b")


# --- what it learns -----------------------------------------------------------------------------


def bright(sequence: Any) -> Any:
    """Return frames (..., 36, 36) of these brightnesses."""
    return np.broadcast_to(
        np.asarray(sequence, np.uint8)[..., None, None], (*np.shape(sequence), 36, 36)
    )


@pytest.mark.slow
def test_the_return_asked_for_is_the_return_achieved() -> None:
    """Every sequence of three times 0 or 1 is in the data, and 1 earns 1: whoever draws from the
    actions that led to a return-to-go achieves it. A network is not quite as sure.
    """
    actions = np.array(list(itertools.product([0, 1], repeat=3)))
    ends = np.zeros((8, 3), dtype=np.bool_)
    ends[:, -1] = True
    data = from_arrays(
        bright(np.zeros(24)),
        actions.ravel(),
        actions.ravel().astype(np.float32),
        ends.ravel(),
        np.zeros(24, dtype=np.bool_),
        action_range=(0, 1),
        discrete=True,
        stack=STACK,
    )
    config = replace(SMALL, context_length=3, batch_size=32, learning_rate=1e-2, return_scale=1.0)
    policy = atari.train(data, config, short_context(3, steps=120))
    num_envs = 200
    targets = np.repeat(np.arange(4), num_envs // 4).astype(np.float32)
    policy.reset(np.arange(num_envs), targets)
    earned, rewards = np.zeros(num_envs), np.zeros(num_envs, np.float32)
    stack = np.zeros((num_envs, STACK, SIDE, SIDE), dtype=np.uint8)
    for _ in range(3):
        rewards = policy.act(stack, rewards).astype(np.float32)
        earned += rewards
    assert (earned == targets).mean() > 0.9


@pytest.mark.slow
def test_it_sees_movement() -> None:
    """The action says whether the newest frame is brighter than the one before: no frame alone does."""
    random = np.random.default_rng(0)
    light = random.integers(0, 256, (40, 6))
    actions = np.zeros_like(light)
    actions[:, 1:] = light[:, 1:] > light[:, :-1]
    ends = np.zeros((40, 6), dtype=np.bool_)
    ends[:, -1] = True
    data = from_arrays(
        bright(light.ravel()),
        actions.ravel(),
        np.zeros(240, dtype=np.float32),
        ends.ravel(),
        np.zeros(240, dtype=np.bool_),
        action_range=(0, 1),
        discrete=True,
        stack=2,
    )
    config = replace(
        SMALL, context_length=1, batch_size=64, learning_rate=3e-3, temperature=0.0, returns=False
    )
    policy = atari.train(data, config, short_context(6, steps=100))
    policy.reset(np.arange(240), np.zeros(240, dtype=np.float32))
    acted = policy.act(data.stacked(np.arange(240)), np.zeros(240, dtype=np.float32))
    assert (acted == data.actions).mean() > 0.9


# --- standardised frames ------------------------------------------------------------------------


def test_frames_are_standardised_by_what_all_data_show(tmp_path: Path) -> None:
    """Also when a policy learns from the best episodes alone, and when it was stored."""
    data = make_frames()
    config = replace(SMALL, standardise_frames=True, top_percent=40, returns=False)
    policy = train(config, data)
    mean, std = statistics(data.observations)
    policy.save(tmp_path / "policy.safetensors")
    for one in (policy, atari.load(tmp_path / "policy.safetensors", "cpu")):
        np.testing.assert_array_equal(one.model.embed_state.mean, mean)
        assert one.model.embed_state.std == std
    assert std < 100
