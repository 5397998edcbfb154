"""Atari 2600 games in the Arcade Learning Environment: Breakout, Qbert, Pong and Seaquest.

The evaluation of the paper's code (kzl/decision-transformer@e2d82e6 atari/mingpt/trainer_atari.py,
class Env): each action lasts 4 frames, no sticky actions, no-ops at the start, the pixel-wise
maximum of the last two frames, grey, 84 x 84, the four newest of them stacked, whole games (a lost
life ends nothing), the smallest set of actions, at most 108,000 frames. The reward is the raw
change of the game's score.

Two details are those of the data instead, as Dopamine made the DQN-replay set (google/dopamine
discrete_domains/atari_lib.py): frames are pooled before they are made small, and by area
(`cv2.INTER_AREA`), where the paper's code makes each small first, by bilinear interpolation.
Otherwise a policy would see other pictures than it was trained on. Gymnasium's
`AtariPreprocessing` and `FrameStackObservation` give the same bytes (tests/bench/environments/test_atari.py); here a
step takes about a fifth less, because it fetches only the two frames that count.
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
NO_OPS = 30  # at most; Mnih et al. 2015. The paper's code draws 0 to 29, Gymnasium 1 to 30
STICKY = 0.25  # of the DQN-replay data (Machado et al. 2018)
RAM = 128  # bytes the console has


class Atari(gymnasium.Env[U8, np.int64]):  # type: ignore[misc]
    """A game, from its start to its end.

    An episode begins with 1 to 30 no-ops of one frame each. Observations are (4, 84, 84) uint8, the
    newest frame last; frames before the episode's start are zeros. With `ram` they are the
    console's memory, (128,) uint8, and no picture is made.

    Attributes:
        ale: the emulator (`ale_py.ALEInterface`); `ale.getRAM()` is the console's memory.
        action_space: Gymnasium's, of the game's smallest set of actions.
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
            sticky: probability that a frame repeats the previous frame's action instead of taking
                the new one.
            ram: show the console's memory instead of pictures.
            render_mode: None or rgb_array.

        Raises:
            UnknownEnvironment: the game is none of these, or its ROM or ale-py is not there.
            ValueError: another argument is not as above.
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
        """Start a game. The same seed gives the same episode for the same actions, whatever was
        played before; `info` holds the lives left.
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
        """Take an action for 4 frames, or until the game is over.

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
                break  # the last observation then shows the frames before, as Dopamine's does
            if frame >= SKIP - 2 and not self._ram:
                ale.getScreenGrayscale(self._screens[frame - (SKIP - 2)])
        seen = ale.getRAM() if self._ram else self._observe()
        return seen, float(reward), over, False, self._info()

    def render(self) -> U8 | None:
        """Return the screen, RGB (210, 160, 3), if the render mode is rgb_array."""
        return self.ale.getScreenRGB() if self.render_mode == "rgb_array" else None

    def get_action_meanings(self) -> list[str]:
        """Return what each action does, such as NOOP, FIRE, RIGHT."""
        return [move.name for move in self._moves]

    def _load(self, seed: int) -> None:
        # the emulator takes a seed only while it loads a ROM
        self.ale.setInt("random_seed", seed)
        self.ale.loadROM(self._rom)

    def _observe(self) -> U8:
        """Return a new stack: the older frames, then the two newest screens pooled and small."""
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
        sticky: as `Atari` takes it: 0 in the paper's evaluation, STICKY in its data.
        ram: show the console's memory instead of pictures.

    Raises:
        UnknownEnvironment: the game is unknown, or its ROM or ale-py is not there.
    """
    check_game(game)
    register()
    return gymnasium.make(own_id(game), sticky=sticky, ram=ram, disable_env_checker=True)


def check_game(game: str) -> None:
    """Refuse a game that is none of GAMES.

    Raises:
        UnknownEnvironment: it is not.
    """
    if game not in GAMES:
        raise UnknownEnvironment(f"unknown game {game!r}; known: {', '.join(GAMES)}")


def rom(game: str) -> Path:
    """Return the file of a game's ROM, as ale-py ships it or ALE_ROMS_DIR holds it.

    Raises:
        UnknownEnvironment: the game is unknown, the file is missing or not the known one, or ale-py
            is not installed.
    """
    check_game(game)
    try:
        from ale_py import roms

        return Path(str(roms.get_rom_path(game)))
    except ModuleNotFoundError as error:
        raise UnknownEnvironment(
            f"Atari games need {error.name}: install the versions of requirements.lock"
        ) from error
    except OSError as error:  # missing, or its MD5 is another
        raise UnknownEnvironment(
            f"cannot load the ROM of {game}: {error}. ale-py ships it: install ale-py again and "
            "leave ALE_ROMS_DIR unset, or put the ROM there"
        ) from error


def _console(sticky: float) -> Any:
    import ale_py

    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)  # no banner on each start
    ale = ale_py.ALEInterface()
    ale.setFloat("repeat_action_probability", sticky)
    return ale


def register() -> None:
    """Make the ids known to Gymnasium; doing it twice is harmless."""
    for environment, game in IDS.items():
        if environment not in gymnasium.registry:
            gymnasium.register(
                environment,
                entry_point="bench.environments.atari:Atari",
                max_episode_steps=HORIZON,
                kwargs={"game": game},
            )
