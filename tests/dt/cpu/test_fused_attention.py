"""dt/cpu/fused_attention.py against autograd on a plain formula, one head after the other, in float64."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from dt.cpu.fused_attention import FusedAttention, FusedSingleHead, by_head, together
from tests.helpers.fused import (
    STATES,
    WIDTH,
    B,
    T,
    after_dropout,
    gradients,
    kept_of,
    parameters,
    random,
)


def plain_attention(
    x: Tensor,
    mask: Tensor,
    query_positions: slice,
    heads: int,
    rate: float,
    kept: tuple[Tensor | None, Tensor | None],
    weights: list[Tensor],
) -> Tensor:
    """Return the residual stream after the first half of a block."""
    norm, norm_bias, qkv, qkv_bias, out, out_bias = weights
    a = functional.layer_norm(x, (WIDTH,), norm, norm_bias)
    q, k, v = (a @ w.t() + b for w, b in zip(qkv.chunk(3), qkv_bias.chunk(3), strict=True))
    size, mixed = WIDTH // heads, []
    weights_kept = None if kept[0] is None else kept[0].view(B, heads, -1, T)
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        scores = q[:, query_positions, own] @ k[:, :, own].transpose(1, 2) / math.sqrt(size) + mask
        one = None if weights_kept is None else weights_kept[:, head]
        mixed.append(after_dropout(scores.softmax(2), one, rate) @ v[:, :, own])
    projected = torch.cat(mixed, 2) @ out.t() + out_bias
    return x[:, query_positions] + after_dropout(projected, kept[1], rate)


@pytest.mark.parametrize("rate", [0.0, 0.25])
@pytest.mark.parametrize("positions", [None, STATES], ids=["all queries", "state queries"])
@pytest.mark.parametrize(
    ("way", "heads"), [(FusedSingleHead, 1), (FusedAttention, 1), (FusedAttention, 4)]
)
def test_attention_has_the_outputs_and_gradients_of_the_plain_formula(
    way: type, heads: int, positions: slice | None, rate: float
) -> None:
    x = random(B, T, WIDTH, seed=7).requires_grad_()
    weights = parameters(
        (WIDTH,), (WIDTH,), (3 * WIDTH, WIDTH), (3 * WIDTH,), (WIDTH, WIDTH), (WIDTH,)
    )
    queries = positions or slice(None)
    mask = torch.full((T, T), -math.inf, dtype=x.dtype).triu(1)[queries]
    kept = (kept_of((B * heads, len(mask), T), rate), kept_of((B * len(mask), WIDTH), rate))
    ours = way.apply(x, mask, positions, heads, rate, kept, x.dtype, *weights)
    plain = plain_attention(x, mask, queries, heads, rate, kept, weights)
    torch.testing.assert_close(ours.view(plain.shape), plain, rtol=1e-10, atol=1e-10)
    expected = gradients(plain, [x, *weights])
    for one, other in zip(gradients(ours.view(plain.shape), [x, *weights]), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)


def test_heads_are_split_and_joined() -> None:
    x = random(B * T, WIDTH, seed=0)
    split = by_head(x, B, 4)
    assert torch.equal(split[1 * 4 + 2, 3], x[1 * T + 3, 2 * 2 : 3 * 2])
    assert torch.equal(together(split, B, 4), x)
