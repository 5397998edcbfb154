"""What methods that learn with d3rlpy share: transitions, the update, Adam."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from baselines import discrete_cql
from baselines._d3rlpy import (
    adam,
    device_of,
    positive,
    terminals_of,
    usable_steps,
    vectors_of,
)
from bench.datasets.trajectories import Trajectories
from bench.methods.optimisers import Adam
from tests.helpers.cql import KINDS, LOSS, SMALL, by_hand, created, parameters, steps
from tests.helpers.dt import numbered


@pytest.mark.parametrize(("module", "make"), KINDS)
def test_in_float32_it_is_d3rlpys_update(
    module: ModuleType, make: Callable[[], Trajectories]
) -> None:
    """The same batches into an algorithm that is created by hand; a dozen updates, targets too. With discrete actions
    to the bit; with continuous ones up to rounding, since they have a faster update (test_cql_update.py).
    """
    losses, batches, found = steps(
        module, created(module, SMALL[module]), make(), SMALL[module], 12
    )
    plain = by_hand(module)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        expected = [np.float32(plain.update(batch)[LOSS[module]]) for batch in batches]
    exact = module is discrete_cql
    np.testing.assert_allclose(losses, expected, rtol=0 if exact else 1e-5)
    theirs = parameters(plain)
    assert found.keys() == theirs.keys()
    for key, tensor in found.items():
        torch.testing.assert_close(tensor, theirs[key], rtol=0, atol=0 if exact else 1e-4, msg=key)


def test_steps_that_are_transitions_and_what_follows_them_by_hand() -> None:
    """Episodes of 2 and 3 steps, a terminal and a time-out; observations 0 to 4 with mean 2 and
    standard deviation sqrt(2).
    """
    data = numbered((2, 3))
    ends = np.arange(5) == 4
    data = replace(data, terminals=data.terminals & ~ends, timeouts=ends)
    usable, pairs = vectors_of(data)
    assert usable.tolist() == [0, 1, 2, 3]
    now, following = pairs(np.array([0, 1, 3]))
    deviation = np.sqrt(2) + 1e-3
    np.testing.assert_allclose(now.ravel(), np.array([-2, -1, 1]) / deviation, rtol=1e-6)
    # after step 1, a terminal, there is nothing
    np.testing.assert_allclose(following.ravel(), np.array([-1, 0, 2]) / deviation, rtol=1e-6)


FINAL = np.array([[10.0], [11.0]], dtype=np.float32)  # observations after the two episodes


def two_episodes(final: bool, rewards: list[float]) -> Trajectories:
    """Episodes of 2 and 3 steps; the second one is cut by the time limit."""
    data, cut = numbered((2, 3), rewards), np.arange(5) == 4
    return replace(
        data,
        terminals=data.terminals & ~cut,
        timeouts=cut,
        final_observations=FINAL if final else None,
    )


DENSE, SPARSE = [1.0, 2.0, 0.0, 4.0, 5.0], [0.0, 3.0, 0.0, 0.0, 9.0]


@pytest.mark.parametrize(
    ("final", "rewards", "usable", "terminals", "printed"),
    [
        (True, DENSE, [0, 1, 2, 3, 4], [1], ""),
        (True, SPARSE, [0, 1, 2, 3, 4], [1], ""),
        (False, DENSE, [0, 1, 2, 3], [1], "1 steps cut by the time limit are left out, 20.00% of"),
        (False, SPARSE, [0, 1, 2, 3, 4], [1, 4], "1 steps cut by the time limit count as term"),
    ],
    ids=["final, dense", "final, sparse", "no final, dense", "no final, sparse"],
)
def test_the_step_that_the_time_limit_cuts(
    final: bool,
    rewards: list[float],
    usable: list[int],
    terminals: list[int],
    printed: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = two_episodes(final, rewards)
    assert usable_steps(data).tolist() == usable
    out = capsys.readouterr().out
    assert printed in out
    assert out.count("the data have no final observations") == (not final)
    assert np.flatnonzero(terminals_of(data)).tolist() == terminals
    _, pairs = vectors_of(data)
    _, following = pairs(np.array([3, 4]))
    after = (np.array([4.0, FINAL[1, 0]]) - 2) / (np.sqrt(2) + 1e-3)
    expected = after[: 2 if final else 1]
    np.testing.assert_allclose(following[: len(expected), 0], expected, rtol=1e-6)
    if not final and terminals == [1, 4]:
        assert following[1] == 0  # d3rlpy expects zeros after a terminal


@pytest.mark.parametrize("final", [True, False], ids=["final", "no final"])
@pytest.mark.parametrize(("module", "make"), KINDS)
def test_all_reward_of_the_sparse_variant_is_learned_from(
    module: ModuleType, make: Callable[[], Trajectories], final: bool
) -> None:
    """In two of four episodes the time limit cuts the step with the reward."""
    data, returns = make(), [1.0, 2.0, 3.0, 4.0]
    rewards, last = np.zeros(data.steps, np.float32), data.episode_starts[1:] - 1
    rewards[last] = returns
    after = data.observations[last] + 1
    data = replace(data, rewards=rewards, final_observations=after if final else None)
    _, batches, _ = steps(module, created(module, SMALL[module]), data, SMALL[module], 30)
    drawn = {float(reward) for batch in batches for reward in batch.rewards.ravel()}
    assert drawn == {0.0, *returns}
    assert data.rewards[usable_steps(data)].sum() == sum(returns)
    cut = set(returns[1::2])
    for batch in batches:
        for reward, terminal, following in zip(
            batch.rewards.ravel(), batch.terminals.ravel(), batch.next_observations, strict=True
        ):
            if float(reward) in cut:
                assert terminal == (not final)
                assert following.any() == final


def test_a_size_below_1_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^layers must be at least 1, not 0$"):
        positive(SimpleNamespace(width=1, layers=0), "width", "layers")


def test_adam_is_this_suites_with_d3rlpys_settings() -> None:
    with torch.random.fork_rng(devices=[]):
        layer = torch.nn.Linear(2, 3)
    made = adam(1e-5, fused=True).create([("layer", layer)], lr=0.25, compiled=False)
    made = made.optim  # d3rlpy wraps it
    assert type(made) is Adam
    [group] = made.param_groups
    assert (group["lr"], group["eps"], tuple(group["betas"])) == (0.25, 1e-5, (0.9, 0.999))
    assert group["weight_decay"] == 0
    assert set(group["params"]) == set(layer.parameters())


@pytest.mark.parametrize(("device", "name"), [("cpu", "cpu:0"), ("cuda:1", "cuda:1")])
def test_d3rlpys_names_of_devices(device: str, name: str) -> None:
    assert device_of(device) == name
