"""Episodes rolled out with a behaviour policy, against plain loops."""

from __future__ import annotations

from collections.abc import Callable

import gymnasium
import numpy as np
import pytest

from bench.behaviours.actor import Actor
from bench.behaviours.collect import NUM_ENVS, Episode, join, roll_out
from bench.core.seeds import derive, generator

MakeActor = Callable[[int], Actor]


def same(one: list[Episode], other: list[Episode]) -> bool:
    return len(one) == len(other) and all(
        a.terminal == b.terminal
        and np.array_equal(a.observations, b.observations)
        and np.array_equal(a.actions, b.actions)
        and np.array_equal(a.rewards, b.rewards)
        for a, b in zip(one, other, strict=True)
    )


def test_rolling_out_twice_gives_the_same(make_actor: MakeActor) -> None:
    runs = [roll_out(make_actor(0), "Hopper-v4", name="x", episodes=40) for _ in range(2)]
    assert len(runs[0]) == 40
    assert same(*runs)


@pytest.mark.usefixtures("few_lanes")
def test_another_name_gives_other_episodes(make_actor: MakeActor) -> None:
    one, two = (roll_out(make_actor(0), "Hopper-v4", name=n, episodes=1)[0] for n in "xy")
    assert not np.array_equal(one.observations[0], two.observations[0])
    assert not np.array_equal(one.actions[0], two.actions[0])


def test_the_first_steps_are_those_of_a_plain_loop(make_actor: MakeActor) -> None:
    actor = make_actor(0)
    episodes = roll_out(actor, "Hopper-v4", name="x", episodes=NUM_ENVS + 4)
    simulator = gymnasium.make("Hopper-v4")
    for index in (0, 1, NUM_ENVS - 1, NUM_ENVS, NUM_ENVS + 3):
        episode = episodes[index]
        noise = generator("noise", "x", index)
        state, _ = simulator.reset(seed=derive("reset", "x", index))
        for step in range(min(episode.steps, 8)):
            np.testing.assert_allclose(episode.observations[step], state, atol=1e-4)
            features = state
            for weight, bias in actor.hidden:
                features = np.maximum(features @ weight.astype(np.float64) + bias, 0)
            mean = features @ actor.mean[0] + actor.mean[1]
            spread = np.exp(features @ actor.log_std[0] + actor.log_std[1])
            action = np.tanh(mean + spread * noise.standard_normal(3, dtype=np.float32))
            np.testing.assert_allclose(episode.actions[step], action, atol=1e-4)
            state, reward, *_ = simulator.step(action)
            np.testing.assert_allclose(episode.rewards[step], reward, atol=1e-3)
    simulator.close()


def test_recorded_actions_lead_through_the_recorded_states_to_the_recorded_end(
    make_actor: MakeActor,
) -> None:
    episodes = roll_out(make_actor(1), "Hopper-v4", name="x", episodes=4)
    simulator = gymnasium.make("Hopper-v4")
    for index, episode in enumerate(episodes):
        state, _ = simulator.reset(seed=derive("reset", "x", index))
        for step in range(episode.steps):
            np.testing.assert_array_equal(episode.observations[step], state.astype(np.float32))
            state, reward, terminal, timeout, _ = simulator.step(episode.actions[step])
            assert episode.rewards[step] == np.float32(reward)
            assert (terminal or timeout) == (step == episode.steps - 1)
        assert episode.terminal == terminal
    simulator.close()


@pytest.fixture(scope="module")
def everything(make_actor: MakeActor) -> list[Episode]:
    """The first hundred episodes of a policy."""
    return roll_out(make_actor(0), "Hopper-v4", name="x", episodes=100)


@pytest.mark.parametrize("steps", [100, 101, 600, 1100])
def test_data_end_before_the_episode_that_would_exceed_them(
    make_actor: MakeActor, everything: list[Episode], steps: int
) -> None:
    chosen = roll_out(make_actor(0), "Hopper-v4", name="x", steps=steps)
    total = sum(episode.steps for episode in chosen)
    assert total <= steps < total + everything[len(chosen)].steps
    assert same(chosen, everything[: len(chosen)])


@pytest.mark.usefixtures("few_lanes")
def test_a_limit_met_exactly_is_filled(make_actor: MakeActor) -> None:
    everything = roll_out(make_actor(0), "Hopper-v4", name="x", episodes=5)
    exact = sum(episode.steps for episode in everything)
    assert len(roll_out(make_actor(0), "Hopper-v4", name="x", steps=exact)) == 5
    assert len(roll_out(make_actor(0), "Hopper-v4", name="x", steps=exact - 1)) == 4


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.usefixtures("few_lanes")
def test_at_least_one_episode_is_rolled_out(make_actor: MakeActor, steps: int) -> None:
    [episode] = roll_out(make_actor(0), "Hopper-v4", name="x", steps=steps)
    assert episode.steps > 1


@pytest.mark.parametrize("limits", [{}, {"steps": 5, "episodes": 5}], ids=["neither", "both"])
def test_one_limit_is_needed(make_actor: MakeActor, limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="either steps or episodes"):
        roll_out(make_actor(0), "Hopper-v4", name="x", **limits)


def test_progress_counts_every_step_taken(make_actor: MakeActor) -> None:
    seen: list[int] = []
    episodes = roll_out(make_actor(0), "Hopper-v4", name="x", episodes=35, progress=seen.append)
    assert sorted(seen) == sorted(episode.steps for episode in episodes)


@pytest.mark.usefixtures("few_lanes")
def test_a_time_limit_is_no_terminal(make_actor: MakeActor, short_hopper: str) -> None:
    cut = roll_out(make_actor(0), short_hopper, name="x", episodes=2)
    assert [(episode.steps, episode.terminal) for episode in cut] == [(5, False)] * 2
    fallen = roll_out(make_actor(0), "Hopper-v4", name="x", episodes=2)
    assert [episode.terminal for episode in fallen] == [True, True]


@pytest.mark.usefixtures("few_lanes")
def test_a_fall_in_the_last_step_of_the_horizon_is_a_terminal(
    make_actor: MakeActor, limited_hopper: Callable[[int], str]
) -> None:
    [fallen] = roll_out(make_actor(0), "Hopper-v4", name="x", episodes=1)
    for limit, terminal in ((fallen.steps, True), (fallen.steps - 1, False)):
        [episode] = roll_out(make_actor(0), limited_hopper(limit), name="x", episodes=1)
        assert (episode.steps, episode.terminal) == (limit, terminal)
        data = join([episode])
        assert (bool(data.terminals[-1]), bool(data.timeouts[-1])) == (terminal, not terminal)
