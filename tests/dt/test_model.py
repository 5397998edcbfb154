"""dt/model.py against Hugging Face's implementation and a plain one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from dt.config import Config
from dt.model import DecisionTransformer
from tests.helpers.dt import (
    ACT,
    HORIZON,
    LAYERS,
    OBS,
    WIDTH,
    K,
    Window,
    make_model,
    make_window,
    pad,
    plain_actions,
)

if TYPE_CHECKING:
    from transformers import DecisionTransformerModel

FAST = pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])

# --- Hugging Face -------------------------------------------------------------------------------


def hugging_face(model: DecisionTransformer, heads: int) -> DecisionTransformerModel:
    """Return their model with our weights."""
    from transformers import DecisionTransformerConfig, DecisionTransformerModel

    config = DecisionTransformerConfig(
        state_dim=OBS,
        act_dim=ACT,
        hidden_size=WIDTH,
        max_ep_len=HORIZON,
        action_tanh=True,
        n_layer=LAYERS,
        n_head=heads,
        n_inner=4 * WIDTH,
        activation_function="relu",
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        layer_norm_epsilon=1e-5,
    )
    with torch.random.fork_rng(devices=[]):
        theirs = DecisionTransformerModel(config).eval()
    names = {
        **{head: head for head in ("predict_state", "predict_return") if hasattr(model, head)},
        "embed_return": "embed_return",
        "embed_state": "embed_state",
        "embed_action": "embed_action",
        "embed_norm": "embed_ln",
        "transformer.final_norm": "encoder.ln_f",
        "predict_action": "predict_action.0",
    }
    transposed = {}  # their Conv1D keeps (in, out), Linear (out, in)
    for i in range(LAYERS):
        ours, other = f"transformer.blocks.{i}", f"encoder.h.{i}"
        names |= {f"{ours}.norm1": f"{other}.ln_1", f"{ours}.norm2": f"{other}.ln_2"}
        transposed |= {
            f"{ours}.attention.qkv": f"{other}.attn.c_attn",
            f"{ours}.attention.project": f"{other}.attn.c_proj",
            f"{ours}.mlp.fc1": f"{other}.mlp.c_fc",
            f"{ours}.mlp.fc2": f"{other}.mlp.c_proj",
        }
    ours = model.state_dict()
    weights = {
        "embed_timestep.weight": ours["embed_timestep.weight"],
        "encoder.wpe.weight": torch.zeros_like(theirs.encoder.wpe.weight),
    }
    for mine, other in names.items():
        weights |= {f"{other}.{part}": ours[f"{mine}.{part}"] for part in ("weight", "bias")}
    for mine, other in transposed.items():
        weights[f"{other}.weight"] = ours[f"{mine}.weight"].T
        weights[f"{other}.bias"] = ours[f"{mine}.bias"]
    used = {name.rsplit(".", 1)[0] for name in ours}
    assert used == {*names, *transposed, "embed_timestep"}, "a weight of ours is not compared"
    missing, unexpected = theirs.load_state_dict(weights, strict=False)
    assert not unexpected
    assert {name.split(".")[0] for name in missing} <= {
        "predict_state",
        "predict_return",
        "encoder",
    }
    assert {name for name in missing if name.startswith("encoder")} <= {"encoder.wte.weight"}
    return theirs


@torch.no_grad()
def their_predictions(
    theirs: DecisionTransformerModel, window: Window, before: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return their actions, next states and next returns-to-go for a window padded on the left as
    their users do: actions -10.
    """
    returns, states, actions, timesteps = pad(window, before, 0, -10.0)
    mask = torch.ones_like(timesteps)
    mask[:, :before] = 0
    answer = theirs(
        states=states,
        actions=actions,
        returns_to_go=returns.unsqueeze(2),
        timesteps=timesteps,
        attention_mask=mask,
    )
    actions, states = answer.action_preds[:, before:], answer.state_preds[:, before:]
    return actions, states, answer.return_preds[:, before:, 0]


def their_actions(theirs: DecisionTransformerModel, window: Window, before: int) -> Tensor:
    return their_predictions(theirs, window, before)[0]


@FAST
@pytest.mark.parametrize("start", [0, 600], ids=["early", "deep-in-the-episode"])
@pytest.mark.parametrize("heads", [1, 2], ids=["1-head", "2-heads"])
def test_equals_hugging_face_on_the_same_weights(heads: int, start: int, fast: bool) -> None:
    model = make_model(heads, fast=fast)
    theirs = hugging_face(model, heads)
    for steps in range(1, K + 1):
        window = make_window(steps, start=start)
        expected = their_actions(theirs, window, before=K - steps)
        with torch.no_grad():
            found = model(*pad(window, 0, K - steps, 0.0))[:, :steps]
            last = model(*window, last=True)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
        torch.testing.assert_close(last, expected[:, -1:], rtol=0, atol=1e-5)
        assert expected.std() > 0.1, "the two agree on something that says nothing"


