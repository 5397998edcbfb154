"""Reacher2d: bring the tip of a two-link arm to a goal and hold it there.

The paper's Reacher (section 4.2) is an environment of its own whose data were never released. This
one follows its published facts (kzl/decision-transformer@e2d82e6
gym/decision_transformer/envs/reacher_2d.py): 100 steps of 15 simulator steps, two torques in
[-1, 1], twelve observations, a goal 0.5 to 1.0 from the shoulder, and a reward of 1 in each step
that ends with the tip within 0.1 (L1) of the goal. The arm's masses, lengths and torques are ours,
so returns are comparable in kind, not in number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.mujoco import MujocoEnv
from gymnasium.spaces import Box
from numpy.typing import NDArray

ID = "bench/Reacher2d-v0"
MODEL = Path(__file__).with_suffix(".xml")
HORIZON = 100
FRAME_SKIP = 15
NEAR = 0.1  # L1 distance at which the reward is 1
GOAL_RADIUS = (0.5, 1.0)


class Reacher2d(MujocoEnv):  # type: ignore[misc]
    """The arm. Observation (12,): sin and cos of both angles, both velocities times the step's
    length, tip (2), goal (2), tip minus goal (2); lengths in metres.

    Never terminates; an episode starts with the arm nearly stretched along x and a goal drawn
    uniformly in angle and radius.

    After a step, tip and reward belong to the angles one simulator substep ago: MuJoCo moves the
    angles last and places the sites at the next substep. Every MuJoCo environment of Gymnasium and
    the paper's own have this lag; here it is 1.8 mm (L1) in the mean and at most 8 mm.
    """

    metadata = {  # noqa: RUF012 - Gymnasium's own form
        "render_modes": ["human", "rgb_array", "depth_array"],
        "render_fps": 7,
    }

    def __init__(self, **arguments: Any) -> None:
        """Take MujocoEnv's arguments, such as `render_mode`."""
        super().__init__(
            str(MODEL),
            FRAME_SKIP,
            observation_space=Box(-np.inf, np.inf, shape=(12,), dtype=np.float64),
            camera_name=arguments.pop("camera_name", "above"),
            **arguments,
        )

    def step(
        self, action: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Apply two torques for one step; `info` holds the L1 distance."""
        self.do_simulation(action, self.frame_skip)
        distance = float(np.abs(self._tip() - self._goal()).sum())
        if self.render_mode == "human":
            self.render()
        return self._observation(), float(distance < NEAR), False, False, {"distance": distance}

    def reset_model(self) -> NDArray[np.float64]:
        """Put arm and goal at their random start and return the observation."""
        radius = self.np_random.uniform(*GOAL_RADIUS)
        angle = self.np_random.uniform(-np.pi, np.pi)
        self.data.mocap_pos[0] = [radius * np.cos(angle), radius * np.sin(angle), 0.0]
        self.set_state(
            self.init_qpos + self.np_random.uniform(-0.1, 0.1, size=2),
            self.init_qvel + self.np_random.uniform(-0.005, 0.005, size=2),
        )
        return self._observation()

    def _tip(self) -> NDArray[np.float64]:
        return np.asarray(self.data.site("tip").xpos[:2])

    def _goal(self) -> NDArray[np.float64]:
        return np.asarray(self.data.mocap_pos[0, :2])

    def _observation(self) -> NDArray[np.float64]:
        angles, velocities = self.data.qpos, self.data.qvel
        tip, goal = self._tip(), self._goal()
        return np.concatenate(
            [np.sin(angles), np.cos(angles), self.dt * velocities, tip, goal, tip - goal]
        )


def register() -> None:
    """Make the id known to Gymnasium; doing it twice is harmless."""
    if ID not in gymnasium.registry:
        gymnasium.register(
            ID, entry_point="bench.environments.reacher2d:Reacher2d", max_episode_steps=HORIZON
        )
