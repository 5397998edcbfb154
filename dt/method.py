"""Decision Transformer as a method: hyperparameters, training, acting.

Defaults are those of the authors' code (github.com/kzl/decision-transformer at e2d82e6,
gym/experiment.py; below: kzl). Where the paper's Table 9 (p.19) differs the comment says so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from bench.context import Context
from bench.datasets.trajectories import F32, I64, Trajectories
from bench.fit import descend, fit
from bench.networks import arrays_of, normalise, set_arrays
from bench.tensors import below, read_tensors, write_tensors
from dt.model import DecisionTransformer
from dt.windows import STD_FLOOR, Windows


@dataclass(frozen=True)
class Config:
    """Hyperparameters of DT for continuous actions."""

    context_length: int = 20  # K, in time steps: 3K tokens (Table 9; 5 for Reacher)
    layers: int = 3  # Table 9
    heads: int = 1  # Table 9
    width: int = 128  # Table 9, embedding dimension
    dropout: float = (
        0.1  # Table 9; on embeddings, attention weights and residuals (GPT2Config's three rates)
    )
    batch_size: int = 64  # Table 9
    learning_rate: float = 1e-4  # Table 9
    weight_decay: float = 1e-4  # Table 9; on all parameters
    warmup_steps: int = 10_000  # kzl l.297; Table 9 says 10^5, which is the whole training
    gradient_clip: float = (
        0.25  # Table 9; kzl gym/decision_transformer/training/seq_trainer.py l.22
    )
    return_scale: float | None = (
        None  # divides returns-to-go; None: the task's (kzl `scale`: 1000, Reacher 10)
    )
    target_return: float | None = (
        None  # the evaluator asks for it; None: the task's declared one (Table 9)
    )
    # arithmetic of the matrix products; auto: bfloat16 if the processor has it. The record says which.
    precision: Literal["float32", "bfloat16", "auto"] = "float32"

    def __post_init__(self) -> None:
        for name in ("context_length", "layers", "heads", "width", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("learning_rate", "gradient_clip", "return_scale"):
            if getattr(self, name) is not None and getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("weight_decay", "warmup_steps"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, not {getattr(self, name)}")
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not divisible by heads {self.heads}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {self.dropout}")

    def on(self, device: str) -> Config:
        """Return the configuration as it is used and recorded on a device: `auto` is decided."""
        return (
            replace(self, precision=_fast_precision(device)) if self.precision == "auto" else self
        )


class DecisionTransformerPolicy:
    """Acts on the last K time steps; asks for what is left of the target return."""

    def __init__(
        self,
        model: DecisionTransformer,
        config: Config,
        *,
        mean: F32,
        std: F32,
        horizon: int,
        return_scale: float,
        device: str,
    ) -> None:
        self.model = model
        self.config = config
        self.mean, self.std = mean, std
        self.horizon = horizon
        self.return_scale = return_scale
        self.device = device
        self.step = 0

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes that ask for `targets` (raw units)."""
        lanes, steps = len(seeds), self.horizon
        self.wanted = targets.astype(np.float64)  # (L,) what is still to be earned, raw
        self.returns_to_go = torch.zeros(lanes, steps)
        self.states = torch.zeros(lanes, steps, self.model.embed_state.in_features)
        self.actions = torch.zeros(lanes, steps, self.model.embed_action.in_features)
        self.step = 0

    def act(self, observations: F32, rewards: F32) -> F32:
        """Return actions (L, act) for observations (L, obs); `rewards` (L,) lower the return still
        asked for.

        Raises:
            ValueError: the episode is longer than the horizon the model has time steps for.
        """
        if self.step >= self.horizon:
            raise ValueError(
                f"an episode went on for more than the {self.horizon} steps that this DT has embeddings for"
            )
        self.wanted -= rewards
        self.returns_to_go[:, self.step] = torch.from_numpy(self.wanted / self.return_scale)
        self.states[:, self.step] = torch.from_numpy(
            normalise(observations, self.mean, self.std, STD_FLOOR)
        )
        action = self._predict(*self.window())
        self.actions[:, self.step] = action
        self.step += 1
        return np.asarray(action.numpy(), dtype=np.float32)

    def window(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the model's inputs for the current step: returns-to-go, states, actions, time
        steps of the last K steps.
        """
        stop = self.step + 1
        start = max(stop - self.config.context_length, 0)
        timesteps = torch.arange(start, stop).expand(len(self.wanted), -1)
        return (
            self.returns_to_go[:, start:stop],
            self.states[:, start:stop],
            self.actions[:, start:stop],
            timesteps,
        )

    @torch.inference_mode()
    def _predict(self, *window: Tensor) -> Tensor:
        self.model.eval()
        bfloat16 = self.config.precision == "bfloat16"
        with torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16, enabled=bfloat16):
            predicted: Tensor = self.model(*(part.to(self.device) for part in window), last=True)
        return predicted[:, 0].float().cpu()

    def save(self, path: Path) -> None:
        """Write weights, normalisation and configuration."""
        tensors = arrays_of(self.model, "model.") | {"mean": self.mean, "std": self.std}
        about = {
            "config": asdict(self.config),
            "horizon": self.horizon,
            "return_scale": self.return_scale,
        }
        write_tensors(path, tensors, method="dt", **about)


def train(data: Trajectories, config: Config, context: Context) -> DecisionTransformerPolicy:
    """Minimise the mean squared error of the actions over real time steps (paper p.5).

    Raises:
        ValueError: an episode of the data is longer than the task's horizon.
        Diverged: the loss is no longer finite.
    """
    longest, horizon = int(data.lengths.max()), context.task.domain.horizon
    if longest > horizon:
        raise ValueError(
            f"the data hold an episode of {longest} steps, but {context.task.name} ends after "
            f"{horizon}: correct `horizon` in bench/tasks.toml or the data"
        )
    return_scale = config.return_scale or context.task.domain.return_scale
    with context.torch_random():
        model = _build(
            config,
            data.observations.shape[1],
            data.actions.shape[1],
            context.task.domain.horizon,
            context.device,
        )
        windows = Windows(data, config.context_length, return_scale, context.device)
        optimiser = torch.optim.AdamW(
            model.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        policy = DecisionTransformerPolicy(
            model,
            config,
            mean=data.observation_mean,
            std=data.observation_std,
            horizon=context.task.domain.horizon,
            return_scale=return_scale,
            device=context.device,
        )

        def loss_of_batch(generator: np.random.Generator) -> Tensor:
            batch = windows.sample(config.batch_size, generator)
            bfloat16 = config.precision == "bfloat16"
            with torch.autocast(
                torch.device(context.device).type, dtype=torch.bfloat16, enabled=bfloat16
            ):
                predicted: Tensor = model(
                    batch.returns_to_go, batch.states, batch.actions, batch.timesteps
                )
            error: Tensor = (predicted.float() - batch.actions).square().mean(dim=2)
            return error[batch.valid].mean()  # padding counts neither above nor below the line

        update = descend(
            loss_of_batch,
            model,
            optimiser,
            warmup_steps=config.warmup_steps,
            gradient_clip=config.gradient_clip,
        )
        fit(update, {"model": model}, {"adamw": optimiser}, lambda: policy, context)
    return policy


def load(path: Path, device: str) -> DecisionTransformerPolicy:
    """Read what `DecisionTransformerPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    tensors, about = read_tensors(path, method="dt")
    config = Config(**about["config"])
    weights = below("model.", tensors)
    with torch.random.fork_rng(devices=[]):
        model = _build(
            config,
            weights["embed_state.weight"].shape[1],
            weights["embed_action.weight"].shape[1],
            about["horizon"],
            device,
        )
    set_arrays(model, weights)
    return DecisionTransformerPolicy(
        model,
        config,
        mean=tensors["mean"],
        std=tensors["std"],
        horizon=about["horizon"],
        return_scale=about["return_scale"],
        device=device,
    )


def _fast_precision(device: str) -> Literal["float32", "bfloat16"]:
    """Return the arithmetic that is fast on a device: emulated bfloat16 is slower than float32."""
    if device.startswith("cuda"):
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if fast else "float32"


def _build(
    config: Config, observation_size: int, action_size: int, horizon: int, device: str
) -> DecisionTransformer:
    return DecisionTransformer(
        observation_size,
        action_size,
        horizon=horizon,
        width=config.width,
        layers=config.layers,
        heads=config.heads,
        dropout=config.dropout,
    ).to(device)
