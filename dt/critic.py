"""Decision Transformer as a critic (paper section 5.6): it foresees whether an episode earns its
reward.

The paper lets it "output return tokens in addition to action tokens". Shown the true returns it would
only have to copy them, so here the return tokens say nothing, and each of them predicts the episode's
reward from the states and actions before it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bench.datasets.trajectories import F32, I64, Array
from bench.methods.networks import normalise
from dt.policy import DecisionTransformerPolicy
from dt.windows import STD_FLOOR


class CriticPolicy(DecisionTransformerPolicy):
    """Acts without being asked for a return, and judges episodes."""

    @torch.inference_mode()
    def predict_success(self, observations: Array, actions: I64) -> F32:
        """Return the probability of the reward before each step, (E, T).

        Args:
            observations: (E, T, *obs), T at most the context.
            actions: (E, T).
        """
        self.model.eval()
        _, logits = self.model.judge(*self._episodes(observations, actions))
        return np.asarray(torch.sigmoid(logits.float()).cpu().numpy(), dtype=np.float32)

    def attention(self, observations: Array, actions: I64) -> F32:
        """Return how much the prediction before each step looks at each step, (E, T, T).

        A step's share is that of its three tokens together, the mean over heads of the last layer;
        rows sum to 1.

        Args:
            observations: (E, T, *obs), T at most the context.
            actions: (E, T).
        """
        self.model.watch_attention()
        try:
            self.predict_success(observations, actions)
            weights = self.model.attention_weights[-1]
        finally:
            self.model.watch_attention(False)
        # (E, heads, 3T - 1, 3T - 1): the last action is not looked at
        asking = weights.mean(dim=1)[:, 0::3]
        steps = functional.pad(asking, (0, 1)).view(*asking.shape[:2], -1, 3).sum(dim=3)
        return np.asarray(steps.float().cpu().numpy(), dtype=np.float32)

    def _episodes(self, observations: Array, actions: I64) -> tuple[Tensor, Tensor, Tensor]:
        """Return states, actions and time steps as the network takes them.

        Raises:
            ValueError: the episodes are longer than the context.
        """
        episodes, steps = actions.shape[:2]
        if steps > self.config.context_length:
            raise ValueError(
                f"episodes of {steps} steps do not fit into a context of {self.config.context_length}"
            )
        seen = observations.reshape(episodes, steps, -1)
        states = torch.from_numpy(normalise(seen, self.mean, self.std, STD_FLOOR))
        timesteps = torch.arange(steps, device=self.device).expand(episodes, -1)
        return states.to(self.device), torch.from_numpy(actions).to(self.device), timesteps
