"""The hidden layers of d3rlpy's networks: its own, or with the matrix products in bfloat16 (8 bits of
precision, float32's range); and its convolutions. Weights, gradients of weights, optimisers, heads and
losses stay in float32, as torch's autocast does it (docs.pytorch.org/docs/stable/amp.html).

d3rlpy's encoder factories are its interface for such layers. Autocast around d3rlpy's whole update
fails: it would sum losses in bfloat16, which NumPy cannot read.

This file imports d3rlpy: methods import it in `train`, not at their top.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from d3rlpy.models.encoders import PixelEncoderFactory, VectorEncoderFactory
from d3rlpy.models.torch.encoders import PixelEncoder, VectorEncoder, VectorEncoderWithAction
from torch import Tensor


class Bfloat16Encoder(VectorEncoder):  # type: ignore[misc]
    """Hidden layers of an actor, or of a critic of discrete actions."""

    def forward(self, x: Tensor) -> Tensor:
        """Return features (B, width), float32, of observations x (B, obs)."""
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            features: Tensor = super().forward(x)
        return features.float()


class Bfloat16EncoderWithAction(VectorEncoderWithAction):  # type: ignore[misc]
    """Hidden layers of a critic of continuous actions."""

    def forward(self, x: Tensor, action: Tensor) -> Tensor:
        """Return features (B, width), float32, of observations x (B, obs) and actions (B, act)."""
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            features: Tensor = super().forward(x, action)
        return features.float()


class Bfloat16EncoderFactory(VectorEncoderFactory):  # type: ignore[misc]
    """Makes these encoders, with ReLU after each hidden layer, VectorEncoderFactory's default; of its
    options it reads `hidden_units` alone.
    """

    def create(self, observation_shape: Sequence[int]) -> Bfloat16Encoder:
        """Return an encoder of observations."""
        return Bfloat16Encoder(observation_shape, self.hidden_units)

    def create_with_action(
        self, observation_shape: Sequence[int], action_size: int, discrete_action: bool = False
    ) -> Bfloat16EncoderWithAction:
        """Return an encoder of observations and actions."""
        return Bfloat16EncoderWithAction(
            observation_shape, action_size, self.hidden_units, discrete_action=discrete_action
        )


def encoder_of(layers: int, width: int, precision: str) -> VectorEncoderFactory:
    """Return the factory of so many hidden layers of this width, in `float32` or `bfloat16`."""
    factory = Bfloat16EncoderFactory if precision == "bfloat16" else VectorEncoderFactory
    return factory([width] * layers)


class ImageEncoder(PixelEncoder):  # type: ignore[misc]
    """d3rlpy's encoder of images, made faster: channels come last, and the features that a loss needs
    twice, for the error and for the conservative term, are computed once.
    """

    def __init__(self, observation_shape: Sequence[int], features: int, bfloat16: bool) -> None:
        super().__init__(observation_shape, feature_size=features, dropout_rate=None)
        self.bfloat16 = bfloat16
        self.latest: tuple[Tensor | None, Tensor | None] = (None, None)

    def forward(self, x: Tensor) -> Tensor:
        """Return features (B, features), float32, of images x (B, S, H, W), scaled."""
        seen, known = self.latest
        if known is not None and x is seen and torch.is_grad_enabled():
            self.latest = (None, None)
            return known
        with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=self.bfloat16):
            features: Tensor = super().forward(x.contiguous(memory_format=torch.channels_last))
        features = features.float()
        if torch.is_grad_enabled():
            self.latest = (x, features)
        return features


class ImageEncoderFactory(PixelEncoderFactory):  # type: ignore[misc]
    """Makes these encoders; of its options it reads `feature_size` alone."""

    bfloat16 = False

    def create(self, observation_shape: Sequence[int]) -> ImageEncoder:
        """Return an encoder of images."""
        return ImageEncoder(observation_shape, self.feature_size, self.bfloat16)


class Bfloat16ImageEncoderFactory(ImageEncoderFactory):
    """Makes them with convolutions and matrix products in bfloat16."""

    bfloat16 = True


def image_encoder_of(features: int, precision: str) -> ImageEncoderFactory:
    """Return the factory of the convolutions and a layer of so many features, in `float32` or
    `bfloat16`.
    """
    factory = Bfloat16ImageEncoderFactory if precision == "bfloat16" else ImageEncoderFactory
    return factory(feature_size=features)
