"""The embeddings of return-to-go, state and action by one matrix product instead of three.

Each modality has its own columns of features, zeros in the others', and a 1 for its bias.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, one_hot

from dt.model import DecisionTransformer


class FastDecisionTransformer(DecisionTransformer):
    """`DecisionTransformer` with one product for the embeddings of the three modalities."""

    def embed_modalities(self, returns_to_go: Tensor, states: Tensor, actions: Tensor) -> Tensor:
        """Return the embeddings of R, s and a of every step in float32, (B, K, 3, H or H / 2)."""
        if states.device.type != "cpu":
            return super().embed_modalities(returns_to_go, states, actions)
        features = features_of(
            returns_to_go.unsqueeze(2),
            states,
            one_hot(actions, self.predict_action.out_features) if self.discrete else actions,
        )
        weight = joint_weight(self.embed_return, self.embed_state, self.embed_action)
        with torch.autocast("cpu", enabled=False):
            return linear(features, weight)


def features_of(*modalities: Tensor) -> Tensor:
    """Return the features (B, K, M, F) of M modalities.

    Args:
        modalities: (B, K, size) each; F is the sum of their sizes plus M.
    """
    batch, steps, _ = modalities[0].shape
    sizes = [modality.shape[2] for modality in modalities]
    count = len(sizes)
    features = modalities[0].new_zeros(batch, steps, count, sum(sizes) + count)
    start = 0
    for kind, (modality, size) in enumerate(zip(modalities, sizes, strict=True)):
        features[:, :, kind, start : start + size] = modality
        features[:, :, kind, kind - count] = 1
        start += size
    return features


def joint_weight(*layers: nn.Module) -> Tensor:
    """Return the matrix (E, F) that maps features to embeddings.

    Args:
        layers: each modality's layer: a Linear, or an Embedding for one-hot inputs.
    """
    weights, biases = [], []
    for layer in layers:
        if isinstance(layer, nn.Embedding):
            weights.append(layer.weight.t())
            biases.append(layer.weight.new_zeros(layer.embedding_dim))
        elif isinstance(layer, nn.Linear):
            weights.append(layer.weight)
            biases.append(layer.bias)
    return torch.cat([*weights, torch.stack(biases, dim=1)], dim=1)
