"""dt/atari/model.py: number of parameters, initial weights, frames that are too small."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from dt.atari.config import Config
from dt.atari.model import AtariTransformer


def full_size(**options: Any) -> AtariTransformer:
    """Return Table 8's network for Breakout, with 1,000 time steps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return AtariTransformer(4, (4, 84, 84), horizon=1000, config=Config(**options))


def test_number_of_parameters_by_hand() -> None:
    """84 pixels become 20, 9 and 7: 64 * 7 * 7 = 3136, as Table 8's linear layer has it."""
    convolutions = (4 * 8 * 8 + 1) * 32 + (32 * 4 * 4 + 1) * 64 + (64 * 3 * 3 + 1) * 64
    state = convolutions + (3136 + 1) * 128
    block = 128 * 3 * 128 + 3 * 128 + 128 * 128 + 128 + 2 * 4 * 128 * 128 + 5 * 128 + 4 * 128
    rest = 1000 * 128 + 6 * block + 2 * 128 + 4 * 128 + 4 * 128
    for returns, tokens in ((True, 3 * 30 - 1), (False, 2 * 30 - 1)):
        model = full_size(returns=returns)
        expected = state + 2 * 128 * returns + tokens * 128 + rest
        assert sum(parameter.numel() for parameter in model.parameters()) == expected
    assert expected == 1_805_984


def test_the_start_is_the_papers_code() -> None:
    model = full_size()
    for layer in model.transformer.modules():
        if isinstance(layer, torch.nn.Linear):
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
            assert (layer.bias == 0).all()
    for part in (model.embed_action, model.predict_action):
        assert part.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert (model.positions == 0).all()
    assert (model.embed_timestep.weight == 0).all()
    pytorchs = [*model.embed_state.convolutions, model.embed_state.project, model.embed_return]
    for layer, inputs in zip(pytorchs, (256, 512, 576, 3136, 1), strict=True):
        bound = 1 / math.sqrt(inputs)
        assert 0.9 * bound < layer.weight.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.15)
        assert (layer.bias != 0).any()
    blocks = model.transformer.layers
    for norm in (model.transformer.final_norm, blocks[0].norm1, blocks[5].norm2):
        assert (norm.weight == 1).all()
        assert (norm.bias == 0).all()


def test_frames_too_small_for_the_convolutions_are_refused() -> None:
    with pytest.raises(ValueError, match="frames of 35 x 40 pixels are too small: 36 x 36"):
        AtariTransformer(2, (4, 35, 40), horizon=3, config=Config())
