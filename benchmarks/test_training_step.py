"""One DT training step at the paper's size beside Hugging Face's model in a faithful loop.

Batch 64, K = 20, width 128, 3 layers, 1 head, dropout 0.1, Hopper's sizes, AdamW, clip 0.25 (paper
p.19, Table 9). Both draw their batches from the same data with the same windows; Hugging Face's model
gets them padded on the left with an attention mask, as its inputs are defined.
"""

import numpy as np
import pytest
import torch
from torch.nn.utils import clip_grad_norm_

from bench.datasets.trajectories import from_arrays
from bench.flat import flatten
from dt.model import DecisionTransformer
from dt.windows import Windows

OBSERVATION, ACTION, K, BATCH, HORIZON = 11, 3, 20, 64, 1000


@pytest.fixture(scope="module")
def windows():
    generator = np.random.default_rng(0)
    steps, length = 20_000, 400
    ends = (np.arange(steps) + 1) % length == 0
    data = from_arrays(
        generator.standard_normal((steps, OBSERVATION), dtype=np.float32),
        generator.uniform(-1, 1, (steps, ACTION)).astype(np.float32),
        generator.uniform(0, 3, steps).astype(np.float32),
        terminals=ends,
        timeouts=np.zeros(steps, dtype=bool),
    )
    return Windows(data, K, 1000.0, "cpu")


def ours(windows, bfloat16=False):
    model = DecisionTransformer(
        OBSERVATION, ACTION, horizon=HORIZON, width=128, layers=3, heads=1, dropout=0.1
    )
    whole = flatten(model)
    optimiser = torch.optim.AdamW([whole], lr=1e-4, weight_decay=1e-4, fused=True)
    generator = np.random.default_rng(1)

    def step():
        batch = windows.sample(BATCH, generator)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            predicted = model(batch.returns_to_go, batch.states, batch.actions, batch.timesteps)
        loss = (predicted.float() - batch.actions).square().mean(dim=2)[batch.valid].mean()
        optimiser.zero_grad(set_to_none=False)
        loss.backward()
        clip_grad_norm_([whole], 0.25)
        optimiser.step()

    return step


def hugging_face(windows):
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
    generator = np.random.default_rng(1)

    def left(tensor, valid):  # right-padded to left-padded
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


@pytest.mark.benchmark(group="DT training step, paper size")
@pytest.mark.parametrize("subject", ["ours float32", "ours bfloat16", "Hugging Face float32"])
def test_training_step(benchmark, windows, subject):
    step = {
        "ours float32": lambda: ours(windows),
        "ours bfloat16": lambda: ours(windows, bfloat16=True),
        "Hugging Face float32": lambda: hugging_face(windows),
    }[subject]()
    benchmark.pedantic(step, rounds=30, warmup_rounds=5)
