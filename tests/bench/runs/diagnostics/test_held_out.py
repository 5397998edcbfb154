"""The loss on held-out episodes, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from bench.core.seeds import derive
from bench.methods.context import Context
from bench.runs.diagnostics import held_out
from bench.tasks.registry import task_by_name
from dt import method
from dt.config import Config
from dt.losses import loss_of_actions
from dt.windows import Windows
from tests.helpers.dt import make_data

TASK = task_by_name("hopper-medium")
DATA = make_data((6, 4, 1), observation_size=11, action_size=3)


def trained(**options: Any) -> Any:
    config = Config(layers=1, width=16, dropout=0.0, **options)
    return method.train(DATA, config, Context(TASK, seed=0, steps=2))


def test_it_is_the_loss_of_the_windows_that_reach_back_to_the_start() -> None:
    """Where the context covers each episode, the loss is that of training on whole episodes."""
    policy = trained(context_length=6)
    windows = Windows(DATA, 6, policy.return_scale, "cpu", starts="first_step")
    batch = windows.at(DATA.episode_starts[:-1])
    policy.model.eval()
    with torch.inference_mode():
        expected = loss_of_actions(policy.model(*batch.inputs(6)), batch).item()
    assert held_out.held_out_loss(policy, DATA) == pytest.approx(expected, rel=1e-4)


class Constant:
    """Predicts a constant action, and records what it is shown."""

    def __init__(self) -> None:
        self.actions = torch.zeros(3, 10, 3)
        self.shown: list[Any] = []

    def reset(self, seeds: Any, targets: Any) -> None:
        self.targets = targets

    def finish(self, envs: Any) -> None:
        self.shown.append(("finish", list(envs)))

    def act(self, observations: Any, rewards: Any) -> Any:
        self.shown.append((observations.copy(), rewards.copy()))
        return np.full((3, 3), 0.5, np.float32)


def test_the_error_is_over_real_steps_and_the_context_has_the_true_actions() -> None:
    policy = Constant()
    expected = np.square(DATA.actions.astype(np.float64) - 0.5).mean()
    assert held_out.held_out_loss(policy, DATA) == pytest.approx(expected)
    np.testing.assert_allclose(policy.targets, DATA.returns, rtol=1e-6)
    np.testing.assert_array_equal(policy.actions[0, :6].numpy(), DATA.actions[:6])
    np.testing.assert_array_equal(policy.actions[1, :4].numpy(), DATA.actions[6:10])
    acted = [each for each in policy.shown if each[0] is not None and len(each[0]) == 3]
    np.testing.assert_array_equal(acted[1][1], [DATA.rewards[0], DATA.rewards[6], DATA.rewards[10]])
    finished = [each[1] for each in policy.shown if isinstance(each[0], str)]
    assert finished == [[2], [], [], [1], [], [0]]


def test_the_episodes_are_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a data seed of their own: configs use small numbers. Two of three episodes: the first and the last."""
    asked: list[tuple[Any, ...]] = []
    seen: list[list[int]] = []

    def generate(task: Any, steps: int, seed: int, folder: Any) -> Any:
        asked.append((task, steps, seed))
        return DATA

    def loss(policy: Any, data: Any) -> float:
        seen.append(data.lengths.tolist())
        return 0.25

    monkeypatch.setattr(held_out, "generate", generate)
    monkeypatch.setattr(held_out, "held_out_loss", loss)
    rows = held_out.measure(trained(context_length=2), TASK, DATA, episodes=2, seed=5)
    assert asked == [(TASK, 20_000, held_out.SEED)]
    assert held_out.SEED == derive("held-out", "data") % 1_000_000 > 1000
    assert seen == [[6, 1]]
    assert rows[0]["value"] == 0.25


@pytest.mark.slow
def test_the_measures_of_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_out, "STEPS", 300)
    policy = trained(context_length=2)
    rows = {row["measure"]: row for row in held_out.measure(policy, TASK, DATA, episodes=2, seed=5)}
    again = held_out.measure(policy, TASK, DATA, episodes=2, seed=6)
    assert again == list(rows.values())  # the same episodes for every seed
    assert rows["held-out loss"]["value"] > 0
    weights = sum(parameter.numel() for parameter in policy.model.parameters())
    assert rows["parameters"]["value"] == weights
