"""dt/model.py: initial weights, and dropout."""

from __future__ import annotations

import math

import pytest
import torch

from dt.config import Config
from dt.model import DecisionTransformer
from tests.helpers.dt import WIDTH, K, make_model, make_window


def full_size() -> DecisionTransformer:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return DecisionTransformer(11, 3, horizon=1000, config=Config())


def test_the_gpt_starts_as_the_papers_code_does() -> None:
    for block in full_size().transformer.layers:
        for layer in (block.attention.qkv, block.attention.project, block.mlp.fc1, block.mlp.fc2):
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.03)
            assert layer.weight.mean().item() == pytest.approx(0, abs=1e-3)
            assert (layer.bias == 0).all()
        for norm in (block.norm1, block.norm2):
            assert (norm.weight == 1).all()
            assert (norm.bias == 0).all()


@pytest.mark.parametrize(
    ("layer", "inputs"), [("embed_state", 11), ("embed_action", 3), ("predict_action", 128)]
)
def test_embeddings_and_head_keep_pytorchs_start(layer: str, inputs: int) -> None:
    """PyTorch's Linear: uniform within 1 / sqrt(inputs), biases too."""
    linear, bound = getattr(full_size(), layer), 1 / math.sqrt(inputs)
    assert 0.9 * bound < linear.weight.abs().max() <= bound
    assert linear.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.1)
    assert (linear.bias != 0).any()


def test_time_steps_start_standard_normal() -> None:
    assert full_size().embed_timestep.weight.std().item() == pytest.approx(1, rel=0.01)


@torch.no_grad()
@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
def test_dropout_acts_in_training_only(fast: bool) -> None:
    plain, dropping = make_model(fast=fast), make_model(dropout=0.5, fast=fast)
    window = make_window()
    assert torch.equal(dropping(*window), plain(*window))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        dropping.train()
        first, second = dropping(*window), dropping(*window)
    assert (first - second).abs().max() > 1e-2


def test_dropout_acts_on_embeddings_attention_weights_and_residuals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once on the embeddings; in a block once on the attention weights and on two residuals."""
    shapes: list[tuple[int, ...]] = []

    def spy(self: torch.nn.Dropout, x: torch.Tensor) -> torch.Tensor:
        assert self.p == 0.1
        shapes.append(tuple(x.shape))
        return x

    monkeypatch.setattr(torch.nn.Dropout, "forward", spy)
    make_model(heads=2, dropout=0.1).train()(*make_window())
    tokens = 3 * K - 1  # the last action is left out; the last block computes the state tokens only
    assert shapes == [
        (4, tokens, WIDTH),
        (4, 2, tokens, tokens),
        (4, tokens, WIDTH),
        (4, tokens, WIDTH),
        (4, 2, K, tokens),
        (4, K, WIDTH),
        (4, K, WIDTH),
    ]
