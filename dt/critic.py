"""Decision Transformer as a critic (paper section 5.5): it predicts whether an episode succeeds.

The paper lets DT "output return tokens in addition to action tokens". With the true returns as inputs
the network would only have to copy them. So here the return tokens carry no return, and each of them
predicts the episode's reward from the states and actions before it.
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
    """Acts without a target return, and predicts the success of episodes."""

    def predict_success(self, observations: Array, actions: I64) -> F32:
        """Return the predicted probability of success before each step, (E, T).

        Args:
            observations: (E, T, *obs), T at most the context.
            actions: (E, T), or (E, T, act).

        Raises:
            ValueError: the episodes are longer than the context.
        """
        logits = self._success(observations, actions)
        return np.asarray(torch.sigmoid(logits.float()).cpu().numpy(), dtype=np.float32)

    def attention(self, observations: Array, actions: I64) -> F32:
        """Return the attention of the prediction before each step on each step, (E, T, T).

        The attention on a step is the sum over its three tokens, as the mean over the heads of the
        last layer; rows sum to 1. Arguments and errors are those of `predict_success`.
        """
        weights: list[Tensor] = []
        self._success(observations, actions, weights)
        # (E, heads, 3T - 1, 3T - 1), because the last action is no input -> (E, T, 3T - 1)
        return_tokens = weights[-1].mean(dim=1)[:, 0::3]
        steps = functional.pad(return_tokens, (0, 1)).view(*return_tokens.shape[:2], -1, 3)
        return np.asarray(steps.sum(dim=3).float().cpu().numpy(), dtype=np.float32)

    @torch.inference_mode()
    def _success(
        self, observations: Array, actions: I64, attention: list[Tensor] | None = None
    ) -> Tensor:
        """Return the logits of success (E, T); arguments and errors are those of `predict_success`."""
        episodes, steps = actions.shape[:2]
        if steps > self.config.context_length:
            raise ValueError(
                f"episodes of {steps} steps do not fit into a context of {self.config.context_length}"
            )
        vectors = observations.reshape(episodes, steps, -1)
        states = torch.from_numpy(normalise(vectors, self.mean, self.std, STD_FLOOR))
        timesteps = torch.arange(steps, device=self.device).expand(episodes, -1)
        self.model.eval()
        _, logits = self.model.predict_actions_and_success(
            states.to(self.device), torch.from_numpy(actions).to(self.device), timesteps, attention
        )
        return logits
