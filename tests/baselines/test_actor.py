"""What IQL and TD3+BC share: d3rlpy's update, the actor that acts, averaged weights, falling rates."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from baselines import _actor, iql, td3_bc
from baselines._actor import check_actions, parts_of
from bench.methods.context import SNAPSHOTS
from tests.helpers.actor import (
    SMALL,
    STEPS,
    actor_weights,
    by_hand,
    distance,
    each_method,
    largest_rates,
    parameters,
    train,
    whole_episodes,
)
from tests.helpers.dt import ACT, OBS, make_context, make_data, saved_bytes
from tests.helpers.runs import stop_after
from tests.helpers.vectors import NO_REWARD, observations

DECAY = 0.5


@each_method
def test_losses_and_weights_are_those_of_d3rlpys_own_update(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same batches into an algorithm that is created by hand; targets and noise too."""
    data = whole_episodes()
    ours = train(module, SMALL[module], monkeypatch, data)
    with make_context(steps=STEPS).torch_random():
        plain = by_hand(module, data)
        first = {key: p.detach().clone() for key, p in parameters(plain).items()}
        expected = []
        for step, batch in enumerate(ours.batches, start=1):
            plain.set_grad_step(step)
            expected.append(plain.update(batch)["critic_loss"])
    np.testing.assert_allclose(ours.losses, expected, rtol=1e-5)
    theirs = parameters(plain)
    assert parameters(ours.algorithm).keys() == theirs.keys()
    for key, tensor in parameters(ours.algorithm).items():
        assert not torch.equal(tensor, first[key]), f"{key} was not trained"
        torch.testing.assert_close(tensor, theirs[key], rtol=1e-5, atol=1e-7, msg=key)