@FAST
@pytest.mark.parametrize("heads", [1, 2], ids=["1-head", "2-heads"])
def test_predicted_next_states_and_returns_equal_hugging_faces(heads: int, fast: bool) -> None:
    model = make_model(heads, predict="all", fast=fast)
    theirs = hugging_face(model, heads)
    for steps in range(1, K + 1):
        window = make_window(steps)
        expected = their_predictions(theirs, window, before=K - steps)
        with torch.no_grad():
            found = model.predict_all(*pad(window, 0, K - steps, 0.0))
        for mine, other in zip(found, expected, strict=True):
            torch.testing.assert_close(mine[:, :steps], other, rtol=0, atol=1e-5)
            assert other.std() > 0.01, "the two agree on something that says nothing"


def test_hugging_face_differs_if_its_position_table_is_not_zero() -> None:
    """The comparison sees what it should: the table `wpe` is the known difference."""
    model = make_model()
    theirs = hugging_face(model, 1)
    with torch.no_grad():
        theirs.encoder.wpe.weight[0] += 0.1 * torch.arange(WIDTH)
        difference = (model(*make_window()) - their_actions(theirs, make_window(), 0)).abs().max()
    assert difference > 1e-3


# --- shape of the function ----------------------------------------------------------------------


def test_number_of_parameters_by_hand() -> None:
    obs, act, width, layers, horizon = 11, 3, 128, 3, 1000
    embeddings = (1 + 1) * width + (obs + 1) * width + (act + 1) * width + horizon * width
    attention = width * 3 * width + 3 * width + width * width + width
    mlp = width * 4 * width + 4 * width + 4 * width * width + width
    block = attention + mlp + 2 * 2 * width
    expected = embeddings + 2 * width + layers * block + 2 * width + (width + 1) * act
    with torch.random.fork_rng(devices=[]):
        model = DecisionTransformer(obs, act, horizon=horizon, config=Config())
    assert sum(parameter.numel() for parameter in model.parameters()) == expected == 726_019


@FAST
@torch.no_grad()
def test_padding_on_the_right_never_changes_a_real_step(fast: bool) -> None:
    model, real = make_model(heads=2, fast=fast), K - 2
    clean = pad(make_window(real), 0, K - real, 0.0)
    dirty = tuple(part.clone() for part in clean)
    for part, rubbish in zip(dirty, (1e3, -7.0, 5.0, HORIZON - 1), strict=True):
        part[:, real:] = rubbish
    found, expected = model(*dirty), model(*clean)
    assert torch.equal(found[:, :real], expected[:, :real])
    assert not torch.allclose(found[:, real:], expected[:, real:])


@FAST
@torch.no_grad()
@pytest.mark.parametrize(
    ("part", "seen_from"), [(0, 0), (1, 0), (2, 1)], ids=["return-to-go", "state", "action"]
)
@pytest.mark.parametrize("changed", range(K))
def test_a_token_changes_only_predictions_after_it(
    part: int, seen_from: int, changed: int, fast: bool
) -> None:
    """Predictions depend on return-to-go and state from their own step on, on an action from the next."""
    model, window = make_model(heads=2, fast=fast), make_window()
    before = model(*window)
    window[part][:, changed] += 1.0
    difference = (model(*window) - before).abs().amax(dim=(0, 2))
    first = changed + seen_from
    assert (difference[:first] == 0).all()
    assert (difference[first:] > 1e-4).all()


@FAST
@torch.no_grad()
@pytest.mark.parametrize("steps", range(1, K + 1))
def test_the_last_action_alone_is_the_last_of_all(steps: int, fast: bool) -> None:
    model, window = make_model(heads=2, fast=fast), make_window(steps, start=300)
    alone = model(*window, last=True)
    assert alone.shape == (4, 1, ACT)
    torch.testing.assert_close(alone, model(*window)[:, -1:], rtol=0, atol=1e-6)
    window[2][:, -1] = 1e6  # the action that is being predicted is not known yet
    assert torch.equal(model(*window, last=True), alone)


@torch.no_grad()
def test_the_same_window_later_in_the_episode_is_another_input() -> None:
    model, window = make_model(), make_window()
    later = (*window[:3], window[3] + 500)
    assert (model(*window) - model(*later)).abs().max() > 1e-2


# --- gradients ----------------------------------------------------------------------------------


@FAST
@pytest.mark.parametrize("last", [False, True], ids=["every-step", "last-step"])
@pytest.mark.parametrize("heads", [1, 2], ids=["1-head", "2-heads"])
def test_gradients_equal_those_of_a_model_in_loops(heads: int, last: bool, fast: bool) -> None:
    model, window = make_model(heads, fast=fast), make_window(4, batch=3, start=5)
    weights = torch.randn(3, 4, ACT, generator=torch.Generator().manual_seed(1))
    kept = slice(-1, None) if last else slice(None)
    expected = plain_actions(model, window)[:, kept]
    found = model(*window, last=last)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    parameters = dict(model.named_parameters())
    gradients = [
        torch.autograd.grad(
            (actions * weights[:, kept]).sum(), list(parameters.values()), allow_unused=True
        )
        for actions in (found, expected)
    ]
    for name, mine, plain in zip(parameters, *gradients, strict=True):
        torch.testing.assert_close(mine, plain, rtol=1e-3, atol=2e-5, msg=lambda m, n=name: n + m)
        assert mine.abs().max() > 0, name
