"""CQL where actions are discrete: d3rlpy's DiscreteCQL, a double DQN with the conservative term
(Kumar et al. 2020, equation 4). `baselines/cql.py` comes here with such data. Stacks of frames are seen
by d3rlpy's convolutions, those of Mnih et al. 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.core.machine import importing
from bench.datasets.frames import statistics
from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.context import Context
from bench.methods.networks import arrays_of, flat, normalise, predict
from bench.methods.optimisers import Adam
from bench.methods.policy_file import write_tensors
from bench.methods.sampling import choose, generators_of
from bench.methods.training import Update, fit

if TYPE_CHECKING:
    from baselines.cql import Config

STD_FLOOR = 1e-3  # as with continuous actions
STRIDES = (4, 2, 1)  # of d3rlpy's convolutions

Pairs = Callable[[I64], tuple[Array, Array]]  # steps (B,) to observations and next observations


class GreedyPolicy:
    """The action with the highest value, by a network of the observation: an MLP, after convolutions
    where observations are images. With probability `epsilon` any action instead.
    """

    def __init__(
        self, values: nn.Sequential, mean: F32, std: F32, device: str, epsilon: float = 0.0
    ) -> None:
        """Take the network and the observations' statistics, as `standard_of` returns them."""
        self.values = values
        self.mean, self.std = mean, std
        self.device = device
        self.epsilon = epsilon

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes; there is nothing to remember, and `targets` are not used."""
        self.generators = generators_of(seeds)

    def act(self, observations: Array, rewards: F32) -> I64:
        """Return actions (L,) for observations (L, *obs); `rewards` are not used."""
        if self.mean.ndim == 3:
            states = normalise(observations, self.mean, self.std, 0)
        else:
            states = normalise(flat(observations), self.mean, self.std, STD_FLOOR)
        values = predict(self.values, states, self.device)
        best = choose(values, 0, [])
        if self.epsilon == 0:
            return best
        envs = [(env.random(), env.integers(values.shape[1])) for env in self.generators]
        draws, others = (np.array(column) for column in zip(*envs, strict=True))
        return np.where(draws < self.epsilon, others, best)

    def save(self, path: Any) -> None:
        """Write the network's weights and the normalisation."""
        tensors = arrays_of(self.values, "values.") | {"mean": self.mean, "std": self.std}
        about = {"epsilon": self.epsilon} if self.epsilon else {}
        write_tensors(path, tensors, method="cql", discrete=True, **about)


def train(data: Trajectories, config: Config, context: Context) -> GreedyPolicy:
    """Learn from transitions; the last step of an episode cut by the time limit has no next state
    and is left out, unless observations are images whose last one is known.
    """
    mean, std = standard_of(data, config)
    seen = (data.stack, *data.observations.shape[1:]) if data.stack > 1 else (mean.size,)
    with context.torch_random():
        algorithm = _create(config, seen, data.n_actions, context.device)

        def policy() -> GreedyPolicy:
            values = values_of(algorithm, config).to(context.device)
            return GreedyPolicy(values, mean, std, context.device, config.epsilon)

        modules = algorithm.impl.modules
        parts = {"q_funcs": modules.q_funcs, "targ_q_funcs": modules.targ_q_funcs}
        fit(
            update_of(algorithm, data, config),
            parts,
            {"optim": modules.optim.optim},
            policy,
            context,
        )
    return policy()


def standard_of(data: Trajectories, config: Config) -> tuple[F32, F32]:
    """Return mean and standard deviation of the observations: (obs,) each, or of frames (1, H, W) and
    (1, 1, 1) if they are standardised, and 0 and 255, (1, 1, 1) each, if not.
    """
    if data.stack == 1:
        return data.observation_mean.ravel(), data.observation_std.ravel()
    if config.standardise_frames:
        mean, std = statistics(data.observations)
        return mean[None], np.full((1, 1, 1), std)
    return data.observation_mean, data.observation_std


def update_of(algorithm: Any, data: Trajectories, config: Config) -> Update:
    """Return the update of a d3rlpy DiscreteCQL: one step on `config.batch_size` transitions."""
    from d3rlpy.dataset import TransitionMiniBatch

    usable, pairs = stacks_of(data, config) if data.stack > 1 else vectors_of(data)
    if len(usable) == 0:
        raise ValueError(
            "every step of the data is an episode's last, cut by the time limit: CQL has no transition"
        )

    def update(step: int, generator: np.random.Generator) -> Tensor:
        now = usable[generator.integers(len(usable), size=config.batch_size)]
        following = np.minimum(now + 1, data.steps - 1)
        observations, next_observations = pairs(now)
        batch = TransitionMiniBatch(
            observations=observations,
            actions=data.actions[now][:, None].astype(np.float32),
            rewards=data.rewards[now][:, None],
            next_observations=next_observations,
            next_actions=data.actions[following][:, None].astype(np.float32),
            terminals=data.terminals[now][:, None].astype(np.float32),
            intervals=np.ones((config.batch_size, 1), dtype=np.float32),
            transitions=[],
        )
        # a resumed run copies its target at the same steps
        algorithm.set_grad_step(step)
        return torch.tensor(algorithm.update(batch)["loss"])

    return update


