"""Learning in an environment, by hand: the order of rounds and updates, resumption, divergence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.core.files import DamagedFile
from bench.methods import checkpoints
from bench.methods.context import Context
from bench.methods.contract import Diverged
from bench.methods.online import PREFIX, Environment
from bench.methods.online_training import (
    OFFLINE,
    fit_online,
    in_second_phase,
    progress,
    train_then_improve,
)
from tests.helpers.dt import make_context, make_data
from tests.helpers.online import Recorder, game


class Policy(Recorder):
    """A policy that can be saved."""

    def save(self, path: Path) -> None:
        path.write_bytes(b"policy")


def run(
    environment: Environment,
    context: Context,
    update: Callable[[int], None] = lambda step: None,
    network: nn.Module | None = None,
) -> list[str]:
    """Learn in an environment, from update 4 on, and return what happened in which order."""
    events: list[str] = []
    network = network or nn.Linear(1, 1)

    def noted(step: int, generator: np.random.Generator) -> Tensor:
        update(step)
        events.append(f"update {step}")
        return torch.tensor(float(step))

    def target(rounds: Any) -> float:
        return 10.0 * (len(rounds) + 1)

    fit_online(
        noted,
        {"network": network},
        {},
        Policy(),
        context,
        environment,
        offline_steps=4,
        acting=Policy(),
        target=target,
        learn_from=lambda each: events.append(f"{each.taken} steps"),
    )
    return events


def test_updates_are_taken_in_proportion_to_environment_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 10 environment steps and 4 updates: two updates after each episode of 5 steps."""
    environment, _ = game(monkeypatch, (5,), budget=10, num_envs=1)
    context = make_context(steps=8)
    assert run(environment, context) == [
        *("5 steps", "update 5", "update 6"),
        *("10 steps", "update 7", "update 8"),
    ]
    assert [each.target for each in environment.rounds] == [10.0, 20.0]
    assert context.losses[0] == {
        "step": 5,
        "loss": 5.0,
        "environment_steps": 5.0,
        "target": 10.0,
        "collected_return": 15.0,
    }
    assert context.losses[-1]["target"] == 20.0


def test_short_episodes_are_collected_until_an_update_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each episode has one step, and four of them are worth one update."""
    environment, _ = game(monkeypatch, (1,), budget=8, num_envs=1)
    events = run(environment, make_context(steps=6))
    assert [event for event in events if "update" in event] == ["update 5", "update 6"]
    assert events.index("update 5") == events.index("4 steps") + 1


def test_a_budget_that_ends_before_an_episode_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment, _ = game(monkeypatch, (5,), budget=3, num_envs=1)
    with pytest.raises(ValueError, match="the budget of 3 environment steps ended before"):
        run(environment, make_context(steps=8))
    with pytest.raises(ValueError, match="raise it, or run fewer episodes side by side"):
        progress(environment)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_not_finite_acts_no_more(
    value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, envs = game(monkeypatch, (5,), budget=10, num_envs=1)
    network = nn.Linear(1, 1)

    def spoil(step: int) -> None:
        if step == 6:
            with torch.no_grad():
                network.weight.fill_(value)

    with pytest.raises(Diverged, match="a weight is not finite at step 6"):
        run(environment, make_context(steps=8), spoil, network)
    assert len(envs.seeds) == 1


def test_an_action_that_is_not_finite_is_a_divergence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights may be finite, and their products not."""
    environment, _ = game(monkeypatch, (5,), budget=10, num_envs=1)

    class Wild(Policy):
        def act(self, observations: Any, rewards: Any) -> Any:
            return super().act(observations, rewards) * np.float32("inf")

    with pytest.raises(Diverged, match="an action is not finite at step 4"):
        fit_online(
            lambda step, generator: torch.zeros(()),
            {},
            {},
            Policy(),
            make_context(steps=8),
            environment,
            offline_steps=4,
            acting=Wild(),
            target=lambda rounds: 1.0,
            learn_from=lambda each: None,
        )


