"""Decision Transformer: a GPT over return-to-go, state and action tokens that predicts actions.

Source: Chen, Lu et al. 2021, arXiv 2106.01345v2, section 3, Algorithm 1 and Table 9. Details follow the
authors' code, github.com/kzl/decision-transformer at e2d82e6 (below: kzl), gym/decision_transformer/models/.
With the same weights the outputs equal those of Hugging Face's DecisionTransformerModel when its
position table `wpe` is zero; tests/dt/test_model.py compares the two.

This file defines what is computed, on any device. dt/cpu/ computes the same functions faster on a CPU
(the switch is dt/cpu/accelerate.py). dt/atari/ and dt/graph.py use the same `Transformer`.

Shapes: B windows of K time steps; T tokens, of which T' are queries; width H. A slice
`query_positions` names the tokens whose output is needed; the others only give keys and values.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from dt.config import Config

EVERY = slice(None)
Weights = list[Tensor] | None  # if a list, each layer appends its attention weights to it


class Attention(nn.Module):
    """Causal self-attention with several heads."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, mask: Tensor, query_positions: slice = EVERY, attention: Weights = None
    ) -> Tensor:
        """Return what the queries gather from all tokens: (B, T, H) -> (B, T', H).

        Args:
            x: (B, T, H), normalised.
            mask: (T, T), added to the scores: 0 where a query may attend to a key, else -inf.
            query_positions: which T' of the T tokens are queries.
            attention: the attention weights (B, heads, T', T), as they are before dropout, are
                appended to this list.
        """
        q, k, v = (self.split_heads(part) for part in self.qkv(x).chunk(3, dim=2))
        return self.attend(q[:, :, query_positions], k, v, mask[query_positions], attention)

    def split_heads(self, x: Tensor) -> Tensor:
        """(B, T, H) -> (B, heads, T, H / heads)."""
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, attention: Weights = None
    ) -> Tensor:
        """Return (B, T', H) for queries (B, heads, T', H / heads) and keys and values of T tokens."""
        scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[3]) + mask
        weights = scores.softmax(dim=3)
        if attention is not None:
            attention.append(weights.detach())
        mixed = self.dropout(weights) @ v
        # (B, heads, T', H / heads) -> (B, T', H)
        projected: Tensor = self.project(mixed.transpose(1, 2).flatten(2))
        return projected


class MLP(nn.Module):
    """Two layers with a ReLU between them (Table 9), or a GELU (Table 8)."""

    def __init__(self, width: int, gelu: bool) -> None:
        super().__init__()
        self.gelu = gelu
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, H) -> (B, T, H)."""
        hidden = self.fc1(x)
        hidden = functional.gelu(hidden) if self.gelu else torch.relu(hidden)
        result: Tensor = self.fc2(hidden)
        return result


class Block(nn.Module):
    """A pre-norm GPT-2 block."""

    def __init__(self, width: int, heads: int, dropout: float, gelu: bool = False) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = MLP(width, gelu)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, mask: Tensor, query_positions: slice = EVERY, attention: Weights = None
    ) -> Tensor:
        """Return the residual stream, (B, T, H) -> (B, T', H); arguments as in `Attention`."""
        mixed = self.attention(self.norm1(x), mask, query_positions, attention)
        x = x[:, query_positions] + self.dropout(mixed)
        result: Tensor = x + self.dropout(self.mlp(self.norm2(x)))
        return result


class Transformer(nn.Module):
    """GPT-2's blocks under a causal mask, and its last LayerNorm."""

    def __init__(
        self, width: int, layers: int, heads: int, dropout: float, gelu: bool = False
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads, dropout, gelu) for _ in range(layers))
        self.final_norm = nn.LayerNorm(width)

    @property
    def layers(self) -> list[Block]:
        """Return the blocks with their type."""
        return [block for block in self.blocks if isinstance(block, Block)]

    def forward(
        self, x: Tensor, query_positions: slice = EVERY, attention: Weights = None
    ) -> Tensor:
        """Transform tokens (B, T, H); return the output at the query positions, (B, T', H).

        Args:
            x: (B, T, H).
            query_positions: the tokens that predict. Only the last block is restricted to them.
            attention: each layer appends its attention weights (B, heads, T, T) to this list, the
                last one (B, heads, T', T).
        """
        tokens = x.shape[1]
        mask = torch.full((tokens, tokens), -math.inf, device=x.device).triu(1)
        for block in self.blocks[:-1]:
            x = block(x, mask, EVERY, attention)
        x = self.blocks[-1](x, mask, query_positions, attention)
        normalised: Tensor = self.final_norm(x)
        return normalised


