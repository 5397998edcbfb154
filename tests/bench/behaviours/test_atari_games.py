"""RamEnvs side by side, against one console alone."""

from __future__ import annotations

import numpy as np
import pytest

from bench.behaviours import atari_games
from bench.behaviours.atari_agent import AtariAgent, RamEncoder
from bench.behaviours.atari_games import AutoResetEnvs, RamEnvs, evaluate_agent
from bench.core.seeds import derive, generator
from bench.environments import atari


def test_envs_keep_the_previous_memory_and_distinguish_lives_from_games() -> None:
    """Against one game alone: fire, then stay; each of five balls is lost."""
    row = RamEnvs("breakout", 2)
    alone = atari.make("breakout", sticky=0.25, ram=True)
    row.reset(0, 1)
    row.reset(1, 7)
    memory, info = alone.reset(seed=7)
    np.testing.assert_array_equal(row.before[1], memory)
    still, lost_lives, over = row.memory[0].copy(), 0, False
    while not over:
        last, lives = memory, info["lives"]
        memory, reward, terminal, _, info = alone.step(1)
        paid, lost, over = row.step(1, 1)
        assert (paid, lost, over) == (reward, info["lives"] < lives, terminal)
        np.testing.assert_array_equal(row.memory[1], memory)
        np.testing.assert_array_equal(row.before[1], last)
        lost_lives += lost
    assert lost_lives == 5
    np.testing.assert_array_equal(row.memory[0], still)


@pytest.mark.slow
def test_games_go_on_without_end_and_tell_their_scores() -> None:
    games = AutoResetEnvs("breakout", 2)
    games.restart("here", 3)
    alone = [atari.make("breakout", sticky=0.25, ram=True) for _ in range(2)]
    for env, game in enumerate(alone):
        game.reset(seed=derive("here", 3, env))
    sums, scores, mine = np.zeros(2), [], []
    for action in np.random.default_rng(0).integers(4, size=(450, 2)):
        rewards, ends, over = games.step(action)
        mine += over
        for env, game in enumerate(alone):
            _, reward, terminal, _, _ = game.step(action[env])
            assert rewards[env] == reward
            assert ends[env] or not terminal
            sums[env] += reward
            if terminal:
                scores.append(sums[env])
                sums[env] = 0
                game.reset()
    assert len(scores) >= 2
    assert mine == scores


@pytest.mark.slow
def test_a_score_is_that_of_games_played_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five games in two envs, against one console and a loop of its own."""
    monkeypatch.setattr(atari_games, "NUM_ENVS", 2)
    random = np.random.default_rng(4)
    encoder = RamEncoder(np.array([70, 72, 99, 101]), np.full(4, 99, "f4"), np.full(8, 0.02, "f4"))
    agent = AtariAgent(encoder, ((random.normal(size=(8, 4)).astype("f4"), np.zeros(4, "f4")),))
    scores, lengths = evaluate_agent(agent, "breakout", name="here", episodes=5)
    console = atari.make("breakout", sticky=0.25, ram=True)
    assert len(set(lengths.tolist())) > 2
    for index in range(5):
        memory, _ = console.reset(seed=derive("reset", "here", index))
        dice, before = generator("noise", "here", index), memory
        score, steps, over = 0.0, 0, False
        while not over:
            [action] = agent.act(memory[None], before[None], dice.random(1))
            before = memory
            memory, reward, terminal, timeout, _ = console.step(action)
            score, steps, over = score + reward, steps + 1, terminal or timeout
        assert (scores[index], lengths[index]) == (score, steps)
