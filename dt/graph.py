"""Decision Transformer on graphs: a GPT that generates the return-to-go as well as the action (paper
section 1, Figures 2 and 6; Appendix A.3, p.20).

Every token is discrete. A step has the node s, the return R and the action a, which is the next node. A
return is minus the number of steps to the goal, 1 to T, or minus infinity where the walk misses the goal.
R comes after s, because the paper predicts P(R_t | s_0..t, a_0..t-1, R_0..t-1).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.context import Context
from bench.methods.networks import arrays_of, set_arrays
from bench.methods.optimisers import AdamW
from bench.methods.policy_file import below, read_tensors, write_tensors
from bench.methods.sampling import choose, generators_of
from bench.methods.training import descend, fit
from dt.config import refuse
from dt.cpu.accelerate import accelerate
from dt.model import Transformer, initialise


@dataclass(frozen=True)
class Config:
    """Hyperparameters of the graph model. Those "not stated" in the paper were found by trials."""

    layers: int = 2  # not stated
    heads: int = 1  # not stated; Table 9 has 1
    width: int = 64  # not stated
    dropout: float = 0.0  # not stated
    batch_size: int = 64  # not stated; windows
    learning_rate: float = 3e-3  # not stated
    weight_decay: float = 1e-4  # not stated; Table 9's
    warmup_steps: int = 100  # not stated
    gradient_clip: float = 1.0  # not stated
    prior_power: float = 10.0  # p.20: P_GPT(R) P_prior(R)^10
    # returns with a smaller probability under the GPT are not asked for, unless all are smaller; the
    # paper has no such bound: 0
    least_probability: float = 0.0
    # returns and actions are drawn from the softmax of logits / temperature; 0 takes the most probable.
    # Not stated. But in Figure 6 every path that reaches the goal is a shortest path, and of the 55
    # paths of 4 steps, which begin at two nodes, all of one node do (30). Draws would differ
    temperature: float = 0.0

    def __post_init__(self) -> None:
        refuse(
            self,
            positive=("learning_rate", "gradient_clip"),
            not_negative=("weight_decay", "warmup_steps", "prior_power", "temperature"),
        )
        if not 0 <= self.least_probability < 1:
            raise ValueError(
                f"least_probability must be at least 0 and below 1, not {self.least_probability}"
            )


class GraphTransformer(nn.Module):
    """A GPT over the tokens s_0 R_0 a_0 s_1 R_1 ...: predicts R from s and a from R.

    Args:
        nodes: n; states and actions are 0 to n - 1.
        horizon: T, most steps of a walk. Return token i < T stands for i + 1 steps to the goal,
            token T for a walk that misses it.
        config: its width, layers, heads and dropout are used.
    """

    def __init__(self, nodes: int, horizon: int, config: Config) -> None:
        super().__init__()
        self.nodes, self.horizon = nodes, horizon
        width, self.dropout = config.width, config.dropout
        self.embed_state = nn.Embedding(nodes, width)
        self.embed_return = nn.Embedding(horizon + 1, width)
        self.embed_action = nn.Embedding(nodes, width)
        self.embed_step = nn.Embedding(horizon, width)
        self.embed_norm = nn.LayerNorm(width)
        self.transformer = Transformer(width, config.layers, config.heads, config.dropout)
        self.predict_return = nn.Linear(width, horizon + 1)
        self.predict_action = nn.Linear(width, nodes)
        initialise(self)

    def forward(self, states: Tensor, returns: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Predict every step's return and action.

        Args:
            states: (B, K) int64, K <= T; positions count from the window's first step.
            returns: (B, K) int64 tokens. The return predicted at step t does not depend on those of
                step t and later.
            actions: (B, K) int64. The action predicted at step t does not depend on those of step t
                and later.

        Returns:
            Logits of returns (B, K, T + 1) and of actions (B, K, n).
        """
        steps = self.embed_step.weight[: states.shape[1]]
        # (B, K, H) three times -> (B, 3K, H)
        tokens = torch.stack(
            [self.embed_state(states), self.embed_return(returns), self.embed_action(actions)],
            dim=2,
        )
        x = self.embed_norm((tokens + steps[:, None]).flatten(1, 2))
        x = self.transformer(functional.dropout(x, self.dropout, self.training))
        return self.predict_return(x[:, 0::3]), self.predict_action(x[:, 1::3])


