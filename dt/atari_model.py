"""The network for images: a GPT over (return-to-go, state, action) tokens whose states are stacks of
frames, seen by convolutions.

Chen, Lu et al. 2021, arXiv 2106.01345v2, section 3 and Table 8 (p.18); details after the authors' code,
github.com/kzl/decision-transformer at e2d82e6 (below: kzl), atari/mingpt/model_atari.py. It differs from
dt/model.py in more than its eyes: Tanh instead of LayerNorm on embeddings, positions learned for each
token of the window, one embedding of a time step for all of the window, GELU.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from dt.blocks import Block
from dt.dropout import Dropout

FILTERS = ((32, 8, 4), (64, 4, 2), (64, 3, 1))  # Table 8: how many, their size, their stride
BRIGHTEST = 255
AT_ONCE = (
    256  # stacks: arrays of more than 32 MB would be got from the system anew, and cost a quarter
)


class Encoder(nn.Module):
    """The convolutions of Mnih et al. 2015, a linear layer and Tanh, from stacks of frames.

    Args:
        seen: (S, H, W), the shape of a stack.
        width: of its embedding.
        standardise: whether frames are taken less `mean` and over `std`; else over 255.
    """

    mean: Tensor  # (H, W), in whole levels of brightness
    std: Tensor  # (), of the pixels around it

    def __init__(self, seen: tuple[int, ...], width: int, standardise: bool = False) -> None:
        super().__init__()
        self.standardise = standardise
        if standardise:
            self.register_buffer("mean", torch.zeros(seen[1:]))
            self.register_buffer("std", torch.ones(()))
        channels, *size = seen
        layers = []
        for count, side, stride in FILTERS:
            layers.append(nn.Conv2d(channels, count, side, stride))
            channels, size = count, [(pixels - side) // stride + 1 for pixels in size]
        if min(size) < 1:
            raise ValueError(
                f"frames of {seen[1]} x {seen[2]} pixels are too small: 36 x 36 at least"
            )
        self.convolve = nn.ModuleList(layers)
        self.project = nn.Linear(channels * math.prod(size), width)

    @property
    def convolutions(self) -> list[nn.Conv2d]:
        """Return the convolutions, first to last."""
        return [layer for layer in self.convolve if isinstance(layer, nn.Conv2d)]

    def forward(self, stacks: Tensor) -> Tensor:
        """Return embeddings (N, width) of stacks (N, S, H, W) uint8.

        Bytes and their differences are exact in bfloat16 too, and the weights take their scale: no
        pass over the pixels divides them. On a CPU convolutions are half as fast again with channels
        last.
        """
        kind = stacks.device.type
        lower = torch.is_autocast_enabled(kind)
        x = stacks.to(torch.get_autocast_dtype(kind) if lower else self.project.weight.dtype)
        x = x.contiguous(memory_format=torch.channels_last)
        if self.standardise:
            mean = self.mean.to(x.dtype).expand(1, *x.shape[1:])
            x = x.sub_(mean.contiguous(memory_format=torch.channels_last))
        brightest = self.std if self.standardise else BRIGHTEST
        for number, layer in enumerate(self.convolutions):
            weight = layer.weight / brightest if number == 0 else layer.weight
            weight = weight.contiguous(memory_format=torch.channels_last)
            x = functional.conv2d(x, weight, layer.bias, layer.stride).relu_()
        embedded: Tensor = torch.tanh(self.project(x.flatten(1)))
        return embedded


class AtariTransformer(nn.Module):
    """Predicts from every state token the logits of the A actions.

    Windows are padded on the right, where the causal mask hides it.

    Args:
        choices: A.
        seen: (S, H, W), the shape of a stack of frames.
        steps: K, most time steps of a window.
        longest: time steps that have an embedding; later ones have the last one's.
        width, layers, heads, dropout: Table 8.
        returns: whether returns-to-go are among the tokens; without them it clones behaviour (kzl
            `model_type naive`).
        standardise: whether frames are standardised; else divided by 255.
    """

    def __init__(
        self,
        choices: int,
        seen: tuple[int, ...],
        *,
        steps: int,
        longest: int,
        width: int,
        layers: int,
        heads: int,
        dropout: float,
        returns: bool = True,
        standardise: bool = False,
    ) -> None:
        super().__init__()
        self.seen, self.returns = seen, returns
        self.embed_state = Encoder(seen, width, standardise)
        if returns:
            self.embed_return = nn.Linear(1, width)
        self.embed_action = nn.Embedding(choices, width)
        # kzl's table has 3K + 1 rows, with returns or without; no prediction depends on the others
        self.positions = nn.Parameter(torch.zeros((2 + returns) * steps - 1, width))
        self.embed_timestep = nn.Embedding(longest, width)
        self.embed_dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, dropout, gelu=True) for _ in range(layers))
        self.final_norm = nn.LayerNorm(width)
        self.predict_action = nn.Linear(width, choices, bias=False)
        # kzl `_init_weights`: the GPT N(0, 0.02), biases and both tables of positions 0. The convolutions
        # and the return's layer are made after it ran and keep PyTorch's defaults
        nn.init.zeros_(self.embed_timestep.weight)
        for part in (self.embed_action, self.blocks, self.predict_action):
            for layer in part.modules():
                if isinstance(layer, (nn.Linear, nn.Embedding)):
                    nn.init.normal_(layer.weight, std=0.02)
                if isinstance(layer, nn.Linear) and layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def see(self, frames: Tensor) -> Tensor:
        """Return embeddings (B, K, H) of the stacks in frames (B, S - 1 + K, H, W) uint8."""
        stack = self.seen[0]
        steps = frames.shape[1] - stack + 1

        def embedded(part: Tensor) -> Tensor:
            # frames i to i + S - 1 are those of step i: (b, K, H, W, S), then (b K, S, H, W)
            stacks = torch.stack([part[:, i : i + steps] for i in range(stack)], dim=4)
            seen: Tensor = self.embed_state(stacks.flatten(0, 1).movedim(3, 1))
            return seen.view(len(part), steps, -1)

        return torch.cat([embedded(part) for part in torch.split(frames, max(AT_ONCE // steps, 1))])

    def forward(
        self,
        returns_to_go: Tensor,
        states: Tensor,
        actions: Tensor,
        times: Tensor,
        last: bool = False,
    ) -> Tensor:
        """Predict the action of every step, or of the last step only.

        Args:
            returns_to_go: (B, K), scaled; not looked at without returns.
            states: (B, K, H), as `see` or `embed_state` returned them.
            actions: (B, K) int64; that of the last step is not looked at.
            times: (B,) int64, one time step for each window.
            last: return only the last step's.

        Returns:
            Logits (B, K, A), or (B, 1, A) if `last`.
        """
        parts = [states.to(self.positions.dtype), torch.tanh(self.embed_action(actions))]
        if self.returns:
            with torch.autocast(states.device.type, enabled=False):  # bfloat16 has 8 bits for them
                parts.insert(0, torch.tanh(self.embed_return(returns_to_go.unsqueeze(2))))
        # (B, K, H) two or three times -> (B, 2K or 3K, H); nothing after the last state matters
        x = torch.stack(parts, dim=2).flatten(1, 2)[:, :-1]
        count, every = x.shape[1], len(parts)
        x = x + self.positions[:count] + self.embed_timestep(times).unsqueeze(1)
        x = self.embed_dropout(x)
        mask = torch.full((count, count), -math.inf, device=x.device).triu(1)
        predicting = slice(count - 1, None) if last else slice(every - 2, None, every)
        for block in self.blocks[:-1]:
            x = block(x, mask, slice(None))
        x = self.blocks[-1](x, mask[predicting], predicting)
        logits: Tensor = self.predict_action(self.final_norm(x))
        return logits