def vectors_of(data: Trajectories) -> tuple[I64, Pairs]:
    """Return the steps that are transitions, and how to get their standardised observations (B, obs);
    after a terminal d3rlpy expects zeros.
    """
    mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
    observations = flat(data.observations)

    def pairs(now: I64) -> tuple[F32, F32]:
        following = normalise(
            observations[np.minimum(now + 1, data.steps - 1)], mean, std, STD_FLOOR
        )
        goes_on = ~data.terminals[now][:, None]
        return normalise(observations[now], mean, std, STD_FLOOR), following * goes_on

    return np.flatnonzero(~np.asarray(data.timeouts)), pairs


def stacks_of(data: Trajectories, config: Config) -> tuple[I64, Pairs]:
    """Return the steps that are transitions, and how to get their stacks (B, S, H, W): standardised,
    or 0 to 255 for d3rlpy to divide. What follows a time-out is the episode's final frame, if that is known.
    """
    final, last = data.final_observations, data.episode_starts[1:] - 1
    mean, std = standard_of(data, config)

    def pairs(now: I64) -> tuple[F32, F32]:
        frames = data.frames(now, 2)  # of what follows a terminal nothing is asked
        cut = np.flatnonzero(data.timeouts[now])
        if final is not None and len(cut):
            frames[cut, -1] = final[np.searchsorted(last, now[cut])]
        standard = config.standardise_frames
        # d3rlpy takes no bytes
        brightness = normalise(frames, mean, std, 0) if standard else frames.astype(np.float32)
        return brightness[:, :-1], brightness[:, 1:]

    usable = np.arange(data.steps) if final is not None else np.flatnonzero(~data.timeouts)
    return usable, pairs


def values_of(algorithm: Any, config: Config) -> nn.Sequential:
    """Return a copy of d3rlpy's first Q function as a plain network; of quantiles, which are linear in
    its last hidden layer, it gives the mean.
    """
    tensors = [tensor.cpu() for tensor in algorithm.impl.modules.q_funcs[0].state_dict().values()]
    if config.quantiles:
        tensors[-2:] = [part.unflatten(0, (-1, config.quantiles)).mean(1) for part in tensors[-2:]]
    with torch.random.fork_rng(devices=[]):
        values = network([tuple(tensor.shape) for tensor in tensors if tensor.ndim > 1])
    values.load_state_dict(dict(zip(values.state_dict(), tensors, strict=True)))
    return values


def network(shapes: list[tuple[int, ...]]) -> nn.Sequential:
    """Return Linear layers of these weight shapes (out, in) with ReLU between them; before them
    convolutions, (out, in, side, side).
    """
    convolutions = [shape for shape in shapes if len(shape) == 4]
    layers: list[nn.Module] = []
    for shape, stride in zip(convolutions, STRIDES, strict=False):
        layers += [nn.Conv2d(shape[1], shape[0], shape[2], stride), nn.ReLU()]
    layers += [nn.Flatten()] if convolutions else []
    for size_out, size_in in shapes[len(convolutions) :]:
        layers += [nn.Linear(size_in, size_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _create(config: Config, seen: tuple[int, ...], choices: int, device: str) -> Any:
    with importing():
        import d3rlpy

    from baselines._encoders import encoder_of, image_encoder_of

    images = len(seen) == 3
    scaled = images and not config.standardise_frames
    functions = d3rlpy.models.q_functions
    algorithm = d3rlpy.algos.DiscreteCQLConfig(
        learning_rate=config.critic_learning_rate,
        optim_factory=adam(config.adam_epsilon, fused=images),
        encoder_factory=image_encoder_of(config) if images else encoder_of(config),
        q_func_factory=functions.QRQFunctionFactory(n_quantiles=config.quantiles)
        if config.quantiles
        else functions.MeanQFunctionFactory(),
        observation_scaler=d3rlpy.preprocessing.PixelObservationScaler() if scaled else None,
        batch_size=config.batch_size,
        gamma=config.discount,
        target_update_interval=config.target_interval,
        alpha=config.conservative_weight,
    ).create(device="cpu:0" if device == "cpu" else device)
    algorithm.create_impl(seen, choices)
    return algorithm


def adam(epsilon: float, *, fused: bool = False) -> Any:
    """Return d3rlpy's factory of Adam, of ours: torch's without its compiler."""
    from d3rlpy.optimizers import AdamFactory

    class Factory(AdamFactory):  # type: ignore[misc]
        def create_optimizer(self, named_modules: Any, lr: float) -> Adam:
            parameters = [p for _, module in named_modules for p in module.parameters()]
            return Adam(
                dict.fromkeys(parameters),
                lr=lr,
                betas=self.betas,
                eps=self.eps,
                weight_decay=self.weight_decay,
                amsgrad=self.amsgrad,
                fused=fused,
            )

    return Factory(eps=epsilon)
