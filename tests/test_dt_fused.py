"""Blocks with their derivatives written out, against autograd on plain formulas; products by oneDNN."""

from __future__ import annotations

import math

import pytest
import torch
from helpers_dt import make_model, make_window
from torch import Tensor, nn
from torch.nn import functional

import dt.products
from dt.blocks import Block
from dt.dropout import draw_kept
from dt.fused import FusedMLP
from dt.fused_attention import FusedAttention, FusedSingleHead
from dt.products import product

B, T, WIDTH = 3, 7, 8
STATES = slice(1, None, 3)  # 2 of 7 tokens


def random(*shape: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def kept_of(shape: tuple[int, ...], rate: float) -> Tensor | None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(math.prod(shape))
        return draw_kept(shape, rate) if rate else None


def after_dropout(x: Tensor, kept: Tensor | None, rate: float) -> Tensor:
    return x if kept is None else x * kept.view(x.shape) / (1 - rate)


def plain_attention(
    x: Tensor,
    mask: Tensor,
    only: slice,
    heads: int,
    rate: float,
    kept: tuple,
    parameters: list[Tensor],
) -> Tensor:
    """The first half of a block, one head after the other."""
    norm, norm_bias, qkv, qkv_bias, out, out_bias = parameters
    a = functional.layer_norm(x, (WIDTH,), norm, norm_bias)
    q, k, v = (a @ w.t() + b for w, b in zip(qkv.chunk(3), qkv_bias.chunk(3), strict=True))
    size, mixed = WIDTH // heads, []
    looked_kept = None if kept[0] is None else kept[0].view(B, heads, -1, T)
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        scores = q[:, only, own] @ k[:, :, own].transpose(1, 2) / math.sqrt(size) + mask
        one = None if looked_kept is None else looked_kept[:, head]
        mixed.append(after_dropout(scores.softmax(2), one, rate) @ v[:, :, own])
    projected = torch.cat(mixed, 2) @ out.t() + out_bias
    return x[:, only] + after_dropout(projected, kept[1], rate)


def plain_mlp(
    x: Tensor, rate: float, kept: Tensor | None, gelu: bool, parameters: list[Tensor]
) -> Tensor:
    norm, norm_bias, grow, grow_bias, shrink, shrink_bias = parameters
    grown = functional.layer_norm(x, (WIDTH,), norm, norm_bias) @ grow.t() + grow_bias
    normal = 0.5 * (1 + torch.erf(grown / math.sqrt(2)))  # its distribution function
    hidden = grown * normal if gelu else grown.relu()
    return x + after_dropout(hidden @ shrink.t() + shrink_bias, kept, rate)


def gradients(result: Tensor, inputs: list[Tensor]) -> list[Tensor]:
    weights = random(*result.shape, seed=99, dtype=result.dtype)
    return list(torch.autograd.grad((result * weights).sum(), inputs))


def attention_parameters(dtype: torch.dtype = torch.float64) -> list[Tensor]:
    shapes = [(WIDTH,), (WIDTH,), (3 * WIDTH, WIDTH), (3 * WIDTH,), (WIDTH, WIDTH), (WIDTH,)]
    return [random(*s, seed=i, dtype=dtype).requires_grad_() for i, s in enumerate(shapes)]


def mlp_parameters(dtype: torch.dtype = torch.float64) -> list[Tensor]:
    shapes = [(WIDTH,), (WIDTH,), (4 * WIDTH, WIDTH), (4 * WIDTH,), (WIDTH, 4 * WIDTH), (WIDTH,)]
    return [random(*s, seed=i, dtype=dtype).requires_grad_() for i, s in enumerate(shapes)]


@pytest.mark.parametrize("rate", [0.0, 0.25])
@pytest.mark.parametrize("only", [None, STATES], ids=["all ask", "states ask"])
@pytest.mark.parametrize(
    ("way", "heads"), [(FusedSingleHead, 1), (FusedAttention, 1), (FusedAttention, 4)]
)
def test_attention_has_the_outputs_and_gradients_of_the_plain_formula(
    way: type, heads: int, only: slice | None, rate: float
) -> None:
    x, parameters = random(B, T, WIDTH, seed=7).requires_grad_(), attention_parameters()
    mask = torch.full((T, T), -math.inf, dtype=x.dtype).triu(1)[only or slice(None)]
    kept = (kept_of((B * heads, len(mask), T), rate), kept_of((B * len(mask), WIDTH), rate))
    ours = way.apply(x, mask, only, heads, rate, kept, x.dtype, *parameters)
    plain = plain_attention(x, mask, only or slice(None), heads, rate, kept, parameters)
    torch.testing.assert_close(ours.view(plain.shape), plain, rtol=1e-10, atol=1e-10)
    expected = gradients(plain, [x, *parameters])
    for one, other in zip(
        gradients(ours.view(plain.shape), [x, *parameters]), expected, strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("gelu", [False, True], ids=["relu", "gelu"])
@pytest.mark.parametrize("rate", [0.0, 0.25])
def test_the_mlp_has_the_outputs_and_gradients_of_the_plain_formula(
    rate: float, gelu: bool
) -> None:
    x, parameters = random(B * T, WIDTH, seed=7).requires_grad_(), mlp_parameters()
    kept = kept_of((B * T, WIDTH), rate)
    ours = FusedMLP.apply(x, rate, kept, x.dtype, gelu, *parameters)
    plain = plain_mlp(x, rate, kept, gelu, parameters)
    torch.testing.assert_close(ours, plain, rtol=1e-10, atol=1e-10)
    expected = gradients(plain, [x, *parameters])
    for one, other in zip(gradients(ours, [x, *parameters]), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
@pytest.mark.parametrize(
    ("heads", "gelu"), [(1, False), (2, False), (2, True)], ids=["1-head", "2-heads", "gelu"]
)
@pytest.mark.parametrize("only", [slice(None), STATES], ids=["all ask", "states ask"])
def test_a_block_is_the_same_function_fused_and_by_modules(
    heads: int, gelu: bool, only: slice, dtype: torch.dtype, tolerance: float
) -> None:
    """Largest error as a share of the largest value: float32's rounding, and bfloat16's, which keeps
    8 bits, a few times over.
    """
    torch.manual_seed(0)
    block = Block(WIDTH, heads, dropout=0.0, gelu=gelu).train()
    x = random(B, T, WIDTH, seed=1, dtype=torch.float32).requires_grad_()
    mask = torch.full((T, T), -math.inf).triu(1)[only]
    results = []
    for watched in (False, True):  # a watched block is computed by modules
        block.attention.watched = watched
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
            result = block(x, mask, only)
        assert result.dtype == torch.float32
        results.append([result, *gradients(result, [x, *block.parameters()])])
    assert (block.attention.weights is not None) == watched
    for name, one, other in zip(
        ["result", "x", *(name for name, _ in block.named_parameters())], *results, strict=True
    ):
        if name == "attention.qkv.bias":  # that of the keys has no gradient but rounding's
            one, other = (
                one[[*range(WIDTH), *range(2 * WIDTH, 3 * WIDTH)]],
                other[[*range(WIDTH), *range(2 * WIDTH, 3 * WIDTH)]],
            )
        assert (one - other).abs().max() <= tolerance * other.abs().max(), name


@pytest.mark.parametrize("heads", [1, 2])
def test_a_fused_network_learns_with_dropout_as_without_a_seed_it_does_not_repeat(
    heads: int,
) -> None:
    model = make_model(heads=heads, dropout=0.5).train()
    torch.manual_seed(0)
    once = model(*make_window())
    again = model(*make_window())
    torch.manual_seed(0)
    repeated = model(*make_window())
    assert not torch.equal(once, again)
    assert torch.equal(once, repeated)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.25, 1 / 3, 0.001, 0.999])
def test_dropout_leaves_out_exactly_its_share(rate: float) -> None:
    """Within four standard deviations of 4 million draws; 0.001 and 0.999 are no byte's."""
    torch.manual_seed(1)
    draws = 4_000_000
    kept = draw_kept((draws,), rate)
    assert set(kept.unique().tolist()) == {0, 1}
    assert abs(kept.double().mean() - (1 - rate)) < 4 * math.sqrt(rate * (1 - rate) / draws)


def test_kept_elements_are_independent_neighbours() -> None:
    torch.manual_seed(2)
    kept = draw_kept((1_000_000,), 0.5).double() - 0.5
    for lag in (1, 2, 7, 8, 64):
        assert abs((kept[lag:] * kept[:-lag]).mean()) < 4 * 0.25 / 1000


def test_dropout_enlarges_what_it_keeps_and_its_gradient() -> None:
    torch.manual_seed(3)
    layer = dt.dropout.Dropout(0.25).train()
    x = random(50, 40, seed=0, dtype=torch.float32).requires_grad_()
    y = layer(x)
    kept = y != 0
    torch.testing.assert_close(y, torch.where(kept, x / 0.75, 0.0))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(gradient, kept / 0.75)
    assert 0.6 < kept.float().mean() < 0.9
    assert layer.eval()(x) is x


@pytest.mark.parametrize("with_onednn", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_products_are_those_of_a_linear_layer(
    dtype: torch.dtype, with_onednn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by PyTorch alone, where its build has no oneDNN."""
    if not with_onednn:
        monkeypatch.setattr(dt.products, "_linear", None)
    elif dt.products._linear is None:
        pytest.skip("this build of PyTorch has no oneDNN")
    x, weight, bias = (
        random(*s, seed=i, dtype=dtype) for i, s in enumerate([(5, 6), (4, 6), (4,)])
    )
    expected = nn.functional.linear(x.double(), weight.double(), bias.double())
    tolerance = (
        {"rtol": 2e-2, "atol": 2e-2} if dtype == torch.bfloat16 else {"rtol": 1e-5, "atol": 1e-5}
    )
    torch.testing.assert_close(product(x, weight, bias).double(), expected, **tolerance)
    torch.testing.assert_close(
        product(x, weight, bias, relu=True).double(), expected.relu(), **tolerance
    )
    turned = weight.t().contiguous().t()  # another layout of the same matrix
    torch.testing.assert_close(product(x, turned).double(), (expected - bias), **tolerance)