@each_method
@pytest.mark.parametrize("layers", [1, 2, 5])
def test_the_actor_is_d3rlpys_policy(
    module: ModuleType, layers: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = make_data()
    ours = train(module, replace(SMALL[module], layers=layers), monkeypatch, data)
    standard = (observations() - data.observation_mean) / (data.observation_std + 1e-3)
    expected = ours.algorithm.predict(standard.astype(np.float32))
    found = ours.policy.act(observations(), NO_REWARD)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert np.abs(expected).max() > 1e-3
    saved_bytes(ours.policy, tmp_path)
    loaded = module.load(tmp_path / "policy.safetensors", "cpu")
    np.testing.assert_array_equal(loaded.act(observations(), NO_REWARD), found)


@each_method
def test_the_file_holds_the_actor_and_the_normalisation_alone(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = train(module, SMALL[module], monkeypatch).policy
    shapes = {name: tuple(tensor.shape) for name, tensor in actor_weights(policy).items()}
    assert shapes == {
        "0.weight": (16, OBS),
        "0.bias": (16,),
        "2.weight": (16, 16),
        "2.bias": (16,),
        "4.weight": (ACT, 16),
        "4.bias": (ACT,),
    }


@each_method
def test_everything_that_an_update_changes_is_in_the_checkpoint(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules, optimisers = parts_of(train(module, SMALL[module], monkeypatch).algorithm)
    targets = {name for name in modules if name.startswith("targ")}
    assert targets == {iql: {"targ_q_funcs"}, td3_bc: {"targ_q_funcs", "targ_policy"}}[module]
    learned = {p for name, m in modules.items() if name not in targets for p in m.parameters()}
    groups = [group for optimiser in optimisers.values() for group in optimiser.param_groups]
    assert {parameter for group in groups for parameter in group["params"]} == learned


@each_method
def test_a_stopped_run_goes_on_with_the_same_numbers(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With rates that fall and weights that are averaged."""
    config = replace(SMALL[module], schedule="cosine", average_decay=DECAY)
    context_in = partial(make_context, steps=40, save_every=0.0, snapshot_steps=(15, 30))
    straight, first, second = (context_in(folder=tmp_path / f) for f in ("whole", "cut", "cut"))
    whole = module.train(make_data(), config, straight)
    with monkeypatch.context() as patch:
        stop_after(25, _actor, patch)
        with pytest.raises(KeyboardInterrupt):
            module.train(make_data(), config, first)
    resumed = module.train(make_data(), config, second)
    assert second.losses == straight.losses
    assert saved_bytes(resumed, tmp_path / "b") == saved_bytes(whole, tmp_path / "a")
    for step in (15, 30):
        kept = [tmp_path / f / SNAPSHOTS / f"{step:08d}.safetensors" for f in ("whole", "cut")]
        assert kept[0].read_bytes() == kept[1].read_bytes()


@each_method
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_after_a_step_cut_by_the_time_limit_comes_the_final_observation(
    module: ModuleType, sparse: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second episode is cut. In the sparse variant its whole reward is at that step."""
    data = make_data((3, 2, 2, 4))
    last = np.arange(16, dtype=np.float32).reshape(4, 4)[:, :OBS] + 50
    data = replace(data, final_observations=last)
    data = data.sparse() if sparse else data
    ours = train(module, SMALL[module], monkeypatch, data)
    standard = (last - data.observation_mean) / (data.observation_std + 1e-3)
    row_of = {tuple(action): row for row, action in enumerate(data.actions.tolist())}
    seen: dict[int, int] = {}
    for batch in ours.batches:
        for index, action in enumerate(batch.actions.tolist()):
            row = row_of[tuple(action)]
            episode = int(np.searchsorted(data.episode_starts, row, side="right")) - 1
            seen[row] = seen.get(row, 0) + 1
            assert batch.rewards[index, 0] == data.rewards[row]
            assert batch.terminals[index, 0] == data.terminals[row]
            if data.timeouts[row]:
                found = batch.next_observations[index]
                np.testing.assert_allclose(found, standard[episode], rtol=1e-5)
    assert set(seen) == set(range(data.steps))


@each_method
def test_the_average_acts_and_does_not_change_the_training(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The average by hand: a shorter training takes the same updates, if its rates do not fall."""
    config = replace(SMALL[module], schedule="constant")
    after = [
        actor_weights(train(module, config, monkeypatch, context=make_context(steps=steps)).policy)
        for steps in range(5)
    ]
    expected = after[0]
    for step, weights in enumerate(after[1:], start=1):
        keep = min(DECAY, step / (step + 10))
        expected = {n: keep * w + (1 - keep) * weights[n] for n, w in expected.items()}
    contexts = [make_context(steps=4), make_context(steps=4)]
    averaging = replace(config, average_decay=DECAY)
    averaged = train(module, averaging, monkeypatch, context=contexts[0])
    assert distance(actor_weights(averaged.policy), expected) < 1e-6
    assert distance(actor_weights(averaged.policy), after[4]) > 1e-5
    assert averaged.losses == train(module, config, monkeypatch, context=contexts[1]).losses


@each_method
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_schedule_decides_the_last_rates(
    module: ModuleType, schedule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = largest_rates(train(module, replace(SMALL[module], schedule=schedule), monkeypatch))
    last = 0.5 * (1 + np.cos(np.pi * (STEPS - 1) / STEPS)) if schedule == "cosine" else 1
    assert rates == pytest.approx({"actor_optim": 3e-4 * last, "critic_optim": 3e-4 * last})


@each_method
def test_bfloat16_learns_almost_the_same(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = train(module, SMALL[module], monkeypatch)
    half = train(module, replace(SMALL[module], precision="bfloat16"), monkeypatch)
    np.testing.assert_allclose(half.losses, exact.losses, rtol=0.05)
    assert half.losses != exact.losses


def test_actions_that_tanh_cannot_give_are_refused() -> None:
    data = make_data()
    check_actions(data, "iql")
    with pytest.raises(
        ValueError, match=r"^iql learns actions from -1 to 1, .* from -2 to 2: scale"
    ):
        check_actions(replace(data, action_low=-2.0, action_high=2.0), "iql")
