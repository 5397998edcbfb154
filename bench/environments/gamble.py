"""Gamble: a game of at most two steps, in which the highest return is luck.

At the first step the player chooses one of three arms:

- the safe arm pays 3, and the episode ends;
- the lottery pays 9 with probability 0.2, else 0, and the episode ends: 1.8 in the mean;
- the two-step arm pays nothing and shows a clue, one of three with equal probability. At the second step
  the arm that the clue shows pays 6, and the others pay 0.

The optimum is 6: the two-step arm, then the arm of the clue. The highest return, 9, is only won by the
lottery. So a policy that imitates the episodes with a return of 9 earns 1.8. That return-conditioned
policies fail this way in stochastic environments was shown by Paster et al. 2022 ("You Can't Count on
Luck") and Brandfonbrener et al. 2022 ("When does return-conditioned supervised learning work").
"""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

U8 = NDArray[np.uint8]

ID = "bench/Gamble-v0"
ARMS = SAFE, LOTTERY, TWO_STEP = (0, 1, 2)
SAFE_REWARD, PRIZE, SKILL_REWARD = 3.0, 9.0, 6.0
CHANCE = 0.2  # of the prize
LIT = 255  # of the clue, in an observation
OPTIMUM = SKILL_REWARD


def observation(clue: int | None = None) -> U8:
    """Return an observation (4,): whether it is the second step, and which of the three clues is shown."""
    seen = np.zeros(1 + len(ARMS), dtype=np.uint8)
    if clue is not None:
        seen[[0, 1 + clue]] = LIT
    return seen


def expected_return(first: NDArray[Any], right: float) -> float:
    """Return the mean return of a policy.

    Args:
        first: (3,), the probability of each arm at the first step.
        right: the probability of the clue's arm at the second step.
    """
    return float(np.dot(first, [SAFE_REWARD, CHANCE * PRIZE, right * SKILL_REWARD]))


def imitator(target: float) -> float:
    """Return the mean return of a policy that acts as random choices did in the episodes that returned `target`.

    By Bayes' rule, with uniform choices at both steps. This is what return-conditioned imitation learns from endless
    data.

    Raises:
        ValueError: no episode returns `target`.
    """
    arm, guess = 1 / len(ARMS), 1 / len(ARMS)
    # probability of each arm together with this return, for each return; and of the clue's arm, given both
    joint = {
        0.0: ([0.0, arm * (1 - CHANCE), arm * (1 - guess)], 0.0),
        SAFE_REWARD: ([arm, 0.0, 0.0], 0.0),
        SKILL_REWARD: ([0.0, 0.0, arm * guess], 1.0),
        PRIZE: ([0.0, arm * CHANCE, 0.0], 0.0),
    }
    if target not in joint:
        raise ValueError(
            f"no episode returns {target:g}; returns are {', '.join(f'{each:g}' for each in joint)}"
        )
    weights, right = joint[target]
    return expected_return(np.array(weights) / sum(weights), right)


class Gamble(gymnasium.Env[U8, np.int64]):  # type: ignore[misc]
    """The game as a Gymnasium environment: actions are the three arms, observations those of `observation`."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": []}

    def __init__(self) -> None:
        self.observation_space = Box(0, LIT, (1 + len(ARMS),), np.uint8)
        self.action_space = Discrete(len(ARMS))
        self._clue: int | None = None
        self._running = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[U8, dict[str, Any]]:
        """Start an episode. The seed decides the lottery and the clue."""
        super().reset(seed=seed)
        self._clue, self._running = None, True
        return observation(), {}

    def step(self, action: np.int64) -> tuple[U8, float, bool, bool, dict[str, Any]]:
        """Choose an arm.

        Raises:
            gymnasium.error.ResetNeeded: no episode is running.
            ValueError: there is no such arm.
        """
        if not self._running:
            raise gymnasium.error.ResetNeeded("the episode is over or has not begun: call reset")
        if not self.action_space.contains(action):
            raise ValueError(f"action must be a whole number 0 to {len(ARMS) - 1}, not {action!r}")
        if self._clue is None and action == TWO_STEP:
            self._clue = int(self.np_random.integers(len(ARMS)))
            return observation(self._clue), 0.0, False, False, {}
        if self._clue is not None:
            reward = SKILL_REWARD * (action == self._clue)
        elif action == SAFE:
            reward = SAFE_REWARD
        else:
            reward = PRIZE * (self.np_random.random() < CHANCE)
        self._running = False
        return observation(self._clue), float(reward), True, False, {}


def register() -> None:
    """Register the id with Gymnasium. A second call has no effect."""
    if ID not in gymnasium.registry:
        entry = "bench.environments.gamble:Gamble"
        gymnasium.register(ID, entry_point=entry, max_episode_steps=None)  # it terminates by itself
