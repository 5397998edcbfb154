"""Atari 2600 games in the Arcade Learning Environment: Breakout, Qbert, Pong and Seaquest.

The settings are those of the evaluation in the paper's code (kzl/decision-transformer@e2d82e6
atari/mingpt/trainer_atari.py, class Env):

- each action lasts 4 frames; there are no sticky actions; no-ops come at the start;
- a frame is the pixel-wise maximum of the last two screens, grey, 84 x 84 pixels; the four newest
  frames are stacked;
- an episode is a whole game (a lost life does not end it) of at most 108,000 frames;
- the action set is the game's minimal one;
- the reward is the raw change of the game score.

Two details follow the data instead, as Dopamine made the DQN-replay data set (google/dopamine
discrete_domains/atari_lib.py). Screens are pooled before they are resized, and the resizing is by area
(`cv2.INTER_AREA`). The paper's code resizes each screen first, by bilinear interpolation. With that code,
a policy would see other images than it was trained on.

Gymnasium's `AtariPreprocessing` and `FrameStackObservation` give the same bytes
(tests/bench/environments/test_atari.py). A step here takes about a fifth less time, because it reads only the two
screens that are used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from bench.environments.vector import UnknownEnvironment
from bench.tasks.registry import FAMILIES

U8 = NDArray[np.uint8]

GAMES = tuple(FAMILIES["atari"].domains)

HORIZON = 27_000  # steps of 4 frames: 108,000 frames, half an hour of play
SKIP = 4  # frames of one action
STACK = 4  # frames of one observation
SIDE = 84  # pixels
NO_OPS = (
    30  # the largest number (Mnih et al. 2015). The paper's code draws 0 to 29, Gymnasium 1 to 30
)
STICKY = 0.25  # probability of a sticky action in the DQN-replay data (Machado et al. 2018)
RAM = 128  # bytes of RAM in the console


class Atari(gymnasium.Env[U8, np.int64]):  # type: ignore[misc]
    """An Atari game as a Gymnasium environment. An episode is a whole game.

    An episode begins with 1 to 30 no-ops of one frame each. Observations are (4, 84, 84) uint8, with the
    newest frame last. Frames before the start of the episode are zeros. With `ram`, observations are the
    RAM of the console, (128,) uint8, and no image is computed.

    Attributes:
        ale: the emulator (`ale_py.ALEInterface`); `ale.getRAM()` is the RAM of the console.
        action_space: Gymnasium's space of the game's minimal action set.
    """

    metadata = {  # noqa: RUF012 - Gymnasium's own form
        "render_modes": ["rgb_array"],
        "render_fps": 60 // SKIP,
    }

    def __init__(
        self, game: str, sticky: float = 0.0, ram: bool = False, render_mode: str | None = None
    ) -> None:
        """Load a game.

        Args:
            game: one of GAMES.
            sticky: the probability that a frame repeats the action of the previous frame.
            ram: observations are the RAM of the console, not images.
            render_mode: None or rgb_array.

        Raises:
            UnknownEnvironment: the game is not one of GAMES, or its ROM or ale-py is missing.
            ValueError: `sticky` or `render_mode` is not as above.
        """
        if not 0 <= sticky < 1:
            raise ValueError(f"sticky must be a probability below 1, not {sticky:g}")
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode must be None or rgb_array, not {render_mode!r}")
        self.render_mode = render_mode
        self._rom = rom(game)
        self.ale = _console(sticky)
        self._load(0)
        self._moves = self.ale.getMinimalActionSet()
        self.action_space = Discrete(len(self._moves))
        self._ram = ram
        shape = (RAM,) if ram else (STACK, SIDE, SIDE)
        self.observation_space = Box(0, 255, shape=shape, dtype=np.uint8)
        self._screens = np.zeros((2, *self.ale.getScreenDims()), dtype=np.uint8)
        self._stack = np.zeros((STACK, SIDE, SIDE), dtype=np.uint8)
        self._begun = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[U8, dict[str, Any]]:
        """Start a game. The same seed and the same actions give the same episode; earlier episodes do not
        matter. `info` holds the number of lives.
        """
        super().reset(seed=seed)
        if seed is not None:
            self._load(int(self.np_random.integers(2**31)))
        self.ale.reset_game()
        for _ in range(self.np_random.integers(1, NO_OPS + 1)):
            self.ale.act(0)
            if self.ale.game_over():
                self.ale.reset_game()
        self._begun = True
        if self._ram:
            return self.ale.getRAM(), self._info()
        self._stack = np.zeros_like(self._stack)
        self.ale.getScreenGrayscale(self._screens[0])
        self._screens[1] = 0
        return self._observe(), self._info()

    def step(self, action: np.int64) -> tuple[U8, float, bool, bool, dict[str, Any]]:
        """Repeat an action for 4 frames, or until the game is over.

        Raises:
            ValueError: there is no such action.
            gymnasium.error.ResetNeeded: no game is running.
        """
        ale = self.ale
        if not self._begun or ale.game_over():
            raise gymnasium.error.ResetNeeded("the game is over; call reset")
        if not 0 <= action < len(self._moves):
            raise ValueError(f"action must be 0 to {len(self._moves) - 1}, not {action}")
        move, reward, over = self._moves[action], 0, False
        for frame in range(SKIP):
            reward += ale.act(move)
            if over := ale.game_over():
                break  # the last observation then shows the earlier screens, as in Dopamine
            if frame >= SKIP - 2 and not self._ram:
                ale.getScreenGrayscale(self._screens[frame - (SKIP - 2)])
        seen = ale.getRAM() if self._ram else self._observe()
        return seen, float(reward), over, False, self._info()

    def render(self) -> U8 | None:
        """Return the screen, RGB (210, 160, 3), or None without the render mode rgb_array."""
        return self.ale.getScreenRGB() if self.render_mode == "rgb_array" else None

    def get_action_meanings(self) -> list[str]:
        """Return the name of each action, such as NOOP, FIRE, RIGHT."""
        return [move.name for move in self._moves]

    def _load(self, seed: int) -> None:
        # the emulator reads the seed only while it loads a ROM
        self.ale.setInt("random_seed", seed)
        self.ale.loadROM(self._rom)

    def _observe(self) -> U8:
        """Return a new stack: the older frames, then the two newest screens, pooled and resized."""
        import cv2

        pooled, other = self._screens
        np.maximum(pooled, other, out=pooled)
        stack = np.empty_like(self._stack)
        stack[:-1] = self._stack[1:]
        cv2.resize(pooled, (SIDE, SIDE), dst=stack[-1], interpolation=cv2.INTER_AREA)
        self._stack = stack
        return stack

    def _info(self) -> dict[str, Any]:
        return {"lives": self.ale.lives()}


def own_id(game: str) -> str:
    """Return the Gymnasium id of a game."""
    return f"bench/{game.capitalize()}-v0"


IDS = {own_id(game): game for game in GAMES}


def make(game: str, sticky: float = 0.0, ram: bool = False) -> Any:
    """Return a game as a Gymnasium environment with its time limit.

    Args:
        game: one of GAMES.
        sticky: see `Atari`. It is 0 in the paper's evaluation and STICKY in the paper's data.
        ram: observations are the RAM of the console, not images.

    Raises:
        UnknownEnvironment: the game is unknown, or its ROM or ale-py is missing.
    """
    check_game(game)
    register()
    return gymnasium.make(own_id(game), sticky=sticky, ram=ram, disable_env_checker=True)


def check_game(game: str) -> None:
    """Refuse a game that is not one of GAMES.

    Raises:
        UnknownEnvironment: the game is unknown.
    """
    if game not in GAMES:
        raise UnknownEnvironment(f"unknown game {game!r}; known: {', '.join(GAMES)}")


def rom(game: str) -> Path:
    """Return the ROM file of a game, from ale-py or from the folder $ALE_ROMS_DIR.

    Raises:
        UnknownEnvironment: the game is unknown, the file is missing, its MD5 is wrong, or ale-py is not
            installed.
    """
    check_game(game)
    try:
        from ale_py import roms

        return Path(str(roms.get_rom_path(game)))
    except ModuleNotFoundError as error:
        raise UnknownEnvironment(
            f"Atari games need {error.name}: install the versions of requirements.lock"
        ) from error
    except OSError as error:  # the file is missing, or its MD5 is wrong
        raise UnknownEnvironment(
            f"cannot load the ROM of {game}: {error}. ale-py contains it: install ale-py again and unset ALE_ROMS_DIR, "
            "or put the ROM into that folder"
        ) from error


def _console(sticky: float) -> Any:
    import ale_py

    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)  # no banner at each start
    ale = ale_py.ALEInterface()
    ale.setFloat("repeat_action_probability", sticky)
    return ale


def register() -> None:
    """Register the ids with Gymnasium. A second call has no effect."""
    for environment, game in IDS.items():
        if environment not in gymnasium.registry:
            gymnasium.register(
                environment,
                entry_point="bench.environments.atari:Atari",
                max_episode_steps=HORIZON,
                kwargs={"game": game},
            )