def initialise(module: nn.Module, std: float = 0.02) -> None:
    """Draw linear layers and embeddings as GPT-2 does: weights N(0, std^2), biases 0 (kzl
    trajectory_gpt2.py and mingpt/model_atari.py, `_init_weights`).
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Embedding)):
            nn.init.normal_(layer.weight, std=std)
        if isinstance(layer, nn.Linear) and layer.bias is not None:
            nn.init.zeros_(layer.bias)


class DecisionTransformer(nn.Module):
    """Predicts an action from every state token: a vector in [-1, 1]^act, or logits of A actions.

    Windows are padded on the *right*. Under the causal mask no real token attends to padding, so no
    padding mask is needed. Positions come from time steps, so the outputs at real steps equal those
    of the authors' code, which pads on the left.

    Args:
        observation_size: obs.
        action_size: act, or the number A of discrete actions.
        horizon: largest time step + 1 (kzl gym/experiment.py, max_ep_len).
        config: width, layers, heads, dropout, and the options of the network: `predict`,
            `time_embedding`, `embedding_order`, `time_std`, `init_std`, `value_std`.
        discrete: whether actions are the numbers 0 to A - 1.
    """

    def __init__(
        self,
        observation_size: int,
        action_size: int,
        *,
        horizon: int,
        config: Config,
        discrete: bool = False,
    ) -> None:
        super().__init__()
        self.discrete = discrete
        self.critic = config.predict == "returns"
        self.concatenate = config.time_embedding == "concatenate"
        self.norm_first = config.embedding_order == "norm_then_add"
        width = config.width
        embedding = width // 2 if self.concatenate else width
        self.embed_return = nn.Linear(1, embedding)
        self.embed_state = nn.Linear(observation_size, embedding)
        self.embed_action = (nn.Embedding if discrete else nn.Linear)(action_size, embedding)
        self.embed_timestep = nn.Embedding(horizon, embedding)
        self.embed_norm = nn.LayerNorm(width)
        self.embed_dropout = nn.Dropout(config.dropout)
        self.transformer = Transformer(width, config.layers, config.heads, config.dropout)
        self.predict_action = nn.Linear(width, action_size)
        # in kzl embeddings and heads are outside the GPT and keep PyTorch's initial weights
        initialise(self.transformer, config.init_std)
        with torch.no_grad():
            self.embed_timestep.weight.mul_(config.time_std)
            if config.value_std is not None:
                for block in self.transformer.layers:
                    ratio = config.value_std / config.init_std
                    block.attention.project.weight.mul_(ratio)
                    block.attention.qkv.weight[2 * width :].mul_(ratio)
        # last, so that all other weights start as they do without these heads
        if config.predict == "all":
            self.predict_state = nn.Linear(width, observation_size)
            self.predict_return = nn.Linear(width, 1)
        if self.critic:
            self.predict_success = nn.Linear(width, 1)

    def forward(
        self,
        returns_to_go: Tensor,
        states: Tensor,
        actions: Tensor,
        timesteps: Tensor,
        last: bool = False,
        attention: Weights = None,
    ) -> Tensor:
        """Predict the action of every step, or of the last step only.

        Args:
            returns_to_go: (B, K), scaled.
            states: (B, K, obs), normalised.
            actions: (B, K, act), or (B, K) int64 if discrete; no output depends on the last one.
            timesteps: (B, K) int64.
            last: return only the last step's action.
            attention: each layer's attention weights are appended to this list (`Transformer`).

        Returns:
            (B, K, act), or (B, 1, act) if `last`; if discrete, logits of the A actions.
        """
        x = self.embed(returns_to_go, states, actions, timesteps)[:, :-1]  # without the last action
        state_tokens = slice(-1, None) if last else slice(1, None, 3)
        return self.to_actions(self.transformer(self.enter(x), state_tokens, attention))

    def predict_all(
        self, returns_to_go: Tensor, states: Tensor, actions: Tensor, timesteps: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Predict each step's action, and from the action token the next state and return-to-go.

        The authors' model has these heads, and does not train them (kzl decision_transformer.py).
        Arguments are those of `forward`.

        Returns:
            Actions (B, K, act), next states (B, K, obs), next returns-to-go (B, K).
        """
        x = self.embed(returns_to_go, states, actions, timesteps)
        x = self.transformer(self.enter(x))
        action_tokens = x[:, 2::3]
        next_returns: Tensor = self.predict_return(action_tokens).squeeze(2)
        return self.to_actions(x[:, 1::3]), self.predict_state(action_tokens), next_returns

    def predict_actions_and_success(
        self, states: Tensor, actions: Tensor, timesteps: Tensor, attention: Weights = None
    ) -> tuple[Tensor, Tensor]:
        """As a critic, predict each step's action, and before each step whether the episode earns
        its reward. Returns-to-go are hidden: all are 0. Arguments are those of `forward`.

        Returns:
            Actions as `forward`, and logits of success (B, K). The logit of step t depends on states
            and actions of the steps before t only.
        """
        hidden = torch.zeros(timesteps.shape, device=states.device)
        x = self.embed(hidden, states, actions, timesteps)[:, :-1]
        x = self.transformer(self.enter(x), EVERY, attention)
        success: Tensor = self.predict_success(x[:, 0::3]).squeeze(2)
        return self.to_actions(x[:, 1::3]), success

    def embed(
        self, returns_to_go: Tensor, states: Tensor, actions: Tensor, timesteps: Tensor
    ) -> Tensor:
        """Return the tokens R_1 s_1 a_1 R_2 s_2 a_2 ... with their time steps, (B, 3K, H)."""
        tokens = self.embed_modalities(returns_to_go, states, actions)  # (B, K, 3, H or H / 2)
        time = self.embed_timestep(timesteps).unsqueeze(2)  # (B, K, 1, H or H / 2)
        if self.concatenate:
            tokens = torch.cat([tokens, time.expand_as(tokens)], dim=3)  # two halves of H
        else:
            tokens = (self.embed_norm(tokens) if self.norm_first else tokens) + time
        return tokens.flatten(1, 2)  # (B, K, 3, H) -> (B, 3K, H)

    def embed_modalities(self, returns_to_go: Tensor, states: Tensor, actions: Tensor) -> Tensor:
        """Return the embeddings of R, s and a of every step in float32, (B, K, 3, H or H / 2)."""
        with torch.autocast(states.device.type, enabled=False):
            returns = self.embed_return(returns_to_go.unsqueeze(2))
            return torch.stack([returns, self.embed_state(states), self.embed_action(actions)], 2)

    def enter(self, tokens: Tensor) -> Tensor:
        """Return embedded tokens (B, T, H) as the transformer takes them. kzl normalises after the
        time step is added (decision_transformer.py, embed_ln); the paper's text says before (p.5).
        """
        entered: Tensor = self.embed_dropout(tokens if self.norm_first else self.embed_norm(tokens))
        return entered

    def to_actions(self, x: Tensor) -> Tensor:
        """Return actions or logits (B, T', act) from the transformer's output at state tokens."""
        predicted: Tensor = self.predict_action(x)
        return predicted if self.discrete else torch.tanh(predicted)
