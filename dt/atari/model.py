"""The network for images: a GPT over return-to-go, state and action tokens, whose states are stacks of
frames that convolutions embed.

Source: Chen, Lu et al. 2021, arXiv 2106.01345v2, section 3 and Table 8 (p.18). Details follow the authors'
code, github.com/kzl/decision-transformer at e2d82e6 (below: kzl), atari/mingpt/model_atari.py. Besides the
convolutions it differs from dt/model.py in this: Tanh instead of LayerNorm on embeddings, a learned position
for each token of the window, one embedding of a time step for the whole window, and GELU.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from dt.atari.config import Config
from dt.model import Transformer, initialise

FILTERS = ((32, 8, 4), (64, 4, 2), (64, 3, 1))  # Table 8: number, size, stride
BRIGHTEST = 255
# stacks that are embedded at once: larger arrays, of more than 32 MB, would be requested from the system
# each time, and cost a quarter more
CHUNK = 256


class Encoder(nn.Module):
    """The convolutions of Mnih et al. 2015, a linear layer and Tanh, from stacks of frames.

    Args:
        stack_shape: (S, H, W), the shape of a stack of S frames.
        width: of the embedding.
        standardise: whether `mean` is subtracted from frames and they are divided by `std`; else
            they are divided by 255.
    """

    mean: Tensor  # (H, W), in brightness levels without fraction
    std: Tensor  # (), of the pixels around the mean

    def __init__(self, stack_shape: tuple[int, ...], width: int, standardise: bool = False) -> None:
        super().__init__()
        self.standardise = standardise
        if standardise:
            self.register_buffer("mean", torch.zeros(stack_shape[1:]))
            self.register_buffer("std", torch.ones(()))
        channels, *size = stack_shape
        layers = []
        for count, side, stride in FILTERS:
            layers.append(nn.Conv2d(channels, count, side, stride))
            channels, size = count, [(pixels - side) // stride + 1 for pixels in size]
        if min(size) < 1:
            raise ValueError(
                f"frames of {stack_shape[1]} x {stack_shape[2]} pixels are too small: "
                "36 x 36 is the least"
            )
        self.convolve = nn.ModuleList(layers)
        self.project = nn.Linear(channels * math.prod(size), width)

    @property
    def convolutions(self) -> list[nn.Conv2d]:
        """Return the convolutions, first to last."""
        return [layer for layer in self.convolve if isinstance(layer, nn.Conv2d)]

    def forward(self, stacks: Tensor) -> Tensor:
        """Return embeddings (N, width) of stacks (N, S, H, W) uint8.

        Bytes and their differences are exact in bfloat16 too. Instead of all pixels, the weights of
        the first layer are divided by the scale. On a CPU, convolutions with channels last take two
        thirds of the time.
        """
        kind = stacks.device.type
        lower = torch.is_autocast_enabled(kind)
        x = stacks.to(torch.get_autocast_dtype(kind) if lower else self.project.weight.dtype)
        x = x.contiguous(memory_format=torch.channels_last)
        if self.standardise:
            mean = self.mean.to(x.dtype).expand(1, *x.shape[1:])
            x = x.sub_(mean.contiguous(memory_format=torch.channels_last))
        scale = self.std if self.standardise else BRIGHTEST
        for number, layer in enumerate(self.convolutions):
            weight = layer.weight / scale if number == 0 else layer.weight
            weight = weight.contiguous(memory_format=torch.channels_last)
            x = functional.conv2d(x, weight, layer.bias, layer.stride).relu_()
        embedded: Tensor = torch.tanh(self.project(x.flatten(1)))
        return embedded


class AtariTransformer(nn.Module):
    """Predicts from every state token the logits of the A actions.

    Windows are padded on the right, where the causal mask hides the padding.

    Args:
        n_actions: A.
        stack_shape: (S, H, W), the shape of a stack of frames.
        horizon: number of time steps that have an embedding; later steps have the last one's.
        config: context_length, width, layers, heads, dropout, and the options of the network:
            `returns`, `standardise_frames`.
    """

    def __init__(
        self, n_actions: int, stack_shape: tuple[int, ...], *, horizon: int, config: Config
    ) -> None:
        super().__init__()
        width = config.width
        self.stack_shape, self.returns = stack_shape, config.returns
        self.embed_state = Encoder(stack_shape, width, config.standardise_frames)
        if config.returns:
            self.embed_return = nn.Linear(1, width)
        self.embed_action = nn.Embedding(n_actions, width)
        # kzl's table has 3K + 1 rows, with returns or without; no prediction depends on the others
        tokens = (3 if config.returns else 2) * config.context_length - 1
        self.positions = nn.Parameter(torch.zeros(tokens, width))
        self.embed_timestep = nn.Embedding(horizon, width)
        self.embed_dropout = nn.Dropout(config.dropout)
        self.transformer = Transformer(
            width, config.layers, config.heads, config.dropout, gelu=True
        )
        self.predict_action = nn.Linear(width, n_actions, bias=False)
        # kzl `_init_weights`: both tables of positions are 0. The convolutions and the layer of the
        # return are made after it and keep PyTorch's initial weights
        nn.init.zeros_(self.embed_timestep.weight)
        for part in (self.embed_action, self.transformer, self.predict_action):
            initialise(part)

    def see(self, frames: Tensor) -> Tensor:
        """Return embeddings (B, K, H) of the stacks in frames (B, S - 1 + K, H, W) uint8."""
        stack = self.stack_shape[0]
        steps = frames.shape[1] - stack + 1

        def embedded(part: Tensor) -> Tensor:
            # frames i to i + S - 1 are those of step i: (b, K, H, W, S) -> (b K, S, H, W)
            stacks = torch.stack([part[:, i : i + steps] for i in range(stack)], dim=4)
            states: Tensor = self.embed_state(stacks.flatten(0, 1).movedim(3, 1))
            return states.view(len(part), steps, -1)

        return torch.cat([embedded(part) for part in torch.split(frames, max(CHUNK // steps, 1))])

    def forward(
        self,
        returns_to_go: Tensor,
        states: Tensor,
        actions: Tensor,
        times: Tensor,
        last: bool = False,
        attention: list[Tensor] | None = None,
    ) -> Tensor:
        """Predict the action of every step, or of the last step only.

        Args:
            returns_to_go: (B, K), scaled; ignored without returns.
            states: (B, K, H), as `see` or `embed_state` returned them.
            actions: (B, K) int64; no output depends on the last one.
            times: (B,) int64, one time step for each window.
            last: return only the last step's logits.
            attention: each layer's attention weights are appended to this list (`Transformer`).

        Returns:
            Logits (B, K, A), or (B, 1, A) if `last`.
        """
        parts = [states.to(self.positions.dtype), torch.tanh(self.embed_action(actions))]
        if self.returns:
            # in float32: bfloat16 keeps only 8 bits of a return-to-go
            with torch.autocast(states.device.type, enabled=False):
                parts.insert(0, torch.tanh(self.embed_return(returns_to_go.unsqueeze(2))))
        # two or three times (B, K, H) -> (B, 2K - 1 or 3K - 1, H), without the last action
        x = torch.stack(parts, dim=2).flatten(1, 2)[:, :-1]
        x = x + self.positions[: x.shape[1]] + self.embed_timestep(times).unsqueeze(1)
        every = len(parts)
        state_tokens = slice(-1, None) if last else slice(every - 2, None, every)
        x = self.transformer(self.embed_dropout(x), state_tokens, attention)
        logits: Tensor = self.predict_action(x)
        return logits
