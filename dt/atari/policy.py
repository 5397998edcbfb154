"""Decision Transformer on images while it acts: its context, and the return it asks for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bench.datasets.trajectories import F32, I64, Array
from bench.methods.networks import arrays_of
from bench.methods.policy_file import write_tensors
from bench.methods.sampling import choose, generators_of
from dt.atari.config import Config
from dt.atari.model import AtariTransformer
from dt.cpu.active import still_active

MIN_ACTIVE = 4  # in float32 the convolutions of fewer stacks may round differently


class AtariPolicy:
    """Acts on the last K time steps; the return-to-go starts at the target and falls by each reward.

    Every stack of frames passes the convolutions once, and its embedding is kept. When the window
    slides, the positions of its tokens change, so all else is computed again. Finished episodes are
    left out of both.
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
        """Start L = len(seeds) episodes with these target returns (L,), in raw units."""
        num_envs, width = len(seeds), self.config.width
        self.target_return = targets.astype(np.float64)  # (L,) raw: the rest of the target
        # of the last K steps, oldest first: (L, k), (L, k, H) and (L, k)
        self.returns_to_go = torch.zeros(num_envs, 0, device=self.device)
        self.states = torch.zeros(num_envs, 0, width, device=self.device)
        self.actions = torch.zeros(num_envs, 0, dtype=torch.int64, device=self.device)
        self.generators = generators_of(seeds)
        self.active = torch.arange(num_envs)
        self.step = 0

    def finish(self, envs: I64) -> None:
        """Leave out the environments `envs` from now on: their episodes are finished, and their
        actions are drawn uniformly.
        """
        num_envs = len(self.target_return)
        self.active = still_active(self.active, envs, num_envs, MIN_ACTIVE)

    @torch.inference_mode()
    def act(self, observations: Array, rewards: F32) -> I64:
        """Return actions (L,) for observations (L, S, H, W) uint8; the rewards (L,) of the previous
        actions lower the return-to-go.
        """
        self.target_return -= np.clip(rewards, -1, 1) if self.config.clip_decrement else rewards
        logits = self.predict(torch.from_numpy(observations).to(self.device)).numpy()
        actions = choose(logits, self.config.temperature, self.generators)
        self.actions[:, -1] = torch.from_numpy(actions)
        self.step += 1
        return actions

    def predict(self, stacks: Tensor) -> Tensor:
        """Add the stacks (L, S, H, W) uint8 of the current step to the context, and return the
        network's logits (L, A); zeros for environments that were left out.
        """
        self.model.eval()
        active = self.active.to(self.device)
        bfloat16 = self.config.precision == "bfloat16"
        with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16, enabled=bfloat16):
            states = self.states.new_zeros(len(stacks), self.states.shape[2])
            states[active] = self.model.embed_state(stacks[active]).float()
            scaled = self.target_return / self.return_scale
            returns_to_go = torch.from_numpy(scaled).float().to(self.device)
            self.returns_to_go = self._latest(self.returns_to_go, returns_to_go)
            self.states = self._latest(self.states, states)
            unknown = torch.zeros_like(returns_to_go, dtype=torch.int64)
            self.actions = self._latest(self.actions, unknown)
            context = (self.returns_to_go, self.states, self.actions, self._times())
            logits = self.model(*(part[active] for part in context), last=True)[:, 0].float().cpu()
        predicted: Tensor = logits.new_zeros(len(stacks), logits.shape[1])
        predicted[self.active] = logits
        return predicted

    def _latest(self, earlier: Tensor, now: Tensor) -> Tensor:
        """Return the last K of the steps (L, k, ...) and one more (L, ...)."""
        return torch.cat([earlier, now.unsqueeze(1)], dim=1)[:, -self.config.context_length :]

    def _times(self) -> Tensor:
        """Return the time step that is given with the window, (L,)."""
        back = self.states.shape[1] - 1 if self.config.window_time == "first" else 0
        time = min(self.step - back, self.model.embed_timestep.num_embeddings - 1)
        return torch.full((len(self.target_return),), time, device=self.device)

    def save(self, path: Path) -> None:
        """Write weights and configuration."""
        write_tensors(
            path,
            arrays_of(self.model, "model."),
            method="dt_atari",
            config=asdict(self.config),
            return_scale=self.return_scale,
            stack_shape=self.model.stack_shape,
        )
