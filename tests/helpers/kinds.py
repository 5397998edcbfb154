"""The kinds of data that the battery of tests/test_contract.py offers every method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bench.behaviours.random_play import random_episodes
from bench.behaviours.random_walks import walks
from bench.datasets.trajectories import ARRAYS, F32, Array, Trajectories
from bench.environments.graph import HORIZON, NODES, random_graph
from bench.runs.rollout import Outcome
from bench.tasks.registry import Task
from tests.helpers import atari as helpers_atari
from tests.helpers import discrete as helpers_discrete
from tests.helpers.dt import ACT, OBS, make_data, make_task

Steps = list[tuple[Array, F32]]  # observations (L, *obs) and rewards (L,) of each step


@dataclass(frozen=True)
class Kind:
    """A kind of data, and what its environments show and take.

    Attributes:
        name: of the kind.
        data: a small data set.
        shown: takes a number of steps, a number of episodes side by side, a seed and a scale; returns what
            the episodes show.
        highest: target return of the last episode.
        plays: a task of this kind, data for it, and the step after which its episodes are cut.
        plausible: whether an outcome of that task is possible.
        action: shape of one action.
        n_actions: number of discrete actions; None: actions are continuous.
        context: what differs in the context of a training.
        scales: of what is shown, the usual one first.
        elsewhere: the same data in other memory.
    """

    name: str
    data: Trajectories
    shown: Callable[[int, int, int, float], Steps]
    highest: float
    plays: tuple[str, Trajectories, int | None]
    plausible: Callable[[Outcome], bool]
    action: tuple[int, ...] = ()
    n_actions: int | None = None
    context: dict[str, Task] = field(default_factory=dict)
    scales: tuple[float, ...] = (1.0,)
    elsewhere: Callable[[], Trajectories] | None = None


# --- continuous actions, vectors ------------------------------------------------------------------


def shown_vectors(steps: int, count: int, seed: int, scale: float) -> Steps:
    generator = np.random.default_rng(seed)
    return [
        (
            generator.normal(2, scale, (count, OBS)).astype(np.float32),
            (generator.normal(size=count) * (step > 0)).astype(np.float32),
        )
        for step in range(steps)
    ]


CONTINUOUS = Kind(
    "continuous",
    make_data((12, 7, 15, 9)),
    shown_vectors,
    highest=3600.0,
    plays=("hopper-medium", make_data((9, 5, 9), 11, 3), 5),
    plausible=lambda outcome: min(outcome.lengths) >= 1 and max(outcome.lengths) <= 9,
    action=(ACT,),
    scales=(3.0, 1e4),
)

# --- discrete actions, vectors --------------------------------------------------------------------

DISCRETE = Kind(
    "discrete",
    helpers_discrete.make_choices(),
    lambda steps, count, seed, scale: helpers_discrete.shown(steps, count, seed),
    highest=5.0,
    plays=("key_to_door-1k", random_episodes(12, 0), None),
    plausible=lambda outcome: set(outcome.returns) <= {0, 1} and set(outcome.lengths) == {120},
    n_actions=helpers_discrete.CHOICES,
)

# --- discrete actions, stacks of frames -----------------------------------------------------------


def moved_frames() -> Trajectories:
    """Return the data of IMAGES as a cut of a larger set, whose frames lie in other rows."""
    data = IMAGES.data
    moved = helpers_atari.make_frames((2, *data.lengths)).select(np.arange(1, data.episodes + 1))
    assert moved.frame_index is not None
    moved.observations[moved.frame_index] = data.observations
    for array in (*ARRAYS[1:], "final_observations"):
        getattr(moved, array)[:] = getattr(data, array)
    return moved


def game_frames() -> Trajectories:
    """Return frames of a game's size, and a game's actions."""
    generator = np.random.default_rng(0)
    return helpers_atari.make_frames(
        (5, 4),
        observations=generator.integers(0, 256, (9, 84, 84), dtype=np.uint8),
        final_observations=generator.integers(0, 256, (2, 84, 84), dtype=np.uint8),
        action_range=(0, 3),
    )


IMAGES = Kind(
    "images",
    helpers_atari.make_frames(),
    lambda steps, count, seed, scale: helpers_atari.shown(steps, count, seed),
    highest=5.0,
    plays=("breakout-replay", game_frames(), 5),
    plausible=lambda outcome: min(outcome.lengths) >= 1 and max(outcome.lengths) <= 5,
    n_actions=helpers_atari.CHOICES,
    elsewhere=moved_frames,
)

# --- walks on a graph: states and actions are nodes -----------------------------------------------


def shown_nodes(steps: int, count: int, seed: int, scale: float) -> Steps:
    generator = np.random.default_rng(seed)
    return [
        (
            generator.integers(0, NODES, (count, 1), dtype=np.uint8),
            np.full(count, -(step > 0), dtype=np.float32),
        )
        for step in range(steps)
    ]


WALKS = Kind(
    "walks",
    walks(random_graph(1), 20, seed=0),
    shown_nodes,
    highest=-1.0,
    plays=("graph1-walks", walks(random_graph(1), 20, seed=0), None),
    plausible=lambda outcome: (
        outcome.returns == [-length for length in outcome.lengths]
        and max(outcome.lengths) <= HORIZON
    ),
    n_actions=NODES,
    context={"task": make_task(horizon=HORIZON, return_scale=1.0)},
)

KINDS = (CONTINUOUS, DISCRETE, IMAGES, WALKS)
