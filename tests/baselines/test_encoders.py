"""Hidden layers in bfloat16, and the encoder of images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines import _actor, _discrete, cql, discrete_cql
from baselines._encoders import ImageEncoder, encoder_of, image_encoder_of
from bench.datasets.trajectories import Trajectories
from bench.methods.training import fit
from tests.helpers.atari import SIDE, STACK
from tests.helpers.cql import HALF, KINDS, RATE, SMALL, Config, created, steps
from tests.helpers.discrete import make_choices
from tests.helpers.dt import make_context, make_data, saved_bytes


@pytest.mark.parametrize(("module", "make"), KINDS)
def test_bfloat16_stays_near_float32(module: ModuleType, make: Callable[[], Trajectories]) -> None:
    """Losses within 2 % of the first; 12 steps of Adam move a parameter by 12 rates at most, and the
    two arrive within 4 rates of each other on average.
    """
    data = make()
    small, half = SMALL[module], HALF[module]
    losses, _, fine = steps(module, created(module, small), data, small, 12)
    rough_losses, _, rough = steps(module, created(module, half), data, half, 12)
    np.testing.assert_allclose(rough_losses, losses, rtol=0, atol=0.02 * abs(losses[0]))
    assert rough_losses != losses
    assert fine.keys() == rough.keys()
    for key, tensor in fine.items():
        assert tensor.dtype == rough[key].dtype == torch.float32
        assert (tensor - rough[key]).abs().mean() < 4 * RATE[module], key


@pytest.mark.parametrize("module", [cql, discrete_cql], ids=["continuous", "discrete"])
def test_only_hidden_layers_are_in_bfloat16(module: ModuleType) -> None:
    algorithm = created(module, HALF[module])
    kinds: dict[str, torch.dtype] = {}

    def watch(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        return lambda layer, given, result: kinds.__setitem__(name, result.dtype)

    networks = algorithm.impl.modules.get_torch_modules()
    for network, part in networks.items():
        for name, layer in part.named_modules():
            if isinstance(layer, nn.Linear):
                layer.register_forward_hook(watch(f"{network}.{name}"))
    make = make_data if module is cql else make_choices
    steps(module, algorithm, make(), HALF[module], 1)
    assert any("_encoder" in name for name in kinds)
    assert kinds == {
        name: torch.bfloat16 if "_encoder" in name else torch.float32 for name in kinds
    }


@pytest.mark.parametrize(("module", "make"), KINDS)
def test_a_stopped_run_in_bfloat16_goes_on_with_the_same_bytes(
    module: ModuleType,
    make: Callable[[], Trajectories],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopping(update: Callable[..., Tensor], *rest: Any) -> None:
        def stopped(step: int, generator: np.random.Generator) -> Tensor:
            if step == 8:
                raise KeyboardInterrupt
            return update(step, generator)

        fit(stopped, *rest)

    def train(name: str, config: Config = HALF[module]) -> bytes:
        context = make_context(steps=14, folder=tmp_path / name, save_every=0.0)
        return saved_bytes(module.train(make(), config, context), tmp_path / name)

    whole = train("whole")
    with monkeypatch.context() as patch:
        patch.setattr(_actor if module is cql else _discrete, "fit", stopping)
        with pytest.raises(KeyboardInterrupt):
            train("cut")
    assert train("cut") == train("again") == whole != train("float32", SMALL[module])


def test_an_encoder_knows_nothing_of_other_images() -> None:
    with torch.random.fork_rng(devices=[]):
        encoder = ImageEncoder((STACK, SIDE, SIDE), 8, bfloat16=False)
        one, other = torch.rand(2, 2, *(STACK, SIDE, SIDE))
    first = encoder(one)
    assert encoder(one) is first
    assert encoder(one) is not first  # a third time is another update's
    second = encoder(other)
    assert not torch.allclose(first, second)
    with torch.no_grad():
        assert not encoder(other).requires_grad


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_hidden_layers_by_hand(precision: str) -> None:
    """Two layers with ReLU; in bfloat16 within 1 % of the largest feature, and in float32 outside."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = encoder_of(2, 6, precision).create((3,))
        x = torch.randn(4, 3)
    first, second = (layer for layer in encoder.modules() if isinstance(layer, nn.Linear))
    assert (first.weight.shape, second.weight.shape) == ((6, 3), (6, 6))
    found = encoder(x)
    expected = (((x @ first.weight.T + first.bias).relu()) @ second.weight.T + second.bias).relu()
    assert found.dtype == first.weight.dtype == torch.float32
    tolerance = 0.01 * float(expected.detach().max()) if precision == "bfloat16" else 1e-6
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)
    assert torch.allclose(found, expected, rtol=0, atol=1e-6) == (precision == "float32")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_encoder_of_observations_and_actions_sees_both(precision: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = encoder_of(1, 8, precision).create_with_action((3,), 2)
        x, action = torch.randn(4, 3), torch.randn(4, 2)
    [layer] = [layer for layer in encoder.modules() if isinstance(layer, nn.Linear)]
    assert layer.weight.shape == (8, 3 + 2)
    assert encoder(x, action).dtype == torch.float32
    assert not torch.equal(encoder(x, action), encoder(x, -action))
    assert not torch.equal(encoder(x, action), encoder(-x, action))


def test_an_image_encoder_has_so_many_features_in_either_precision() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        images = torch.rand(2, STACK, SIDE, SIDE)
        exact, rough = (
            image_encoder_of(7, precision).create((STACK, SIDE, SIDE))
            for precision in ("float32", "bfloat16")
        )
    rough.load_state_dict(exact.state_dict())
    assert exact(images).shape == rough(images).shape == (2, 7)
    assert rough(images).dtype == torch.float32
    torch.testing.assert_close(rough(images), exact(images), rtol=0, atol=0.02)
    assert not torch.equal(rough(images), exact(images))
