"""Tokens of three modalities by one product: each has its own columns of features, zeros in the others',
and a 1 for its bias.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def features_of(*modalities: Tensor) -> Tensor:
    """Return features (B, K, M, F) of M modalities' inputs (B, K, size): F is the sum of their sizes
    plus M.
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
    """Return the matrix (E, F) that turns features into embeddings, from each modality's layer: a
    Linear, or for one-hot inputs an Embedding.
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
