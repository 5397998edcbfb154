"""dt/cpu/accelerate.py: the switch, and the whole networks with and without it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dt.atari.config import Config as AtariConfig
from dt.atari.model import AtariTransformer
from dt.cpu.accelerate import FAST, accelerate
from dt.cpu.block import FastBlock
from dt.graph import Config as GraphConfig
from dt.graph import GraphTransformer
from tests.helpers.dt import make_model, make_window

SMALL: dict[str, Any] = {"layers": 2, "heads": 2, "width": 16}


def atari() -> nn.Module:
    config = AtariConfig(context_length=3, dropout=0.0, **SMALL)
    return AtariTransformer(3, (4, 36, 36), horizon=9, config=config)


def atari_inputs() -> tuple[Tensor, ...]:
    states = torch.linspace(-1, 1, 2 * 3 * 16).view(2, 3, 16)
    actions = torch.tensor([[0, 1, 2], [2, 2, 0]])
    return torch.ones(2, 3), states, actions, torch.tensor([4, 0])


def graph_inputs() -> tuple[Tensor, ...]:
    return tuple(torch.tensor([[0, 1, 2], [2, 2, 0]]) for _ in range(3))


NETWORKS = {
    "dt": (lambda: make_model(heads=2), make_window),
    "dt, one head": (make_model, make_window),
    "dt, concatenate": (lambda: make_model(time_embedding="concatenate"), make_window),
    "atari": (atari, atari_inputs),
    "graph": (lambda: GraphTransformer(3, 4, GraphConfig(**SMALL)), graph_inputs),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_fast_network_has_the_outputs_and_gradients_of_the_plain_one(name: str) -> None:
    make, inputs = NETWORKS[name]
    torch.manual_seed(0)
    plain = make().train()
    fast = accelerate(copy.deepcopy(plain))
    assert not any(type(module) in FAST.values() for module in plain.modules())
    assert not any(type(module) in FAST for module in fast.modules())
    assert sum(type(module) is FastBlock for module in fast.modules()) == 2
    results = []
    for model in (plain, fast):
        outputs = model(*inputs())
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        sum(
            (out * torch.arange(out.numel()).view(out.shape).sin()).sum() for out in outputs
        ).backward()
        results.append((outputs, {n: p.grad for n, p in model.named_parameters()}))
    for mine, expected in zip(results[1][0], results[0][0], strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-5, atol=1e-5)
    assert results[0][1].keys() == results[1][1].keys()
    for parameter, expected in results[0][1].items():
        found = results[1][1][parameter]
        if expected is None:
            assert found is None, parameter
        else:
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=2e-5, msg=parameter)


def test_weights_and_their_names_stay() -> None:
    model = make_model()
    before = {
        name: (tensor.data_ptr(), tensor.clone()) for name, tensor in model.state_dict().items()
    }
    assert accelerate(model) is model
    after = model.state_dict()
    assert list(after) == list(before)
    for name, (place, tensor) in before.items():
        assert after[name].data_ptr() == place
        assert torch.equal(after[name], tensor)


def test_a_copy_of_a_fast_network_is_fast_and_has_its_own_weights() -> None:
    """As the moving average of weights has."""
    model = make_model(fast=True)
    other = copy.deepcopy(model)
    assert [type(module) for module in other.modules()] == [type(m) for m in model.modules()]
    expected = model(*make_window()).detach()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    assert torch.equal(model(*make_window()), expected)
    assert not other(*make_window()).any()


def test_on_another_device_a_network_stays_as_it_is() -> None:
    with torch.device("meta"):
        model = GraphTransformer(3, 4, GraphConfig(**SMALL))
    kinds = [type(module) for module in model.modules()]
    assert [type(module) for module in accelerate(model).modules()] == kinds


@pytest.mark.parametrize("heads", [1, 2])
def test_with_dropout_a_fast_network_repeats_itself_from_the_same_seed_only(heads: int) -> None:
    model = make_model(heads=heads, dropout=0.5, fast=True).train()
    torch.manual_seed(0)
    once = model(*make_window())
    again = model(*make_window())
    torch.manual_seed(0)
    repeated = model(*make_window())
    assert not torch.equal(once, again)
    assert torch.equal(once, repeated)
