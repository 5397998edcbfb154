"""dt/cpu/kv_cache.py: acting with cached keys and values against computing the whole window again."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import dt.method
from dt.config import Config
from dt.cpu.kv_cache import KVCache
from tests.helpers.discrete import CHOICES, make_choices, shown
from tests.helpers.dt import OBS, make_context, make_data, make_task

HORIZON = 11
SMALL = Config(context_length=HORIZON, width=16, batch_size=4, warmup_steps=1)
ORDERS: dict[str, dict[str, Any]] = {
    "kzl": {},
    "text": {"embedding_order": "norm_then_add"},
    "concatenate": {"time_embedding": "concatenate"},
}


def make_policy(discrete: bool, randomise: bool = True, **options: Any) -> Any:
    """A policy whose every parameter is random, biases and norms too."""
    data = make_choices() if discrete else make_data()
    context = make_context(steps=1, task=make_task(horizon=HORIZON, return_scale=2.0))
    policy = dt.method.train(data, replace(SMALL, **options), context)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(1)
        for parameter in policy.model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return policy


def episode(discrete: bool, steps: int = HORIZON, num_envs: int = 3, seed: int = 0) -> Any:
    if discrete:
        return shown(steps, num_envs, seed)
    random = np.random.default_rng(seed)
    return [
        (
            random.normal(2, 3, (num_envs, OBS)).astype(np.float32),
            (random.normal(size=num_envs) * (step > 0)).astype(np.float32),
        )
        for step in range(steps)
    ]


def compared(policy: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tensor, Tensor]]:
    """Return a list that fills with what the policy predicts at each act, and what the network predicts
    from the whole window.
    """
    pairs: list[tuple[Tensor, Tensor]] = []
    predict = policy.predict

    def spy() -> Tensor:
        with torch.inference_mode():
            policy.model.eval()
            bfloat16 = policy.config.precision == "bfloat16"
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
                whole = policy.model(*policy.window(), last=True)[:, 0].float()
        pairs.append((predict(), whole))
        return pairs[-1][0]

    monkeypatch.setattr(policy, "predict", spy)
    return pairs


def act(policy: Any, steps: Any, num_envs: int = 3) -> Any:
    policy.reset(np.arange(num_envs), np.linspace(0, 5, num_envs, dtype=np.float32))
    return np.stack([policy.act(observations, rewards) for observations, rewards in steps])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("heads", [1, 2], ids=["1-head", "2-heads"])
@pytest.mark.parametrize("layers", [1, 3], ids=["1-layer", "3-layers"])
@pytest.mark.parametrize("discrete", [False, True], ids=["vectors", "discrete"])
def test_the_cache_equals_computing_again(
    discrete: bool, layers: int, heads: int, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = make_policy(discrete, layers=layers, heads=heads, **ORDERS[order])
    pairs = compared(policy, monkeypatch)
    acted = act(policy, episode(discrete))
    assert policy.cache is not None
    assert len(pairs) == HORIZON
    for cached, whole in pairs:
        assert cached.shape == (3, CHOICES if discrete else 2)
        torch.testing.assert_close(cached, whole, rtol=0, atol=1e-5)
    predictions = torch.stack([whole for _, whole in pairs])
    assert predictions.std(dim=0).min() > 1e-3, "the steps do not differ"
    assert acted.shape == ((HORIZON, 3) if discrete else (HORIZON, 3, 2))


@pytest.mark.parametrize("predict", ["all", "returns"])
@pytest.mark.parametrize("discrete", [False, True], ids=["vectors", "discrete"])
def test_other_heads_of_the_network_do_not_matter(
    discrete: bool, predict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = make_policy(discrete, layers=2, predict=predict)
    pairs = compared(policy, monkeypatch)
    act(policy, episode(discrete))
    for cached, whole in pairs:
        torch.testing.assert_close(cached, whole, rtol=0, atol=1e-5)


def test_in_bfloat16_it_is_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """To computing again in bfloat16, and to float32."""
    rough = make_policy(True, layers=2, heads=2, precision="bfloat16", temperature=0.0)
    fine = copy.deepcopy(rough)
    fine.config = replace(rough.config, precision="float32")
    predicted = [compared(policy, monkeypatch) for policy in (rough, fine)]
    acted = [act(policy, episode(True)) for policy in (rough, fine)]
    same = int(np.cumprod((acted[0] == acted[1]).all(axis=1)).sum())  # steps that began alike
    assert same > 0, "no steps to compare"
    for (low, again), (high, _) in zip(predicted[0][: same + 1], predicted[1], strict=False):
        torch.testing.assert_close(low, again, rtol=0.02, atol=0.05)
        torch.testing.assert_close(low, high, rtol=0.02, atol=0.05)
        assert not torch.equal(low, high), "bfloat16 was not used"


@pytest.mark.parametrize("discrete", [False, True], ids=["vectors", "discrete"])
def test_a_window_that_slides_is_computed_again(
    discrete: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = make_policy(discrete, layers=2, context_length=HORIZON - 1)
    assert policy.horizon == HORIZON
    pairs = compared(policy, monkeypatch)
    monkeypatch.setattr(KVCache, "extend", None)  # calling it would fail
    act(policy, episode(discrete))
    assert policy.cache is None
    assert len(pairs) == HORIZON
    for predicted, whole in pairs:
        assert torch.equal(predicted, whole)


def test_a_context_beyond_the_horizon_is_cached_too(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = make_policy(True, layers=2, context_length=3 * HORIZON)
    pairs = compared(policy, monkeypatch)
    act(policy, episode(True))
    assert policy.cache is not None
    for cached, whole in pairs:
        torch.testing.assert_close(cached, whole, rtol=0, atol=1e-5)


def test_reset_empties_the_cache() -> None:
    policy = make_policy(False, layers=2)
    first = act(policy, episode(False))
    act(policy, episode(False, steps=4, num_envs=5, seed=1), num_envs=5)  # left in the middle
    np.testing.assert_array_equal(act(policy, episode(False)), first)


def test_an_episode_longer_than_the_horizon_is_a_clear_error() -> None:
    policy = make_policy(True, layers=1)
    act(policy, episode(True))
    with pytest.raises(ValueError, match=f"more than the {HORIZON} steps"):
        policy.act(*episode(True)[0])


def test_actions_returned_are_the_callers() -> None:
    """Writing into them does not change the policy's context."""
    policy = make_policy(False, layers=2)
    steps = episode(False)
    expected = act(policy, steps)
    policy.reset(np.arange(3), np.linspace(0, 5, 3, dtype=np.float32))
    for step, (observations, rewards) in enumerate(steps):
        action = policy.act(observations, rewards)
        np.testing.assert_array_equal(action, expected[step])
        action[:] = 9
        observations[:] = 9


def test_the_cache_takes_any_number_of_tokens_at_a_time() -> None:
    model = make_policy(True, layers=3, heads=2).model.eval()
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randn(2, 12, 16, generator=generator)
    for pieces in ([12], [1] * 12, [5, 1, 2, 4]):
        cache = KVCache(model, 2, 20, "cpu")
        with torch.inference_mode():
            whole = model.transformer(model.enter(tokens))
            found = torch.cat([cache.extend(part) for part in tokens.split(pieces, dim=1)], dim=1)
        torch.testing.assert_close(found, whole, rtol=0, atol=1e-5)
        assert cache.length == 12
        assert all((keys[:, :, 12:] == 0).all() for keys in cache.keys)


def test_each_act_computes_new_tokens_only() -> None:
    """Three a step: the last action, the return-to-go, the state; the first step has no action."""
    policy, seen = make_policy(True, layers=2), []
    for block in policy.model.transformer.layers:
        block.mlp.fc1.register_forward_hook(lambda _, given, out: seen.append(given[0].shape[1]))
    act(policy, episode(True))
    assert seen == [2, 2] + [3, 3] * (HORIZON - 1)
