"""dt/cpu/products.py against PyTorch's linear layer in float64."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dt.cpu.products import onednn_takes, product
from tests.helpers.fused import random


@pytest.fixture
def fresh() -> Iterator[None]:
    """Forget what was tried, before and after the test."""
    onednn_takes.cache_clear()
    yield
    onednn_takes.cache_clear()


def refuse(*given: Any) -> Tensor:
    raise RuntimeError("could not create a primitive descriptor")


BUILDS = ("this build", "without oneDNN", "oneDNN refuses")


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_products_are_those_of_a_linear_layer(
    dtype: torch.dtype, build: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where oneDNN's operator is missing or does not take the type."""
    if build == "without oneDNN":
        monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace())
    elif build == "oneDNN refuses":
        monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace(_linear_pointwise=refuse))
    if build != "this build":
        assert not onednn_takes(dtype)
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


@pytest.mark.usefixtures("fresh")
def test_float64_is_never_given_to_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[torch.dtype] = []
    spy = SimpleNamespace(_linear_pointwise=lambda x, *given: tried.append(x.dtype))
    monkeypatch.setattr(torch.ops, "mkldnn", spy)
    assert [onednn_takes(d) for d in (torch.float64, torch.float32)] == [False, True]
    assert tried == [torch.float32]
