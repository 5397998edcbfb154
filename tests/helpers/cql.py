"""CQL algorithms of small size: ours, and d3rlpy's own by its options alone."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import d3rlpy
import numpy as np
import pytest
import torch
from torch import Tensor

from baselines import cql, discrete_cql
from baselines._d3rlpy import update_of, vectors_of
from bench.datasets.trajectories import Trajectories
from tests.helpers.discrete import CHOICES, SIZE, make_choices
from tests.helpers.dt import ACT, OBS, make_data

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
