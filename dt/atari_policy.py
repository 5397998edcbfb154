"""Decision Transformer on images while it acts: what it remembers, and the return it asks for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bench.datasets.trajectories import F32, I64, Array
from bench.methods.networks import arrays_of
from bench.methods.policy_file import write_tensors
from bench.methods.sampling import choose, generators_of
from dt.atari_model import AtariTransformer
from dt.awake import still_awake

if TYPE_CHECKING:
    from dt.atari import Config

LEAST_AWAKE = 4  # in float32 the convolutions of fewer stacks give other last bits


class AtariPolicy:
    """Acts on the last K time steps; asks for what is left of the target return.

    Every stack of frames goes through the convolutions once; what is remembered of it is its
    embedding. As the window slides a token's position changes, so all else is computed again.
    VectorEnv whose episodes are over are left out of both.
    """

    def __init__(
        self, model: AtariTransformer, config: Config, *, return_scale: float, device: str
    ) -> None:
        self.model = model
        self.config = config
        self.return_scale = return_scale
        self.device = device
        self.step = 0

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes that ask for `targets` (raw units)."""
        envs, width = len(seeds), self.model.final_norm.weight.numel()
        self.wanted = targets.astype(np.float64)  # (L,) raw: what is still to be earned
        # of the last K steps, oldest first: (L, k), (L, k, H) and (L, k)
        self.returns_to_go = torch.zeros(envs, 0, device=self.device)
        self.states = torch.zeros(envs, 0, width, device=self.device)
        self.actions = torch.zeros(envs, 0, dtype=torch.int64, device=self.device)
        self.generators = generators_of(seeds)
        self.awake = torch.arange(envs)
        self.step = 0

    def finish(self, envs: I64) -> None:
        """Leave these envs' episodes alone from now on: they are over, and their logits are 0."""
        self.awake = still_awake(self.awake, envs, len(self.wanted), LEAST_AWAKE)

    @torch.inference_mode()
    def act(self, observations: Array, rewards: F32) -> I64:
        """Return actions (L,) for observations (L, S, H, W) uint8; `rewards` (L,) lower the return
        still asked for.
        """
        self.wanted -= np.clip(rewards, -1, 1) if self.config.clip_decrement else rewards
        logits = self.predict(torch.from_numpy(observations).to(self.device)).numpy()
        actions = choose(logits, self.config.temperature, self.generators)
        self.actions[:, -1] = torch.from_numpy(actions)
        self.step += 1
        return actions

    def predict(self, stacks: Tensor) -> Tensor:
        """Remember what is seen now, (L, S, H, W) uint8, and return the network's logits (L, A);
        zeros for envs at rest.
        """
        self.model.eval()
        awake = self.awake.to(self.device)
        bfloat16 = self.config.precision == "bfloat16"
        with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16, enabled=bfloat16):
            seen = self.states.new_zeros(len(stacks), self.states.shape[2])
            seen[awake] = self.model.embed_state(stacks[awake]).float()
            asked = torch.from_numpy(self.wanted / self.return_scale).float().to(self.device)
            self.returns_to_go = self._latest(self.returns_to_go, asked)
            self.states = self._latest(self.states, seen)
            self.actions = self._latest(self.actions, torch.zeros_like(asked, dtype=torch.int64))
            history = (self.returns_to_go, self.states, self.actions, self._times())
            decided = self.model(*(part[awake] for part in history), last=True)[:, 0].float().cpu()
        predicted: Tensor = decided.new_zeros(len(stacks), decided.shape[1])
        predicted[self.awake] = decided
        return predicted

    def _latest(self, before: Tensor, now: Tensor) -> Tensor:
        """Return the last K of a row of steps (L, k, ...) and one more (L, ...)."""
        return torch.cat([before, now.unsqueeze(1)], dim=1)[:, -self.config.context_length :]

    def _times(self) -> Tensor:
        """Return the time step that the window is told, (L,)."""
        back = self.states.shape[1] - 1 if self.config.window_time == "first" else 0
        time = min(self.step - back, self.model.embed_timestep.num_embeddings - 1)
        return torch.full((len(self.wanted),), time, device=self.device)

    def save(self, path: Path) -> None:
        """Write weights and configuration."""
        write_tensors(
            path,
            arrays_of(self.model, "model."),
            method="dt_atari",
            config=asdict(self.config),
            return_scale=self.return_scale,
            seen=self.model.seen,
        )