class GraphPolicy:
    """Walks towards the goal: generates a return, then the action; the target returns are ignored.

    The return is drawn from P_GPT(R) P_prior(R)^10 with P_prior of k steps proportional to
    T + 1 - k (p.20). A walk that misses the goal counts as k = T + 1, so its prior is 0, and it is
    never asked for. From a node without a path to the goal the GPT gives nearly all probability to
    the miss. The rest, which is never 0, then decides: some return is asked for that cannot be earned.
    """

    def __init__(self, model: GraphTransformer, config: Config, device: str) -> None:
        self.model = model
        self.config = config
        self.device = device
        self.prior = log_prior(model.horizon, config.prior_power)
        self.step = 0

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start L = len(seeds) walks, each with its own generator, and forget earlier ones."""
        self.generators = generators_of(seeds)
        # (3, L, T): states, returns, actions
        self.tokens = torch.zeros(3, len(seeds), self.model.horizon, dtype=torch.int64)
        self.step = 0

    def act(self, observations: Array, rewards: F32) -> I64:
        """Return the nodes to go to, (L,), from observations (L, 1) uint8; `rewards` are not used.

        Raises:
            ValueError: the walk is longer than T steps.
        """
        return self.generate(observations[:, 0].astype(np.int64))[1]

    def generate(self, nodes: I64) -> tuple[I64, I64]:
        """Return the steps to the goal (L,), 1 to T, that are asked for at these nodes (L,), and the
        next nodes (L,).

        Raises:
            ValueError: the walk is longer than T steps.
        """
        if self.step >= self.model.horizon:
            raise ValueError(f"a walk has more than {self.model.horizon} steps")
        self.tokens[0, :, self.step] = torch.from_numpy(nodes)
        logits = self._with_prior(self._predict()[0])
        returns = choose(logits, self.config.temperature, self.generators)
        self.tokens[1, :, self.step] = torch.from_numpy(returns)
        actions = choose(self._predict()[1], self.config.temperature, self.generators)
        self.tokens[2, :, self.step] = torch.from_numpy(actions)
        self.step += 1
        return returns + 1, actions

    def _with_prior(self, logits: F32) -> F32:
        """Return the logits (L, T) of returns with the prior, without the miss, for the network's
        (L, T + 1).
        """
        log_p = torch.from_numpy(logits).log_softmax(dim=1)[:, :-1].numpy()
        least = np.float32(self.config.least_probability)
        kept = (np.exp(log_p) >= least) | (log_p == log_p.max(axis=1, keepdims=True))
        never = np.finfo(np.float32).min
        return np.asarray(np.where(kept, log_p + self.prior, never), dtype=np.float32)

    @torch.inference_mode()
    def _predict(self) -> tuple[F32, F32]:
        """Return the logits of the current step's returns (L, T + 1) and actions (L, n)."""
        self.model.eval()
        states, returns, actions = self.tokens[:, :, : self.step + 1].to(self.device)
        predicted = self.model(states, returns, actions)
        of_returns, of_actions = (logits[:, -1].float().cpu().numpy() for logits in predicted)
        return of_returns, of_actions

    def save(self, path: Path) -> None:
        """Write weights and configuration."""
        about = {"config": asdict(self.config), "horizon": self.model.horizon}
        write_tensors(path, arrays_of(self.model, "model."), method="dt_graph", **about)


def log_prior(horizon: int, power: float) -> F32:
    """Return the logarithm of P_prior(k steps)^power for k = 1 to T, up to a constant, (T,)."""
    steps = np.arange(1, horizon + 1)
    return np.asarray(power * np.log(horizon + 1 - steps), dtype=np.float32)


