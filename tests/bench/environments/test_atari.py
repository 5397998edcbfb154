"""Atari games as environments, against a loop of its own on the emulator and Gymnasium's wrappers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import ale_py
import cv2
import gymnasium
import numpy as np
import pytest
from ale_py.env import AtariEnv
from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation

from bench.environments import atari
from bench.environments import vector as environments
from bench.environments.atari import HORIZON, Atari
from bench.environments.vector import UnknownEnvironment, make_vector, simulator_versions
from bench.environments.video import Script, episode, write_gif
from bench.tasks.registry import DOMAINS, FAMILIES, TASKS

GAMES = tuple(FAMILIES["atari"].domains)

MINIMAL = {
    "breakout": "NOOP FIRE RIGHT LEFT",
    "qbert": "NOOP FIRE UP RIGHT LEFT DOWN",
    "pong": "NOOP FIRE RIGHT LEFT RIGHTFIRE LEFTFIRE",
    "seaquest": "NOOP FIRE UP RIGHT LEFT DOWN UPRIGHT UPLEFT DOWNRIGHT DOWNLEFT UPFIRE RIGHTFIRE LEFTFIRE "
    "DOWNFIRE UPRIGHTFIRE UPLEFTFIRE DOWNRIGHTFIRE DOWNLEFTFIRE",
}


def actions_for(game: str, count: int, seed: int = 0) -> list[int]:
    return np.random.default_rng(seed).integers(len(MINIMAL[game].split()), size=count).tolist()


def play(environment: Any, actions: list[int], seed: int | None) -> tuple[list[Any], list[float]]:
    """Play until the actions or the game are over; return what was seen and the rewards."""
    seen, rewards = [environment.reset(seed=seed)[0]], []
    for action in actions:
        observation, reward, terminal, timeout, _ = environment.step(action)
        seen.append(observation)
        rewards.append(reward)
        if terminal or timeout:
            break
    return seen, rewards


class Loop:
    """Play as the evaluation is described, in a plain loop: the random numbers are given."""

    def __init__(self, game: str, seed: int, no_ops: int) -> None:
        self.ale = ale_py.ALEInterface()
        self.ale.setFloat("repeat_action_probability", 0.0)
        self.ale.setInt("random_seed", seed)
        self.ale.loadROM(ale_py.roms.get_rom_path(game))
        self.ale.reset_game()
        for _ in range(no_ops):
            self.ale.act(0)
        self.frames = [np.zeros((84, 84), np.uint8)] * 3 + [self.small([self.grey()])]
        self.screens = [self.grey(), np.zeros((210, 160), np.uint8)]

    def grey(self) -> Any:
        return self.ale.getScreenGrayscale()

    def small(self, screens: list[Any]) -> Any:
        pooled = np.stack(screens).max(axis=0)
        return cv2.resize(pooled, (84, 84), interpolation=cv2.INTER_AREA)

    def step(self, action: int) -> tuple[Any, float, bool]:
        reward, screens = 0.0, []
        for _ in range(4):
            reward += self.ale.act(self.ale.getMinimalActionSet()[action])
            if self.ale.game_over():
                break
            screens.append(self.grey())
        if len(screens) == 4:
            self.frames.append(self.small(screens[2:]))
        return np.stack(self.frames[-4:]), reward, self.ale.game_over()


@pytest.mark.parametrize("game", GAMES)
def test_frame_by_frame_as_a_plain_loop(game: str) -> None:
    """Also past lost lives; rewards are the raw ones."""
    environment = Atari(game)
    seen, rewards = play(environment, actions_for(game, 300), seed=5)
    drawn = np.random.default_rng(np.random.SeedSequence(5))
    loop = Loop(game, int(drawn.integers(2**31)), int(drawn.integers(1, 31)))
    np.testing.assert_array_equal(seen[0], np.stack(loop.frames[-4:]))
    for action, observation, reward in zip(actions_for(game, 300), seen[1:], rewards, strict=False):
        expected, raw, over = loop.step(action)
        assert reward == raw
        if not over:
            np.testing.assert_array_equal(observation, expected)
    assert any(rewards)


@pytest.mark.parametrize("game", ["breakout", "pong"])
def test_gymnasiums_wrappers_give_the_same_bytes(game: str) -> None:
    """Up to the end of the game, where both show the frames before."""
    mine = Atari(game)
    inner = AtariEnv(game, obs_type="grayscale", frameskip=1, repeat_action_probability=0.0)
    other = FrameStackObservation(AtariPreprocessing(inner), 4, padding_type="zero")
    drawn = np.random.default_rng(np.random.SeedSequence(9))

    def begin(seed: int | None) -> None:  # wrappers seed otherwise: give them our random numbers
        inner.ale.setInt("random_seed", int(drawn.integers(2**31)))
        inner.load_game()
        inner.np_random = drawn

    inner.seed_game = begin
    actions = [1, *actions_for(game, 900, seed=1)]
    one, two = play(mine, actions, seed=9), play(other, actions, seed=9)
    assert len(one[0]) == len(two[0])
    assert one[1] == two[1]
    np.testing.assert_array_equal(np.stack(one[0]), np.stack(two[0]))
    if game == "breakout":
        assert len(one[1]) < 900  # it was a whole game


def test_before_the_episode_there_is_nothing() -> None:
    seen, _ = play(Atari("pong"), [0, 0, 0, 0], seed=0)
    for step, stack in enumerate(seen):
        dark = [not frame.any() for frame in stack]
        assert dark == [True] * (3 - step) + [False] * min(step + 1, 4)
        assert stack.dtype == np.uint8
    np.testing.assert_array_equal(seen[4][:3], seen[3][1:])
    assert seen[3][-1].shape == (84, 84)


def test_rewards_are_raw_scores_and_a_lost_life_ends_nothing() -> None:
    """Qbert pays 25 a tile; a game has more than one life."""
    environment = Atari("qbert")
    _, info = environment.reset(seed=2)
    lives, rewards, over = [info["lives"]], [], False
    random = np.random.default_rng(0)
    while not over:
        _, reward, over, _, info = environment.step(random.integers(6))
        rewards.append(reward)
        lives.append(info["lives"])
    assert {25.0} <= set(rewards) <= {0.0, 25.0, 50.0, 100.0, 300.0, 500.0}
    assert lives == sorted(lives, reverse=True)
    assert lives[0] == 4
    assert lives.index(3) < len(lives) - 10
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
        environment.step(0)


@pytest.mark.parametrize("game", GAMES)
def test_the_smallest_sets_of_actions(game: str) -> None:
    environment = Atari(game, ram=True)
    assert environment.get_action_meanings() == MINIMAL[game].split()
    assert environment.action_space == gymnasium.spaces.Discrete(len(MINIMAL[game].split()))
    environment.reset(seed=0)
    for action in (-1, environment.action_space.n):
        with pytest.raises(ValueError, match=f"action must be 0 to .*, not {action}"):
            environment.step(action)


@pytest.mark.parametrize("sticky", [0.0, 0.25])
def test_the_same_seed_gives_the_same_bytes_whatever_was_played_before(sticky: float) -> None:
    environment, actions = Atari("breakout", sticky=sticky), actions_for("breakout", 150)
    first = play(environment, actions, seed=3)
    between = play(environment, actions, seed=None)
    again, other = play(environment, actions, seed=3), play(environment, actions, seed=4)
    np.testing.assert_array_equal(np.stack(first[0]), np.stack(again[0]))
    assert first[1] == again[1]
    for another in (between, other):
        assert any(not np.array_equal(a, b) for a, b in zip(first[0], another[0], strict=False))


def test_sticky_actions_change_the_play() -> None:
    actions = actions_for("pong", 100, seed=2)
    calm, sticky = (
        play(Atari("pong", sticky=chance, ram=True), actions, seed=1) for chance in (0.0, 0.25)
    )
    np.testing.assert_array_equal(calm[0][0], sticky[0][0])  # no-ops cannot stick
    assert any((a != b).any() for a, b in zip(calm[0], sticky[0], strict=False))


def test_memory_instead_of_pictures_is_the_same_game() -> None:
    actions = actions_for("seaquest", 120)
    pictures, memory = Atari("seaquest"), Atari("seaquest", ram=True)
    pictures.reset(seed=6)
    seen = [memory.reset(seed=6)[0]]
    for action in actions:
        np.testing.assert_array_equal(seen[-1], pictures.ale.getRAM())
        one, two = pictures.step(action), memory.step(action)
        assert one[1:] == two[1:]
        seen.append(two[0])
    assert memory.observation_space.contains(seen[-1])
    assert len({frame.tobytes() for frame in seen}) > 100


def test_a_game_without_an_end_is_cut_after_half_an_hour() -> None:
    """Breakout waits for the agent to fire: nobody ever does."""
    assert HORIZON * 4 == 108_000 == 30 * 60 * 60
    environment = atari.make("breakout", ram=True)
    assert environment.spec.max_episode_steps == HORIZON
    short = gymnasium.wrappers.TimeLimit(environment.unwrapped, 50)
    seen, rewards = play(short, [0] * 60, seed=0)
    assert (len(rewards), sum(rewards)) == (50, 0)
    assert len(seen) == 51


@pytest.mark.parametrize("game", GAMES)
def test_the_registered_ids_are_those_of_the_tasks(game: str) -> None:
    domain = DOMAINS[game]
    assert TASKS[f"{game}-replay"].domain == domain
    environment = environments.make(domain.environment)
    assert environment.spec.max_episode_steps == domain.horizon
    assert environment.observation_space.shape == (4, 84, 84)
    assert environment.unwrapped.ale.getFloat("repeat_action_probability") == 0
    data = atari.make(game, sticky=0.25)
    assert data.unwrapped.ale.getFloat("repeat_action_probability") == 0.25
    assert environment.spec.id == data.spec.id == domain.environment


def test_envs_show_the_stacks_and_finished_ones_keep_their_observation() -> None:
    envs = make_vector("bench/Pong-v0", 2)
    assert (envs.observations.dtype, envs.observations.shape) == (np.uint8, (2, 4, 84, 84))
    alone, _ = play(Atari("pong"), [0, 2, 2], seed=8)
    envs.reset(0, 1)
    envs.reset(1, 8)
    before = envs.observations[0].copy()
    for action in (0, 2, 2):
        rewards, over = envs.step(np.array([1]), np.array([action]))
        assert (rewards.dtype, over.tolist()) == (np.float64, [False])
    np.testing.assert_array_equal(envs.observations[1], alone[-1])
    np.testing.assert_array_equal(envs.observations[0], before)
    envs.close()


def test_versions_that_decide_what_a_game_does() -> None:
    assert set(simulator_versions("bench/Pong-v0")) == {
        "gymnasium",
        "ale-py",
        "opencv-python-headless",
    }
    assert set(simulator_versions("Hopper-v4")) == {"gymnasium", "mujoco"}
    assert set(simulator_versions("bench/KeyToDoor-v0")) == {"gymnasium"}


def test_a_video_shows_the_screen_and_may_stop_early(tmp_path: Path) -> None:
    """Seaquest has the busiest screen; a minute of it stays far below a megabyte."""
    actions = actions_for("seaquest", 120)
    frames = episode(Script(actions), "bench/Seaquest-v0", seed=4, target=0.0, most=120)
    assert len(frames) == 121
    game = Atari("seaquest", render_mode="rgb_array")
    game.reset(seed=4)
    np.testing.assert_array_equal(frames[0], game.ale.getScreenRGB())
    game.step(actions[0])
    np.testing.assert_array_equal(frames[1], game.render())
    write_gif(frames, tmp_path / "episode.gif", fps=15)
    assert (tmp_path / "episode.gif").stat().st_size * 900 / 121 < 1_000_000


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Atari, atari.make, atari.rom])
def test_an_unknown_game_is_named_with_the_known_ones(make: Any) -> None:
    with pytest.raises(UnknownEnvironment, match="'tetris'; known: breakout, qbert, pong, seaq"):
        make("tetris")


def test_a_missing_or_foreign_rom_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator itself would end the process."""
    monkeypatch.setenv("ALE_ROMS_DIR", str(tmp_path))
    with pytest.raises(UnknownEnvironment, match=r"ROM of pong: .*install ale-py again"):
        environments.make("bench/Pong-v0")
    (tmp_path / "pong.bin").write_bytes(b"not Pong")
    with pytest.raises(UnknownEnvironment, match=r"(?s)ROM of pong: .*hash.*ALE_ROMS_DIR"):
        environments.make("bench/Pong-v0")


def test_a_missing_emulator_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ale_py", None)
    with pytest.raises(UnknownEnvironment, match=r"need ale_py: install .* requirements\.lock"):
        Atari("pong")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sticky": 1.0}, "sticky must be a probability below 1, not 1"),
        ({"sticky": -0.1}, "sticky must be a probability"),
        ({"render_mode": "human"}, "render_mode must be None or rgb_array, not 'human'"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Atari("pong", **settings)


def test_a_step_before_the_first_reset_is_refused() -> None:
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
        Atari("pong").step(0)
