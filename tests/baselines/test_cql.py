"""CQL's update against d3rlpy's written out by hand, and the same in bfloat16."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import d3rlpy
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines import _discrete, cql, discrete_cql
from baselines._d3rlpy import update_of, vectors_of
from bench.datasets.trajectories import Trajectories
from bench.methods.training import fit
from tests.helpers.discrete import CHOICES, SIZE, make_choices
from tests.helpers.dt import ACT, OBS, make_context, make_data, saved_bytes

Config = cql.Config | discrete_cql.Config

SMALL: dict[ModuleType, Config] = {
    cql: cql.Config(layers=2, width=16, batch_size=32),
    discrete_cql: discrete_cql.Config(layers=2, width=16, batch_size=32, target_interval=5),
}
HALF = {module: replace(config, precision="bfloat16") for module, config in SMALL.items()}
LOSS = {cql: "critic_loss", discrete_cql: "loss"}  # d3rlpy's name of it
RATE = {cql: 3e-4, discrete_cql: 3e-4}  # the largest learning rate
KINDS = [
    pytest.param(cql, make_data, id="continuous"),
    pytest.param(discrete_cql, make_choices, id="discrete"),
]


def created(module: ModuleType, config: Config) -> Any:
    """Return an algorithm with the weights of one seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        sizes = (OBS, ACT) if module is cql else (SIZE, CHOICES)
        return module._create(config, *sizes, "cpu")


def by_hand(module: ModuleType) -> Any:
    """Return what `created` returns for SMALL, by d3rlpy's own options alone."""
    encoder = d3rlpy.models.encoders.VectorEncoderFactory([16, 16])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        if module is cql:
            algorithm: Any = d3rlpy.algos.CQLConfig(
                alpha_learning_rate=0.0,
                actor_encoder_factory=encoder,
                critic_encoder_factory=encoder,
            ).create(device="cpu:0")
            algorithm.create_impl((OBS,), ACT)
        else:
            algorithm = d3rlpy.algos.DiscreteCQLConfig(
                learning_rate=3e-4, encoder_factory=encoder, target_update_interval=5, alpha=5.0
            ).create(device="cpu:0")
            algorithm.create_impl((SIZE,), CHOICES)
    return algorithm


def steps(
    module: ModuleType, algorithm: Any, data: Trajectories, config: Config, count: int
) -> tuple[list[float], list[Any], dict[str, Tensor]]:
    """Return losses, mini-batches and parameters after so many of our updates."""
    batches: list[Any] = []
    plain = algorithm.update
    algorithm.update = lambda batch: (batches.append(batch), plain(batch))[1]
    generator = np.random.default_rng(4)
    update = update_of(
        algorithm, data, *vectors_of(data), batch_size=config.batch_size, loss=LOSS[module]
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        losses = [float(update(step, generator)) for step in range(count)]
    return losses, batches, parameters(algorithm)


def parameters(algorithm: Any) -> dict[str, Tensor]:
    networks = algorithm.impl.modules.get_torch_modules()
    return {f"{name}.{key}": p for name, m in networks.items() for key, p in m.named_parameters()}


@pytest.mark.parametrize(("module", "make"), KINDS)
def test_float32_is_d3rlpys_update_to_the_bit(
    module: ModuleType, make: Callable[[], Trajectories]
) -> None:
    """The same batches into an algorithm that is created by hand; a dozen updates, targets too."""
    losses, batches, found = steps(
        module, created(module, SMALL[module]), make(), SMALL[module], 12
    )
    plain = by_hand(module)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        expected = [np.float32(plain.update(batch)[LOSS[module]]) for batch in batches]
    assert losses == expected
    theirs = parameters(plain)
    assert found.keys() == theirs.keys()
    for key, tensor in found.items():
        assert torch.equal(tensor, theirs[key]), key


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
        patch.setattr(cql if module is cql else _discrete, "fit", stopping)
        with pytest.raises(KeyboardInterrupt):
            train("cut")
    assert train("cut") == train("again") == whole != train("float32", SMALL[module])