def return_tokens(data: Trajectories, horizon: int) -> I64:
    """Return the token of every step's return, (N,): steps to the goal - 1, or `horizon` for a miss."""
    last = np.repeat(data.episode_starts[1:] - 1, data.lengths)
    return np.asarray(
        np.where(data.terminals[last], last - np.arange(data.steps), horizon), dtype=np.int64
    )


def check(data: Trajectories, horizon: int) -> None:
    """Refuse data that are not walks on a graph.

    Raises:
        ValueError: observations are not (N, 1), or not nodes; a reward is not -1; a walk is longer
            than the horizon.
    """
    if not data.discrete or data.observations.shape[1:] != (1,):
        raise ValueError(
            f"dt_graph learns from walks: observations (N, 1) and actions (N,), both nodes, not "
            f"{data.observations.shape} and {data.actions.shape}"
        )
    nodes = data.observations.astype(np.float64)
    outside = (nodes < 0) | (nodes >= data.n_actions) | (nodes != np.floor(nodes))
    if outside.any():
        raise ValueError(
            f"observation {nodes[outside][0]:g} is not a node: nodes are 0 to {data.n_actions - 1}"
        )
    if (data.rewards != -1).any():
        raise ValueError("dt_graph counts steps to the goal: every reward must be -1")
    if (longest := int(data.lengths.max())) > horizon:
        raise ValueError(f"the data hold a walk of {longest} steps; the horizon is {horizon}")


def train(data: Trajectories, config: Config, context: Context) -> GraphPolicy:
    """Minimise the cross-entropy of returns plus that of actions, each the mean over real steps.

    A window starts at any step of a walk and ends with it, so that a path may begin at any node. The
    first step of a window always has position 0, as when a path is generated.

    Raises:
        ValueError: the data are not walks on a graph (`check`).
        Diverged: the loss is no longer finite.
    """
    horizon = context.task.domain.horizon
    check(data, horizon)
    states = torch.from_numpy(data.observations[:, 0].astype(np.int64)).to(context.device)
    returns = torch.from_numpy(return_tokens(data, horizon)).to(context.device)
    actions = torch.tensor(data.actions, device=context.device)
    ends = np.repeat(data.episode_starts[1:], data.lengths)
    with context.torch_random():
        model = accelerate(GraphTransformer(data.n_actions, horizon, config).to(context.device))
        policy = GraphPolicy(model, config, context.device)
        optimiser = AdamW(
            model.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )

        def loss_of_batch(generator: np.random.Generator) -> Tensor:
            starts = generator.integers(data.steps, size=config.batch_size)
            index = starts[:, None] + np.arange(horizon)
            inside = index < ends[starts][:, None]
            rows = torch.from_numpy(np.where(inside, index, starts[:, None])).to(context.device)
            real = torch.from_numpy(inside).to(context.device)
            of_returns, of_actions = model(states[rows], returns[rows], actions[rows])
            return functional.cross_entropy(
                of_returns[real], returns[rows][real]
            ) + functional.cross_entropy(of_actions[real], actions[rows][real])

        update = descend(
            loss_of_batch,
            model,
            optimiser,
            warmup_steps=config.warmup_steps,
            gradient_clip=config.gradient_clip,
        )
        fit(update, {"model": model}, {"adamw": optimiser}, lambda: policy, context)
    return policy


def load(path: Path, device: str) -> GraphPolicy:
    """Read what `GraphPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    tensors, about = read_tensors(path, method="dt_graph")
    config, weights = Config(**about["config"]), below("model.", tensors)
    with torch.random.fork_rng(devices=[]):
        nodes = weights["predict_action.bias"].shape[0]
        model = accelerate(GraphTransformer(nodes, about["horizon"], config).to(device))
    set_arrays(model, weights)
    return GraphPolicy(model, config, device)
