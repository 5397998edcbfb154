"""Decision Transformer while it acts: what it remembers, and the return it asks for."""

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
from dt.awake import still_awake
from dt.config import Config
from dt.memory import Memory
from dt.model import DecisionTransformer
from dt.windows import STD_FLOOR

LEAST_AWAKE = 2  # in float32 one episode's last bits are others than several's


class DecisionTransformerPolicy:
    """Acts on the last K time steps; asks for what is left of the target return.

    Where K covers the horizon nothing ever leaves the context: keys and values are remembered
    instead of computed again (dt/memory.py). Elsewhere envs whose episodes are over are left out of
    the products. Discrete actions are drawn with a generator for each episode.

    With a discount below 1 it asks at each step for the discounted value of the target spread
    evenly over the horizon, whatever was earned (`spread_evenly`), also where all reward comes
    with the last step.
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
        """Start len(seeds) episodes that ask for `targets` (raw units)."""
        envs, steps = len(seeds), self.horizon
        # (L,) raw: what is still to be earned, or with a discount all that was asked for
        self.wanted = targets.astype(np.float64)
        self.returns_to_go = torch.zeros(envs, steps)
        self.states = torch.zeros(envs, steps, self.model.observation_size)
        if self.model.discrete:
            self.actions = torch.zeros(envs, steps, dtype=torch.int64)
        else:
            self.actions = torch.zeros(envs, steps, self.model.predict_action.out_features)
        self.generators = generators_of(seeds)
        self.memory: Memory | None = None
        if self.config.context_length >= steps:
            self.memory = Memory(self.model, envs, 3 * steps, self.device)
        self.awake = torch.arange(envs)
        self.step = 0

    def finish(self, envs: I64) -> None:
        """Leave these envs' episodes alone from now on: they are over, and their actions are 0."""
        self.awake = still_awake(self.awake, envs, len(self.wanted), LEAST_AWAKE)

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions (L, act), or (L,) where they are discrete, for observations (L, *obs);
        without a discount `rewards` (L,) lower the return still asked for.

        Raises:
            ValueError: the episode is longer than the horizon the model has time steps for.
        """
        if self.step >= self.horizon:
            raise ValueError(
                f"an episode went on for more than the {self.horizon} steps that this DT has embeddings for"
            )
        asked = self._asked(rewards)
        self.returns_to_go[:, self.step] = torch.from_numpy(asked / self.return_scale)
        self.states[:, self.step] = torch.from_numpy(
            normalise(flat(observations), self.mean, self.std, STD_FLOOR)
        )
        action = np.asarray(self.predict().numpy())
        if self.model.discrete:
            action = choose(action, self.config.temperature, self.generators)
        self.actions[:, self.step] = torch.from_numpy(action)
        self.step += 1
        return action

    def _asked(self, rewards: F32) -> F64:
        if self.model.critic:
            return np.zeros(len(rewards))  # a critic is not shown returns
        if self.config.discount < 1:
            return spread_evenly(self.wanted, self.config.discount, self.horizon, self.step)
        self.wanted -= rewards
        return self.wanted

    def window(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the model's inputs for the current step: returns-to-go, states, actions, time
        steps of the last K steps, of the envs that are awake.
        """
        stop = self.step + 1
        start = max(stop - self.config.context_length, 0)
        timesteps = torch.arange(start, stop).expand(len(self.awake), -1)
        return (
            self.returns_to_go[self.awake, start:stop],
            self.states[self.awake, start:stop],
            self.actions[self.awake, start:stop],
            timesteps,
        )

    @torch.inference_mode()
    def predict(self) -> Tensor:
        """Return what the network says of the current step: actions (L, act), or logits (L, A); zeros
        for envs at rest.
        """
        self.model.eval()
        bfloat16 = self.config.precision == "bfloat16"
        with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16, enabled=bfloat16):
            if self.memory is None:
                window = (part.to(self.device) for part in self.window())
                decided: Tensor = self.model(*window, last=True)[:, 0].float().cpu()
                predicted = decided.new_zeros(len(self.wanted), decided.shape[1])
                predicted[self.awake] = decided
            else:
                last = self.memory.extend(self._latest())
                predicted = self.model.decide(last)[:, -1].float().cpu()
        return predicted

    def _latest(self) -> Tensor:
        """Return the tokens (L, 2 or 3, H) that came since the last action: that action, the return
        asked for, and the state.
        """
        start = max(self.step - 1, 0)
        now = slice(start, self.step + 1)
        tokens = self.model.embed(
            self.returns_to_go[:, now].to(self.device),
            self.states[:, now].to(self.device),
            self.actions[:, now].to(self.device),
            torch.arange(start, self.step + 1, device=self.device).expand(len(self.wanted), -1),
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
    """Return the discounted return from `step` on of episodes that earn `target` in equal parts.

    A discounted return-to-go cannot be counted down as an undiscounted one is: (R - r) / discount
    enlarges every deviation from what was asked at each step, 0.95 over 1000 steps by 10^22.

    Args:
        target: (L,) undiscounted return of the whole episode, raw units.
        discount: above 0 and below 1.
        horizon: steps of an episode.
        step: from 0.

    Returns:
        (L,) sum over the steps left, k from 0, of discount^k target / horizon.
    """
    return target / horizon * (1 - discount ** (horizon - step)) / (1 - discount)
