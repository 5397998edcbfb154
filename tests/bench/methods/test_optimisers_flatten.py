"""Parameters side by side in one array learn what they learn apart."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

from bench.methods.optimisers import flatten
from bench.methods.training import descend


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


def test_flat_parameters_are_views_with_the_same_values() -> None:
    module = network()
    before = copy.deepcopy(module.state_dict())
    whole = flatten(module.parameters())
    assert whole.numel() == sum(parameter.numel() for parameter in module.parameters())
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])
    with torch.no_grad():
        whole.fill_(7)
    assert all((parameter == 7).all() for parameter in module.parameters())


def test_flat_training_takes_the_same_steps() -> None:
    """With clipping, weight decay, and gradients that are not carried over to the next step."""
    x, y = torch.randn(8, 3, generator=torch.Generator().manual_seed(1)), torch.ones(8, 2)
    weights = []
    for flat in (False, True):
        module = network()
        parameters = [flatten(module.parameters())] if flat else module.parameters()
        optimiser = torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1, fused=True)
        update = descend(
            lambda _, module=module: (module(x) - y).square().mean(),
            module,
            optimiser,
            warmup_steps=2,
            gradient_clip=0.1,
            flat=flat,
        )
        for step in range(1, 21):
            update(step, np.random.default_rng(0))
        weights.append(module.state_dict())
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, rtol=1e-6, atol=1e-7)
        assert not torch.equal(tensor, network().state_dict()[name])
