"""dt/cpu/block.py against the plain block of dt/model.py."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor

from dt.cpu.accelerate import accelerate
from dt.cpu.block import FastBlock, supported
from dt.cpu.dropout import draw_kept
from dt.model import Block
from tests.helpers.fused import STATES, WIDTH, B, T, gradients, random


def both(heads: int, dropout: float = 0.0, gelu: bool = False) -> tuple[Block, Block]:
    """Return a plain block and a fast one with the same weights, in training mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        plain = Block(WIDTH, heads, dropout, gelu)
    fast = accelerate(copy.deepcopy(plain))
    assert type(fast) is FastBlock
    return plain, fast


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
@pytest.mark.parametrize(
    ("heads", "gelu"), [(1, False), (2, False), (2, True)], ids=["1-head", "2-heads", "gelu"]
)
@pytest.mark.parametrize("positions", [slice(None), STATES], ids=["all queries", "state queries"])
def test_outputs_and_gradients_equal_those_of_the_plain_block(
    heads: int, gelu: bool, positions: slice, dtype: torch.dtype, tolerance: float
) -> None:
    """Largest error relative to the largest value: the rounding of float32, and a few times that of
    bfloat16, which keeps 8 bits.
    """
    x = random(B, T, WIDTH, seed=1, dtype=torch.float32).requires_grad_()
    mask = torch.full((T, T), -math.inf).triu(1)
    results, names = [], []
    for block in both(heads, gelu=gelu):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
            result = block(x, mask, positions)
        assert result.dtype == torch.float32
        results.append([result, *gradients(result, [x, *block.parameters()])])
        names = ["result", "x", *(name for name, _ in block.named_parameters())]
    for name, plain, fast in zip(names, *results, strict=True):
        one, other = fast, plain
        if name == "attention.qkv.bias":  # the gradient of the keys' bias is rounding only
            others = [*range(WIDTH), *range(2 * WIDTH, 3 * WIDTH)]
            one, other = one[others], other[others]
        assert (one - other).abs().max() <= tolerance * other.abs().max(), name


@pytest.mark.parametrize("heads", [1, 2])
def test_with_attention_weights_asked_for_it_is_the_plain_block(heads: int) -> None:
    plain, fast = both(heads)
    x, mask = random(B, T, WIDTH, seed=1, dtype=torch.float32), torch.zeros(T, T)
    found: tuple[list[Tensor], list[Tensor]] = ([], [])
    results = [
        block(x, mask, STATES, weights) for block, weights in zip((plain, fast), found, strict=True)
    ]
    assert torch.equal(*results)
    assert torch.equal(found[0][0], found[1][0])
    assert found[0][0].shape == (B, heads, 2, T)


@pytest.mark.parametrize("heads", [1, 2])
def test_dropout_acts_on_attention_weights_and_two_residuals(
    heads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the plain block; only in training."""
    shapes: list[tuple[int, ...]] = []

    def spy(shape: tuple[int, ...], rate: float) -> Tensor:
        assert rate == 0.1
        shapes.append(shape)
        return draw_kept(shape, rate)

    monkeypatch.setattr("dt.cpu.block.draw_kept", spy)
    monkeypatch.setattr("dt.cpu.dropout.draw_kept", spy)
    _, fast = both(heads, dropout=0.1)
    x, mask = random(B, T, WIDTH, seed=1, dtype=torch.float32), torch.zeros(T, T)
    with torch.random.fork_rng(devices=[]):
        fast(x, mask, STATES)
        assert shapes == [(B * heads, 2, T), (B * 2, WIDTH), (B * 2, WIDTH)]
        fused, shapes[:] = list(shapes), []
        fast(x, mask, STATES, [])
    assert [math.prod(shape) for shape in shapes] == [math.prod(shape) for shape in fused]
    shapes.clear()
    fast.eval()(x, mask, STATES)
    assert shapes == []


@pytest.mark.parametrize("operator", ["native_layer_norm_backward", "_softmax_backward_data"])
def test_a_build_without_an_operator_is_noticed(
    operator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Without:
        def __getattr__(self, name: str) -> object:
            if name == operator:
                raise AttributeError(f"no operator {name}")
            return getattr(torch.ops.aten, name)

    monkeypatch.setattr("dt.cpu.fused.aten", Without())
    monkeypatch.setattr("dt.cpu.fused_attention.aten", Without())
    supported.cache_clear()
    try:
        assert not supported()
        assert type(accelerate(Block(WIDTH, 2, 0.0))) is Block
    finally:
        supported.cache_clear()


def test_trying_the_operators_draws_nothing() -> None:
    """From torch's generator: the numbers of a run do not depend on when they are tried."""
    before = torch.get_rng_state()
    supported.cache_clear()
    with torch.inference_mode():  # a policy may be read there
        assert supported()
    assert torch.equal(torch.get_rng_state(), before)
