"""Decision Transformer while it acts: its context, and the return it asks for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bench.datasets.trajectories import F32, F64, I64, Array
from bench.methods.networks import arrays_of, flat, normalise
from bench.methods.policy_file import write_tensors
from bench.methods.sampling import choose, generators_of
from dt.config import Config
from dt.cpu.active import still_active
from dt.cpu.kv_cache import KVCache
from dt.model import DecisionTransformer
from dt.windows import STD_FLOOR

MIN_ACTIVE = 2  # in float32 the products of a single episode may round differently


class DecisionTransformerPolicy:
    """Acts on the last K time steps; the return-to-go starts at the target and falls by each reward.

    Where K covers the horizon, no step ever leaves the context, and keys and values are cached
    (dt/cpu/kv_cache.py). Elsewhere finished episodes are left out of the products. Discrete actions
    are drawn with one generator for each episode.

    With a discount below 1 or `target_follows: time` the return-to-go of each step is the discounted
    value of the target, spread evenly over the horizon, whatever the rewards were (`spread_evenly`);
    so too where all reward comes with the last step.
    """

    def __init__(
        self,
        model: DecisionTransformer,
        config: Config,
        *,
        mean: F32,
        std: F32,
        horizon: int,
        return_scale: float,
        device: str,
    ) -> None:
        self.model = model
        self.config = config
        self.mean, self.std = mean, std
        self.horizon = horizon
        self.return_scale = return_scale
        self.device = device
        self.step = 0

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start L = len(seeds) episodes with these target returns (L,), in raw units."""
        num_envs, steps = len(seeds), self.horizon
        # (L,) raw: the rest of the target, or the whole target if time lowers it
        self.target_return = targets.astype(np.float64)
        self.returns_to_go = torch.zeros(num_envs, steps)
        self.states = torch.zeros(num_envs, steps, self.model.embed_state.in_features)
        if self.model.discrete:
            self.actions = torch.zeros(num_envs, steps, dtype=torch.int64)
        else:
            self.actions = torch.zeros(num_envs, steps, self.model.predict_action.out_features)
        self.generators = generators_of(seeds)
        self.cache: KVCache | None = None
        if self.config.context_length >= steps:
            self.cache = KVCache(self.model, num_envs, 3 * steps, self.device)
        self.active = torch.arange(num_envs)
        self.step = 0

    def finish(self, envs: I64) -> None:
        """Leave out the environments `envs` from now on: their episodes are finished, and their
        actions are 0 or, for discrete actions, drawn uniformly.
        """
        num_envs = len(self.target_return)
        self.active = still_active(self.active, envs, num_envs, MIN_ACTIVE)

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions (L, act), or (L,) if discrete, for observations (L, *obs).

        Args:
            observations: (L, *obs), as the environments give them.
            rewards: (L,), raw, of the previous actions. They lower the return-to-go, unless time
                does.

        Raises:
            ValueError: the episode is longer than the horizon, for which there are embeddings.
        """
        if self.step >= self.horizon:
            raise ValueError(
                f"an episode has more than the {self.horizon} steps that this DT has embeddings for"
            )
        returns_to_go = self._return_to_go(rewards)
        self.returns_to_go[:, self.step] = torch.from_numpy(returns_to_go / self.return_scale)
        self.states[:, self.step] = torch.from_numpy(
            normalise(flat(observations), self.mean, self.std, STD_FLOOR)
        )
        action = np.asarray(self.predict().numpy())
        if self.model.discrete:
            action = choose(action, self.config.temperature, self.generators)
        self.actions[:, self.step] = torch.from_numpy(action)
        self.step += 1
        return action

    def _return_to_go(self, rewards: F32) -> F64:
        """Return the return-to-go of the current step, (L,), raw."""
        if self.model.critic:
            return np.zeros(len(rewards))  # hidden from a critic
        if not self.config.closed_loop:
            return spread_evenly(self.target_return, self.config.discount, self.horizon, self.step)
        self.target_return -= rewards
        return self.target_return

    def window(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the model's inputs for the last K steps of the active environments: returns-to-go,
        states, actions, time steps.
        """
        stop = self.step + 1
        start = max(stop - self.config.context_length, 0)
        timesteps = torch.arange(start, stop).expand(len(self.active), -1)
        return (
            self.returns_to_go[self.active, start:stop],
            self.states[self.active, start:stop],
            self.actions[self.active, start:stop],
            timesteps,
        )

    @torch.inference_mode()
    def predict(self) -> Tensor:
        """Return the network's output at the current step: actions (L, act), or logits (L, A); zeros
        for environments that were left out.
        """
        self.model.eval()
        bfloat16 = self.config.precision == "bfloat16"
        with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16, enabled=bfloat16):
            if self.cache is None:
                window = (part.to(self.device) for part in self.window())
                of_active: Tensor = self.model(*window, last=True)[:, 0].float().cpu()
                predicted = of_active.new_zeros(len(self.target_return), of_active.shape[1])
                predicted[self.active] = of_active
            else:
                last = self.cache.extend(self._new_tokens())
                predicted = self.model.to_actions(last)[:, -1].float().cpu()
        return predicted

    def _new_tokens(self) -> Tensor:
        """Return the tokens (L, 2 or 3, H) since the last state: the last action if there is one, the
        return-to-go, and the state.
        """
        start = max(self.step - 1, 0)
        now = slice(start, self.step + 1)
        tokens = self.model.embed(
            self.returns_to_go[:, now].to(self.device),
            self.states[:, now].to(self.device),
            self.actions[:, now].to(self.device),
            torch.arange(start, self.step + 1, device=self.device).expand(
                len(self.target_return), -1
            ),
        )[:, :-1]
        return tokens[:, -3:] if self.step > 0 else tokens

    def save(self, path: Path) -> None:
        """Write weights, normalisation and configuration."""
        tensors = arrays_of(self.model, "model.") | {"mean": self.mean, "std": self.std}
        about = {
            "config": asdict(self.config),
            "horizon": self.horizon,
            "return_scale": self.return_scale,
        }
        if self.model.discrete:
            about["discrete"] = True
        write_tensors(path, tensors, method="dt", **about)


def spread_evenly(target: F64, discount: float, horizon: int, step: int) -> F64:
    """Return the return from `step` on of episodes that earn `target` in equal parts, discounted.

    A discounted return-to-go cannot be lowered by rewards as an undiscounted one is: (R - r) / discount
    enlarges every deviation at each step, with 0.95 over 1000 steps by 10^22.

    Args:
        target: (L,) undiscounted return of the whole episode, raw units.
        discount: above 0 and at most 1.
        horizon: steps of an episode.
        step: from 0.

    Returns:
        (L,) the sum of discount^k target / horizon over the steps that are left, k from 0.
    """
    if discount == 1:
        return target / horizon * (horizon - step)
    return target / horizon * (1 - discount ** (horizon - step)) / (1 - discount)
