"""What methods that learn with d3rlpy share: transitions, the update, Adam."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from baselines._d3rlpy import adam, device_of, positive, update_of, vectors_of
from bench.datasets.trajectories import Trajectories
from bench.methods.optimisers import Adam
from tests.helpers.cql import KINDS, LOSS, SMALL, by_hand, created, parameters, steps
from tests.helpers.dt import numbered


@pytest.mark.parametrize(("module", "make"), KINDS)
def test_float32_is_d3rlpys_update_to_the_bit(
    module: ModuleType, make: Callable[[], Trajectories]
) -> None:
    """The same batches into an algorithm that is created by hand; a dozen updates, targets too."""
    losses, batches, found = steps(
        module, created(module, SMALL[module]), make(), SMALL[module], 12
    )
    plain = by_hand(module)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        expected = [np.float32(plain.update(batch)[LOSS[module]]) for batch in batches]
    assert losses == expected
    theirs = parameters(plain)
    assert found.keys() == theirs.keys()
    for key, tensor in found.items():
        assert torch.equal(tensor, theirs[key]), key


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


def test_a_size_below_1_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^layers must be at least 1, not 0$"):
        positive(SimpleNamespace(width=1, layers=0), "width", "layers")


def test_data_without_a_transition_are_refused() -> None:
    data = numbered((1, 1))
    algorithm: Any = None
    pairs: Any = None
    with pytest.raises(ValueError, match=r"every step .* cut by the time limit: CQL has no trans"):
        update_of(algorithm, data, np.zeros(0, np.int64), pairs, batch_size=2, loss="loss")


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
