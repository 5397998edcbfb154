"""The training loop of torch methods: logging, snapshots, checkpoints, and exact resumption."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from bench.core import stopping
from bench.methods.context import Context
from bench.methods.contract import Diverged, Policy

LOG_LINES = 20

Network = TypeVar("Network", bound=nn.Module)
Update = Callable[[int, np.random.Generator], Tensor]


def fit(
    update: Update,
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    policy: Callable[[], Policy],
    context: Context,
) -> None:
    """Take `context.steps` updates. A stopped run resumes from its checkpoint, which may follow any update, and gives
    the same numbers.

    Args:
        update: takes update number `step` (from 1) and returns the loss. It draws its batch with the given
            generator. It must change nothing except `modules`, `optimisers`, the generator, and the state of
            torch's generator.
        modules: the networks; they are put into training mode.
        optimisers: the optimisers of their parameters.
        policy: returns the current networks as a policy, for snapshots.
        context: budget, seed and services of the run.

    Raises:
        Diverged: the loss is no longer finite.
        Stopped: the run was asked to stop; its state is saved.
    """
    generator = context.generator("batches")
    saved = context.resume()
    first, total, since = 0, torch.zeros(()), 0  # the sum of the losses since the last log line
    if saved is None:
        context.snapshot(0, policy())
    else:
        first, state = saved
        total, since = state["log/total"], int(state["log/since"])
        unpack(state, modules, optimisers, generator)
    every = max(context.steps // LOG_LINES, 1)
    for module in modules.values():
        module.train()

    def state_now() -> dict[str, Tensor]:
        log = {"log/total": total, "log/since": torch.tensor(since)}
        return log | pack(modules, optimisers, generator)

    with stopping.deferred():
        for step in range(first + 1, context.steps + 1):
            total, since = total + update(step, generator).detach().cpu(), since + 1
            if step in context.snapshot_steps:
                if not math.isfinite(float(total)):
                    raise Diverged(step, "loss")
                context.snapshot(step, policy())
            if step % every == 0 or step == context.steps:
                context.log(step, loss=float(total) / since)
                total, since = torch.zeros(()), 0
            context.checkpoint(step, state_now)


def descend(
    loss_of_batch: Callable[[np.random.Generator], Tensor | Iterable[Tensor]],
    module: nn.Module,
    optimiser: torch.optim.Optimizer,
    *,
    warmup_steps: int = 0,
    gradient_clip: float | None = None,
    decay_steps: int | None = None,
    multiplier: Callable[[int], float] | None = None,
    flat: bool = False,
) -> Update:
    """Return the usual update: one gradient step on a batch, with linear warm-up and gradient clipping.

    Args:
        loss_of_batch: draws a batch with the given generator, and returns the loss. It may also return several
            losses whose sum is the loss. The gradient of each one is then computed before the next one, so only
            one is in memory.
        module: the network.
        optimiser: the optimiser of its parameters. Its learning rates are those after the warm-up. The optimisers
            of bench/methods/optimisers.py start a second faster than torch's own.
        warmup_steps: the learning rate rises linearly over this number of steps.
        gradient_clip: the largest global norm of the gradient; None for no limit.
        decay_steps: the learning rate falls to 0 over this number of steps (`half_cosine`); None for no decay.
        multiplier: returns a factor of the learning rate at update number `step`, for other schedules.
        flat: whether `bench.methods.optimisers.flatten` made the parameters of the optimiser.
    """
    parameters = [whole for group in optimiser.param_groups for whole in group["params"]]
    rates = [group["lr"] for group in optimiser.param_groups]

    def update(step: int, generator: np.random.Generator) -> Tensor:
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * min(step / max(warmup_steps, 1), 1.0)
            if decay_steps is not None:
                group["lr"] *= half_cosine(step, decay_steps)
            if multiplier is not None:
                group["lr"] *= multiplier(step)
        module.train()
        optimiser.zero_grad(set_to_none=not flat)
        parts = loss_of_batch(generator)
        losses = []
        for part in (parts,) if isinstance(parts, Tensor) else parts:
            part.backward()
            losses.append(part.detach())
        if gradient_clip is not None:
            nn.utils.clip_grad_norm_(parameters, gradient_clip)
        optimiser.step()
        return torch.stack(losses).sum()

    return update


def half_cosine(step: int, steps: int) -> float:
    """Return the factor of the learning rate at update `step` (from 1) of `steps`: half a cosine from 1 towards 0
    (Loshchilov & Hutter 2017, arXiv 1608.03983). It is PyTorch's CosineAnnealingLR with T_max = steps.
    """
    return 0.5 * (1 + math.cos(math.pi * (step - 1) / steps))


def decaying(
    update: Update, optimisers: Iterable[torch.optim.Optimizer], decay_steps: int
) -> Update:
    """Return an update whose learning rates fall to 0 over `decay_steps` steps (`half_cosine`), for updates that
    another library takes. The step alone decides the rates, so a resumed run has the same ones.

    Args:
        update: the update.
        optimisers: those whose learning rates fall. Their rates at the time of this call are the first ones.
        decay_steps: number of steps.
    """
    optimisers = list(optimisers)
    rates = [[group["lr"] for group in optimiser.param_groups] for optimiser in optimisers]

    def decayed(step: int, generator: np.random.Generator) -> Tensor:
        for optimiser, own in zip(optimisers, rates, strict=True):
            # the groups are other objects after a run was resumed
            for group, rate in zip(optimiser.param_groups, own, strict=True):
                group["lr"] = rate * half_cosine(step, decay_steps)
        return update(step, generator)

    return decayed


def check_average_decay(average_decay: float) -> None:
    """Refuse a decay with which there is no average.

    Raises:
        ValueError: it is below 0, or not below 1.
    """
    if not 0 <= average_decay < 1:
        raise ValueError(f"average_decay must be at least 0 and below 1, not {average_decay}")


class Averaged(Generic[Network]):
    """The exponential moving average of the weights of a network over the updates (Polyak averaging). The average
    acts, while the network learns.
    """

    def __init__(self, module: Network, decay: float) -> None:
        """Start with the weights of the network. `decay` is the weight of the old average in each update."""
        self.module, self.decay = module, decay
        self.average = copy.deepcopy(module)

    def after(self, update: Update) -> Update:
        """Return an update that also updates the average. The decay is smaller in early steps, so that the
        average forgets the initial weights.
        """

        def averaged(step: int, generator: np.random.Generator) -> Tensor:
            loss = update(step, generator)
            weight = 1 - min(self.decay, step / (step + 10))
            with torch.no_grad():
                pairs = zip(self.average.parameters(), self.module.parameters(), strict=True)
                for average, current in pairs:
                    average.lerp_(current, weight)
            return loss

        return averaged


def pack(
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    generator: np.random.Generator,
) -> dict[str, Tensor]:
    """Return the complete state of a training, as named tensors."""
    state: dict[str, Any] = {}
    for name, module in modules.items():
        state |= {f"module/{name}/{key}": tensor for key, tensor in module.state_dict().items()}
    for name, optimiser in optimisers.items():
        for index, values in optimiser.state_dict()["state"].items():
            state |= {
                f"optimiser/{name}/{index}/{key}": torch.as_tensor(value)
                for key, value in values.items()
            }
    state["random/torch"] = torch.get_rng_state()
    words = generator.bit_generator.state
    bits = f"{words['state']['state']:032x}{words['state']['inc']:032x}{words['has_uint32']:08x}{words['uinteger']:08x}"
    state["random/numpy"] = torch.tensor(list(bytes.fromhex(bits)), dtype=torch.uint8)
    return {name: tensor.detach().clone().contiguous() for name, tensor in state.items()}


def unpack(
    state: Mapping[str, Tensor],
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    generator: np.random.Generator,
) -> None:
    """Restore the state that `pack` returned."""
    for name, module in modules.items():
        module.load_state_dict(_below(state, f"module/{name}/"))
    for name, optimiser in optimisers.items():
        moments: dict[int, dict[str, Tensor]] = {}
        for key, tensor in _below(state, f"optimiser/{name}/").items():
            index, field = key.split("/")
            moments.setdefault(int(index), {})[field] = tensor
        optimiser.load_state_dict(
            {"state": moments, "param_groups": optimiser.state_dict()["param_groups"]}
        )
    torch.set_rng_state(state["random/torch"])
    bits = bytes(state["random/numpy"].tolist()).hex()
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": int(bits[:32], 16), "inc": int(bits[32:64], 16)},
        "has_uint32": int(bits[64:72], 16),
        "uinteger": int(bits[72:], 16),
    }


def _below(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(prefix): tensor for key, tensor in state.items() if key.startswith(prefix)
    }
