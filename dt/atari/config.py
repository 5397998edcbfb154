"""Hyperparameters of Decision Transformer on images.

Defaults are those of Table 8 (p.18) and of the authors' code (github.com/kzl/decision-transformer at
e2d82e6, atari/; below: kzl). Where the two differ, the comment says so. docs/presets.md lists all
differences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dt.config import refuse
from dt.precision import usable


@dataclass(frozen=True)
class Config:
    """Hyperparameters of DT on images."""

    context_length: int = 30  # K, in time steps (Table 8; 50 for Pong)
    layers: int = 6  # Table 8
    heads: int = 8  # Table 8
    width: int = 128  # Table 8, embedding dimension
    dropout: float = 0.1  # Table 8; on embeddings, attention weights and residuals
    batch_size: int = 128  # Table 8, windows (512 for Pong)
    learning_rate: float = 6e-4  # Table 8
    weight_decay: float = 0.1  # Table 8; only on weights of linear layers and convolutions (kzl)
    gradient_clip: float = 1.0  # Table 8
    # the learning rate rises until this many actions were learned from, K for each window (Table 8:
    # 512 * 20) ...
    warmup_tokens: int = 10_240
    # ... and then falls by half a cosine, but not below a tenth. The cosine is this many trainings long;
    # after it the rate rises again. Table 8 and kzl train 5 epochs: Table 8's 2 * 500000 * K are 2 of
    # them, 0.4; kzl's are three times as many, 1.2
    cosine_length: float = 1.2
    returns: bool = True  # False: no returns-to-go, the paper's BC (kzl `model_type naive`)
    top_percent: float = 100.0  # of the time steps, best episodes first; below 100 with BC: %BC
    # the mean frame of all data, also of those that are not learned from, is subtracted from frames, and
    # they are divided by the standard deviation of the pixels around it (bench/datasets/frames.py);
    # False: they are divided by 255 (kzl mingpt/trainer_atari.py)
    standardise_frames: bool = False
    return_scale: float | None = None  # returns-to-go are divided by it; None: the task's (kzl: 1)
    target_return: float | None = (
        None  # the return that the evaluation asks for; None: the task's (Table 8)
    )
    # False: the return-to-go falls by the reward as the game gives it (kzl); True: by the reward as the
    # data have it, clipped to [-1, 1]
    clip_decrement: bool = False
    # the time step that the network is given with a window when it acts: of the current step (kzl), or of
    # the window's first step, which is given in training (also in kzl)
    window_time: Literal["current", "first"] = "current"
    # actions are drawn from the softmax of logits / temperature (kzl mingpt/utils.py: 1); 0 takes the
    # most probable action
    temperature: float = 1.0
    # arithmetic of the matrix products; auto: bfloat16 where the device has instructions for it. The
    # record states what was used
    precision: Literal["float32", "bfloat16", "auto"] = "float32"

    def __post_init__(self) -> None:
        refuse(
            self,
            positive=("learning_rate", "gradient_clip", "cosine_length", "return_scale"),
            not_negative=("weight_decay", "warmup_tokens", "temperature"),
        )
        if not 0 < self.top_percent <= 100:
            raise ValueError(f"top_percent must be above 0 and at most 100, not {self.top_percent}")

    def on(self, device: str) -> Config:
        """Return the configuration that a run on this device uses and records: with the precision
        that the device can do.
        """
        return replace(self, precision=usable(self.precision, device))
