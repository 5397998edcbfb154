"""The network: a GPT over (return-to-go, state, action) tokens that predicts actions from state
tokens.

Chen, Lu et al. 2021, arXiv 2106.01345v2, section 3 and Table 9; details after the authors' code,
github.com/kzl/decision-transformer at e2d82e6 (below: kzl), gym/decision_transformer/models/.
Function and parameters equal those of Hugging Face's DecisionTransformerModel with its position
table `wpe` set to zero; tests/test_dt_model.py compares the two.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Causal self-attention, written as plain batched products: at 3K = 60 tokens they beat the
    fused CPU kernel.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor, only: slice) -> Tensor:
        """Attend from the tokens `only` to all tokens.

        Args:
            x: (B, T, H) normalised tokens.
            mask: (T', T) additive: 0 where a token may look, -inf elsewhere.
            only: which T' of the T tokens ask.

        Returns:
            (B, T', H).
        """
        batch, length, width = x.shape
        asking = x[:, only]
        if asking.shape[1] == length:
            q, k, v = self.qkv(x).chunk(3, dim=2)
        else:  # keys and values of all tokens, queries of a few
            weight, bias = self.qkv.weight, self.qkv.bias
            q = functional.linear(asking, weight[:width], bias[:width])
            k, v = functional.linear(x, weight[width:], bias[width:]).chunk(2, dim=2)
        # (B, T, H) -> (B, heads, T, H / heads)
        q, k, v = (
            t.view(batch, t.shape[1], self.heads, width // self.heads).transpose(1, 2)
            for t in (q, k, v)
        )
        scores = q @ k.transpose(2, 3) / math.sqrt(width // self.heads) + mask
        weights = self.dropout(scores.softmax(dim=3))
        # (B, heads, T', H / heads) -> (B, T', H)
        mixed = (weights @ v).transpose(1, 2).reshape(batch, asking.shape[1], width)
        projected: Tensor = self.project(mixed)
        return projected


class Block(nn.Module):
    """A pre-norm GPT-2 block with a ReLU inside (Table 9)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout)
        self.norm2 = nn.LayerNorm(width)
        self.grow = nn.Linear(width, 4 * width)
        self.shrink = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor, only: slice) -> Tensor:
        """Return the residual stream (B, T', H) of the tokens `only` from all tokens (B, T, H)."""
        mixed: Tensor = self.dropout(self.attention(self.norm1(x), mask, only))
        x = x[:, only] + mixed
        grown: Tensor = self.dropout(self.shrink(torch.relu(self.grow(self.norm2(x)))))
        return x + grown


class DecisionTransformer(nn.Module):
    """Predicts a continuous action in [-1, 1] from every state token.

    Windows are padded on the *right*: under a causal mask no real token sees what comes after it,
    so no padding mask is needed, and as positions come from time steps the function is that of the
    left-padded original.

    Args:
        observation_size: obs.
        action_size: act.
        horizon: largest time step + 1 (kzl gym/experiment.py, max_ep_len).
        width, layers, heads, dropout: Table 9.
    """

    def __init__(
        self,
        observation_size: int,
        action_size: int,
        *,
        horizon: int,
        width: int,
        layers: int,
        heads: int,
        dropout: float,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is not divisible by heads {heads}")
        self.embed_return = nn.Linear(1, width)
        self.embed_state = nn.Linear(observation_size, width)
        self.embed_action = nn.Linear(action_size, width)
        self.embed_timestep = nn.Embedding(horizon, width)
        self.embed_norm = nn.LayerNorm(width)
        self.embed_dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.final_norm = nn.LayerNorm(width)
        self.predict_action = nn.Linear(width, action_size)
        # kzl trajectory_gpt2.py `_init_weights`: the GPT's matrices N(0, 0.02), biases 0. The
        # embeddings and the head stand outside the GPT there and keep PyTorch's defaults.
        for block in self.blocks:
            for layer in block.modules():
                if isinstance(layer, nn.Linear):
                    nn.init.normal_(layer.weight, std=0.02)
                    nn.init.zeros_(layer.bias)

    def forward(
        self,
        returns_to_go: Tensor,
        states: Tensor,
        actions: Tensor,
        timesteps: Tensor,
        last: bool = False,
    ) -> Tensor:
        """Predict the action of every step, or of the last step only.

        Args:
            returns_to_go: (B, K), scaled.
            states: (B, K, obs), normalised.
            actions: (B, K, act); the action of the last step is not looked at.
            timesteps: (B, K) int64.
            last: return only the last step's action.

        Returns:
            (B, K, act), or (B, 1, act) if `last`.
        """
        batch, steps = timesteps.shape
        time = self.embed_timestep(timesteps)
        tokens = torch.stack(
            [
                self.embed_return(returns_to_go.unsqueeze(2)) + time,
                self.embed_state(states) + time,
                self.embed_action(actions) + time,
            ],
            dim=2,
        )
        # (B, K, 3, H) -> (B, 3K, H), in the order R1 s1 a1 R2 s2 a2 ...
        x = tokens.view(batch, 3 * steps, -1)
        if last:
            x = x[:, :-1]  # nothing after the last state token matters
        # the code normalises after adding the time step (kzl decision_transformer.py l.77); the
        # paper's text says before
        x = self.embed_dropout(self.embed_norm(x))
        mask = torch.full((x.shape[1], x.shape[1]), -math.inf, device=x.device).triu(1)
        everything = slice(None)
        # the last block computes only what predicts: state tokens, 1, 4, 7, ...
        predicting = slice(3 * steps - 2, None) if last else slice(1, None, 3)
        for block in self.blocks[:-1]:
            x = block(x, mask, everything)
        x = self.blocks[-1](x, mask[predicting], predicting)
        return torch.tanh(self.predict_action(self.final_norm(x)))
