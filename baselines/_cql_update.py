"""The update of CQL with continuous actions (Kumar et al. 2020, equation 4), made faster than d3rlpy's.

It computes what d3rlpy 2.8.1 computes, with d3rlpy's networks and the same random draws in the same order, up to
rounding (tests/baselines/test_cql_update.py compares losses, gradients and weights). d3rlpy's update evaluates each
critic six times and the policy four times. Here

- a critic is evaluated once for its own update, at the actions of the data and at all sampled actions: the squared
  error and the conservative term share that pass;
- its derivative is written out, so that hidden layers are read fewer times and nothing is recorded for autograd;
- the policy is evaluated once at s, for the sampled actions and for its own loss, and once at s';
- the loss of the actor computes no gradient of the critics' weights;
- all parameters of a network lie in one array, which Adam and the soft update of the target change in one call.

This file imports d3rlpy: methods import it in `train`, not at their top.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import torch
from d3rlpy.algos.qlearning.torch.cql_impl import CQLImpl
from d3rlpy.models.torch import ActionOutput, get_parameter
from torch import Tensor, nn
from torch.nn import functional

from baselines._encoders import Bfloat16EncoderWithAction
from bench.methods.optimisers import flatten

threshold_backward = torch.ops.aten.threshold_backward.grad_input


def accelerate(algorithm: Any) -> Any:
    """Give a d3rlpy CQL the faster update, in place, and return it.

    Its networks, their names and its interface do not change; its optimisers start anew. Leave the call out to train
    with d3rlpy's own update.
    """
    algorithm.impl.__class__ = FastCQLImpl
    algorithm.impl.prepare(algorithm.config)
    return algorithm


class FastCQLImpl(CQLImpl):  # type: ignore[misc]
    """d3rlpy's CQL with another `inner_update`."""

    _modules: Any

    def prepare(self, config: Any) -> None:
        """Put the parameters of each network into one array, with an optimiser of its own."""
        modules = self._modules
        actor = flatten(modules.policy.parameters())
        self.actor_gradients = _gradient(actor)
        self.critic_weights = flatten(modules.q_funcs.parameters())
        self.target_weights = flatten(modules.targ_q_funcs.parameters())
        self.critics = [Critic(network) for network in modules.q_funcs]
        self.target_critics = [Critic(network) for network in modules.targ_q_funcs]
        temperature = get_parameter(modules.log_temp)
        temperature.grad = torch.zeros_like(temperature)
        optimisers = {
            f"{name}_optim": getattr(config, f"{name}_optim_factory").create(
                [(name, nn.ParameterList([weights]))],
                lr=getattr(config, f"{name}_learning_rate"),
                compiled=False,
            )
            for name, weights in {"actor": actor, "critic": self.critic_weights}.items()
        }
        self._modules = dataclasses.replace(modules, **optimisers)

    def inner_update(self, batch: Any, grad_step: int) -> dict[str, float]:
        """Update critics, temperature, actor and targets on a batch; return the loss of the critics."""
        modules = self._modules
        now = modules.policy(batch.observations)
        with torch.no_grad():
            following = modules.policy(batch.next_observations)
            target = self.target_value(batch, following)
            actions, log_densities = self.sampled_actions(batch.actions, now, following)
            loss = self.critic_gradients(batch.observations, actions, log_densities, target)
        modules.critic_optim.step()
        self.actor_gradients.zero_()
        torch.autograd.backward(self.actor_loss(batch.observations, now))
        modules.actor_optim.step()
        with torch.no_grad():
            self.target_weights.lerp_(self.critic_weights, self._tau)
        return {"critic_loss": loss}

    def target_value(self, batch: Any, following: ActionOutput) -> Tensor:
        """Return r + discount * min Q'(s', mode of the policy at s'), (B,); r alone after a terminal."""
        inputs = torch.cat([batch.next_observations, following.squashed_mu], dim=1)
        values = torch.stack([critic(inputs)[0] for critic in self.target_critics])
        discount = self._gamma**batch.intervals * (1 - batch.terminals)
        target: Tensor = batch.rewards[:, 0] + discount[:, 0] * values.amin(dim=0)
        return target

    def sampled_actions(
        self, data_actions: Tensor, now: ActionOutput, following: ActionOutput
    ) -> tuple[Tensor, Tensor]:
        """Return the actions at which an update looks at Q(s, .), and the logarithm of the density of those that are
        drawn: n of the policy at s, n of the policy at s', and n of the uniform distribution.

        Returns:
            (1 + 3n, B, act), the actions of the data first, and (3n, B).
        """
        n, (batch, size) = self._n_action_samples, data_actions.shape
        noise = torch.stack([_noise(n, data_actions), _noise(n, data_actions)])
        mean = torch.stack([now.mu, following.mu])[:, None]
        logstd = torch.stack([now.logstd, following.logstd])[:, None]
        drawn, log_densities = squashed_gaussian(mean, logstd, noise)  # (2, n, B, act), (2, n, B)
        uniform = torch.zeros(batch * n, size, device=data_actions.device).uniform_(-1.0, 1.0)
        uniform = uniform.view(batch, n, size).transpose(0, 1)  # d3rlpy's order of draws
        log_uniform = log_densities.new_full((n, batch), size * math.log(0.5))
        return (
            torch.cat([data_actions[None], drawn.flatten(0, 1), uniform]),
            torch.cat([log_densities.flatten(0, 1), log_uniform]),
        )

    def critic_gradients(
        self, states: Tensor, actions: Tensor, log_densities: Tensor, target: Tensor
    ) -> float:
        """Set the gradient of the critics' weights to that of the loss of equation 4, and return the loss.

        For each critic it is the mean over states of (Q(s, a) - target)^2 and of the conservative term
        log sum exp (Q(s, a') - log density of a') - Q(s, a), with the action a of the data and the sampled actions a'.
        The gradient of log sum exp is the softmax.

        Args:
            states: (B, obs).
            actions: (1 + 3n, B, act), as `sampled_actions` returns them.
            log_densities: (3n, B), likewise.
            target: (B,), what Q at the actions of the data should be.
        """
        count, batch = actions.shape[:2]
        inputs = torch.cat([states.expand(count, -1, -1), actions], dim=2).flatten(0, 1)
        passes = [critic(inputs) for critic in self.critics]
        # (2, (1 + 3n) B) -> (2, 1 + 3n, B)
        values = torch.stack([value for value, _ in passes]).view(-1, count, batch)
        data_values, sampled = values[:, 0], values[:, 1:] - log_densities
        error = data_values - target
        total = torch.logsumexp(sampled, dim=1, keepdim=True)
        difference = (total[:, 0] - data_values).mean(dim=1)  # of each critic
        conservative = self._conservative_weight * (difference - self._alpha_threshold)
        if self._modules.alpha_optim:
            with torch.enable_grad():
                self.update_alpha(conservative)
        alpha = min(_exponential(self._modules.log_alpha), 1e6)
        weight = alpha * self._conservative_weight / batch
        gradients = (sampled - total).exp_().mul_(weight)
        data_gradients = error.mul(2 / batch).sub_(weight)
        gradients = torch.cat([data_gradients[:, None], gradients], dim=1).flatten(1)
        for critic, (_, hidden), gradient in zip(self.critics, passes, gradients, strict=True):
            critic.learn(hidden, gradient)
        return float(error.square().mean(dim=1).sum() + alpha * conservative.sum())

    def temperature_after(self, log_densities: Tensor) -> float:
        """Return the temperature after an update of its logarithm towards an entropy of -act (Haarnoja et al. 2018),
        where it is learned.
        """
        modules = self._modules
        if modules.temp_optim:
            missing = float(log_densities.mean()) - self._action_size
            get_parameter(modules.log_temp).grad.fill_(-_exponential(modules.log_temp) * missing)
            modules.temp_optim.step()
        return _exponential(modules.log_temp)

    def actor_loss(self, states: Tensor, now: ActionOutput) -> Tensor:
        """Return a loss whose gradient is that of the mean of temperature * log pi(a | s) - min Q(s, a), a drawn from
        the policy (Haarnoja et al. 2018), after an update of the temperature.
        """
        (noise,) = _noise(1, now.mu)
        actions, log_densities = squashed_gaussian(now.mu, now.logstd, noise)
        temperature = self.temperature_after(log_densities.detach())
        with torch.no_grad():
            inputs = torch.cat([states, actions], dim=1)
            passes = [critic(inputs) for critic in self.critics]
            smaller = torch.stack([value for value, _ in passes]).argmin(dim=0)
            slopes = [
                critic.slope(hidden, (smaller == i).to(inputs.dtype))
                for i, (critic, (_, hidden)) in enumerate(zip(self.critics, passes, strict=True))
            ]
            # of min Q in the actions, (2, B, obs + act) -> (B, act)
            slope = torch.stack(slopes)[:, :, states.shape[1] :].sum(dim=0)
        return (temperature * log_densities).mean() - (slope * actions).sum(dim=1).mean()


