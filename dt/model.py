"""The network: a GPT over (return-to-go, state, action) tokens that predicts actions from state
tokens. Options add what the paper mentions and its code leaves out: other predictions, and a critic.

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
from torch.nn.functional import linear, one_hot

from dt.blocks import Block
from dt.dropout import Dropout
from dt.tokens import features_of, joint_weight


class DecisionTransformer(nn.Module):
    """Predicts an action from every state token: a continuous one in [-1, 1], or the logits of
    discrete ones.

    Windows are padded on the *right*: under a causal mask no real token sees what comes after it,
    so no padding mask is needed, and as positions come from time steps the function is that of the
    left-padded original.

    Args:
        observation_size: obs.
        action_size: act, or A, how many discrete actions there are.
        horizon: largest time step + 1 (kzl gym/experiment.py, max_ep_len).
        width, layers, heads, dropout: Table 9.
        predict: `all` adds heads for the next state and return-to-go, on the action token.
            `returns` makes a critic: return tokens, instead of saying a return, predict whether the
            episode earns one, from all that came before them.
        time_embedding: whether the time step is added to a token, or has half of it to itself;
            then the width is even.
        embedding_order: whether the LayerNorm comes after the time step is added or before; the
            former if it is concatenated.
        time_std: standard deviation that the embeddings of time steps start with.
        init_std: that of the transformer's matrices.
        value_std: that of the matrices of attention's values and projection; None: the same.
        discrete: whether actions are numbers 0 to A - 1.
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
        predict: Literal["actions", "all", "returns"] = "actions",
        time_embedding: Literal["add", "concatenate"] = "add",
        embedding_order: Literal["add_then_norm", "norm_then_add"] = "add_then_norm",
        time_std: float = 1.0,
        init_std: float = 0.02,
        value_std: float | None = None,
        discrete: bool = False,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is not divisible by heads {heads}")
        self.concatenate = time_embedding == "concatenate"
        self.critic = predict == "returns"
        self.discrete = discrete
        self.norm_first = embedding_order == "norm_then_add"
        embedding = width // 2 if self.concatenate else width
        self.embed_return = nn.Linear(1, embedding)
        self.embed_state = nn.Linear(observation_size, embedding)
        self.embed_action = (nn.Embedding if discrete else nn.Linear)(action_size, embedding)
        self.embed_timestep = nn.Embedding(horizon, embedding)
        with torch.no_grad():
            self.embed_timestep.weight.mul_(time_std)
        self.embed_norm = nn.LayerNorm(width)
        self.embed_dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.final_norm = nn.LayerNorm(width)
        self.predict_action = nn.Linear(width, action_size)
        # kzl trajectory_gpt2.py `_init_weights`: the GPT's matrices N(0, 0.02), biases 0. The
        # embeddings and the head stand outside the GPT there and keep PyTorch's defaults.
        for block in self.layers:
            for layer in block.modules():
                if isinstance(layer, nn.Linear):
                    nn.init.normal_(layer.weight, std=init_std)
                    nn.init.zeros_(layer.bias)
            if value_std is not None:
                with torch.no_grad():
                    block.attention.project.weight.mul_(value_std / init_std)
                    block.attention.qkv.weight[2 * width :].mul_(value_std / init_std)
        if predict == "all":  # last, so that everything else starts as it does without them
            self.predict_state = nn.Linear(width, observation_size)
            self.predict_return = nn.Linear(width, 1)
        if self.critic:
            self.predict_success = nn.Linear(width, 1)

    @property
    def observation_size(self) -> int:
        """Return obs."""
        return self.embed_state.in_features

    @property
    def layers(self) -> list[Block]:
        """Return the blocks, first to last."""
        return [block for block in self.blocks if isinstance(block, Block)]

    def watch_attention(self, watched: bool = True) -> None:
        """Let every forward pass leave its attention weights in `attention_weights`, or no more."""
        for block in self.layers:
            block.attention.watched, block.attention.weights = watched, None

    @property
    def attention_weights(self) -> list[Tensor]:
        """Return each layer's (B, heads, T', T) of the last watched forward pass; T are the tokens
        R1 s1 a1 R2 s2 a2 ..., T' in the last layer those that predict.
        """
        weights = [block.attention.weights for block in self.layers]
        return [layer for layer in weights if layer is not None]

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
            actions: (B, K, act), or (B, K) int64 if discrete; the action of the last step is not
                looked at.
            timesteps: (B, K) int64.
            last: return only the last step's action.

        Returns:
            (B, K, act), or (B, 1, act) if `last`; if discrete logits over the A actions.
        """
        x = self.embed(returns_to_go, states, actions, timesteps)
        x = x[:, :-1]  # nothing after the last state token matters
        # only what predicts: state tokens, 1, 4, 7, ...
        predicting = slice(x.shape[1] - 1, None) if last else slice(1, None, 3)
        return self.decide(self._transform(x, predicting))

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
            self.embed(returns_to_go, states, actions, timesteps), predicting=slice(None)
        )
        after_action = x[:, 2::3]
        following: Tensor = self.predict_return(after_action).squeeze(2)
        return self.decide(x[:, 1::3]), self.predict_state(after_action), following

    def judge(self, states: Tensor, actions: Tensor, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        """As a critic, predict each step's action, and before each step whether the episode earns
        its reward; returns are not shown.

        Args:
            states: (B, K, obs), normalised.
            actions: (B, K, act), or (B, K) int64 if discrete.
            timesteps: (B, K) int64.

        Returns:
            Actions as `forward`, and logits of the reward (B, K); that of step t comes from the
            states and actions of the steps before t.
        """
        hidden = torch.zeros(timesteps.shape, device=states.device)
        tokens = self.embed(hidden, states, actions, timesteps)[:, :-1]
        x = self._transform(tokens, predicting=slice(None))
        success: Tensor = self.predict_success(x[:, 0::3]).squeeze(2)
        return self.decide(x[:, 1::3]), success

    def embed(
        self, returns_to_go: Tensor, states: Tensor, actions: Tensor, timesteps: Tensor
    ) -> Tensor:
        """Return the tokens (B, 3K, H) in the order R1 s1 a1 R2 s2 a2 ..., not yet normalised
        unless that comes first. Arguments are those of `forward`.
        """
        batch, steps = timesteps.shape
        features = features_of(
            returns_to_go.unsqueeze(2),
            states,
            one_hot(actions, self.predict_action.out_features) if self.discrete else actions,
        )
        weight = joint_weight(self.embed_return, self.embed_state, self.embed_action)
        with torch.autocast(features.device.type, enabled=False):
            tokens = linear(features, weight)
        time = self.embed_timestep(timesteps).unsqueeze(2)
        if self.concatenate:
            tokens = torch.cat([tokens, time.expand_as(tokens)], dim=3)
        else:
            tokens = (self.embed_norm(tokens) if self.norm_first else tokens) + time
        # (B, K, 3, H) -> (B, 3K, H)
        return tokens.view(batch, 3 * steps, -1)

    def enter(self, tokens: Tensor) -> Tensor:
        """Return embedded tokens (B, T, H) as the first block takes them."""
        # the code normalises after adding the time step (kzl decision_transformer.py, embed_ln);
        # the paper's text says before
        entered: Tensor = self.embed_dropout(tokens if self.norm_first else self.embed_norm(tokens))
        return entered

    def _transform(self, tokens: Tensor, predicting: slice) -> Tensor:
        """Return the transformer's output (B, T', H) at the tokens `predicting` of (B, T, H)."""
        x = self.enter(tokens)
        mask = torch.full((x.shape[1], x.shape[1]), -math.inf, device=x.device).triu(1)
        everything = slice(None)
        for block in self.blocks[:-1]:
            x = block(x, mask, everything)
        x = self.blocks[-1](x, mask[predicting], predicting)
        normalised: Tensor = self.final_norm(x)
        return normalised

    def decide(self, x: Tensor) -> Tensor:
        """Return actions or logits (B, T', act) for the transformer's output (B, T', H) at state tokens."""
        predicted: Tensor = self.predict_action(x)
        return predicted if self.discrete else torch.tanh(predicted)
