"""Proximal policy optimisation: the advantages by hand, and a learner that learns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.behaviours.atari_agent import RamEncoder
from bench.behaviours.ppo import Learner, Settings, advantages


def test_advantages_by_hand() -> None:
    """Two envs: one goes on, one ends at the second of three steps."""
    rewards = np.array([[1, 0], [0, 1], [2, 0]], "f4")
    values = np.array([[1, 1], [2, 2], [3, 3], [4, 4]], "f4")
    ends = np.array([[0, 0], [0, 1], [0, 0]], "f4")
    # errors: 1+1-1=1, 0+1.5-2=-.5, 2+2-3=1 | 0+1-1=0, 1-2=-1, 0+2-3=-1; then half times half of
    # what is ahead, but for what follows the end
    expected = [[1 - 0.0625, 0 - 0.25], [-0.5 + 0.25, -1], [1, -1]]
    np.testing.assert_allclose(advantages(rewards, values, ends, 0.5, 0.5), expected)


class Colours:
    """Stands in for `AutoResetEnvs`: byte 9 is 0 or 200 at random; the right action pays 5, which counts
    as 1.
    """

    def __init__(self, envs: int) -> None:
        self.random = np.random.default_rng(0)
        self.envs = SimpleNamespace(
            memory=np.zeros((envs, 128), np.uint8), before=np.zeros((envs, 128), np.uint8)
        )

    def step(self, actions: Any) -> Any:
        memory = self.envs.memory
        right = actions == np.where(memory[:, 9] == 200, 2, 0)
        self.envs.before[:] = memory
        memory[:, 9] = self.random.integers(2, size=len(memory)) * 200
        return right * np.float32(5), np.zeros(len(memory), np.float32), []


def test_it_learns_what_pays() -> None:
    settings = Settings(num_envs=8, length=32, batch=64, width=16, rate=3e-3)
    encoder = RamEncoder(np.array([9]), np.array([100], "f4"), np.array([0.01, 0.01], "f4"))
    learner, games = Learner(encoder, 3, settings, seed=0), Colours(8)
    random = np.random.default_rng(1)
    for _ in range(25):
        played, scores = learner.play(games, random)  # type: ignore[arg-type]
        learner.update(played, settings.rate, random)
    assert scores == []
    shown = np.zeros((3, 128), np.uint8)
    shown[:, 9] = [0, 200, 0]
    logits = learner.actor(torch.from_numpy(encoder(shown, shown))).softmax(1)
    assert logits[0, 0] > 0.9
    assert logits[1, 2] > 0.9
    # half of the actions of the untrained policy pay nothing; 1 a step is most there is
    assert played.returns.max() < 1 / (1 - settings.discount)
    agent = learner.agent()
    chance = np.full(3, 0.5)
    assert agent.act(shown, shown, chance).tolist() == [0, 2, 0]


def test_a_player_is_the_learners_policy() -> None:
    encoder = RamEncoder(np.arange(5), np.zeros(5, "f4"), np.full(10, 0.01, "f4"))
    learner = Learner(encoder, 4, Settings(width=8), seed=3)
    random = np.random.default_rng(0)
    for parameter in learner.actor.parameters():
        parameter.data.normal_(generator=torch.Generator().manual_seed(len(parameter)))
    now, before = random.integers(0, 256, size=(2, 200, 128), dtype=np.uint8)
    odds = learner.actor(torch.from_numpy(encoder(now, before))).softmax(1).detach().numpy()
    for chance in (0.1, 0.5, 0.9):
        acts = learner.agent().act(now, before, np.full(200, chance))
        heights = np.cumsum(odds, axis=1)
        assert (heights[np.arange(200), acts] >= chance - 1e-5).all()


def test_it_starts_nearly_uniform_and_leaves_the_global_dice_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    encoder = RamEncoder(np.arange(5), np.zeros(5, "f4"), np.ones(10, "f4"))
    learner = Learner(encoder, 4, Settings(), seed=0)
    assert torch.equal(torch.get_rng_state(), before)
    odds = learner.actor(torch.randn(50, 10)).softmax(1)
    assert (odds - 0.25).abs().max() < 0.03
    other = Learner(encoder, 4, Settings(), seed=1)
    assert not torch.equal(learner.parameters[0], other.parameters[0])
