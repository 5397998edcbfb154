"""Hyperparameters of Decision Transformer.

Defaults are those of the authors' code (github.com/kzl/decision-transformer at e2d82e6,
gym/experiment.py; below: kzl). Where the paper's Table 9 (p.19) differs, the comment says so.
docs/presets.md lists all differences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from bench.methods.training import check_average_decay
from dt.precision import usable


@dataclass(frozen=True)
class Config:
    """Hyperparameters of DT."""

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
    warmup_steps: int = 10_000  # kzl --warmup_steps; Table 9 says 10^5, which is the whole training
    gradient_clip: float = 0.25  # Table 9; kzl gym/decision_transformer/training/seq_trainer.py
    return_scale: float | None = (
        None  # returns-to-go are divided by it; None: the task's (kzl `scale`: 1000, Reacher 10)
    )
    target_return: float | None = (
        None  # the return that the evaluation asks for; None: the task's (Table 9)
    )
    # arithmetic of the matrix products; auto: bfloat16 where the device has instructions for it. The
    # record states what was used
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    # all: also the next state and return-to-go, which "did not improve performance" (p.5).
    # returns: also whether the episode succeeds, from a history without returns: DT as a critic
    # (section 5.5)
    predict: Literal["actions", "all", "returns"] = "actions"
    # how the embedding of the time step joins that of a modality; if concatenated, each has half of
    # the width
    time_embedding: Literal["add", "concatenate"] = "add"
    # norm_then_add is the paper's text (p.5), add_then_norm kzl's code
    embedding_order: Literal["add_then_norm", "norm_then_add"] = "add_then_norm"
    # of rewards in returns-to-go (p.4: 1). Below 1 the policy sets its target differently: dt/policy.py
    discount: float = 1.0
    # what lowers the return-to-go while the policy acts. rewards: the rewards that were seen; time: the
    # steps that have passed, as if the target were earned in equal parts (`spread_evenly` in dt/policy.py).
    # auto: rewards without a discount, and time with one, where rewards cannot
    target_follows: Literal["auto", "rewards", "time"] = "auto"
    # any_step: windows start at any step (kzl get_batch). first_step: at the first step of an episode,
    # for a context that covers whole episodes (p.9, Key-to-Door)
    windows: Literal["any_step", "first_step"] = "any_step"
    # of the learning rate. constant: after the warm-up (kzl gym); cosine: falls to almost zero at the
    # last update
    schedule: Literal["constant", "cosine"] = "constant"
    # initial standard deviation of the embeddings of time steps; 1 is PyTorch's default, as in kzl
    time_std: float = 1.0
    # initial standard deviation of the transformer's weights (kzl: GPT-2's, made for width 768), and of
    # those of attention's values and projection; None: the same
    init_std: float = 0.02
    value_std: float | None = None
    # discrete actions are drawn from the softmax of logits / temperature (kzl atari/mingpt/utils.py: 1);
    # 0 takes the most probable action. The paper does not say which for Key-to-Door
    temperature: float = 1.0
    # decay of the moving average of the weights, which acts in their place: average = decay * average +
    # (1 - decay) * weights after each update. 0: the weights after the last update act, as in kzl
    average_decay: float = 0.0

    def __post_init__(self) -> None:
        refuse(
            self,
            positive=("learning_rate", "gradient_clip", "return_scale", "init_std", "value_std"),
            not_negative=("weight_decay", "warmup_steps", "time_std", "temperature"),
        )
        check_average_decay(self.average_decay)
        if not 0 < self.discount <= 1:
            raise ValueError(f"discount must be above 0 and at most 1, not {self.discount}")
        if self.discount < 1 and self.target_follows == "rewards":
            raise ValueError(
                "target_follows 'rewards' is not possible with a discount below 1, because the division by "
                "the discount enlarges every deviation: use 'auto' or 'time'"
            )
        if self.time_embedding == "concatenate":
            if self.width % 2:
                raise ValueError(
                    f"width {self.width} is odd: half of it is for the time step when "
                    "time_embedding is 'concatenate'"
                )
            if self.embedding_order != "add_then_norm":
                raise ValueError(
                    f"embedding_order {self.embedding_order!r} says when the time step is added, but "
                    "time_embedding 'concatenate' adds nothing: use 'add_then_norm' or 'add'"
                )

    @property
    def closed_loop(self) -> bool:
        """Return whether the rewards seen lower the return-to-go while the policy acts."""
        return self.target_follows != "time" and self.discount == 1

    def on(self, device: str) -> Config:
        """Return the configuration that a run on this device uses and records: with the precision
        that the device can do.
        """
        return replace(self, precision=usable(self.precision, device))


def refuse(config: Any, *, positive: tuple[str, ...], not_negative: tuple[str, ...]) -> None:
    """Refuse hyperparameters that no transformer can have.

    Args:
        config: with `layers`, `heads`, `width`, `batch_size` and `dropout`, and perhaps a
            `context_length`.
        positive: fields that must be above 0, or None.
        not_negative: fields that must be at least 0.

    Raises:
        ValueError: names the field, what it must be and what it is.
    """
    for name in ("context_length", "layers", "heads", "width", "batch_size"):
        if (count := getattr(config, name, 1)) < 1:
            raise ValueError(f"{name} must be at least 1, not {count}")
    for name in positive:
        if (value := getattr(config, name)) is not None and value <= 0:
            raise ValueError(f"{name} must be above 0, not {value}")
    for name in not_negative:
        if (value := getattr(config, name)) < 0:
            raise ValueError(f"{name} must not be negative, not {value}")
    if config.width % config.heads:
        raise ValueError(f"width {config.width} is not divisible by heads {config.heads}")
    if not 0 <= config.dropout < 1:
        raise ValueError(f"dropout must be at least 0 and below 1, not {config.dropout}")
