"""dt/model.py: how the time step joins a token, the options `time_embedding` and `embedding_order`."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.helpers.dt import (
    ACT,
    WIDTH,
    K,
    make_model,
    make_window,
    plain_actions,
)

# how the time step joins a token -> options of the network
TOKENS: dict[str, dict[str, Any]] = {
    "add_then_norm": {},
    "norm_then_add": {"embedding_order": "norm_then_add"},
    "concatenate": {"time_embedding": "concatenate"},
}


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
@pytest.mark.parametrize("last", [False, True], ids=["every-step", "last-step"])
@pytest.mark.parametrize("kind", TOKENS)
def test_outputs_and_gradients_equal_those_of_a_model_in_loops(
    kind: str, last: bool, fast: bool
) -> None:
    model, window = make_model(2, fast=fast, **TOKENS[kind]), make_window(4, batch=3, start=5)
    weights = torch.randn(3, 4, ACT, generator=torch.Generator().manual_seed(1))
    kept = slice(-1, None) if last else slice(None)
    expected = plain_actions(model, window, kind)[:, kept]
    found = model(*window, last=last)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    parameters = dict(model.named_parameters())
    gradients = [
        torch.autograd.grad((actions * weights[:, kept]).sum(), list(parameters.values()))
        for actions in (found, expected)
    ]
    for name, mine, plain in zip(parameters, *gradients, strict=True):
        torch.testing.assert_close(mine, plain, rtol=1e-3, atol=2e-5, msg=lambda m, n=name: n + m)
        assert mine.abs().max() > 0, name


@torch.no_grad()
def test_the_models_in_loops_differ() -> None:
    """Of the same weights; the comparison above could not tell equal functions apart."""
    model, window = make_model(), make_window()
    one, other = (plain_actions(model, window, kind) for kind in ("add_then_norm", "norm_then_add"))
    assert (one - other).abs().max() > 1e-2


def test_concatenated_halves_are_the_modality_and_the_time_step() -> None:
    """Same transformer: the width of a token does not change."""
    model, window = make_model(**TOKENS["concatenate"]), make_window(start=300)
    for layer in (model.embed_return, model.embed_state, model.embed_action):
        assert layer.out_features == WIDTH // 2
    assert model.embed_timestep.embedding_dim == WIDTH // 2
    assert model.embed_norm.normalized_shape == (WIDTH,)
    assert model.transformer.layers[0].attention.qkv.in_features == WIDTH
    with torch.no_grad():
        tokens = model.embed(*window)
        assert tokens.shape == (4, 3 * K, WIDTH)
        of_states = model.embed_state(window[1])
        torch.testing.assert_close(tokens[:, 1::3, : WIDTH // 2], of_states, rtol=0, atol=1e-6)
        for modality in range(3):
            time = tokens[:, modality::3, WIDTH // 2 :]
            assert torch.equal(time, model.embed_timestep.weight[window[3]])


def test_the_modalities_share_the_one_norm_of_the_papers_text() -> None:
    """Without biases and time steps a token's mean is 0 and its mean square 1."""
    model, window = make_model(randomise=False, **TOKENS["norm_then_add"]), make_window()
    with torch.no_grad():
        model.embed_timestep.weight.zero_()
        tokens = model.embed(*window)
    torch.testing.assert_close(tokens.mean(dim=2), torch.zeros(4, 3 * K), rtol=0, atol=1e-5)
    torch.testing.assert_close(tokens.square().mean(dim=2), torch.ones(4, 3 * K), rtol=1e-2, atol=0)