def test_a_stopped_run_goes_on_with_the_same_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start() -> tuple[Environment, Any]:
        return game(monkeypatch, (5, 3, 4), budget=14, num_envs=1)

    whole, envs = start()
    context = make_context(steps=12, folder=tmp_path / "whole", save_every=0.0)
    expected = run(whole, context)

    def interrupt(step: int) -> None:
        if step == 8:
            raise KeyboardInterrupt

    first, _ = start()
    cut = make_context(steps=12, folder=tmp_path / "cut", save_every=0.0)
    assert not in_second_phase(cut)
    with pytest.raises(KeyboardInterrupt):
        run(first, cut, interrupt)
    assert in_second_phase(cut)
    second, more = start()
    more.seeds += [0, 0]  # the game counts: two episodes began before
    again = make_context(steps=12, folder=tmp_path / "cut", save_every=0.0)
    resumed = run(second, again)
    first_update = next(event for event in resumed if "update" in event)
    assert first_update == "update 8"
    assert resumed[1:] == expected[expected.index("update 8") :]
    assert again.losses == context.losses
    assert [each.target for each in second.rounds] == [each.target for each in whole.rounds]
    assert [each.returns.tolist() for each in second.rounds] == [
        each.returns.tolist() for each in whole.rounds
    ]
    assert envs.seeds[2:] == more.seeds[2:]


def test_lines_of_the_log_are_means_since_the_line_before_it_also_if_the_run_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss of update s is s. Of 60 updates after the fourth, each third one is logged: 7, 10, ..., 64."""

    def start() -> Environment:
        return game(monkeypatch, (5,), budget=5, num_envs=1)[0]

    def interrupt(step: int) -> None:
        if step == 27:  # update 26 was the first one after a line
            raise KeyboardInterrupt

    contexts = [make_context(steps=64, folder=tmp_path, save_every=0.0) for _ in range(2)]
    with pytest.raises(KeyboardInterrupt):
        run(start(), contexts[0], interrupt)
    run(start(), contexts[1])
    found = {int(line["step"]): line["loss"] for line in contexts[1].losses}
    assert found == {step: step - 1.0 for step in range(7, 65, 3)}


# --- two phases -----------------------------------------------------------------------------------


def phases(context: Context, events: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Train in two phases of 4 and 6 updates."""
    game(monkeypatch, (2,))  # whose envs replace the simulator's

    def offline(data: Any, config: Any, first: Context) -> Policy:
        events.append(f"offline, {first.steps} of {context.steps} updates, seed {first.seed}")
        return Policy()

    def load(path: Path, device: str) -> Any:
        return path.read_bytes()

    def improve(policy: Any, data: Any, config: Any, own: Context, environment: Environment) -> Any:
        events.append(f"improve {policy!r}, {own.steps} updates, {environment.budget} steps")
        return policy

    return train_then_improve(
        offline,
        improve,
        load,
        make_data(),
        None,
        context,
        offline_steps=4,
        environment_steps=50,
        num_envs=1,
        method="mine",
    )


@pytest.mark.parametrize("kept", [True, False])
def test_the_saved_offline_policy_is_improved(
    kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    events: list[str] = []
    context = make_context(seed=9, steps=10, folder=tmp_path / "run" if kept else None)
    if kept:
        (tmp_path / "run").mkdir()
    assert phases(context, events, monkeypatch) == b"policy"
    assert events == [
        "offline, 4 of 10 updates, seed 9",
        "improve b'policy', 10 updates, 50 steps",
    ]
    assert [path.name for path in tmp_path.rglob("*.safetensors")] == [OFFLINE] * kept


def test_a_run_that_was_stopped_in_the_second_phase_skips_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    context = make_context(steps=10, folder=tmp_path)
    checkpoints.write(tmp_path, {}, {f"{PREFIX}counts": torch.zeros(3)})
    with pytest.raises(DamagedFile, match=r"offline\.safetensors, the policy before the first"):
        phases(context, events, monkeypatch)
    assert events == []
    (tmp_path / OFFLINE).write_bytes(b"earlier")
    assert phases(context, events, monkeypatch) == b"earlier"
    assert events == ["improve b'earlier', 10 updates, 50 steps"]


def test_a_checkpoint_of_the_first_phase_is_not_one_of_the_second(tmp_path: Path) -> None:
    checkpoints.write(tmp_path, {}, {"module/network/weight": torch.zeros(3)})
    assert not in_second_phase(make_context(folder=tmp_path))
    assert not in_second_phase(make_context(folder=None))
