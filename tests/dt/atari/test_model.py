"""dt/atari/model.py against an implementation in plain loops, and against d3rlpy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from d3rlpy.models.torch import (
    DiscreteDecisionTransformer,
    GlobalPositionEncoding,
    PixelEncoder,
)
from scipy.special import log_softmax

from dt.atari import model as atari_model
from dt.atari.model import AtariTransformer
from tests.helpers.atari import CHOICES, SIDE, STACK, make_frames
from tests.helpers.atari_network import (
    LAYERS,
    LONGEST,
    WIDTH,
    K,
    logits_of,
    make_network,
    make_window,
    plainly,
    weights_of,
)

FAST = pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])


# --- the function -------------------------------------------------------------------------------


@FAST
@torch.no_grad()
@pytest.mark.parametrize("returns", [True, False], ids=["dt", "bc"])
@pytest.mark.parametrize("heads", [1, 4])
@pytest.mark.parametrize("steps", [1, 2, K])
def test_equals_a_plain_implementation_on_the_same_weights(
    steps: int, heads: int, returns: bool, fast: bool
) -> None:
    model, window = make_network(heads, returns=returns, fast=fast), make_window(steps)
    expected = plainly(model, window)
    np.testing.assert_allclose(logits_of(model, window), expected, atol=1e-5)
    np.testing.assert_allclose(logits_of(model, window, last=True), expected[:, -1:], atol=1e-5)
    assert expected.std(axis=(0, 1)).min() > 0.02, "the two agree on something that says nothing"


def d3rlpys(model: AtariTransformer) -> DiscreteDecisionTransformer:
    """Return d3rlpy's network with our weights and LayerNorm's epsilon. It adds one learned position to
    the tokens of a step, so ours must give its three tokens the same.
    """
    with torch.random.fork_rng(devices=[]):
        theirs = DiscreteDecisionTransformer(
            PixelEncoder(
                model.stack_shape,
                feature_size=WIDTH,
                dropout_rate=None,
                exclude_last_activation=True,
            ),
            embed_size=WIDTH,
            position_encoding=GlobalPositionEncoding(WIDTH, LONGEST, K),
            action_size=CHOICES,
            num_heads=model.transformer.layers[0].attention.heads,
            context_size=K,
            num_layers=LAYERS,
            attn_dropout=0.0,
            resid_dropout=0.0,
            embed_dropout=0.0,
            activation=torch.nn.GELU(),
            embed_activation=torch.nn.Tanh(),
        ).eval()
    blocks = [
        (f"transformer.blocks.{i}.{mine}", f"_gpt2._transformer.{i}.{other}")
        for i in range(LAYERS)
        for mine, other in (
            ("attention.project", "_attention._proj"),
            ("mlp.fc1", "_mlp._l1"),
            ("mlp.fc2", "_mlp._l2"),
            ("norm1", "_layer_norm1"),
            ("norm2", "_layer_norm2"),
        )
    ]
    eyes = [(f"embed_state.convolve.{i}", f"_encoder._cnn_layers.{2 * i}") for i in range(3)]
    rest = [
        ("embed_state.project", "_encoder._last_layers.0"),
        ("embed_return", "_rtg_embed"),
        ("embed_action", "_action_embed"),
        ("embed_timestep", "_position_encoding._global_position_embedding"),
        ("transformer.final_norm", "_gpt2._layer_norm"),
        ("predict_action", "_output"),
    ]
    ours, weights = model.state_dict(), theirs.state_dict()
    for mine, other in (*blocks, *eyes, *rest):
        for part in ("weight", "bias"):
            if f"{mine}.{part}" in ours:
                weights[f"{other}.{part}"] = ours[f"{mine}.{part}"]
    for i in range(LAYERS):
        for part in ("weight", "bias"):
            joint = ours[f"transformer.blocks.{i}.attention.qkv.{part}"].chunk(3)
            for name, own in zip("qkv", joint, strict=True):
                weights[f"_gpt2._transformer.{i}._attention._{name}.{part}"] = own
    [place] = [name for name in weights if "_block_position_embedding" in name]
    weights[place] = torch.zeros_like(weights[place])
    weights[place][0, :K] = model.positions[::3]
    theirs.load_state_dict(weights)
    for layer in theirs.modules():
        if isinstance(layer, torch.nn.LayerNorm):
            layer.eps = 1e-5
    return theirs


@FAST
@torch.no_grad()
@pytest.mark.parametrize("heads", [1, 4])
def test_equals_d3rlpys_network_on_the_same_weights(heads: int, fast: bool) -> None:
    model, window = make_network(heads, fast=fast), make_window()
    model.positions[1::3] = model.positions[::3]
    model.positions[2::3] = model.positions[::3][: K - 1]
    frames = window["frames"]
    stacks = torch.stack([frames[:, i : i + STACK] for i in range(K)], dim=1).float() / 255
    _, expected = d3rlpys(model)(
        stacks,
        window["actions"].unsqueeze(2),
        window["returns"].unsqueeze(2),
        window["times"].unsqueeze(1).expand(-1, K),
        torch.zeros(3, K),
    )
    torch.testing.assert_close(logits_of(model, window), expected, rtol=0, atol=1e-5)
    assert expected.std() > 0.1


@FAST
@pytest.mark.parametrize("returns", [True, False], ids=["dt", "bc"])
def test_gradients_are_slopes_of_the_plain_implementation(returns: bool, fast: bool) -> None:
    """Of every parameter, along a random direction: differences of its loss in float64."""
    model, window = make_network(returns=returns, fast=fast).train(), make_window(2, batch=1)
    taken = window["actions"].flatten()
    loss = torch.nn.functional.cross_entropy(logits_of(model, window).flatten(0, 1), taken)
    loss.backward()
    random, weights = np.random.default_rng(0), weights_of(model)

    def plain_loss(changed: dict[str, Any]) -> float:
        likely = log_softmax(plainly(model, window, weights | changed), axis=2)
        return -float(likely.reshape(-1, CHOICES)[np.arange(2), taken.numpy()].mean())

    slopes = []
    for name, parameter in model.named_parameters():
        direction, small = random.normal(size=tuple(parameter.shape)), 1e-7
        up, down = (plain_loss({name: weights[name] + s * direction}) for s in (small, -small))
        slope = (up - down) / (2 * small)
        found = float((parameter.grad.numpy() * direction).sum())
        assert found == pytest.approx(slope, rel=2e-3, abs=1e-5), name
        slopes.append(abs(slope))
    assert np.median(slopes) > 1e-3


@FAST
@torch.no_grad()
def test_bfloat16_stays_near(fast: bool) -> None:
    model, window = make_network(fast=fast), make_window()
    exact = logits_of(model, window)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        near = logits_of(model, window).float()
    assert (near - exact).abs().max() < 0.02 * exact.abs().max()
    assert not torch.equal(near, exact)


@torch.no_grad()
def test_returns_keep_their_digits_in_bfloat16() -> None:
    """289 and 290 are one number in bfloat16."""
    model, window = make_network(), make_window()
    model.embed_return.weight.mul_(1e-3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        seen = [
            logits_of(model, window | {"returns": torch.full((3, K), value)}).float()
            for value in (289.0, 290.0)
        ]
    assert not torch.equal(*seen)


@torch.no_grad()
def test_a_stack_has_the_same_embedding_alone_and_in_a_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Newest frame last, as the data and the environment have it; whatever goes through at once."""
    model, data = make_network(), make_frames()
    frames = torch.from_numpy(data.frames(np.array([6, 9]), 3))
    stacks = torch.from_numpy(data.stacked(np.array([6, 7, 8, 9, 10, 11])))
    alone = model.embed_state(stacks).view(2, 3, -1)
    torch.testing.assert_close(model.see(frames), alone, rtol=0, atol=1e-6)
    assert (alone[0, 0] - alone[1, 0]).abs().max() > 0.01
    monkeypatch.setattr(atari_model, "CHUNK", 4)
    torch.testing.assert_close(model.see(frames), alone, rtol=0, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize(
    ("part", "delay"), [("returns", 0), ("frames", 0), ("actions", 1)], ids=str
)
@pytest.mark.parametrize("changed", range(K))
def test_a_token_changes_only_predictions_after_it(part: str, delay: int, changed: int) -> None:
    model, window = make_network(), make_window()
    before = logits_of(model, window)
    place = changed + STACK - 1 if part == "frames" else changed
    other = window[part].clone()
    other[:, place] = (
        (other[:, place] + 1) % CHOICES if part == "actions" else 255 - other[:, place]
    )
    difference = (logits_of(model, window | {part: other}) - before).abs().amax(dim=(0, 2))
    first = changed + delay
    assert (difference[:first] == 0).all()
    assert (difference[first:] > 1e-5).all()


@torch.no_grad()
def test_without_returns_they_do_not_matter() -> None:
    model, window = make_network(returns=False), make_window()
    other = window | {"returns": window["returns"] + 5}
    assert torch.equal(logits_of(model, window), logits_of(model, other))


@torch.no_grad()
def test_one_time_step_is_added_to_all_tokens_of_a_window() -> None:
    model, window = make_network(), make_window()
    before = logits_of(model, window)
    model.embed_timestep.weight[int(window["times"][1])] += torch.arange(WIDTH) / 8
    changed = (logits_of(model, window) - before).abs().amax(dim=2) > 1e-4
    assert changed.all(dim=1).tolist() == [False, True, False]
    assert not changed[[0, 2]].any()


@torch.no_grad()
def test_dropout_acts_in_training_only() -> None:
    plain, dropping, window = make_network(), make_network(dropout=0.5), make_window()
    assert torch.equal(logits_of(dropping, window), logits_of(plain, window))
    dropping.train()
    with torch.random.fork_rng(devices=[]):
        first, second = logits_of(dropping, window), logits_of(dropping, window)
    assert (first - second).abs().max() > 1e-2


@torch.no_grad()
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_standardised_frames_have_the_embeddings_of_frames_stored_so(
    precision: torch.dtype,
) -> None:
    """A network that divides by 255 is given frames that this is undone in."""
    random = np.random.default_rng(0)
    standardised, other = make_network(standardise_frames=True), make_network()
    mean = torch.from_numpy(random.integers(0, 256, (SIDE, SIDE)).astype(np.float32))
    standardised.load_state_dict(other.state_dict(), strict=False)
    standardised.embed_state.mean.copy_(mean)
    standardised.embed_state.std.fill_(64)
    window = make_window()
    with torch.autocast("cpu", dtype=precision, enabled=precision == torch.bfloat16):
        seen = standardised.see(window["frames"])
    expected = other.see((window["frames"] - mean) * 255 / 64)
    tolerance = 1e-5 if precision == torch.float32 else 0.03
    np.testing.assert_allclose(seen.float(), expected, atol=tolerance)
    assert expected.std() > 0.1
