"""The network: a GPT over (return-to-go, state, action) tokens that predicts actions from state
tokens. Options add what the paper mentions and its code leaves out.

Chen, Lu et al. 2021, arXiv 2106.01345v2, section 3 and Table 9; details after the authors' code,
github.com/kzl/decision-transformer at e2d82e6 (below: kzl), gym/decision_transformer/models/.
Function and parameters equal those of Hugging Face's DecisionTransformerModel with its position
table `wpe` set to zero; tests/test_dt_model.py compares the two.
"""

from __future__ import annotations

import math
from typing import Literal

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
        predict: `all` adds heads for the next state and return-to-go, on the action token.
        time_embedding: whether the time step is added to a token, or has half of it to itself;
            then the width is even.
        embedding_order: whether the LayerNorm comes after the time step is added or before; the
            former if it is concatenated.
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
        predict: Literal["actions", "all"] = "actions",
        time_embedding: Literal["add", "concatenate"] = "add",
        embedding_order: Literal["add_then_norm", "norm_then_add"] = "add_then_norm",
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is not divisible by heads {heads}")
        self.concatenate = time_embedding == "concatenate"
        self.norm_first = embedding_order == "norm_then_add"
        embedding = width // 2 if self.concatenate else width
        self.embed_return = nn.Linear(1, embedding)
        self.embed_state = nn.Linear(observation_size, embedding)
        self.embed_action = nn.Linear(action_size, embedding)
        self.embed_timestep = nn.Embedding(horizon, embedding)
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
        if predict == "all":  # last, so that everything else starts as it does without them
            self.predict_state = nn.Linear(width, observation_size)
            self.predict_return = nn.Linear(width, 1)

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
        x = self._tokens(returns_to_go, states, actions, timesteps)
        if last:
            x = x[:, :-1]  # nothing after the last state token matters
        # only what predicts: state tokens, 1, 4, 7, ...
        predicting = slice(x.shape[1] - 1, None) if last else slice(1, None, 3)
        return self._action(self._transform(x, predicting))

    def predict_all(
        self, returns_to_go: Tensor, states: Tensor, actions: Tensor, timesteps: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Predict each step's action, and from it the next step's state and return-to-go, as the
        heads do that the authors' model has and does not train (kzl decision_transformer.py).

        Args:
            returns_to_go: (B, K), scaled.
            states: (B, K, obs), normalised.
            actions: (B, K, act).
            timesteps: (B, K) int64.

        Returns:
            Actions (B, K, act), next states (B, K, obs), next returns-to-go (B, K).
        """
        x = self._transform(
            self._tokens(returns_to_go, states, actions, timesteps), predicting=slice(None)
        )
        after_action = x[:, 2::3]
        following: Tensor = self.predict_return(after_action).squeeze(2)
        return self._action(x[:, 1::3]), self.predict_state(after_action), following

    def _tokens(
        self, returns_to_go: Tensor, states: Tensor, actions: Tensor, timesteps: Tensor
    ) -> Tensor:
        """Return the tokens (B, 3K, H) in the order R1 s1 a1 R2 s2 a2 ..., not yet normalised
        unless that comes first.
        """
        batch, steps = timesteps.shape
        time = self.embed_timestep(timesteps)
        tokens = torch.stack(
            [
                self._at_time(self.embed_return(returns_to_go.unsqueeze(2)), time),
                self._at_time(self.embed_state(states), time),
                self._at_time(self.embed_action(actions), time),
            ],
            dim=2,
        )
        # (B, K, 3, H) -> (B, 3K, H)
        return tokens.view(batch, 3 * steps, -1)

    def _at_time(self, modality: Tensor, time: Tensor) -> Tensor:
        if self.concatenate:
            return torch.cat([modality, time], dim=2)
        return (self.embed_norm(modality) if self.norm_first else modality) + time

    def _transform(self, tokens: Tensor, predicting: slice) -> Tensor:
        """Return the transformer's output (B, T', H) at the tokens `predicting` of (B, T, H)."""
        # the code normalises after adding the time step (kzl decision_transformer.py, embed_ln);
        # the paper's text says before
        x = self.embed_dropout(tokens if self.norm_first else self.embed_norm(tokens))
        mask = torch.full((x.shape[1], x.shape[1]), -math.inf, device=x.device).triu(1)
        everything = slice(None)
        for block in self.blocks[:-1]:
            x = block(x, mask, everything)
        x = self.blocks[-1](x, mask[predicting], predicting)
        normalised: Tensor = self.final_norm(x)
        return normalised

    def _action(self, x: Tensor) -> Tensor:
        return torch.tanh(self.predict_action(x))