class Critic:
    """A critic of d3rlpy, hidden layers with ReLU and a linear head, with a derivative without autograd.

    Its hidden layers are computed in the type of d3rlpy's encoder: float32, or bfloat16 (baselines/_encoders.py).
    """

    def __init__(self, network: nn.Module) -> None:
        """Take the layers of a d3rlpy Q function, whose weights are `flatten`ed."""
        linears = [part for part in network.modules() if isinstance(part, nn.Linear)]
        self.layers = [(layer.weight.data, layer.bias.data) for layer in linears]
        self.gradients = [(_gradient(layer.weight), _gradient(layer.bias)) for layer in linears]
        half = any(isinstance(part, Bfloat16EncoderWithAction) for part in network.modules())
        self.dtype = torch.bfloat16 if half else self.layers[0][0].dtype

    def __call__(self, inputs: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return Q, (R,), at inputs (R, obs + act), and the inputs of each layer."""
        hidden = [inputs.to(self.dtype)]
        for weight, bias in self.layers[:-1]:
            product = torch.addmm(bias.to(self.dtype), hidden[-1], weight.to(self.dtype).T)
            hidden.append(product.relu_())
        hidden[-1] = hidden[-1].to(inputs.dtype)
        weight, bias = self.layers[-1]
        return torch.addmv(bias, hidden[-1], weight[0]), hidden

    def learn(self, hidden: list[Tensor], gradient: Tensor) -> None:
        """Set the gradients of the weights, given the inputs of each layer and the gradient of Q, (R,)."""
        of_weight, of_bias = self.gradients[-1]
        torch.mv(hidden[-1].T, gradient, out=of_weight[0])
        torch.sum(gradient, 0, keepdim=True, out=of_bias)
        for i, delta in self._deltas(hidden, gradient):
            of_weight, of_bias = self.gradients[i]
            of_weight.copy_((hidden[i].T @ delta).T)
            of_bias.copy_(delta.sum(dim=0))

    def slope(self, hidden: list[Tensor], gradient: Tensor) -> Tensor:
        """Return the gradient of the inputs, (R, obs + act), given that of Q, (R,)."""
        *_, (_, delta) = self._deltas(hidden, gradient)
        return (delta @ self.layers[0][0].to(self.dtype)).to(gradient.dtype)

    def _deltas(self, hidden: list[Tensor], gradient: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Yield each hidden layer, the last one first, and the gradient of its outputs before ReLU, (R, width)."""
        delta = torch.outer(gradient, self.layers[-1][0][0]).to(self.dtype)
        for i in reversed(range(len(self.layers) - 1)):
            threshold_backward(delta, hidden[i + 1].to(self.dtype), 0, grad_input=delta)
            yield i, delta
            if i:
                delta = delta @ self.layers[i][0].to(self.dtype)


def squashed_gaussian(mean: Tensor, logstd: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Return the actions tanh(mean + std * noise), (*, act), and the logarithm of their density, (*).

    Args:
        mean: of the Gaussian before tanh, (*, act).
        logstd: the logarithm of its standard deviation, (*, act).
        noise: draws from the standard normal distribution, (*, act).
    """
    raw = mean + logstd.exp() * noise
    log_density = -0.5 * noise**2 - logstd - 0.5 * math.log(2 * math.pi)
    log_jacobian = 2 * (math.log(2) - raw - functional.softplus(-2 * raw))
    return raw.tanh(), (log_density - log_jacobian).sum(dim=-1)


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None  # `flatten` gives it one
    return parameter.grad


def _noise(count: int, like: Tensor) -> Tensor:
    return torch.empty(count, *like.shape, dtype=like.dtype, device=like.device).normal_()


def _exponential(parameter: nn.Module) -> float:
    return math.exp(get_parameter(parameter).item())
