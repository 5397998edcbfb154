"""CQL on images, with d3rlpy's settings for Atari: d3rlpy's DiscreteCQL with the convolutions of Mnih
et al. 2015.

Defaults follow d3rlpy's own reproduction (github.com/takuseno/d3rlpy at v2.8.1,
reproductions/offline/discrete_cql.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from baselines._d3rlpy import Pairs, positive, usable_steps
from baselines._discrete import DiscreteConfig, GreedyPolicy, create, learn, load
from bench.core.machine import importing
from bench.datasets.frames import statistics
from bench.datasets.trajectories import F32, I64, Trajectories
from bench.methods.context import Context
from bench.methods.networks import normalise

__all__ = ["Config", "load", "train"]


@dataclass(frozen=True)
class Config(DiscreteConfig):
    """Hyperparameters of CQL on images: those of DiscreteCQL with other defaults, and the network's."""

    batch_size: int = 32
    learning_rate: float = 5e-5
    adam_epsilon: float = 1e-2 / 32
    conservative_weight: float = 4.0
    target_interval: int = 2000
    quantiles: int = 200
    epsilon: float = 0.001
    features: int = 512  # width of the layer after the convolutions (Mnih et al. 2015)
    # frames are taken less the mean frame of all data and over the pixels' standard deviation around it
    # (bench/datasets/frames.py); False: over 255
    standardise_frames: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "features")


def train(data: Trajectories, config: Config, context: Context) -> GreedyPolicy:
    """Learn from transitions. After the last step of an episode cut by the time limit comes the
    episode's final frame. Where the data lack it, such a step is a terminal if all reward is given at
    the end of episodes (the sparse variant), and is left out otherwise.

    Raises:
        ValueError: the data are no stacks of frames with discrete actions, or no step is a transition.
    """
    if data.stack == 1 or not data.discrete:
        raise ValueError(
            "cql_atari learns from stacks of frames and discrete actions, not from observations "
            f"{data.observations.shape[1:]} that are seen one at a time: use "
            f"{'discrete_cql' if data.discrete else 'cql'}"
        )
    mean_and_std = standard_of(data, config.standardise_frames)
    seen = (data.stack, *data.observations.shape[1:])
    with context.torch_random():
        algorithm = _create(config, seen, data.n_actions, context.device)
        transitions = stacks_of(data, config.standardise_frames)
        return learn(algorithm, data, transitions, config, mean_and_std, context)


def standard_of(data: Trajectories, standardise: bool) -> tuple[F32, F32]:
    """Return mean and standard deviation of the frames, (1, H, W) and (1, 1, 1), where they are
    standardised, and 0 and 255, (1, 1, 1) each, where not.
    """
    if not standardise:
        return data.observation_mean, data.observation_std
    mean, std = statistics(data.observations)
    return mean[None], np.full((1, 1, 1), std)


def stacks_of(data: Trajectories, standardise: bool) -> tuple[I64, Pairs]:
    """Return the steps that are transitions, and a function from steps (B,) to their stacks and next
    stacks, (B, S, H, W) each: standardised, or 0 to 255 for d3rlpy to divide.
    """
    final, last = data.final_observations, data.episode_starts[1:] - 1
    mean, std = standard_of(data, standardise)

    def pairs(now: I64) -> tuple[F32, F32]:
        frames = data.frames(now, 2)  # what follows a terminal has no influence
        cut = np.flatnonzero(data.timeouts[now])
        if final is not None and len(cut):
            frames[cut, -1] = final[np.searchsorted(last, now[cut])]
        # d3rlpy takes no bytes
        pixels = normalise(frames, mean, std, 0) if standardise else frames.astype(np.float32)
        return pixels[:, :-1], pixels[:, 1:]

    return usable_steps(data), pairs


def _create(config: Config, seen: tuple[int, ...], actions: int, device: str) -> Any:
    with importing():
        from d3rlpy.preprocessing import PixelObservationScaler

        from baselines._encoders import image_encoder_of

    encoder = image_encoder_of(config.features, config.precision)
    scaler = None if config.standardise_frames else PixelObservationScaler()
    return create(config, seen, actions, device, encoder=encoder, scaler=scaler, fused=True)
