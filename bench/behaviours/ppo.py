"""Proximal policy optimisation (Schulman et al. 2017) of an agent that reads the RAM of an Atari console.

The settings are the usual ones for Atari, but the networks are small MLPs over bytes instead of convolutions over
images. Three quarters of the time are spent in the emulator. As usual, the learner gets rewards clipped to [-1, 1],
and a lost life counts as the end of an episode (Mnih et al. 2015). The data and the scores do neither. No maintained
PPO library is used: a stopped training resumes with the same bytes only if all random numbers come from explicit
generators, and no maintained library draws them so.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.behaviours.atari_agent import AtariAgent, RamEncoder, draw
from bench.behaviours.atari_games import F32, AutoResetEnvs
from bench.methods.optimisers import Adam


@dataclass(frozen=True)
class Settings:
    """The hyperparameters.

    Attributes:
        num_envs: number of envs.
        length: steps in each env between two updates.
        epochs: passes over these steps in an update.
        batch: batch size of a gradient step.
        width: width of the two hidden layers of the actor, and of the critic.
        rate: learning rate of Adam; it falls linearly to 0 over the training.
        discount: gamma.
        trace: lambda of generalised advantage estimation (Schulman et al. 2016).
        clip: clipping range of the probability ratio around 1.
        entropy: weight of the entropy of the policy.
        value: weight of the squared error of the critic.
        norm: largest norm of a gradient.
    """

    num_envs: int = 8
    length: int = 128
    epochs: int = 4
    batch: int = 256
    width: int = 128
    rate: float = 5e-4
    discount: float = 0.99
    trace: float = 0.95
    clip: float = 0.2
    entropy: float = 0.01
    value: float = 0.5
    norm: float = 0.5

    @property
    def steps(self) -> int:
        """Return the number of environment steps of an update."""
        return self.num_envs * self.length


@dataclass(frozen=True)
class Rollout:
    """The steps between two updates: T steps in each of L envs.

    Attributes:
        inputs: (T, L, inputs) float32, the inputs of the networks.
        actions: (T, L) int64.
        log_probs: (T, L) float32, the log-probabilities of the actions.
        advantages: (T, L) float32.
        returns: (T, L) float32, the targets of the critic.
    """

    inputs: F32
    actions: NDArray[np.int64]
    log_probs: F32
    advantages: F32
    returns: F32


class Learner:
    """The actor and the critic, and their updates."""

    def __init__(self, encoder: RamEncoder, n_actions: int, settings: Settings, seed: int) -> None:
        """Draw the initial weights for a game with `n_actions` actions."""
        self.encoder, self.settings = encoder, settings
        random = torch.Generator().manual_seed(seed)
        sizes = encoder.inputs, settings.width, settings.width
        self.actor = _network((*sizes, n_actions), 0.01, random)  # nearly uniform at the start
        self.critic = _network((*sizes, 1), 1.0, random)
        self.parameters = [*self.actor.parameters(), *self.critic.parameters()]
        self.optimiser = Adam(self.parameters, lr=settings.rate, eps=1e-5)

    def agent(self) -> AtariAgent:
        """Return the current policy."""
        layers = [layer for layer in self.actor if isinstance(layer, torch.nn.Linear)]
        arrays = [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in layers]
        return AtariAgent(
            self.encoder, tuple((weight.T.copy(), bias.copy()) for weight, bias in arrays)
        )

    def play(
        self, games: AutoResetEnvs, random: np.random.Generator
    ) -> tuple[Rollout, list[float]]:
        """Play `length` steps in each env. Return them, and the raw scores of the games that ended meanwhile."""
        length, num_envs = shape = self.settings.length, self.settings.num_envs
        envs, scores = games.envs, []
        inputs = np.empty((*shape, self.encoder.inputs), dtype=np.float32)
        actions = np.empty(shape, dtype=np.int64)
        log_probs, rewards, ends = (np.empty(shape, dtype=np.float32) for _ in range(3))
        values = np.empty((length + 1, num_envs), dtype=np.float32)
        with torch.inference_mode():
            for step in range(length):
                inputs[step] = self.encoder(envs.memory, envs.before)
                seen = torch.from_numpy(inputs[step])
                logits = self.actor(seen)
                values[step] = self.critic(seen)[:, 0].numpy()
                actions[step] = draw(logits.numpy(), random.random(num_envs))
                log_probs[step] = logits.log_softmax(1).numpy()[np.arange(num_envs), actions[step]]
                rewards[step], ends[step], over = games.step(actions[step])
                scores += over
            seen = torch.from_numpy(self.encoder(envs.memory, envs.before))
            values[length] = self.critic(seen)[:, 0].numpy()
        gains = advantages(
            np.clip(rewards, -1, 1), values, ends, self.settings.discount, self.settings.trace
        )
        return Rollout(inputs, actions, log_probs, gains, gains + values[:-1]), scores

    def update(self, rollout: Rollout, rate: float, random: np.random.Generator) -> None:
        """Take the gradient steps of an update, with the learning rate `rate`."""
        settings = self.settings
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        # (T, L, ...) -> (T * L, ...)
        flat = {
            name: torch.from_numpy(array.reshape(settings.steps, *array.shape[2:]))
            for name, array in vars(rollout).items()
        }
        for _ in range(settings.epochs):
            order = random.permutation(settings.steps)
            for start in range(0, settings.steps, settings.batch):
                index = torch.from_numpy(order[start : start + settings.batch])
                loss = self._loss({name: tensor[index] for name, tensor in flat.items()})
                self.optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(self.parameters, settings.norm)
                self.optimiser.step()

    def _loss(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        settings = self.settings
        log_probs: torch.Tensor = self.actor(batch["inputs"]).log_softmax(1)  # (B, n_actions)
        taken = log_probs.gather(1, batch["actions"][:, None])[:, 0]
        ratio = (taken - batch["log_probs"]).exp()
        gains = batch["advantages"]
        gains = (gains - gains.mean()) / (gains.std() + 1e-8)
        bounded = ratio.clamp(1 - settings.clip, 1 + settings.clip)
        gain = torch.minimum(ratio * gains, bounded * gains).mean()
        entropy = -(log_probs.exp() * log_probs).sum(1).mean()
        error = (self.critic(batch["inputs"])[:, 0] - batch["returns"]).square().mean() / 2
        loss: torch.Tensor = settings.value * error - gain - settings.entropy * entropy
        return loss

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the weights, and Adam's moments if there are any."""
        arrays: dict[str, NDArray[Any]] = {}
        for index, parameter in enumerate(self.parameters):
            arrays[f"{index}.weights"] = parameter.detach().numpy()
            for name, moment in self.optimiser.state[parameter].items():
                arrays[f"{index}.{name}"] = moment.numpy()
        return arrays

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Restore the state that `state` returned.

        Raises:
            KeyError: the state is incomplete.
        """
        for index, parameter in enumerate(self.parameters):
            mine = {
                name.partition(".")[2]: torch.from_numpy(array.copy())
                for name, array in arrays.items()
                if name.partition(".")[0] == str(index)
            }
            parameter.data.copy_(mine.pop("weights"))
            if "step" in mine:  # a scalar; safetensors returns it with an axis
                mine["step"] = mine["step"].reshape(())
            self.optimiser.state[parameter].update(mine)


def advantages(rewards: F32, values: F32, ends: F32, discount: float, trace: float) -> F32:
    """Return the generalised advantage estimates, (T, L).

    Args:
        rewards: (T, L).
        values: (T + 1, L), the values of the critic before each step and after the last one.
        ends: (T, L), 1 where the episode ends after the step, else 0.
        discount: gamma.
        trace: lambda.
    """
    result = np.empty_like(rewards)
    ahead = np.zeros_like(rewards[0])
    for step in reversed(range(len(rewards))):
        alive = discount * (1 - ends[step])
        error = rewards[step] + alive * values[step + 1] - values[step]
        result[step] = ahead = error + alive * trace * ahead
    return result


def _network(sizes: tuple[int, ...], gain: float, random: torch.Generator) -> torch.nn.Sequential:
    """Return linear layers with ReLU between them. Weights are orthogonal, the last ones with the gain `gain`. Biases
    are 0.
    """
    layers: list[torch.nn.Module] = []
    gains = [2**0.5] * (len(sizes) - 2) + [gain]
    for (before, after), scale in zip(pairwise(sizes), gains, strict=True):
        layer: torch.nn.Linear = torch.nn.utils.skip_init(  # type: ignore[no-untyped-call]
            torch.nn.Linear, before, after
        )
        torch.nn.init.orthogonal_(layer.weight, scale, generator=random)
        torch.nn.init.zeros_(layer.bias)
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])
