"""Gamble: hand-computed returns."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from bench.environments import gamble
from bench.environments.gamble import Gamble, expected_return, imitator, observation


def play(first: int, second: int | str, episodes: int = 3000) -> np.ndarray:
    game, returns = Gamble(), []
    for seed in range(episodes):
        game.reset(seed=seed)
        seen, reward, over, _, _ = game.step(np.int64(first))
        if not over:
            assert reward == 0
            clue = int(np.argmax(seen[1:]))
            _, reward, over, _, _ = game.step(np.int64(clue if second == "clue" else second))
        assert over
        returns.append(reward)
    return np.array(returns)


def test_returns_of_each_arm() -> None:
    assert set(play(gamble.SAFE, 0, 20)) == {3.0}
    assert set(play(gamble.TWO_STEP, "clue", 200)) == {6.0}
    lottery = play(gamble.LOTTERY, 0)
    assert set(lottery) == {0.0, 9.0}
    assert lottery.mean() == pytest.approx(1.8, abs=4 * 3.6 / np.sqrt(3000))
    guessed = play(gamble.TWO_STEP, 1)
    assert guessed.mean() == pytest.approx(2.0, abs=4 * 2.83 / np.sqrt(3000))


def test_an_episode_is_decided_by_its_seed() -> None:
    np.testing.assert_array_equal(play(gamble.LOTTERY, 0, 50), play(gamble.LOTTERY, 0, 50))


def test_the_mean_return_of_a_policy() -> None:
    assert expected_return(np.array([1, 0, 0]), 0.0) == 3.0
    assert expected_return(np.array([0, 1, 0]), 0.0) == pytest.approx(1.8)
    assert expected_return(np.array([0, 0, 1]), 1.0) == 6.0 == gamble.OPTIMUM
    # random choices: (3 + 1.8 + 6 / 3) / 3
    assert expected_return(np.full(3, 1 / 3), 1 / 3) == pytest.approx(6.8 / 3)


def test_what_an_imitator_of_a_return_earns() -> None:
    assert imitator(9.0) == pytest.approx(1.8)  # only the lottery returned 9
    assert imitator(6.0) == 6.0
    assert imitator(3.0) == 3.0
    # of the episodes without a return 0.8 / (0.8 + 2 / 3) = 6 / 11 were lotteries, the rest wrong guesses
    assert imitator(0.0) == pytest.approx(1.8 * 6 / 11)
    with pytest.raises(ValueError, match="no episode returns 5; returns are 0, 3, 6, 9"):
        imitator(5.0)


def test_observations_show_the_step_and_the_clue() -> None:
    game = Gamble()
    seen, _ = game.reset(seed=0)
    np.testing.assert_array_equal(seen, [0, 0, 0, 0])
    clues = set()
    for seed in range(20):
        game.reset(seed=seed)
        seen, *_ = game.step(np.int64(gamble.TWO_STEP))
        assert seen.dtype == np.uint8
        assert seen[0] == 255
        assert sorted(seen[1:]) == [0, 0, 255]
        clues.add(int(np.argmax(seen[1:])))
    assert clues == {0, 1, 2}
    np.testing.assert_array_equal(observation(1), [255, 0, 255, 0])


def test_wrong_use_is_named() -> None:
    game = Gamble()
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
        game.step(np.int64(0))
    game.reset(seed=0)
    with pytest.raises(ValueError, match="a whole number 0 to 2, not "):
        game.step(np.int64(3))
    game.step(np.int64(gamble.SAFE))
    with pytest.raises(gymnasium.error.ResetNeeded, match="over"):
        game.step(np.int64(0))


def test_the_task_has_the_constants_of_the_game() -> None:
    from bench.tasks.registry import task_by_name

    domain = task_by_name("gamble-random").domain
    assert domain.target_return == domain.reference_max == gamble.OPTIMUM
    assert domain.return_scale == gamble.PRIZE
    assert domain.reference_min == pytest.approx(6.8 / 3, abs=1e-9)
    gamble.register()
    gamble.register()
    assert isinstance(gymnasium.make(domain.environment).unwrapped, Gamble)
