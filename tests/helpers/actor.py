"""Methods with an actor of d3rlpy: trained by this suite, and d3rlpy's own algorithms by its options alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import d3rlpy
import numpy as np
import pytest
import torch
from torch import Tensor

from baselines import iql, td3_bc
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context
from tests.helpers.dt import ACT, OBS, make_context, make_data

Config = iql.Config | td3_bc.Config
METHODS: tuple[ModuleType, ...] = (iql, td3_bc)
SMALL: dict[ModuleType, Any] = {
    iql: iql.Config(layers=2, width=16, batch_size=32),
    td3_bc: td3_bc.Config(layers=2, width=16, batch_size=32),
}
STEPS = 12

each_method = pytest.mark.parametrize("module", METHODS, ids=lambda module: module.__name__[10:])


def whole_episodes(lengths: tuple[int, ...] = (5, 9, 3, 7)) -> Trajectories:
    """Return episodes that all end with a terminal; d3rlpy's own scaler of rewards counts their last rewards."""
    data = make_data(lengths)
    return replace(
        data, terminals=data.terminals | data.timeouts, timeouts=np.zeros(data.steps, dtype=bool)
    )


@dataclass
class Training:
    """What a training of this suite did.

    Attributes:
        algorithm: d3rlpy's, after the last update.
        batches: every mini-batch that it was given.
        losses: of every update.
        policy: the trained policy.
    """

    algorithm: Any
    batches: list[Any]
    losses: list[float]
    policy: Any


def train(
    module: ModuleType,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    data: Trajectories | None = None,
    context: Context | None = None,
) -> Training:
    """Train, and note what d3rlpy's algorithm was given."""
    algorithms: list[Any] = []
    batches: list[Any] = []
    create: Callable[..., Any] = module._create

    def created(*arguments: Any) -> Any:
        algorithm = create(*arguments)
        plain = algorithm.update
        algorithm.update = lambda batch: (batches.append(batch), plain(batch))[1]
        algorithms.append(algorithm)
        return algorithm

    context = context or make_context(steps=STEPS)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_create", created)
        policy = module.train(data or whole_episodes(), config, context)
    return Training(algorithms[0], batches, [line["loss"] for line in context.losses], policy)


def by_hand(module: ModuleType, data: Trajectories, steps: int = STEPS) -> Any:
    """Return what a training with SMALL starts from, by d3rlpy's own options alone; call it inside the context's
    `torch_random`.
    """
    encoder = d3rlpy.models.encoders.VectorEncoderFactory([16, 16])
    if module is td3_bc:
        algorithm: Any = d3rlpy.algos.TD3PlusBCConfig(
            actor_encoder_factory=encoder, critic_encoder_factory=encoder
        ).create(device="cpu:0")
        algorithm.create_impl((OBS,), ACT)
        return algorithm
    dataset = d3rlpy.dataset.MDPDataset(
        data.observations, data.actions, data.rewards, data.terminals.astype(np.float32)
    )
    scaler = d3rlpy.preprocessing.ReturnBasedRewardScaler(multiplier=1000.0)
    scaler.fit_with_transition_picker(dataset.episodes, dataset.transition_picker)
    falling = d3rlpy.optimizers.CosineAnnealingLRFactory(T_max=steps)
    algorithm = d3rlpy.algos.IQLConfig(
        actor_optim_factory=d3rlpy.optimizers.AdamFactory(lr_scheduler_factory=falling),
        actor_encoder_factory=encoder,
        critic_encoder_factory=encoder,
        value_encoder_factory=encoder,
        reward_scaler=scaler,
    ).create(device="cpu:0")
    algorithm.create_impl((OBS,), ACT)
    return algorithm


def parameters(algorithm: Any) -> dict[str, Tensor]:
    """Return the parameters of all networks of d3rlpy's algorithm."""
    networks = algorithm.impl.modules.get_torch_modules()
    return {f"{name}.{key}": p for name, m in networks.items() for key, p in m.named_parameters()}


def actor_weights(policy: Any) -> dict[str, Tensor]:
    """Return the weights that act."""
    return {name: tensor.clone() for name, tensor in policy.actor.state_dict().items()}


def distance(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """Return the largest difference of two sets of weights."""
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def largest_rates(training: Training) -> dict[str, float]:
    """Return the learning rate of each optimiser after the last update."""
    parts = vars(training.algorithm.impl.modules)
    return {
        name: part.optim.param_groups[0]["lr"]
        for name, part in parts.items()
        if hasattr(part, "optim") and not isinstance(part, torch.nn.Module)
    }
