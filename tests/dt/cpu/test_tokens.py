"""dt/cpu/tokens.py: the embeddings by one product against three layers."""

from __future__ import annotations

import pytest
import torch

from dt.cpu.tokens import FastDecisionTransformer, features_of, joint_weight
from dt.model import DecisionTransformer
from tests.helpers.dt import ACT, WIDTH, K, make_model, make_window


@pytest.mark.parametrize("discrete", [False, True], ids=["vectors", "discrete"])
@pytest.mark.parametrize("time_embedding", ["add", "concatenate"])
def test_embeddings_and_gradients_equal_those_of_the_plain_model(
    time_embedding: str, discrete: bool
) -> None:
    results = []
    for fast in (False, True):
        model = make_model(fast=fast, discrete=discrete, time_embedding=time_embedding)
        assert type(model) is (FastDecisionTransformer if fast else DecisionTransformer)
        returns, states, actions, _ = make_window()
        if discrete:
            actions = torch.arange(4 * K).view(4, K) % ACT
        embedded = model.embed_modalities(returns, states, actions)
        assert embedded.shape == (4, K, 3, WIDTH // (2 if time_embedding == "concatenate" else 1))
        layers = (model.embed_return, model.embed_state, model.embed_action)
        weights = [parameter for layer in layers for parameter in layer.parameters()]
        scale = torch.arange(embedded.numel()).view(embedded.shape).cos()
        results.append([embedded, *torch.autograd.grad((embedded * scale).sum(), weights)])
    for plain, fast in zip(*results, strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
def test_embeddings_are_float32_under_autocast(fast: bool) -> None:
    """bfloat16 would keep 8 bits of a return-to-go."""
    model, window = make_model(fast=fast), make_window()
    exact = model.embed_modalities(*window[:3])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(model.embed_modalities(*window[:3]), exact)


def test_features_by_hand() -> None:
    """One step: a return of 5, a state of 6 and 7; the last two columns are for the biases."""
    features = features_of(torch.tensor([[[5.0]]]), torch.tensor([[[6.0, 7.0]]]))
    assert features.tolist() == [[[[5, 0, 0, 1, 0], [0, 6, 7, 0, 1]]]]


def test_the_joint_weight_by_hand() -> None:
    linear, table = torch.nn.Linear(1, 2), torch.nn.Embedding(2, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[1.0], [2.0]]))
        linear.bias.copy_(torch.tensor([3.0, 4.0]))
        table.weight.copy_(torch.tensor([[5.0, 6.0], [7.0, 8.0]]))
    assert joint_weight(linear, table).tolist() == [[1, 5, 7, 3, 0], [2, 6, 8, 4, 0]]
