"""Reacher2d: move the tip of a two-link arm to a goal and keep it there.

The authors of the paper made their own Reacher (section 4.2); its data were never released. This environment
follows the published facts (kzl/decision-transformer@e2d82e6 gym/decision_transformer/envs/reacher_2d.py): 100
steps of 15 simulator steps, two torques in [-1, 1], twelve observations, a goal 0.5 to 1.0 from the shoulder, and
a reward of 1 for each step that ends with the tip within 0.1 (L1) of the goal. The masses, lengths and torques of
the arm are our own. Returns are therefore not equal to the paper's, but they have the same meaning.
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
    """The environment. Observations (12,) are: sin and cos of both angles (4), both velocities times the
    duration of a step (2), the tip (2), the goal (2), and tip minus goal (2). Lengths are in metres.

    Episodes never terminate. An episode starts with the arm almost straight along x. The goal is drawn
    uniformly in angle and radius.

    After a step, the tip and the reward belong to the angles one simulator step earlier: MuJoCo updates the
    angles last, and it updates the positions of the sites at the next simulator step. Every MuJoCo
    environment of Gymnasium and the paper's Reacher have this lag. Here it is 1.8 mm (L1) on average and at
    most 8 mm.
    """

    metadata = {  # noqa: RUF012 - Gymnasium's own form
        "render_modes": ["human", "rgb_array", "depth_array"],
        "render_fps": 7,
    }

    def __init__(self, **arguments: Any) -> None:
        """Make the environment with arguments of MujocoEnv, such as `render_mode`."""
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
        """Apply two torques for one step. `info` holds the L1 distance from tip to goal, in metres."""
        self.do_simulation(action, self.frame_skip)
        distance = float(np.abs(self._tip() - self._goal()).sum())
        if self.render_mode == "human":
            self.render()
        return self._observation(), float(distance < NEAR), False, False, {"distance": distance}

    def reset_model(self) -> NDArray[np.float64]:
        """Draw the start of the arm and the goal, and return the observation."""
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
    """Register the id with Gymnasium. A second call has no effect."""
    if ID not in gymnasium.registry:
        gymnasium.register(
            ID, entry_point="bench.environments.reacher2d:Reacher2d", max_episode_steps=HORIZON
        )
