"""The network for images as the paper describes it, in plain loops over windows, tokens, heads and pixels'
places, float64; it shares nothing with dt/ but the names of the weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import erf

Weights = dict[str, Any]


def plain_convolution(x: Any, weight: Any, bias: Any, stride: int) -> Any:
    """Return (O, h, w) of an image (C, H, W) and filters (O, C, side, side)."""
    side = weight.shape[2]
    places = [range(0, size - side + 1, stride) for size in x.shape[1:]]
    result = np.zeros((len(weight), len(places[0]), len(places[1])))
    for i, top in enumerate(places[0]):
        for j, left in enumerate(places[1]):
            patch = x[:, top : top + side, left : left + side]
            for filter_number in range(len(weight)):
                product = (weight[filter_number] * patch).sum()
                result[filter_number, i, j] = product + bias[filter_number]
    return result


def plain_embedding(weights: Weights, stack: Any) -> Any:
    """Return what the convolutions, a linear layer and Tanh make of a stack (S, H, W)."""
    x = stack / 255
    for number, stride in enumerate((4, 2, 1)):
        name = f"embed_state.convolve.{number}"
        x = plain_convolution(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride)
        x = np.maximum(x, 0)
    return np.tanh(plain_linear(weights, "embed_state.project", x.ravel()))


def plain_linear(weights: Weights, name: str, x: Any) -> Any:
    return weights[f"{name}.weight"] @ x + weights.get(f"{name}.bias", 0)


def plain_norm(weights: Weights, name: str, x: Any) -> Any:
    centred = x - x.mean()
    normal = centred / np.sqrt((centred**2).mean() + 1e-5)
    return normal * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def plain_logits(
    weights: Weights,
    stacks: Any,
    returns: Any,
    actions: Any,
    time: int,
    *,
    heads: int,
    conditioned: bool = True,
) -> Any:
    """Return the logits (K, A) of a window: stacks (K, S, H, W), returns-to-go (K,), actions (K,)."""
    tokens, asked = [], []
    for step, stack in enumerate(stacks):
        if conditioned:
            tokens.append(np.tanh(plain_linear(weights, "embed_return", returns[step : step + 1])))
        asked.append(len(tokens))
        tokens.append(plain_embedding(weights, stack))
        tokens.append(np.tanh(weights["embed_action.weight"][actions[step]]))
    tokens = tokens[:-1]  # the last action comes after all that is predicted
    x = [
        token + weights["positions"][place] + weights["embed_timestep.weight"][time]
        for place, token in enumerate(tokens)
    ]
    layers = len({name.split(".")[2] for name in weights if name.startswith("transformer.blocks.")})
    for layer in range(layers):
        x = plain_block(weights, f"transformer.blocks.{layer}", x, heads)
    last = [plain_norm(weights, "transformer.final_norm", x[place]) for place in asked]
    return np.array([plain_linear(weights, "predict_action", token) for token in last])


def plain_block(weights: Weights, name: str, x: list[Any], heads: int) -> list[Any]:
    """Return the stream after a block: attention, then two layers with GELU between, both after a
    LayerNorm and added.
    """
    normed = [plain_norm(weights, f"{name}.norm1", token) for token in x]
    parts = [np.split(plain_linear(weights, f"{name}.attention.qkv", token), 3) for token in normed]
    size, result = len(x[0]) // heads, []
    for now, token in enumerate(x):
        mixed = []
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            scores = [parts[now][0][own] @ parts[past][1][own] for past in range(now + 1)]
            shares = np.exp(np.array(scores) / np.sqrt(size))
            shares /= shares.sum()
            mixed.append(sum(shares[past] * parts[past][2][own] for past in range(now + 1)))
        token = token + plain_linear(weights, f"{name}.attention.project", np.concatenate(mixed))
        before = plain_linear(
            weights, f"{name}.mlp.fc1", plain_norm(weights, f"{name}.norm2", token)
        )
        hidden = before * (1 + erf(before / np.sqrt(2))) / 2
        result.append(token + plain_linear(weights, f"{name}.mlp.fc2", hidden))
    return result
