"""One DT training step at the paper's size, compared with Hugging Face's model in an equivalent training loop, and with
d3rlpy's DT; and the sampling of a batch alone.

The settings are those of the paper (p.19, Table 9): batch 64, K = 20, width 128, 3 layers, 1 head, dropout 0.1 at the
same places as in its code, AdamW, gradient clip 0.25, and the sizes of Hopper. Our model and Hugging Face's get the
same windows of the same data. Hugging Face's model gets them padded on the left, with an attention mask, as its inputs
require. d3rlpy samples from its replay buffer, as its `fit` does.
"""

import numpy as np
import pytest
import torch
from torch.nn.utils import clip_grad_norm_

from bench.datasets.build import from_arrays
from bench.methods.optimisers import AdamW, flatten
from bench.methods.training import descend
from dt.config import Config
from dt.losses import loss_of
from dt.method import build
from dt.windows import Windows

OBSERVATION, ACTION, K, BATCH, HORIZON = 11, 3, 20, 64, 1000


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    steps, length = 20_000, 400
    ends = (np.arange(steps) + 1) % length == 0
    return from_arrays(
        generator.standard_normal((steps, OBSERVATION), dtype=np.float32),
        generator.uniform(-1, 1, (steps, ACTION)).astype(np.float32),
        generator.uniform(0, 3, steps).astype(np.float32),
        terminals=ends,
        timeouts=np.zeros(steps, dtype=bool),
    )


def ours(data, precision):
    """Return the step of `dt.method.train`, with the defaults of its Config."""
    config = Config(precision=precision)
    windows = Windows(data, K, 1000.0, "cpu")
    model = build(config, OBSERVATION, ACTION, HORIZON, "cpu")
    optimiser = AdamW([flatten(model.parameters())], lr=1e-4, weight_decay=1e-4, fused=True)
    loss = loss_of(model, windows, config, "cpu")
    update = descend(loss, model, optimiser, warmup_steps=1, gradient_clip=0.25, flat=True)
    generator = np.random.default_rng(1)
    return lambda: update(1, generator)


def sampling(data):
    windows, generator = Windows(data, K, 1000.0, "cpu"), np.random.default_rng(1)
    return lambda: windows.sample(BATCH, generator)


def hugging_face(data):
    from transformers import DecisionTransformerConfig, DecisionTransformerModel

    config = DecisionTransformerConfig(
        state_dim=OBSERVATION,
        act_dim=ACTION,
        hidden_size=128,
        n_layer=3,
        n_head=1,
        max_ep_len=HORIZON,
        activation_function="relu",
        resid_pdrop=0.1,
        attn_pdrop=0.1,
        embd_pdrop=0.1,
    )
    model = DecisionTransformerModel(config).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=1e-4, fused=True)
    windows, generator = Windows(data, K, 1000.0, "cpu"), np.random.default_rng(1)

    def left(tensor, valid):  # from right padding to left padding
        missing = (~valid).sum(dim=1)
        rows = (torch.arange(K) - missing[:, None]) % K
        index = rows.view(*rows.shape, *[1] * (tensor.ndim - 2)).expand(tensor.shape)
        return tensor.gather(1, index)

    def step():
        batch = windows.sample(BATCH, generator)
        valid = left(batch.valid, batch.valid)
        actions = left(batch.actions, batch.valid)
        predicted = model(
            states=left(batch.states, batch.valid),
            actions=actions,
            rewards=torch.zeros(BATCH, K, 1),
            returns_to_go=left(batch.returns_to_go, batch.valid).unsqueeze(2),
            timesteps=left(batch.timesteps, batch.valid),
            attention_mask=valid.long(),
        ).action_preds
        loss = (predicted - actions).square().mean(dim=2)[valid].mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        clip_grad_norm_(model.parameters(), 0.25)
        optimiser.step()

    return step


def d3rlpy(data, *, paper_size):
    """Return d3rlpy's step with the paper's sizes (github.com/takuseno/d3rlpy at v2.8.1,
    reproductions/offline/decision_transformer.py), or with its own defaults, whose tokens are twice as wide.
    """
    import d3rlpy as library

    narrow = library.models.VectorEncoderFactory([128], exclude_last_activation=True)
    algorithm = library.algos.DecisionTransformerConfig(
        batch_size=BATCH,
        context_size=K,
        max_timestep=HORIZON,
        **({"encoder_factory": narrow} if paper_size else {}),
    ).create(device="cpu:0")
    dataset = library.dataset.MDPDataset(
        data.observations, data.actions, data.rewards, data.terminals.astype(np.float32)
    )
    algorithm.build_with_dataset(dataset)
    return lambda: algorithm.update(dataset.sample_trajectory_batch(BATCH, length=K))


SUBJECTS = {
    "ours bfloat16": lambda data: ours(data, "bfloat16"),
    "ours float32": lambda data: ours(data, "float32"),
    "ours, sampling alone": sampling,
    "Hugging Face float32": hugging_face,
    "d3rlpy float32": lambda data: d3rlpy(data, paper_size=True),
    "d3rlpy float32, its defaults": lambda data: d3rlpy(data, paper_size=False),
}


@pytest.mark.benchmark(group="DT training step, paper's size")
@pytest.mark.parametrize("subject", SUBJECTS)
def test_training_step(benchmark, data, subject):
    torch.manual_seed(0)
    benchmark.pedantic(SUBJECTS[subject](data), rounds=30, warmup_rounds=5)
