"""dt/model.py: the attention weights that it returns."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from dt.model import DecisionTransformer
from tests.helpers.dt import LAYERS, WIDTH, Window, make_model, make_window, plain_tokens

FAST = pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])


def plain_attention_weights(model: DecisionTransformer, window: Window) -> list[Tensor]:
    """Return each layer's (B, heads, T, T), one query and one key at a time."""
    tokens, layers = plain_tokens(model, window, "add_then_norm")[:-1], []
    for block in model.transformer.layers:
        heads, size = block.attention.heads, WIDTH // block.attention.heads
        triples = [block.attention.qkv(block.norm1(token)).chunk(3, dim=1) for token in tokens]
        weights = torch.zeros(len(tokens[0]), heads, len(tokens), len(tokens))
        for i in range(len(tokens)):
            for head in range(heads):
                own = slice(head * size, (head + 1) * size)
                scores = [
                    (triples[i][0][:, own] * triples[j][1][:, own]).sum(1) / math.sqrt(size)
                    for j in range(i + 1)
                ]
                weights[:, head, i, : i + 1] = torch.stack(scores, dim=1).softmax(dim=1)
        layers.append(weights)
        values = [value for _, _, value in triples]
        mixed = [
            torch.cat(
                [
                    sum(
                        weights[:, head, i, j, None] * values[j][:, head * size : (head + 1) * size]
                        for j in range(i + 1)
                    )
                    for head in range(heads)
                ],
                dim=1,
            )
            for i in range(len(tokens))
        ]
        tokens = [t + block.attention.project(m) for t, m in zip(tokens, mixed, strict=True)]
        tokens = [t + block.mlp(block.norm2(t)) for t in tokens]
    return layers


@FAST
@torch.no_grad()
@pytest.mark.parametrize("last", [False, True], ids=["every-step", "last-step"])
@pytest.mark.parametrize("heads", [1, 2], ids=["1-head", "2-heads"])
def test_attention_weights_equal_a_plain_computation(heads: int, last: bool, fast: bool) -> None:
    """Of all tokens but the last action; in the last layer, of the state tokens that predict."""
    model, window = make_model(heads, fast=fast), make_window(3, start=5)
    expected = plain_attention_weights(model, window)
    found: list[Tensor] = []
    actions = model(*window, last=last, attention=found)
    assert len(found) == LAYERS
    torch.testing.assert_close(found[0], expected[0], rtol=0, atol=1e-6)
    state_tokens = slice(-1, None) if last else slice(1, None, 3)
    torch.testing.assert_close(found[1], expected[1][:, :, state_tokens], rtol=0, atol=1e-6)
    torch.testing.assert_close(actions, model(*window, last=last), rtol=0, atol=1e-6)
    assert found[0][:, :, -1].std() > 1e-2, "attention is the same on all tokens"


@FAST
def test_attention_weights_are_those_before_dropout(fast: bool) -> None:
    model = make_model(dropout=0.5, fast=fast).train()
    found: list[Tensor] = []
    with torch.random.fork_rng(devices=[]):
        model(*make_window(), attention=found)
    assert not any(weights.requires_grad for weights in found)
    for weights in found:
        torch.testing.assert_close(weights.sum(dim=3), torch.ones(weights.shape[:3]))
