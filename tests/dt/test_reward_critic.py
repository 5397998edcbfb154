"""DT as a critic of rewards and of returns-to-go, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.behaviours.random_play import random_episodes
from bench.datasets.build import from_arrays
from bench.methods.context import Context
from bench.tasks.registry import task_by_name
from dt import reward_critic
from dt.windows import Windows
from tests.helpers.dt import make_data

SMALL = {"context_length": 120, "windows": "first_step", "layers": 1, "width": 16, "batch_size": 8}


def test_targets_of_each_step() -> None:
    data = from_arrays(
        np.zeros((5, 2), np.float32),
        np.zeros((5, 1), np.float32),
        np.array([0, 1, 0, 0, 0], np.float32),
        np.array([0, 0, 1, 0, 1], bool),
        np.zeros(5, bool),
    )
    batch = Windows(data, 3, 1.0, "cpu", starts="first_step").at(np.array([0, 3]))
    rewards = reward_critic.targets_of(batch, "rewards")
    torch.testing.assert_close(rewards, torch.tensor([[0.0, 1, 0], [0, 0, 0]]))
    rest = reward_critic.targets_of(batch, "returns_to_go")
    torch.testing.assert_close(rest, torch.tensor([[1.0, 1, 0], [0, 0, 0]]))


@pytest.mark.slow
def test_a_critic_of_rewards_predicts_none_before_the_door() -> None:
    """Rewards come at the door alone, so a critic of rewards learns a small probability in the first room, and one of
    returns-to-go the share of successes.
    """
    data = random_episodes(400, seed=0)
    task = task_by_name("key_to_door-1k")
    share = float((data.returns > 0).mean())
    found = {}
    for target in ("rewards", "returns_to_go"):
        config = reward_critic.Config(**SMALL, target=target, learning_rate=3e-3, warmup_steps=5)
        critic = reward_critic.train(data, config, Context(task, seed=0, steps=60))
        observations = data.observations.reshape(400, 120, 5, 5, 3)[:50]
        found[target] = critic.predict_success(observations, data.actions.reshape(400, 120)[:50])
    assert found["rewards"].shape == (50, 120)
    assert found["rewards"][:, 0].mean() < share / 2
    assert found["returns_to_go"][:, 0].mean() == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize("options", [{"predict": "actions"}, {"average_decay": 0.9}])
def test_settings_that_do_not_fit_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a critic of rewards needs predict 'returns'"):
        reward_critic.Config(**options)  # type: ignore[arg-type]


def test_windows_that_do_not_reach_the_end_are_refused() -> None:
    data = make_data((9, 5), observation_size=11, action_size=3)
    context = Context(task_by_name("hopper-medium"), seed=0, steps=1)
    with pytest.raises(ValueError, match="set windows to 'first_step' and context_length to 9"):
        reward_critic.train(
            data, reward_critic.Config(context_length=9, windows="any_step"), context
        )
