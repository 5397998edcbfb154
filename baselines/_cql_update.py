"""The update of CQL with continuous actions (Kumar et al. 2020, equation 4), made faster than d3rlpy's.

It computes what d3rlpy 2.8.1 computes, with d3rlpy's networks and the same random draws in the same order, up to
rounding (tests/baselines/test_cql_update.py compares losses, gradients and weights). d3rlpy's update evaluates each
critic five times and the policy four times. Here

- a critic is evaluated once, at the actions of the data and at all sampled actions: the squared error and the
  conservative term share that pass;
- the policy is evaluated once at s, for the sampled actions and for its own loss, and once at s';
- the loss of the actor computes no gradient of the critics' weights;
- all parameters of a network lie in one array, which Adam and the soft update of the target change in one call.

This file imports d3rlpy: methods import it in `train`, not at their top.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from d3rlpy.algos.qlearning.torch.cql_impl import CQLImpl
from d3rlpy.models.torch import ActionOutput, get_parameter
from torch import Tensor, nn
from torch.nn import functional

from bench.methods.optimisers import flatten

threshold_backward = torch.ops.aten.threshold_backward.grad_input


def accelerate(algorithm: Any) -> Any:
    """Give a d3rlpy CQL the faster update, in place, and return it.

    Its networks, their names and its interface do not change. Leave the call out to train with d3rlpy's own update.
    """
    algorithm.impl.__class__ = FastCQLImpl
    algorithm.impl.prepare(algorithm.config)
    return algorithm


class FastCQLImpl(CQLImpl):  # type: ignore[misc]
    """d3rlpy's CQL with another `inner_update`."""

    def prepare(self, config: Any) -> None:
        """Put the parameters of each network into one array, with an optimiser of its own."""
        modules = self._modules
        self.actor = flatten(modules.policy.parameters())
        self.critics = flatten(modules.q_funcs.parameters())
        self.targets = flatten(modules.targ_q_funcs.parameters())
        optimisers = {
            f"{name}_optim": getattr(config, f"{name}_optim_factory").create(
                [(name, nn.ParameterList([weights]))],
                lr=getattr(config, f"{name}_learning_rate"),
                compiled=False,
            )
            for name, weights in {"actor": self.actor, "critic": self.critics}.items()
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
        modules.critic_optim.zero_grad()
        loss = self.critic_loss(batch.observations, actions, log_densities, target)
        loss.backward()
        modules.critic_optim.step()
        modules.actor_optim.zero_grad()
        weights = list(modules.policy.parameters())
        self.actor_loss(batch.observations, now).backward(inputs=weights)
        modules.actor_optim.step()
        with torch.no_grad():
            self.targets.lerp_(self.critics, self._tau)
        return {"critic_loss": float(loss.detach())}

    def target_value(self, batch: Any, following: ActionOutput) -> Tensor:
        """Return r + discount * min Q'(s', mode of the policy at s'), (B,); r alone after a terminal."""
        values = _values(self._modules.targ_q_funcs, batch.next_observations, following.squashed_mu)
        discount = self._gamma ** batch.intervals * (1 - batch.terminals)
        return batch.rewards[:, 0] + discount[:, 0] * values.amin(dim=0)

    def sampled_actions(
        self, data_actions: Tensor, now: ActionOutput, following: ActionOutput
    ) -> tuple[Tensor, Tensor]:
        """Return the actions at which an update looks at Q(s, .), and the logarithm of the density of those that are
        drawn: n of the policy at s, n of the policy at s', and n of the uniform distribution.

        Returns:
            (1 + 3n, B, act), the actions of the data first, and (3n, B).
        """
        n, (batch, size) = self._n_action_samples, data_actions.shape
        first, first_log_densities = squashed_gaussian(now, n)
        second, second_log_densities = squashed_gaussian(following, n)
        uniform = torch.zeros(batch * n, size, device=data_actions.device).uniform_(-1.0, 1.0)
        uniform = uniform.view(batch, n, size).transpose(0, 1)  # d3rlpy's order of draws
        log_uniform = first_log_densities.new_full((n, batch), size * math.log(0.5))
        return (
            torch.cat([data_actions[None], first, second, uniform]),
            torch.cat([first_log_densities, second_log_densities, log_uniform]),
        )

    def critic_loss(
        self, states: Tensor, actions: Tensor, log_densities: Tensor, target: Tensor
    ) -> Tensor:
        """Return the loss of equation 4, summed over the critics: the squared error of Q at the actions of the data,
        and the conservative term: the log-sum-exp of Q over actions, by importance sampling, minus Q at the actions
        of the data.

        Args:
            states: (B, obs).
            actions: (1 + 3n, B, act), as `sampled_actions` returns them.
            log_densities: (3n, B), likewise.
            target: (B,), what Q at the actions of the data should be.
        """
        repeated = states.expand(len(actions), -1, -1).flatten(0, 1)
        values = _values(self._modules.q_funcs, repeated, actions.flatten(0, 1))
        values = values.unflatten(1, actions.shape[:2])  # (2, (1 + 3n) B) -> (2, 1 + 3n, B)
        data_values = values[:, 0]
        error = ((data_values - target) ** 2).mean(dim=1).sum()
        total = torch.logsumexp(values[:, 1:] - log_densities, dim=1)
        conservative = self._conservative_weight * (
            (total - data_values).mean(dim=1) - self._alpha_threshold
        )
        if self._modules.alpha_optim:
            self.update_alpha(conservative.detach())
        alpha = get_parameter(self._modules.log_alpha).detach().exp().clamp(0, 1e6)
        return error + alpha[0, 0] * conservative.sum()

    def actor_loss(self, states: Tensor, now: ActionOutput) -> Tensor:
        """Return the mean of temperature * log pi(a | s) - min Q(s, a), a drawn from the policy (Haarnoja et al.
        2018), after an update of the temperature.
        """
        (actions,), (log_densities,) = squashed_gaussian(now, 1)
        if self._modules.temp_optim:
            self.update_temp(log_densities.detach())
        temperature = get_parameter(self._modules.log_temp).detach().exp()[0, 0]
        values = _values(self._modules.q_funcs, states, actions, True).amin(dim=0)
        return (temperature * log_densities - values).mean()


def squashed_gaussian(policy: ActionOutput, count: int) -> tuple[Tensor, Tensor]:
    """Draw actions tanh(mean + std * noise) and return also the logarithm of their density.

    Args:
        policy: mean and logarithm of the standard deviation before tanh, (B, act) each.
        count: how many for each row.

    Returns:
        (count, B, act) and (count, B).
    """
    mean, logstd = policy.mu, policy.logstd
    noise = torch.empty(count, *mean.shape, dtype=mean.dtype, device=mean.device).normal_()
    raw = mean + logstd.exp() * noise
    log_density = -0.5 * noise**2 - logstd - 0.5 * math.log(2 * math.pi)
    log_jacobian = 2 * (math.log(2) - raw - functional.softplus(-2 * raw))
    return raw.tanh(), (log_density - log_jacobian).sum(dim=-1)


class Critic(torch.autograd.Function):
    """Q at many inputs, with a derivative that reads each hidden layer once and writes in place."""

    @staticmethod
    def forward(context: Any, inputs: Tensor, *parameters: Tensor) -> Tensor:
        """Return Q, (R,), at inputs (R, obs + act); weight and bias of each layer in turn."""
        *layers, (head, head_bias) = zip(parameters[::2], parameters[1::2], strict=True)
        hidden = [inputs]
        for weight, bias in layers:
            hidden.append(torch.addmm(bias, hidden[-1], weight.T).relu_())
        context.save_for_backward(*hidden, *parameters)
        return torch.addmv(head_bias, hidden[-1], head[0])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the inputs and of the parameters, given that of Q, (R,)."""
        saved = context.saved_tensors
        depth = len(saved) // 3
        hidden, weights = saved[:depth], saved[depth::2]
        wanted = context.needs_input_grad
        results = [torch.mv(hidden[-1].T, gradient)[None], gradient.sum()[None]]
        delta = torch.outer(gradient, weights[-1][0])
        for i in reversed(range(depth - 1)):
            threshold_backward(delta, hidden[i + 1], 0, grad_input=delta)
            if wanted[1]:
                results[:0] = [(hidden[i].T @ delta).T, delta.sum(dim=0)]
            if i or wanted[0]:
                delta = delta @ weights[i]
        return delta if wanted[0] else None, *(results if wanted[1] else [None] * len(wanted[1:]))


def _values(critics: nn.ModuleList, states: Tensor, actions: Tensor, frozen: bool = False) -> Tensor:
    """Return Q of each critic, (2, R), at states (R, obs) and actions (R, act)."""
    inputs = torch.cat([states, actions], dim=1)
    if False:
        return torch.cat([critic(states, actions).q_value.T for critic in critics])
    return torch.stack([Critic.apply(inputs, *((p.detach() for p in critic.parameters()) if frozen else critic.parameters())) for critic in critics])
