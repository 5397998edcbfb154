"""Proximal policy optimisation (Schulman et al. 2017) of an agent that reads the console's memory.

The settings are those that are usual for Atari, but the networks are small ones over bytes instead
of convolutions over pictures: three quarters of the time are the emulator's. As usual, too, the
learner is paid rewards clipped to [-1, 1] and takes a lost life for an end (Mnih et al. 2015);
neither is so in the data or in a score. No library of PPO does it, because none that is kept draws
from generators of its own, without which a stopped training cannot go on to the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.behaviours.atari_agent import AtariAgent, Reading, draw
from bench.behaviours.atari_games import F32, Games
from bench.methods.optimisers import Adam


@dataclass(frozen=True)
class Settings:
    """The hyperparameters.

    Attributes:
        num_envs: games at once.
        length: steps in each env between two updates.
        epochs: passes over these steps in an update.
        batch: steps of a gradient.
        width: of both hidden layers, of actor and critic each.
        rate: of Adam; falls linearly to 0 over the training.
        discount: of a step.
        trace: lambda of generalised advantage estimation (Schulman et al. 2016).
        clip: how far the probability of an action may move from 1 times what it was.
        entropy: weight of the policy's entropy.
        value: weight of the critic's squared error.
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
        """Return the steps of an update."""
        return self.num_envs * self.length


@dataclass(frozen=True)
class Played:
    """What was played between two updates; T steps in each of L envs.

    Attributes:
        inputs: (T, L, inputs) float32, what the networks saw.
        actions: (T, L) int64.
        log_odds: (T, L) float32, logarithm of the probability that the action had.
        advantages: (T, L) float32.
        returns: (T, L) float32, what the critic should have said.
    """

    inputs: F32
    actions: NDArray[np.int64]
    log_odds: F32
    advantages: F32
    returns: F32


class Learner:
    """Actor and critic, and what an update does to them."""

    def __init__(self, reading: Reading, choices: int, settings: Settings, seed: int) -> None:
        """Draw the weights of a game with so many actions."""
        self.reading, self.settings = reading, settings
        random = torch.Generator().manual_seed(seed)
        sizes = reading.inputs, settings.width, settings.width
        self.actor = _network((*sizes, choices), 0.01, random)  # nearly uniform at first
        self.critic = _network((*sizes, 1), 1.0, random)
        self.parameters = [*self.actor.parameters(), *self.critic.parameters()]
        self.optimiser = Adam(self.parameters, lr=settings.rate, eps=1e-5)

    def agent(self) -> AtariAgent:
        """Return the policy as it is now."""
        layers = [layer for layer in self.actor if isinstance(layer, torch.nn.Linear)]
        arrays = [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in layers]
        return AtariAgent(
            self.reading, tuple((weight.T.copy(), bias.copy()) for weight, bias in arrays)
        )

    def play(self, games: Games, random: np.random.Generator) -> tuple[Played, list[float]]:
        """Play `length` steps in each env; return them, and the raw scores of the games that ended
        meanwhile.
        """
        length, envs = shape = self.settings.length, self.settings.num_envs
        consoles, scores = games.consoles, []
        inputs = np.empty((*shape, self.reading.inputs), dtype=np.float32)
        actions = np.empty(shape, dtype=np.int64)
        log_odds, rewards, ends = (np.empty(shape, dtype=np.float32) for _ in range(3))
        values = np.empty((length + 1, envs), dtype=np.float32)
        with torch.inference_mode():
            for step in range(length):
                inputs[step] = self.reading(consoles.memory, consoles.before)
                seen = torch.from_numpy(inputs[step])
                logits = self.actor(seen)
                values[step] = self.critic(seen)[:, 0].numpy()
                actions[step] = draw(logits.numpy(), random.random(envs))
                log_odds[step] = logits.log_softmax(1).numpy()[np.arange(envs), actions[step]]
                rewards[step], ends[step], over = games.step(actions[step])
                scores += over
            seen = torch.from_numpy(self.reading(consoles.memory, consoles.before))
            values[length] = self.critic(seen)[:, 0].numpy()
        gains = advantages(
            np.clip(rewards, -1, 1), values, ends, self.settings.discount, self.settings.trace
        )
        return Played(inputs, actions, log_odds, gains, gains + values[:-1]), scores

    def update(self, played: Played, rate: float, random: np.random.Generator) -> None:
        """Take the gradient steps of an update at this learning rate."""
        settings = self.settings
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        # (T, L, ...) -> (T * L, ...)
        flat = {
            name: torch.from_numpy(array.reshape(settings.steps, *array.shape[2:]))
            for name, array in vars(played).items()
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
        log_odds: torch.Tensor = self.actor(batch["inputs"]).log_softmax(1)  # (B, choices)
        taken = log_odds.gather(1, batch["actions"][:, None])[:, 0]
        ratio = (taken - batch["log_odds"]).exp()
        gains = batch["advantages"]
        gains = (gains - gains.mean()) / (gains.std() + 1e-8)
        bounded = ratio.clamp(1 - settings.clip, 1 + settings.clip)
        gain = torch.minimum(ratio * gains, bounded * gains).mean()
        entropy = -(log_odds.exp() * log_odds).sum(1).mean()
        error = (self.critic(batch["inputs"])[:, 0] - batch["returns"]).square().mean() / 2
        loss: torch.Tensor = settings.value * error - gain - settings.entropy * entropy
        return loss

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the weights, and Adam's moments once there are some."""
        arrays: dict[str, NDArray[Any]] = {}
        for index, parameter in enumerate(self.parameters):
            arrays[f"{index}.weights"] = parameter.detach().numpy()
            for name, moment in self.optimiser.state[parameter].items():
                arrays[f"{index}.{name}"] = moment.numpy()
        return arrays

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Put back what `state` returned.

        Raises:
            KeyError: it is not complete.
        """
        for index, parameter in enumerate(self.parameters):
            mine = {
                name.partition(".")[2]: torch.from_numpy(array.copy())
                for name, array in arrays.items()
                if name.partition(".")[0] == str(index)
            }
            parameter.data.copy_(mine.pop("weights"))
            if "step" in mine:  # a number, which safetensors' NumPy side gives an axis
                mine["step"] = mine["step"].reshape(())
            self.optimiser.state[parameter].update(mine)


def advantages(rewards: F32, values: F32, ends: F32, discount: float, trace: float) -> F32:
    """Return the generalised advantage estimates, (T, L).

    Args:
        rewards: (T, L).
        values: (T + 1, L), the critic's, before each step and after the last.
        ends: (T, L), 1 where nothing follows the step.
        discount: of a step.
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
    """Return linear layers with ReLU between them: orthogonal weights, the last ones times `gain`,
    and biases of 0.
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
